"""Who is there: people whose last call or page was moments ago."""

from datetime import datetime, timedelta

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.roster_tables import presence

PRESENT_FOR = timedelta(minutes=5)
"""How long a call or page of a person says that they are there."""

_NOTED_EVERY = timedelta(minutes=1)


async def touch_presence(connection: AsyncConnection, person: str) -> None:
    """Notes that the person is there now, unless that was noted within the last minute."""
    statement = insert(presence).values(person=person, seen_at=sql.func.now())
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["person"],
            set_={"seen_at": statement.excluded.seen_at},
            where=presence.c.seen_at <= sql.func.now() - _NOTED_EVERY,
        )
    )


def seen_lately(person: sql.ColumnElement[str]) -> sql.ColumnElement[bool]:
    """Whether it was noted within the last minute that the person is there, as a part of another statement."""
    return sql.exists().where(presence.c.person == person, presence.c.seen_at > sql.func.now() - _NOTED_EVERY)


async def present_people(connection: AsyncConnection, at: datetime) -> frozenset[str]:
    """Who called or opened a page within five minutes before `at`."""
    rows = await connection.scalars(sql.select(presence.c.person).where(presence.c.seen_at > at - PRESENT_FOR))
    return frozenset(rows)
