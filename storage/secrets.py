"""Keys of this installation, made at their first use: they sign what comes back to us."""

import os

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import secrets

_LENGTH = 32


async def secret(connection: AsyncConnection, name: str) -> bytes:
    """The 32 random bytes kept under this name."""
    query = sql.select(secrets.c.value).where(secrets.c.name == name)
    known = await connection.scalar(query)
    if known is None:
        await connection.execute(insert(secrets).values(name=name, value=os.urandom(_LENGTH)).on_conflict_do_nothing())
        known = (await connection.execute(query)).scalar_one()
    return bytes(known)
