"""Secrets this installation makes for itself, each at its first use, and keeps in the database."""

from secrets import token_bytes

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import secrets

SECRET_BYTES = 32


async def secret(connection: AsyncConnection, name: str) -> bytes:
    """The secret of that name, 32 random bytes. Two who ask first at the same moment get the same one."""
    stored = sql.select(secrets.c.value).where(secrets.c.name == name)
    value = await connection.scalar(stored)
    if value is None:
        made = insert(secrets).values(name=name, value=token_bytes(SECRET_BYTES))
        await connection.execute(made.on_conflict_do_nothing())
        value = (await connection.execute(stored)).scalar_one()
    return bytes(value)
