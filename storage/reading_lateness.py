"""How late what clocks had to say was said: the time from the moment it was planned for to the moment the workflow said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cases, timeline

_gap = timeline.c.at - timeline.c.planned_for
_late = sql.cast(sql.func.extract("epoch", _gap), sql.Float)
"""The same in seconds. Where many lines are counted they are compared as intervals: to make numbers of them costs more."""

_planned = timeline.c.planned_for.is_not(None)
_step = timeline.c.notice["step"].as_integer()
_clock = timeline.c.notice["clock"].as_string()


@dataclass(frozen=True)
class Lateness:
    """Of one kind of notice and one step of the ladder, counted from 0 (None where it is no step). In seconds."""

    kind: str
    step: int | None
    count: int
    median: float
    p95: float
    worst: float


@dataclass(frozen=True)
class LateNotice:
    case_id: UUID
    number: int
    title: str
    kind: str
    clock: str | None
    step: int | None
    planned_for: datetime
    at: datetime
    seconds: float


@dataclass(frozen=True)
class Tally:
    """Notices of one kind: how many were at most as late as each bound, how many there are, and the sum of their seconds."""

    within: tuple[int, ...]
    count: int
    seconds: float


async def lateness_by_step(connection: AsyncConnection, since: datetime) -> list[Lateness]:
    """By kind and step, of what was said since then."""
    query = (
        sql.select(
            timeline.c.kind,
            _step,
            sql.func.count(),
            sql.func.percentile_cont(0.5).within_group(_late),
            sql.func.percentile_cont(0.95).within_group(_late),
            sql.func.max(_late),
        )
        .where(_planned, timeline.c.at >= since)
        .group_by(timeline.c.kind, _step)
        .order_by(timeline.c.kind, _step)
    )
    return [Lateness(*row) for row in await connection.execute(query)]


async def late_notices(connection: AsyncConnection, since: datetime, seconds: float, limit: int) -> list[LateNotice]:
    """The latest that were said more than `seconds` late since then."""
    query = (
        sql.select(
            cases.c.id,
            cases.c.number,
            cases.c.title,
            timeline.c.kind,
            _clock,
            _step,
            timeline.c.planned_for,
            timeline.c.at,
            _late,
        )
        .join(cases, cases.c.id == timeline.c.case_id)
        .where(_planned, timeline.c.at >= since, _gap > timedelta(seconds=seconds))
        .order_by(timeline.c.at.desc(), timeline.c.sequence.desc())
        .limit(limit)
    )
    return [LateNotice(*row) for row in await connection.execute(query)]


async def tally_lateness(
    connection: AsyncConnection, bounds: Sequence[float], since: datetime | None, until: datetime | None
) -> dict[str, Tally]:
    """By kind, of what was said from `since` to before `until`; None is without end."""
    within = [sql.func.count().filter(_gap <= timedelta(seconds=bound)) for bound in bounds]
    seconds = sql.cast(sql.func.extract("epoch", sql.func.sum(_gap)), sql.Float)
    query = sql.select(timeline.c.kind, *within, sql.func.count(), seconds).where(_planned)
    if since is not None:
        query = query.where(timeline.c.at >= since)
    if until is not None:
        query = query.where(timeline.c.at < until)
    rows = [list(row) for row in await connection.execute(query.group_by(timeline.c.kind))]
    return {kind: Tally(tuple(within), count, seconds) for kind, *within, count, seconds in rows}
