"""Provider accounts, sealed: what stands in the database is of no use without the key, which never does."""

from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.door_tables import account_credentials


class Sealed(NamedTuple):
    """One account. `provider` and `name` are open, the rest is in `sealed`."""

    provider: str
    name: str
    sealed: bytes


async def store(connection: AsyncConnection, account: Sealed) -> None:
    """Keeps an account, in place of what stood under its name."""
    row: dict[str, Any] = account._asdict()
    newer = {"sealed": account.sealed, "changed_at": sql.func.now()}
    kept = insert(account_credentials).values(row)
    await connection.execute(kept.on_conflict_do_update(index_elements=["provider", "name"], set_=newer))


async def read_all(connection: AsyncConnection, *, locked: bool = False) -> list[Sealed]:
    """All accounts; `locked` keeps them from being changed until the transaction ends."""
    columns = account_credentials.c
    query = sql.select(*columns["provider", "name", "sealed"]).order_by(*columns["provider", "name"])
    found = await connection.execute(query.with_for_update() if locked else query)
    return [Sealed(row.provider, row.name, bytes(row.sealed)) for row in found]


async def lock(connection: AsyncConnection, provider: str, name: str) -> Sealed | None:
    """One account, until the transaction ends nobody else's to change."""
    which = (account_credentials.c.provider == provider, account_credentials.c.name == name)
    query = sql.select(account_credentials.c.sealed).where(*which).with_for_update()
    sealed = await connection.scalar(query)
    return None if sealed is None else Sealed(provider, name, bytes(sealed))


async def forget(connection: AsyncConnection, provider: str, name: str) -> bool:
    """Whether there was such an account; it is gone now."""
    gone = await connection.execute(
        sql.delete(account_credentials).where(account_credentials.c.provider == provider, account_credentials.c.name == name)
    )
    return bool(gone.rowcount)
