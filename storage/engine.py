"""The one connection pool of a process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


class Database:
    """A PostgreSQL database. Hand out transactions with `begin`; close it when the process ends."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back where the block raises."""
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()

    @property
    def driver_url(self) -> str:
        """The address as libpq reads it, for connections outside the pool (LISTEN)."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def open_database(url: str) -> Database:
    """Opens `url` (any `postgresql://` address) with psycopg 3. Connects at the first use, not here."""
    # Parameters are what people wrote: they have no place in an error's words.
    engine = create_async_engine(with_driver(url), pool_size=10, max_overflow=10, pool_pre_ping=True, hide_parameters=True)
    return Database(engine)


def with_driver(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise ValueError(f"{url!r} is not a PostgreSQL address: it must begin with postgresql://")
    return f"postgresql+psycopg://{rest}"
