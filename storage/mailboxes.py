"""How far each polled mailbox has been read, and by whom."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sql
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.door_tables import mailboxes


class Waiting(BaseModel):
    """A mail that could not be filed and is tried again."""

    model_config = ConfigDict(frozen=True)

    tries: int
    at: AwareDatetime
    error: str


class Position(BaseModel):
    """Everything up to `last_uid` is filed or is in `waiting`, as long as the folder has this `uid_validity`."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    uid_validity: int | None
    last_uid: int
    waiting: dict[int, Waiting]


class LeaseLost(Exception):
    """Another poller reads this mailbox now."""


_POSITION = tuple(mailboxes.c[name] for name in Position.model_fields)


async def note(connection: AsyncConnection, name: str, owner: str, lease: timedelta, **columns: Any) -> Position:
    """Takes the mailbox, or takes it for `lease` longer, and changes its columns.

    Raises LeaseLost where another owner holds it.
    """
    if "waiting" in columns:
        columns["waiting"] = {str(uid): mail.model_dump(mode="json") for uid, mail in columns["waiting"].items()}
    await connection.execute(insert(mailboxes).values(name=name).on_conflict_do_nothing())
    now = sql.func.clock_timestamp()
    free = sql.or_(mailboxes.c.owner.is_(None), mailboxes.c.owner == owner, mailboxes.c.leased_until < now)
    statement = (
        sql.update(mailboxes)
        .where(mailboxes.c.name == name, free)
        .values(owner=owner, leased_until=now + lease, **columns)
        .returning(*_POSITION)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise LeaseLost(f"mailbox {name} is read by another poller")
    return Position.model_validate(row)


async def release(connection: AsyncConnection, name: str, owner: str) -> None:
    """Lets the next poller in at once."""
    held = sql.and_(mailboxes.c.name == name, mailboxes.c.owner == owner)
    await connection.execute(sql.update(mailboxes).where(held).values(owner=None, leased_until=None))


def due(waiting: Mapping[int, Waiting], now: datetime) -> list[int]:
    """UIDs whose time to be tried again has come."""
    return [uid for uid, mail in sorted(waiting.items()) if mail.at <= now]
