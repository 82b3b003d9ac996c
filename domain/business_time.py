"""Business time: the hours of a calendar, counted in absolute seconds, so that a clock change adds and loses none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.playbook import Calendar

_HORIZON = timedelta(days=3 * 366)
"""A target that needs longer than this has no open hours worth the name."""


class NoBusinessTime(ValueError):
    """The calendar has too few open hours to reach the target."""


def open_intervals(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open intervals that end after `start`, in order, in UTC; the first may have begun before it."""
    zone = ZoneInfo(calendar.zone)
    day = start.astimezone(zone).date()
    last = day + _HORIZON
    while day <= last:
        for begin, end in _intervals_of(calendar, day, zone):
            if end > start:
                yield begin, end
        day += timedelta(days=1)


def add_business_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The instant (UTC) at which `amount` of business time has passed since `start`.

    Nothing to wait for means the next open instant: a deadline never falls outside opening hours. A deadline reached exactly
    at closing time falls on that closing time. Raises NoBusinessTime.
    """
    left = amount
    for begin, end in open_intervals(calendar, start):
        begin = max(begin, start)
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NoBusinessTime(f"calendar {calendar.name!r} has less than {amount} of open hours in three years")


def business_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Business time from `start` to `end`; zero where `end` is not after `start`."""
    total = timedelta(0)
    for begin, close in open_intervals(calendar, start):
        if begin >= end:
            break
        total += min(close, end) - max(begin, start)
    return total


def _intervals_of(calendar: Calendar, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    return sorted(
        (
            datetime.combine(day, hours.opens, zone).astimezone(UTC),
            datetime.combine(day, hours.closes, zone).astimezone(UTC),
        )
        for hours in calendar.hours
        if day.weekday() in hours.days
    )


def subtract_business_time(calendar: Calendar, end: datetime, amount: timedelta) -> datetime:
    """The latest instant (UTC) from which `amount` of business time passes until `end`. Raises NoBusinessTime."""
    span = max(amount, timedelta(days=1))
    while span < _HORIZON:
        span *= 2
        closed = [(b, min(e, end)) for b, e in open_intervals(calendar, end - span) if b < end]
        left = amount
        for begin, close in reversed(closed):
            begin = max(begin, end - span)
            if close - begin >= left:
                return close - left
            left -= close - begin
    raise NoBusinessTime(f"calendar {calendar.name!r} has less than {amount} of open hours in three years")
