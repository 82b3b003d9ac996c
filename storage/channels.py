"""Rows of the channels: hooks as they came, files still to be fetched, where polling stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.door_tables import awaited_media, hook_deliveries, poll_cursors
from storage.tables import attachments

_ERROR_LIMIT = 2000


@dataclass(frozen=True)
class Delivery:
    """A hook as it came, signature proven."""

    id: int
    provider: str
    account: str
    content_type: str
    raw_blob: str
    received_at: datetime
    handled_at: datetime | None
    error: str | None


async def keep_delivery(
    connection: AsyncConnection,
    *,
    provider: str,
    account: str,
    delivery_id: str,
    content_type: str,
    raw_blob: str,
    received_at: datetime,
) -> Delivery:
    """The row of this delivery: a new one, or the one that an earlier call of the provider has made."""
    identity = {"provider": provider, "account": account, "delivery_id": delivery_id}
    values = {**identity, "content_type": content_type, "raw_blob": raw_blob, "received_at": received_at}
    await connection.execute(insert(hook_deliveries).values(values).on_conflict_do_nothing())
    found = await connection.execute(_DELIVERY.where(*(hook_deliveries.c[name] == value for name, value in identity.items())))
    return Delivery(**found.mappings().one())


async def close_delivery(connection: AsyncConnection, delivery: int, error: str | None = None) -> None:
    """All of it is accepted, or with `error` it could not be read."""
    values: dict[str, Any] = {"error": error[:_ERROR_LIMIT]} if error else {"handled_at": sql.func.now(), "error": None}
    await connection.execute(sql.update(hook_deliveries).where(hook_deliveries.c.id == delivery).values(values))


async def left_delivery(connection: AsyncConnection, age: timedelta) -> Delivery | None:
    """The oldest delivery that a process left unfinished. Finishing it twice does no harm."""
    found = await connection.execute(
        _DELIVERY.where(
            hook_deliveries.c.handled_at.is_(None),
            hook_deliveries.c.error.is_(None),
            hook_deliveries.c.received_at < sql.func.now() - age,
        )
        .order_by(hook_deliveries.c.received_at)
        .limit(1)
    )
    row = found.mappings().one_or_none()
    return None if row is None else Delivery(**row)


async def await_media(connection: AsyncConnection, files: Sequence[dict[str, Any]]) -> None:
    """Notes files that are to be fetched; those noted before stay as they are."""
    await connection.execute(insert(awaited_media).on_conflict_do_nothing(), files)


async def due_media(connection: AsyncConnection) -> sql.Row[Any] | None:
    """One file whose time has come, locked until the transaction ends."""
    found = await connection.execute(
        sql.select(awaited_media)
        .where(awaited_media.c.next_at <= sql.func.now())
        .order_by(awaited_media.c.next_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return found.one_or_none()


async def attach(connection: AsyncConnection, media: sql.Row[Any], filename: str, blob: str, size: int) -> None:
    """The file is there and belongs to its message from now on."""
    file = {"message_id": media.message_id, "filename": filename, "content_type": media.content_type, "size": size}
    await connection.execute(sql.insert(attachments).values(id=uuid4(), blob=blob, **file))
    done = {"next_at": None, "last_error": None, "attempts": media.attempts + 1}
    await connection.execute(sql.update(awaited_media).where(awaited_media.c.id == media.id).values(done))


async def put_off(connection: AsyncConnection, media: sql.Row[Any], error: str, pause: timedelta | None) -> None:
    """The file could not be had; None gives it up."""
    later = None if pause is None else sql.func.now() + pause
    values = {"next_at": later, "last_error": error[:_ERROR_LIMIT], "attempts": media.attempts + 1}
    await connection.execute(sql.update(awaited_media).where(awaited_media.c.id == media.id).values(values))


async def own_cursor(connection: AsyncConnection, provider: str, account: str) -> sql.Row[Any] | None:
    """Where polling of an account stands, with `is_due`, locked until the transaction ends; None where another has it."""
    identity = {"provider": provider, "account": account}
    await connection.execute(insert(poll_cursors).values(identity).on_conflict_do_nothing())
    found = await connection.execute(
        sql.select(poll_cursors, (poll_cursors.c.next_at <= sql.func.now()).label("is_due"))
        .where(poll_cursors.c.provider == provider, poll_cursors.c.account == account)
        .with_for_update(skip_locked=True)
    )
    return found.one_or_none()


async def advance_cursor(connection: AsyncConnection, provider: str, account: str, pause: timedelta, cursor: str) -> None:
    """All messages of a poll are accepted; the next one begins at `cursor`, after `pause`."""
    columns = {"cursor": cursor, "polled_at": sql.func.now(), "failures": 0, "last_error": None}
    await move_cursor(connection, provider, account, pause, **columns)


async def move_cursor(connection: AsyncConnection, provider: str, account: str, pause: timedelta, **columns: Any) -> None:
    """Writes down how a poll went, and that the next one is due after `pause`."""
    await connection.execute(
        sql.update(poll_cursors)
        .where(poll_cursors.c.provider == provider, poll_cursors.c.account == account)
        .values(next_at=sql.func.now() + pause, **columns)
    )


_DELIVERY = sql.select(*(hook_deliveries.c[name] for name in Delivery.__dataclass_fields__))
