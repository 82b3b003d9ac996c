"""Business time: the hours of a calendar, counted in absolute seconds, so that a clock change adds and loses none.

A place is open while the clock on its wall shows one of the hours of that date: everything follows from this one rule.
- Of hours that the clock skips, none are open: to open or close at 02:30 in the night that jumps from 02:00 to 03:00 is to do
  so at the jump. A date that is skipped whole has no hours.
- Hours that the clock shows twice are open twice: 00:00 to 02:30 in the night that goes back from 03:00 to 02:00 is open until
  02:30, closed until the clock goes back, and open again for half an hour.

Calendars come pinned (`Calendar.pinned`): one whose holidays are not written out raises ValueError. All instants that come back
are UTC.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, special_days

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

_HORIZON = timedelta(days=3 * 366)
"""A target that needs longer than this has no open hours worth the name."""

_WINDOW = timedelta(days=7)
"""How much is looked at in one go where time is counted back."""


class NoBusinessTime(ValueError):
    """The calendar has too few open hours to reach the target."""


class _Piece(NamedTuple):
    """A part of the interval that opens at `opens` of `day` by the wall clock, between two clock changes."""

    begin: datetime
    end: datetime
    day: date
    opens: timedelta


def open_intervals(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open intervals that end after `start`, in order, for three years; the first may have begun before it.

    None goes over midnight: hours on both sides of it are two intervals.
    """
    start = start.astimezone(UTC)
    held: _Piece | None = None
    for piece in _pieces(calendar, start - _DAY, start + _HORIZON):
        if held is not None and (held.end, held.day, held.opens) == (piece.begin, piece.day, piece.opens):
            held = piece._replace(begin=held.begin)  # the clocks change inside the interval
            continue
        if held is not None and held.end > start:
            yield held.begin, held.end
        held = piece
    if held is not None and held.end > start:
        yield held.begin, held.end


def intervals_used(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open intervals between `start` and `end`, in order, cut off at both: what business time between them is made of."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    for begin, close in open_intervals(calendar, start):
        if begin >= end:
            return
        yield max(begin, start), min(close, end)


def business_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Business time from `start` to `end`; zero where `end` is not after `start`."""
    return sum((close - begin for begin, close in intervals_used(calendar, start, end)), timedelta(0))


def next_open(calendar: Calendar, at: datetime) -> datetime:
    """The first open instant from `at` on, which may be `at` itself. Raises NoBusinessTime."""
    return add_business_time(calendar, at, timedelta(0))


def add_business_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The earliest instant at which `amount` of business time has passed since `start`.

    Nothing to wait for means the next open instant: a deadline never falls outside opening hours. A deadline reached exactly
    at closing time falls on that closing time. Raises NoBusinessTime, and ValueError for a negative amount.
    """
    left = _not_negative(amount)
    start = start.astimezone(UTC)
    for begin, end in open_intervals(calendar, start):
        begin = max(begin, start)
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NoBusinessTime(f"calendar {calendar.name!r} has less than {amount} of open hours in three years")


def subtract_business_time(calendar: Calendar, end: datetime, amount: timedelta) -> datetime:
    """The latest instant from which `amount` of business time passes until `end`; `end` itself where that is nothing.

    Raises NoBusinessTime, and ValueError for a negative amount.
    """
    left = _not_negative(amount)
    end = end.astimezone(UTC)
    if not left:
        return end
    for begin, close in _intervals_back(calendar, end):
        if close - begin >= left:
            return close - left
        left -= close - begin
    raise NoBusinessTime(f"calendar {calendar.name!r} has less than {amount} of open hours in three years")


def _not_negative(amount: timedelta) -> timedelta:
    if amount < timedelta(0):
        raise ValueError(f"business time cannot be negative: {amount}")
    return amount


def _intervals_back(calendar: Calendar, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The open intervals before `end`, the latest first. One may come in two parts."""
    until = end
    while until > end - _HORIZON:
        yield from reversed(list(intervals_used(calendar, until - _WINDOW, until)))
        until -= _WINDOW


def _pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[_Piece]:
    """The pieces of all intervals, in order, from the local date of `start` to that of `end`."""
    spans_of = _spans_by_date(calendar)
    for stretch_begin, stretch_end, offset in _stretches(calendar.zone, start.year):
        if stretch_end <= start:
            continue
        if stretch_begin > end:
            return
        day = (max(stretch_begin, start) + offset).date()
        last = (min(stretch_end, end) + offset).date()
        midnight = datetime.combine(day, time.min, UTC) - offset
        while day <= last:
            for opens, closes in spans_of(day):
                begin, close = max(midnight + opens, stretch_begin), min(midnight + closes, stretch_end)
                if begin < close:
                    yield _Piece(begin, close, day, opens)
            day += _DAY
            midnight += _DAY


def _spans_by_date(calendar: Calendar) -> Callable[[date], list[tuple[timedelta, timedelta]]]:
    """Finds what the clock shows at opening and closing times of a date."""
    if calendar.holidays is not None:
        raise ValueError(f"calendar {calendar.name!r} has holidays that are not written out: use what its `pinned` returns")
    special_on = special_days(calendar.exceptions)
    week = calendar.week()

    def spans_of(day: date) -> list[tuple[timedelta, timedelta]]:
        special = special_on(day)
        return week[day.weekday()] if special is None else sorted(hours.since_midnight for hours in special.hours)

    return spans_of


@lru_cache(maxsize=1024)
def _stretches(zone: str, year: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The times between two clock changes, with their UTC offset, in order, that cover the years which can be asked of
    from an instant in `year`. Each clock change is found once, not once a day."""
    known = ZoneInfo(zone)

    def offset_at(instant: datetime) -> timedelta:
        return instant.astimezone(known).utcoffset() or timedelta(0)

    begin = datetime(year - 1, 12, 1, tzinfo=UTC)
    last = datetime(year + 4, 2, 1, tzinfo=UTC)
    found: list[tuple[datetime, datetime, timedelta]] = []
    day = begin
    while day < last:
        if offset_at(day) != offset_at(day + _DAY):
            change = _change_within(offset_at, day, day + _DAY)
            found.append((begin, change, offset_at(day)))
            begin = change
        day += _DAY
    return (*found, (begin, last, offset_at(begin)))


def _change_within(offset_at: Callable[[datetime], timedelta], before: datetime, after: datetime) -> datetime:
    """The first instant, to the second, at which the offset is no longer what it is at `before`."""
    old = offset_at(before)
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if offset_at(middle) == old else (before, middle)
    return after
