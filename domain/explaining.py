"""Why a deadline is when it is, line by line: which promise, which calendar, which hours of it, which pauses."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.business_time import intervals_used
from domain.calendars import Calendar, SpecialHours, special_days
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
        special = _special_days(calendar, begin, until)
        for opens, closes in _intervals(calendar, begin, until):
            while special and special[0][0] <= _date(opens, calendar):
                lines.append(special.pop(0)[1])
            used += closes - opens
            lines.append(f"{_span(opens, closes, calendar)}: {in_words(closes - opens)}, {in_words(used)} in all.")
        lines += [words for _, words in special]
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


def _special_days(calendar: Calendar | None, begin: datetime, end: datetime) -> list[tuple[date, str]]:
    """What differs from the hours of the week between the two: the first date of each exception that does, and words for it."""
    if calendar is None:
        return []
    week, special_on = calendar.week(), special_days(calendar.exceptions)
    zone = ZoneInfo(calendar.zone)
    first, last = (at.astimezone(zone).replace(tzinfo=None) for at in (begin, end))
    differing: dict[SpecialHours, list[date]] = {}
    for day in (first.date() + timedelta(days=number) for number in range((last.date() - first.date()).days + 1)):
        special, usual, midnight = special_on(day), week[day.weekday()], datetime.combine(day, time.min)
        if special is None or usual == (given := sorted(hours.since_midnight for hours in special.hours)):
            continue
        if any(midnight + opens < last and midnight + closes > first for opens, closes in (*usual, *given)):
            differing.setdefault(special, []).append(day)
    return [(days[0], _differs(special, days)) for special, days in differing.items()]


def _differs(special: SpecialHours, days: list[date]) -> str:
    """`Fri 2026-12-25 closed: Christmas Day.`, `Thu 2026-12-24 open 08:00 to 12:00, unlike other weeks: Christmas Eve.`"""
    dates = f"{days[0]:%a %Y-%m-%d}" + (f" to {days[-1]:%a %Y-%m-%d}" if len(days) > 1 else "")
    open_hours = " and ".join(str(hours) for hours in sorted(special.hours, key=lambda hours: hours.since_midnight))
    return f"{dates} {f'open {open_hours}, unlike other weeks' if open_hours else 'closed'}: {special.reason}."


def _date(at: datetime, calendar: Calendar | None) -> date:
    return at.astimezone(ZoneInfo(calendar.zone if calendar else "UTC")).date()


def _local(at: datetime, calendar: Calendar | None) -> str:
    moment = at.astimezone(ZoneInfo(calendar.zone if calendar else "UTC"))
    return f"{moment:%a %Y-%m-%d %H:%M{':%S' if moment.second else ''} %Z}"


def _span(opens: datetime, closes: datetime, calendar: Calendar | None) -> str:
    """`Mon 2026-11-23 08:00–18:00`; over midnight both days are named."""
    zone = ZoneInfo(calendar.zone if calendar else "UTC")
    first, last = opens.astimezone(zone), closes.astimezone(zone)
    ends = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %Y-%m-%d %H:%M}"
    return f"{first:%a %Y-%m-%d %H:%M}–{ends}"
