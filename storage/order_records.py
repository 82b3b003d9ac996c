"""What is known of the orders that open cases are about: read in the background, shown at once."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.order_tables import order_records
from storage.records import CASE_CHANGED, notify
from storage.tables import cases

_ERROR_LIMIT = 2000
_OPEN = cases.c.status.in_(("open", "waiting"))
_CLOCKS = timedelta(seconds=5)
"""A store dates changes in whole seconds, by a clock of its own: so much later a reading may still have missed one."""
_LEASE = timedelta(minutes=2)
"""So long whoever took an order may read it before another takes it."""


class OrderToRead(NamedTuple):
    """An order whose time has come, with what is known of it."""

    store: str
    order_id: str
    content: dict[str, Any] | None
    failures: int


class StoredOrder(NamedTuple):
    """`stale`: somebody said that it has changed since it was read."""

    content: dict[str, Any]
    stale: bool
    error: str | None


async def note_orders(connection: AsyncConnection) -> None:
    """Makes a row for every order that an open case is about and none knows yet."""
    named = sql.select(cases.c.store, sql.func.unnest(cases.c.orders).label("order_id")).where(_OPEN).distinct().subquery()
    unknown = sql.select(named).where(
        ~sql.exists().where(order_records.c.store == named.c.store, order_records.c.order_id == named.c.order_id)
    )
    await connection.execute(insert(order_records).from_select(["store", "order_id"], unknown).on_conflict_do_nothing())


async def take_due(connection: AsyncConnection) -> OrderToRead | None:
    """The order that waits longest to be read and that an open case is about, for whoever asks first."""
    wanted = sql.exists().where(
        _OPEN, cases.c.store == order_records.c.store, cases.c.orders.contains(postgresql.array([order_records.c.order_id]))
    )
    due = (
        sql.select(order_records.c.store, order_records.c.order_id)
        .where(order_records.c.next_look_at <= sql.func.clock_timestamp(), wanted)
        .order_by(order_records.c.next_look_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte()
    )
    taken = await connection.execute(
        sql.update(order_records)
        .where(order_records.c.store == due.c.store, order_records.c.order_id == due.c.order_id)
        .values(next_look_at=sql.func.clock_timestamp() + _LEASE)
        .returning(order_records.c.store, order_records.c.order_id, order_records.c.content, order_records.c.failures)
    )
    row = taken.one_or_none()
    return None if row is None else OrderToRead(*row)


async def keep(
    connection: AsyncConnection, store: str, order_id: str, content: dict[str, Any], as_of: datetime, again_in: timedelta
) -> None:
    """Stores what was read from `as_of` on, and tells whoever looks at its cases. What changed meanwhile is read again."""
    await connection.execute(
        sql.update(order_records)
        .where(order_records.c.store == store, order_records.c.order_id == order_id)
        .values(
            content=content,
            as_of=as_of,
            failures=0,
            error=None,
            next_look_at=sql.case(
                (order_records.c.changed_at > as_of, sql.func.clock_timestamp()),
                else_=sql.func.clock_timestamp() + again_in,
            ),
        )
    )
    about = sql.select(cases.c.id).where(_OPEN, cases.c.store == store, cases.c.orders.contains([order_id]))
    for case_id in (await connection.execute(about)).scalars():
        await notify(connection, CASE_CHANGED, {"case_id": str(case_id)})


async def put_off(connection: AsyncConnection, order: OrderToRead, error: str, again_in: timedelta) -> None:
    """It could not be read: what was known stays."""
    await connection.execute(
        sql.update(order_records)
        .where(order_records.c.store == order.store, order_records.c.order_id == order.order_id)
        .values(
            failures=order.failures + 1,
            error=error[:_ERROR_LIMIT],
            next_look_at=sql.func.clock_timestamp() + again_in,
        )
    )


async def order_changed(connection: AsyncConnection, store: str, order_id: str) -> None:
    """Somebody says that an order has changed: it is read again soon. One that no open case is about is not waited for."""
    await _changed(connection, sql.and_(order_records.c.store == store, order_records.c.order_id == order_id))


async def parcel_changed(connection: AsyncConnection, tracking_number: str) -> None:
    """Somebody says that a parcel has moved: the orders it belongs to are read again soon."""
    await _changed(connection, order_records.c.content["parcels"].has_key(tracking_number))


async def orders_changed_at(connection: AsyncConnection, store: str, moments: Mapping[str, datetime]) -> int:
    """These orders changed at these moments: those that were read before are read again soon. Returns how many."""
    known = await connection.execute(
        sql.select(order_records.c.order_id, order_records.c.as_of).where(
            order_records.c.store == store, order_records.c.order_id.in_(moments), order_records.c.as_of.is_not(None)
        )
    )
    missed = [order_id for order_id, as_of in known.all() if as_of <= moments[order_id] + _CLOCKS]
    await _changed(connection, sql.and_(order_records.c.store == store, order_records.c.order_id.in_(missed)))
    return len(missed)


async def _changed(connection: AsyncConnection, which: sql.ColumnElement[bool]) -> None:
    now = sql.func.clock_timestamp()
    await connection.execute(sql.update(order_records).where(which).values(changed_at=now, next_look_at=now))


async def read(connection: AsyncConnection, store: str, order_ids: Collection[str]) -> dict[str, StoredOrder]:
    """What is known of these orders, by id; one that was never read is left out."""
    rows = await connection.execute(
        sql.select(
            order_records.c.order_id,
            order_records.c.content,
            sql.func.coalesce(order_records.c.changed_at > order_records.c.as_of, sql.false()),
            order_records.c.error,
        ).where(order_records.c.store == store, order_records.c.order_id.in_(order_ids), order_records.c.content.is_not(None))
    )
    return {order_id: StoredOrder(content, stale, error) for order_id, content, stale, error in rows}
