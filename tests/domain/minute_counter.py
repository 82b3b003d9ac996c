"""A calendar read minute by minute, sharing no code with what it judges, and strategies that draw calendars to read.

What is drawn is what a playbook's YAML would hold; the counter reads that, not the models.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import numpy
from hypothesis import strategies as st

_MINUTES_A_DAY = 1440
_EPOCH = date(1970, 1, 1)

ZONES = {
    zone: year
    for year, zones in {
        2026: "Europe/Berlin Europe/Rome Europe/London Europe/Dublin Europe/Chisinau Atlantic/Azores Africa/Casablanca "
        "Africa/Cairo Africa/Lagos Africa/Johannesburg Asia/Beirut Asia/Jerusalem Asia/Gaza Asia/Kolkata Asia/Kathmandu "
        "Asia/Yangon Asia/Kabul Asia/Tokyo Asia/Shanghai Australia/Adelaide Australia/Eucla Australia/Lord_Howe "
        "Australia/Sydney Pacific/Auckland Pacific/Chatham Pacific/Norfolk Pacific/Marquesas Pacific/Kiritimati "
        "Pacific/Pago_Pago America/New_York America/Los_Angeles America/Phoenix America/St_Johns America/Havana "
        "America/Santiago America/Miquelon America/Nuuk Antarctica/Troll UTC",
        # Changes at midnight, by half an hour, of a whole day, or for good.
        2024: "Asia/Almaty",
        2022: "Asia/Amman America/Asuncion",
        2021: "Asia/Tehran",
        2017: "America/Sao_Paulo",
        2016: "America/Caracas Europe/Istanbul",
        2015: "Asia/Pyongyang",
        2014: "Europe/Moscow",
        2011: "Pacific/Apia",
        2006: "America/Goose_Bay",
    }.items()
    for zone in zones.split()
}
"""Fifty zones, each with a year in which something happens there."""

_KEPT = (None, {"country": "DE", "region": "HH"}, {"country": "IT"}, {"country": "US", "region": "NY"}, {"country": "NO"})


def clock(minute: int) -> str:
    """`08:05`, and `24:00` for the end of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _intervals(least: int = 1) -> st.SearchStrategy[list[dict[str, str]]]:
    """Up to three intervals of a day that neither overlap nor touch."""
    edges = st.lists(st.integers(0, _MINUTES_A_DAY), min_size=2 * least, max_size=6, unique=True).map(sorted)
    return edges.map(
        lambda found: [
            {"opens": clock(opens), "closes": clock(closes)} for opens, closes in zip(found[::2], found[1::2], strict=False)
        ]
    )


@st.composite
def _exceptions(draw: st.DrawFn, year: int) -> list[dict[str, Any]]:
    """Single dates and short spans of the year, in any order, apart from each other."""
    days = sorted(draw(st.sets(st.integers(0, 364), max_size=6)))
    found = []
    for day, following in zip(days, (*days[1:], 365), strict=False):
        first = date(year, 1, 1) + timedelta(days=day)
        last = first + timedelta(days=min(draw(st.integers(0, 4)), following - day - 1))
        exception: dict[str, Any] = {"on": first.isoformat(), "reason": "So it is", "hours": draw(_intervals(least=0))}
        found.append(exception if first == last else {**exception, "until": last.isoformat()})
    return draw(st.permutations(found))


@st.composite
def calendars(draw: st.DrawFn) -> dict[str, Any]:
    """A calendar of one of the zones as YAML would hold it."""
    zone = draw(st.sampled_from(sorted(ZONES)))
    some = sorted(draw(st.sets(st.integers(0, 6), min_size=1)))
    others = [day for day in range(7) if day not in some]
    hours = [{"days": some, **interval} for interval in draw(_intervals())]
    hours += [{"days": others, **interval} for interval in draw(_intervals(least=0)) if others]
    return {
        "name": "drawn",
        "zone": zone,
        "hours": hours,
        "exceptions": draw(_exceptions(ZONES[zone])),
        "holidays": draw(st.sampled_from(_KEPT)),
    }


def first_minute(zone: str) -> datetime:
    """What minutes are counted from."""
    return datetime(ZONES[zone] - 1, 12, 3, tzinfo=UTC)


