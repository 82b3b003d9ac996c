"""Open time counted in a second way, to check deadlines by: nothing here is used where a deadline is worked out.

Instead of laying the hours of each date on the line of time, it asks of a moment whether the clock on the wall shows an open
hour. Between two neighbouring edges (opening and closing times, midnights, clock changes) the answer stays the same.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, Interval

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the place is open at that instant."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    shown = local.time().replace(fold=0)
    return any(
        each.opens <= shown and (shown < each.closes or each.closes == time.min) for each in _hours(calendar, local.date())
    )


def open_time(calendar: Calendar | None, begin: datetime, end: datetime) -> timedelta:
    """Open time from `begin` to `end`, to the microsecond; without a calendar all time is. Zero where `end` is not after."""
    if end <= begin:
        return timedelta(0)
    if calendar is None:
        return end - begin
    spans = pairwise(_edges(calendar, begin.astimezone(UTC), end.astimezone(UTC)))
    return sum((after - before for before, after in spans if is_open(calendar, before + (after - before) / 2)), timedelta(0))


def is_reached(calendar: Calendar | None, begin: datetime, amount: timedelta, at: datetime) -> bool:
    """Whether `at` is the first instant at which `amount` of open time has passed since `begin`: all of it has, and a second
    earlier it had not. After no time at all it is the first open instant."""
    if open_time(calendar, begin, at) != amount:
        return False
    if amount:
        return open_time(calendar, begin, at - _SECOND) < amount
    return at == begin if calendar is None else at >= begin and is_open(calendar, at)


def is_reached_back(calendar: Calendar | None, end: datetime, amount: timedelta, at: datetime) -> bool:
    """Whether `at` is the last instant from which `amount`, which is not nothing, of open time passes until `end`."""
    return open_time(calendar, at, end) == amount and open_time(calendar, at + _SECOND, end) < amount


def _hours(calendar: Calendar, day: date) -> list[Interval]:
    for special in calendar.exceptions:
        if special.on <= day <= special.last:
            return list(special.hours)
    return [hours for hours in calendar.hours if day.weekday() in hours.days]


def _edges(calendar: Calendar, begin: datetime, end: datetime) -> list[datetime]:
    """`begin`, `end`, and all instants between them at which the place may open or close, in order."""
    zone = ZoneInfo(calendar.zone)
    found = {begin, end}
    day, last = begin.astimezone(zone).date() - _DAY, end.astimezone(zone).date() + _DAY
    while day <= last:
        shown = {time.min, *(edge for each in _hours(calendar, day) for edge in (each.opens, each.closes))}
        for edge in shown:  # a wall clock shows some times twice
            found |= {datetime.combine(day, edge, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        day += _DAY
    in_order = sorted(edge for edge in found if begin <= edge <= end)
    changes = {change for before, after in pairwise(in_order) for change in _clock_changes(zone, before, after)}
    return sorted({*in_order, *changes})


def _clock_changes(zone: ZoneInfo, before: datetime, after: datetime) -> Iterator[datetime]:
    """The instant between the two at which the clocks change, if they do."""
    if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
        return
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if datetime.fromtimestamp(middle, zone).utcoffset() == old else (low, middle)
    if before < (change := datetime.fromtimestamp(high, UTC)) < after:
        yield change
