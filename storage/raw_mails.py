"""Mails as they came, written down before anybody reads them, and what became of each (P1)."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.door_tables import raw_mails
from storage.intake import Accepted
from storage.tables import messages


class RawState(StrEnum):
    """`failed`: it could not be read. Where it was acknowledged a message stands for it all the same."""

    RECEIVED = "received"
    FILED = "filed"
    FAILED = "failed"


class RawMail(NamedTuple):
    """A mail as it came: `blob` is its key in the blob store, the rest is what its envelope said."""

    blob: str
    door: str
    store: str | None
    sender: str | None
    recipients: Sequence[str]
    received_at: datetime
    state: RawState
    error: str | None
    message_id: UUID | None


_COLUMNS = tuple(raw_mails.c[name] for name in RawMail._fields)

# Made once, since making them takes longer than carrying them out.
_KEEP = insert(raw_mails).on_conflict_do_nothing(index_elements=["blob"]).returning(raw_mails.c.blob)
_STANDING = (
    sql.select(messages.c.id, messages.c.case_id)
    .join(raw_mails, raw_mails.c.message_id == messages.c.id)
    .where(raw_mails.c.blob == sql.bindparam("blob"))
)
_NOTE = (
    sql.update(raw_mails)
    .where(raw_mails.c.blob == sql.bindparam("of"))
    .values(
        state=sql.bindparam("state"),
        error=sql.bindparam("error"),
        message_id=sql.func.coalesce(sql.bindparam("message_id", type_=raw_mails.c.message_id.type), raw_mails.c.message_id),
        updated_at=sql.func.now(),
    )
)


async def keep(connection: AsyncConnection, mail: RawMail) -> Accepted | None:
    """Writes the mail down. The same bytes are one mail: the message that stands for it, where it came before."""
    if await connection.scalar(_KEEP, mail._asdict()) is not None:
        return None
    row = (await connection.execute(_STANDING, {"blob": mail.blob})).one_or_none()
    return None if row is None else Accepted(row.id, row.case_id, False)


async def note(
    connection: AsyncConnection, blob: str, state: RawState, *, error: str | None = None, message_id: UUID | None = None
) -> None:
    """How far a mail has come. What message stands for it is kept unless another is named."""
    await connection.execute(_NOTE, {"of": blob, "state": state.value, "error": error, "message_id": message_id})


async def find(connection: AsyncConnection, blob: str) -> RawMail:
    """The mail under this key, locked until the transaction ends. Raises sqlalchemy's NoResultFound where there is none."""
    found = await connection.execute(sql.select(*_COLUMNS).where(raw_mails.c.blob == blob).with_for_update())
    row = found.one()._asdict()
    return RawMail(**{**row, "state": RawState(row["state"])})


async def blobs_to_read_again(
    connection: AsyncConnection, *, unfinished: bool = False, message_id: UUID | None = None, since: datetime | None = None
) -> list[str]:
    """Keys of the mails to parse again, oldest first: `unfinished` are those that are in no message or could not be read."""
    query = sql.select(raw_mails.c.blob).order_by(raw_mails.c.received_at, raw_mails.c.blob)
    if unfinished:
        query = query.where(raw_mails.c.state != RawState.FILED.value)
    if message_id is not None:
        query = query.where(raw_mails.c.message_id == message_id)
    if since is not None:
        query = query.where(raw_mails.c.received_at >= since)
    return list((await connection.scalars(query)).all())