class MinuteCounter:
    """Whether each minute of a year, of the month before and of five months after is open. Instants are whole minutes, counted
    from `first_minute`; `counted[n]` is how many of the first n minutes are open."""

    def __init__(self, calendar: dict[str, Any]) -> None:
        year = ZONES[calendar["zone"]]
        self.begin = first_minute(calendar["zone"])
        offsets = _offsets(calendar["zone"])
        # What the wall clock shows at each minute, in minutes since 1970-01-01 00:00 on that clock.
        wall = numpy.arange(len(offsets)) + offsets + int(self.begin.timestamp()) // 60
        first = int(wall.min()) // _MINUTES_A_DAY
        days = int(wall.max()) // _MINUTES_A_DAY - first + 1
        shown = numpy.zeros((days, _MINUTES_A_DAY), dtype=bool)
        closed = _kept_holidays(calendar, year)
        for number in range(days):
            for opens, closes in _hours_of(calendar, closed, _EPOCH + timedelta(days=first + number)):
                shown[number, opens:closes] = True
        self.is_open = shown.reshape(-1)[wall - first * _MINUTES_A_DAY]
        self.counted = numpy.concatenate(([0], numpy.cumsum(self.is_open)))

    def instant(self, minute: int) -> datetime:
        return self.begin + timedelta(minutes=minute)

    def minute(self, instant: datetime) -> int:
        return (instant - self.begin) // timedelta(minutes=1)

    def between(self, start: int, end: int) -> int:
        return int(self.counted[end] - self.counted[start])

    def added(self, start: int, amount: int) -> int:
        """The first minute from `start` on before which `amount` open ones passed; an open one if that is none."""
        if not amount:
            return start + int(self.is_open[start:].argmax())
        return int(numpy.searchsorted(self.counted, self.counted[start] + amount, side="left"))

    def subtracted(self, end: int, amount: int) -> int:
        """The last minute from which `amount` open ones pass until `end`."""
        if not amount:
            return end
        return int(numpy.searchsorted(self.counted, self.counted[end] - amount, side="right")) - 1


@lru_cache(maxsize=len(ZONES))
def _offsets(zone: str) -> numpy.ndarray:
    """How far the wall clock is ahead of UTC at each minute, in minutes. Asked at each of them in hours with a change."""
    known, begin = ZoneInfo(zone), first_minute(zone)
    length = (datetime(ZONES[zone] + 1, 6, 1, tzinfo=UTC) - begin) // timedelta(minutes=1)
    offsets = numpy.empty(length, dtype=numpy.int16)
    for hour in range(0, length, 60):
        first, following = (_offset(begin + timedelta(minutes=minute), known) for minute in (hour, hour + 60))
        offsets[hour : hour + 60] = first
        if first != following:
            offsets[hour : hour + 60] = [_offset(begin + timedelta(minutes=hour + minute), known) for minute in range(60)]
    return offsets


def _offset(at: datetime, zone: ZoneInfo) -> int:
    return (at.astimezone(zone).replace(tzinfo=None) - at.replace(tzinfo=None)) // timedelta(minutes=1)


def _kept_holidays(calendar: dict[str, Any], year: int) -> set[date]:
    kept = calendar["holidays"]
    years = (year - 1, year, year + 1)
    return set(holidays.country_holidays(kept["country"], subdiv=kept.get("region"), years=years)) if kept else set()


def _hours_of(calendar: dict[str, Any], closed: set[date], day: date) -> list[tuple[int, int]]:
    """Minutes of the day at which it opens and closes."""
    said = [each for each in calendar["exceptions"] if each["on"] <= day.isoformat() <= each.get("until", each["on"])]
    if said:
        intervals = said[0]["hours"]
    elif day in closed:
        intervals = []
    else:
        intervals = [hours for hours in calendar["hours"] if day.weekday() in hours["days"]]
    return [(_minute_of(interval["opens"]), _minute_of(interval["closes"])) for interval in intervals]


def _minute_of(shown: str) -> int:
    hour, minute = shown.split(":")
    return int(hour) * 60 + int(minute)
