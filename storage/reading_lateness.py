"""How late what clocks had to say was said: the time from the moment it was planned for to the moment the workflow said it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cases, timeline

_LATE = sql.func.extract("epoch", timeline.c.at - timeline.c.planned_for)
_PLANNED = timeline.c.planned_for.is_not(None)
_STEP = timeline.c.notice["step"].as_integer()
_CLOCK = timeline.c.notice["clock"].as_string()


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
    late = sql.cast(_LATE, sql.Float)
    query = (
        sql.select(
            timeline.c.kind,
            _STEP,
            sql.func.count(),
            sql.func.percentile_cont(0.5).within_group(late),
            sql.func.percentile_cont(0.95).within_group(late),
            sql.func.max(late),
        )
        .where(_PLANNED, timeline.c.at >= since)
        .group_by(timeline.c.kind, _STEP)
        .order_by(timeline.c.kind, _STEP)
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
            _CLOCK,
            _STEP,
            timeline.c.planned_for,
            timeline.c.at,
            sql.cast(_LATE, sql.Float),
        )
        .join(cases, cases.c.id == timeline.c.case_id)
        .where(_PLANNED, timeline.c.at >= since, seconds < _LATE)
        .order_by(timeline.c.at.desc(), timeline.c.sequence.desc())
        .limit(limit)
    )
    return [LateNotice(*row) for row in await connection.execute(query)]


async def tally_lateness(
    connection: AsyncConnection, bounds: Sequence[float], since: datetime | None, until: datetime | None
) -> dict[str, Tally]:
    """By kind, of what was said from `since` to before `until`; None is without end."""
    within = [sql.func.count().filter(bound >= _LATE) for bound in bounds]
    query = sql.select(timeline.c.kind, *within, sql.func.count(), sql.cast(sql.func.sum(_LATE), sql.Float)).where(_PLANNED)
    if since is not None:
        query = query.where(timeline.c.at >= since)
    if until is not None:
        query = query.where(timeline.c.at < until)
    rows = [list(row) for row in await connection.execute(query.group_by(timeline.c.kind))]
    return {kind: Tally(tuple(within), count, seconds) for kind, *within, count, seconds in rows}
