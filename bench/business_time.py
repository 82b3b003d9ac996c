"""Business time three ways, each beside a counter of minutes: `python -m bench business-time`.

In use is zoneinfo asked once a year for the offsets of a zone. The others convert both ends of every interval, with zoneinfo or
with whenever, which is no dependency: without it its lines say that it is not installed.
"""

import json
import random
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from bench import machine
from domain.business_time import add_business_time
from domain.calendars import Calendar
from tests.domain.minute_counter import ZONES, MinuteCounter, first_minute

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
_SPANS = {"24 hours": timedelta(hours=24), "3 months": timedelta(hours=13 * 40)}
_START = datetime(2026, 3, 26, 10, tzinfo=UTC)
_EVERY_DAY = [0, 1, 2, 3, 4, 5, 6]
_NIGHTS = (("00:00", "00:20"), ("00:40", "02:15"), ("02:40", "05:00"), ("22:50", "23:10"), ("23:30", "24:00"))
_INTERVALS = (("09:00", "13:00"), ("14:00", "18:00"))

Add = Callable[[Calendar, datetime, timedelta], datetime]
ToInstant = Callable[[date, time_of_day], Any]


class Way(NamedTuple):
    """`add` is None where its library is not installed."""

    name: str
    add: Add | None


def main(
    cases: Annotated[int, typer.Option(min=50, help="Cases held against the counter, spread over fifty zones.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document in place of the table.")] = False,
) -> None:
    """Measure adding business time: how long it takes, and how often it is wrong; fails when what is in use ever is."""
    ways = (
        Way("zoneinfo, offsets of the year (in use)", add_business_time),
        Way("zoneinfo, both ends of each interval", _ends_by_zoneinfo),
        Way("whenever, both ends of each interval", _ends_by_whenever()),
    )
    installed = {way.name: way.add for way in ways if way.add is not None}
    taken, wrong = _taken(installed), _wrong(installed, cases)
    in_use = ways[0].name
    if as_json:
        document = {"machine": machine.description(), "cases": cases, "microseconds": taken, "wrong": wrong}
        typer.echo(json.dumps(document, indent=2))
    else:
        typer.echo(machine.description())
        for way in ways:
            if way.name not in taken:
                typer.echo(f"{way.name:40} not installed; pip install whenever")
                continue
            times = ", ".join(
                f"{span} {taken[way.name][span]:7.1f} µs (× {taken[way.name][span] / taken[in_use][span]:4.1f})"
                for span in _SPANS
            )
            typer.echo(f"{way.name:40} {times}, wrong in {wrong[way.name]} of {cases}")
    if wrong[in_use]:
        raise typer.Exit(1)


def _taken(ways: dict[str, Add]) -> dict[str, dict[str, float]]:
    """Microseconds, the best of many rounds in which all take turns, so that a busy moment hits all."""
    calendar = _calendar("Europe/Berlin", _INTERVALS, [0, 1, 2, 3, 4])
    best = {name: dict.fromkeys(_SPANS, float("inf")) for name in ways}
    for _ in range(200):
        for name, add in ways.items():
            for span, amount in _SPANS.items():
                begin = time.perf_counter()
                add(calendar, _START, amount)
                best[name][span] = min(best[name][span], (time.perf_counter() - begin) * 1e6)
    return best


def _wrong(ways: dict[str, Add], cases: int) -> dict[str, int]:
    """How many of the deadlines differ from the counter's. Night shifts end in and near the hours that clocks skip or repeat;
    half of the cases begin within a day before a change of the clock."""
    drawn, wrong = random.Random(1), dict.fromkeys(ways, 0)
    for zone in ZONES:
        calendar = _calendar(zone, _NIGHTS, _EVERY_DAY)
        counter = MinuteCounter({**calendar.model_dump(mode="json"), "hours": _written(_NIGHTS, _EVERY_DAY)})
        changes = _changes(zone) or [drawn.randrange(50_000, 500_000)]
        for number in range(cases // len(ZONES)):
            near = drawn.choice(changes) - drawn.randrange(1440)
            start = near if number % 2 else drawn.randrange(50_000, 500_000)
            amount = drawn.randrange(1, 24 * 60)
            due = counter.instant(counter.added(start, amount))
            for name, add in ways.items():
                wrong[name] += add(calendar, counter.instant(start), amount * _MINUTE) != due
    return wrong


def _changes(zone: str) -> list[int]:
    """The minutes of the year, as the counter counts them, at whose hour the offset is another than an hour before."""
    known, begin = ZoneInfo(zone), first_minute(zone)
    offsets = [(begin + timedelta(hours=hour)).astimezone(known).utcoffset() for hour in range(24 * 400)]
    return [hour * 60 for hour in range(24 * 40, 24 * 400) if offsets[hour] != offsets[hour - 1]]


def _written(intervals: tuple[tuple[str, str], ...], days: list[int]) -> list[dict[str, Any]]:
    return [{"days": days, "opens": opens, "closes": closes} for opens, closes in intervals]


def _calendar(zone: str, intervals: tuple[tuple[str, str], ...], days: list[int]) -> Calendar:
    return Calendar.model_validate({"name": "measured", "zone": zone, "hours": _written(intervals, days)})


def _ends_by_zoneinfo(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    zone = ZoneInfo(calendar.zone)

    def to_instant(day: date, at: time_of_day) -> datetime:
        return datetime.combine(day, at, zone).astimezone(UTC)

    return _added(calendar, start.astimezone(zone).date(), start, amount, to_instant)


def _ends_by_whenever() -> Add | None:
    try:
        from whenever import Instant, PlainDateTime, TimeDelta  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None

    def add(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
        zone = calendar.zone

        def to_instant(day: date, at: time_of_day) -> Instant:
            return (
                PlainDateTime(day.year, day.month, day.day, at.hour, at.minute)
                .assume_tz(zone, disambiguation="compatible")
                .to_instant()
            )

        begin = Instant(start)
        return _added(calendar, begin.to_tz(zone).date().to_stdlib(), begin, TimeDelta(amount), to_instant).to_stdlib()

    return add


def _added(calendar: Calendar, day: date, start: Any, left: Any, to_instant: ToInstant) -> Any:
    """The plain way: day by day, both ends of each interval turned into instants of the library's own type."""
    in_order = sorted(calendar.hours, key=lambda hours: hours.opens)
    while True:
        for hours in in_order:
            if day.weekday() not in hours.days:
                continue
            closing_day = day if hours.closes > hours.opens else day + _DAY
            begin, close = max(to_instant(day, hours.opens), start), to_instant(closing_day, hours.closes)
            if close > begin:
                if close - begin >= left:
                    return begin + left
                left -= close - begin
        day += _DAY
