"""Lists of cases: filtered, searched, most urgent first, page by page."""

import base64
import binascii
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cases, messages

PAGE_LIMIT = 200


class BadCursor(ValueError):
    """The cursor is not one that a list gave out."""


@dataclass(frozen=True)
class CaseFilter:
    """What a list is narrowed to. Everything given must hold; `words` is searched in titles, messages, numbers and orders."""

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


class Page(NamedTuple):
    items: list[dict[str, Any]]
    next_cursor: str | None


async def list_cases(connection: AsyncConnection, wanted: CaseFilter, limit: int, cursor: str | None = None) -> Page:
    """One page, the nearest deadline first, those without one last.

    Raises BadCursor.
    """
    query = (
        sql.select(*_LIST_COLUMNS)
        .where(*_conditions(wanted))
        .order_by(cases.c.next_due_at.asc().nulls_last(), cases.c.number)
        .limit(limit + 1)
    )
    if cursor is not None:
        query = query.where(_after(cursor))
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, _cursor(rows[-1]) if more else None)


async def count_by(connection: AsyncConnection, wanted: CaseFilter, column: str) -> dict[str, int]:
    """How many cases there are of each value of a filter's column, the other filters applied."""
    others = replace(wanted, **{column: () if column == "status" else None})
    query = sql.select(cases.c[column], sql.func.count()).where(*_conditions(others)).group_by(cases.c[column])
    return {value: count for value, count in (await connection.execute(query)).all() if value is not None}


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
    if wanted.words and wanted.words.strip():
        conditions.append(_said(wanted.words.strip()))
    return conditions


def _said(words: str) -> sql.ColumnElement[bool]:
    """The words are in the title, in a message, or are the number of the case or of one of its orders."""
    bare = words.lstrip("#")
    ways: list[sql.ColumnElement[bool]] = [
        cases.c.title.icontains(words, autoescape=True),
        cases.c.id.in_(
            sql.select(messages.c.case_id).where(
                messages.c.search.bool_op("@@")(sql.func.websearch_to_tsquery("simple", words))
            )
        ),
        cases.c.orders.contains([bare]),
    ]
    if bare.isascii() and bare.isdigit() and len(bare) <= 15:
        ways.append(cases.c.number == int(bare))
    return sql.or_(*ways)


def _cursor(row: dict[str, Any]) -> str:
    due_at: datetime | None = row["next_due_at"]
    place = [due_at.isoformat() if due_at else None, row["number"]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _after(cursor: str) -> sql.ColumnElement[bool]:
    try:
        due, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        due_at = None if due is None else datetime.fromisoformat(due)
        number = int(number)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor("this cursor was not given out by a list; leave it out to begin at the front") from error
    if due_at is None:
        return sql.and_(cases.c.next_due_at.is_(None), cases.c.number > number)
    return sql.or_(
        cases.c.next_due_at > due_at,
        sql.and_(cases.c.next_due_at == due_at, cases.c.number > number),
        cases.c.next_due_at.is_(None),
    )
