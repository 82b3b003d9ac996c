"""Why a deadline is when it is, line by line: which promise, which calendar, which hours of it, which pauses."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.business_time import intervals_used
from domain.calendars import Calendar
from domain.promises import Promises, clock_of_first_shape, in_words, promises_of_first_shape
from domain.sla import Clock, ClockState, running_spans

_LINES = 60
"""Of a deadline that is months away the first intervals are printed, and how many follow."""


def recorded(state: Mapping[str, Any]) -> tuple[list[Clock], Promises]:
    """The clocks of a case and what they are held to, as its stored state has them."""
    clocks = state.get("clocks") or []
    if "promises" in state:
        promised = state["promises"]
        first = next(iter(promised.values()), None)
        promises = promises_of_first_shape(state["playbook_version"], first, {}) if first else {}
        clocks = [clock_of_first_shape(clock, promised.get(clock["name"])) for clock in clocks]
    else:
        promises = (state.get("policy") or {}).get("promises") or {}
    return [Clock.model_validate(clock) for clock in clocks], Promises.model_validate(promises)


def explain(clock: Clock, promises: Promises) -> list[str]:
    """The derivation of a clock's deadline, so that a person can check it with pencil and paper."""
    calendar = promises.calendars.get(clock.calendar) if clock.calendar is not None else None
    lines = [*clock.because, f"Started {_local(clock.started_at, calendar)}."]
    if calendar is None:
        lines.append(f"Target {in_words(clock.target)} of elapsed time, nights and weekends included.")
    else:
        lines.append(f"Target {in_words(clock.target)} of business time in calendar {calendar.name} ({calendar.zone}).")
    lines += _spans(clock, calendar)
    if clock.state is ClockState.PAUSED:
        lines.append(f"Paused: {in_words(clock.target - clock.used)} left.")
    else:
        lines.append(f"Due {_local(clock.due_at, calendar)}.")
    if clock.acknowledged is not None:
        held = f"{_local(clock.acknowledged.at, calendar)} by {clock.acknowledged.by}"
        lines.append(f"Acknowledged {held}; the ladder waits until {_local(clock.acknowledged.until, calendar)}.")
    if clock.ended_at is not None:
        late = clock.ended_at > clock.due_at
        done = "Done" if clock.state is ClockState.MET or clock.missed_at else "Ended"
        lines.append(f"{done} {_local(clock.ended_at, calendar)}, {'after' if late else 'before'} the deadline.")
    return lines


def _spans(clock: Clock, calendar: Calendar | None) -> list[str]:
    """What ran, interval by interval, and between the pauses."""
    lines: list[str] = []
    used = timedelta(0)
    pauses = iter(clock.pauses)
    for begin, end in running_spans(clock):
        until = clock.due_at if end is None or end == clock.ended_at else min(end, clock.due_at)
        for opens, closes in _intervals(calendar, begin, until):
            used += closes - opens
            lines.append(f"{_span(opens, closes, calendar)}: {in_words(closes - opens)}, {in_words(used)} in all.")
        stood = next(pauses, None)
        if stood is not None:
            ends = f"until {_local(stood.until, calendar)}" if stood.until else "and still"
            lines.append(f"Paused from {_local(stood.since, calendar)} {ends}, waiting for {stood.waiting_for}.")
    if len(lines) > _LINES:
        return [*lines[:_LINES], f"… and {len(lines) - _LINES} lines more."]
    return lines


def _intervals(calendar: Calendar | None, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    if end <= begin:
        return []
    if calendar is None:
        return [(begin, end)]
    return list(intervals_used(calendar, begin, end))


def _local(at: datetime, calendar: Calendar | None) -> str:
    moment = at.astimezone(ZoneInfo(calendar.zone if calendar else "UTC"))
    return f"{moment:%a %Y-%m-%d %H:%M{':%S' if moment.second else ''} %Z}"


def _span(opens: datetime, closes: datetime, calendar: Calendar | None) -> str:
    """`Mon 2026-11-23 08:00–18:00`; over midnight both days are named."""
    zone = ZoneInfo(calendar.zone if calendar else "UTC")
    first, last = opens.astimezone(zone), closes.astimezone(zone)
    ends = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %Y-%m-%d %H:%M}"
    return f"{first:%a %Y-%m-%d %H:%M}–{ends}"
