"""Lists of cases: filtered, searched, most urgent first, page by page."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.searching import Found, find
from storage.tables import cases

PAGE_LIMIT = 200


class BadCursor(ValueError):
    """The cursor is not one that a list gave out."""


@dataclass(frozen=True)
class CaseFilter:
    """What a list is narrowed to. Everything given must hold. `words` is what a person typed into the search box; `found` is
    what it found, looked up by `searched`."""

    process: str = "ticket"
    status: tuple[str, ...] = ()
    store: str | None = None
    queue: str | None = None
    owner: str | None = None
    intent: str | None = None
    company: str | None = None
    order: str | None = None
    words: str | None = None
    due_before: datetime | None = None
    found: Found | None = None


class Page(NamedTuple):
    items: list[dict[str, Any]]
    next_cursor: str | None


async def searched(connection: AsyncConnection, wanted: CaseFilter) -> CaseFilter:
    """The same filter with its words looked up, so that a list and its counts look them up once."""
    if wanted.found is not None or not wanted.words or not wanted.words.strip():
        return wanted
    return replace(wanted, found=await find(connection, wanted.words))


async def list_cases(connection: AsyncConnection, wanted: CaseFilter, limit: int, cursor: str | None = None) -> Page:
    """One page: where words were searched, what bears them as an identifier first, what has them only in quoted text last;
    within that the nearest deadline first, those without one last.

    Raises BadCursor.
    """
    wanted = await searched(connection, wanted)
    place = _Place() if cursor is None else _read_cursor(cursor)
    ranks = (sql.true(),) if wanted.found is None else wanted.found.ranks
    rows: list[dict[str, Any]] = []
    for rank in range(place.rank, len(ranks)):
        among = ranks[rank]
        if among is None:
            continue
        query = (
            sql.select(*_LIST_COLUMNS, sql.literal(rank).label("rank"))
            .where(*_conditions(wanted), among)
            .order_by(cases.c.next_due_at.asc().nulls_last(), cases.c.number)
            .limit(limit + 1 - len(rows))
        )
        if rank == place.rank and place.number is not None:
            query = query.where(_after(place))
        rows += [dict(row) for row in (await connection.execute(query)).mappings()]
        if len(rows) > limit:
            return Page(rows[:limit], _cursor(rows[limit - 1]))
    return Page(rows, None)


async def count_by(connection: AsyncConnection, wanted: CaseFilter, columns: Sequence[str]) -> dict[str, dict[str, int]] | None:
    """How many cases there are of each value of each of these columns, the filters of the others applied; None where words
    were found in too many cases to count."""
    wanted = await searched(connection, wanted)
    among = sql.true() if wanted.found is None else wanted.found.any
    if among is None:
        return None
    counts: dict[str, dict[str, int]] = {column: {} for column in columns}
    queries = []
    for column in columns:
        others = replace(wanted, **{column: () if column == "status" else None})
        value = cases.c[column].label("value")
        query = sql.select(sql.literal(column).label("name"), value, sql.func.count().label("cases"))
        queries.append(query.where(*_conditions(others), among, value.is_not(None)).group_by(value))
    for row in await connection.execute(sql.union_all(*queries)):
        counts[row.name][row.value] = row.cases
    return counts


_LIST_COLUMNS = (
    cases.c.id,
    cases.c.process,
    cases.c.number,
    cases.c.title,
    cases.c.status,
    cases.c.stage,
    cases.c.store,
    cases.c.queue,
    cases.c.owner,
    cases.c.company,
    cases.c.intent,
    cases.c.orders,
    cases.c.state["tier"].astext.label("tier"),
    cases.c.state["language"].astext.label("language"),
    cases.c.state["tags"].label("tags"),
    cases.c.next_due_at,
    cases.c.revision,
    cases.c.workflow_id,
    cases.c.parent_id,
    cases.c.created_at,
    cases.c.updated_at,
)


def _conditions(wanted: CaseFilter) -> list[sql.ColumnElement[bool]]:
    conditions = [cases.c.process == wanted.process]
    if wanted.status:
        conditions.append(cases.c.status.in_(wanted.status))
    for name in ("store", "queue", "owner", "intent", "company"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(cases.c[name] == value)
    if wanted.order is not None:
        conditions.append(cases.c.orders.contains([wanted.order]))
    if wanted.due_before is not None:
        conditions.append(cases.c.next_due_at < wanted.due_before)
    return conditions


@dataclass(frozen=True)
class _Place:
    """Where a page ended: the rank of its last case, its deadline and its number."""

    rank: int = 0
    due_at: datetime | None = None
    number: int | None = None


def _cursor(row: dict[str, Any]) -> str:
    due_at: datetime | None = row["next_due_at"]
    place = [due_at.isoformat() if due_at else None, row["number"], row["rank"]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> _Place:
    try:
        due, number, rank = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        due_at = None if due is None else datetime.fromisoformat(due)
        place = _Place(int(rank), due_at, int(number))
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor("this cursor was not given out by a list; leave it out to begin at the front") from error
    if place.rank < 0:
        raise BadCursor("this cursor was not given out by a list; leave it out to begin at the front")
    return place


def _after(place: _Place) -> sql.ColumnElement[bool]:
    if place.due_at is None:
        return sql.and_(cases.c.next_due_at.is_(None), cases.c.number > place.number)
    return sql.or_(
        cases.c.next_due_at > place.due_at,
        sql.and_(cases.c.next_due_at == place.due_at, cases.c.number > place.number),
        cases.c.next_due_at.is_(None),
    )
