"""Keys that the product makes for itself and keeps in its database."""

import secrets as randomness

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import secrets

_BYTES = 32


async def secret(connection: AsyncConnection, name: str) -> bytes:
    """The secret of this name, 32 random bytes made at first use and the same ever after."""
    made = {"name": name, "value": randomness.token_bytes(_BYTES)}
    await connection.execute(insert(secrets).values(made).on_conflict_do_nothing(index_elements=["name"]))
    return bytes((await connection.execute(sql.select(secrets.c.value).where(secrets.c.name == name))).scalar_one())
