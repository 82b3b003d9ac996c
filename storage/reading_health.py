"""How far behind the relay is, and whether the database is as the code wants it."""

from typing import NamedTuple

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import outbox


class OutboxBacklog(NamedTuple):
    waiting: int
    oldest_seconds: float


async def outbox_backlog(connection: AsyncConnection) -> OutboxBacklog:
    """Rows not yet delivered, and the age of the oldest."""
    age = sql.func.extract("epoch", sql.func.now() - sql.func.min(outbox.c.created_at))
    row = (await connection.execute(sql.select(sql.func.count(), age).where(outbox.c.delivered_at.is_(None)))).one()
    return OutboxBacklog(row[0], max(0.0, float(row[1] or 0)))


async def migration_revision(connection: AsyncConnection) -> str | None:
    """The migration the database is at; None where it was never migrated."""
    if await connection.scalar(sql.select(sql.func.to_regclass("alembic_version"))) is None:
        return None
    return await connection.scalar(sql.text("SELECT version_num FROM alembic_version"))
