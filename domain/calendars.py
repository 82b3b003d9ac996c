"""Opening hours of a place: its week, the dates that differ from it, and the public holidays it keeps."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from domain.rule import Rule

_DAY = timedelta(days=1)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LONGEST_CLOSURE = timedelta(days=365)
"""A calendar that stays closed for longer is taken for a slip of the pen."""

PINNED_BEFORE = timedelta(days=31)
"""How long before its day a pinned calendar knows the past: a message may have waited that long."""


def _time_of_day(value: object) -> time:
    """Only text is read: YAML takes a bare 18:00 for the number 1080, which would pass for 18 minutes past midnight."""
    if isinstance(value, time):
        read = value
    else:
        try:
            read = time.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise ValueError(f'{value!r} is no time of day: write it in quotes, as "08:00"') from None
    if read.tzinfo is not None:
        raise ValueError(f"{value!r} names a zone of its own: the calendar's zone holds for all its hours")
    return read


def _closing_time(value: object) -> time:
    return time.min if value == "24:00" else _time_of_day(value)


class Interval(Rule):
    """Open while the clock on the wall shows `opens` or later and not yet `closes`. `closes` is midnight at the day's end
    where it is written as 24:00 (or 00:00, which is how it is written back)."""

    opens: Annotated[time, BeforeValidator(_time_of_day)]
    closes: Annotated[time, BeforeValidator(_closing_time)]

    @property
    def since_midnight(self) -> tuple[timedelta, timedelta]:
        """What the clock shows at both ends; 24 hours for midnight at the day's end."""
        return _shown(self.opens), _shown(self.closes) or _DAY

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        opens, closes = self.since_midnight
        if closes <= opens:
            raise ValueError(
                f"closes {self.closes:%H:%M} is not after opens {self.opens:%H:%M}; hours over midnight are two intervals, "
                "one that closes at 24:00 and one that opens at 00:00 on the next day"
            )
        return self

    def __str__(self) -> str:
        return f"{self.opens:%H:%M} to {'24:00' if self.closes == time.min else f'{self.closes:%H:%M}'}"


class Hours(Interval):
    """One interval of opening hours, the same on each of `days` (0 is Monday)."""

    days: tuple[int, ...]

    @model_validator(mode="after")
    def _weekdays(self) -> Self:
        if not self.days or any(day not in range(7) for day in self.days):
            raise ValueError("days are numbers from 0 (Monday) to 6 (Sunday), at least one")
        return self


class SpecialHours(Rule):
    """What holds on one date, or from `on` to `until` with both, in place of the week's hours: no interval means closed."""

    on: date
    until: date | None = None
    hours: tuple[Interval, ...] = ()
    reason: str = Field(min_length=1)

    @property
    def last(self) -> date:
        """The last date it holds on."""
        return self.until or self.on

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.last < self.on:
            raise ValueError(f"until {self.last} is before on {self.on}")
        _apart(self.hours, f"on {self.on}")
        return self


class PublicHolidays(Rule):
    """The public holidays of a country (ISO 3166-1, two letters) and, with `region`, of a part of it (ISO 3166-2)."""

    country: str
    region: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        _public_holidays(self.country, self.region, 2000)
        return self

    def between(self, first: date, last: date) -> dict[date, str]:
        """Name by date, both ends included, in the order of the dates. A holiday kept on another day says so."""
        found: dict[date, str] = {}
        for year in range(first.year, last.year + 1):
            found |= _public_holidays(self.country, self.region, year)
        return {day: found[day] for day in sorted(found) if first <= day <= last}


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone: {_zone_advice(value)}") from None
    return value


def _zone_advice(value: str) -> str:
    zones = {zone.lower(): zone for zone in available_timezones()}
    if not zones:
        return "this machine has no time zone database; install the system's package tzdata"
    wanted = value.strip().lower().replace(" ", "_")
    near = [zone for name, zone in sorted(zones.items()) if wanted in name.split("/")[-1:]]
    near += [zones[name] for name in get_close_matches(wanted, zones) if zones[name] not in near]
    return f"did you mean {' or '.join(near[:3])}?" if near else "write an IANA name, such as Europe/Berlin"


class Calendar(Rule):
    """Business time of one place: the hours of its week, unless the date is one of `exceptions` or else a holiday.

    `zone` is an IANA name; all hours are those of its clocks.
    """

    name: str
    zone: Annotated[str, AfterValidator(_zone)]
    hours: tuple[Hours, ...]
    exceptions: tuple[SpecialHours, ...] = ()
    holidays: PublicHolidays | None = None

    def pinned(self, day: date, years: int = 2) -> "Calendar":
        """The same calendar as it is known on `day`, its holidays written out as dated exceptions.

        It knows the holidays from a month before `day` until `years` later; exceptions that ended before are left out. Every
        case keeps such a calendar, so that a newer list of holidays never moves a deadline that stands.
        """
        first, last = day - PINNED_BEFORE, day + timedelta(days=366 * years)
        kept = [special for special in self.exceptions if special.last >= first]
        if self.holidays is not None:
            week, special_on = self.week(), special_days(kept)
            kept += [
                SpecialHours(on=holiday, reason=name)
                for holiday, name in self.holidays.between(first, last).items()
                if week[holiday.weekday()] and special_on(holiday) is None
            ]
        in_order = tuple(sorted(kept, key=lambda special: special.on))
        return self.model_copy(update={"exceptions": in_order, "holidays": None})

    def week(self) -> list[list[tuple[timedelta, timedelta]]]:
        """What the clock shows at opening and at closing time, for each weekday from Monday on, in the order of the day."""
        in_order = sorted((hours.since_midnight, hours.days) for hours in self.hours)
        return [[span for span, days in in_order if weekday in days] for weekday in range(7)]

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not self.hours:
            raise ValueError("hours: a calendar without an open hour keeps no promise; give it an interval of the week")
        for number, weekday in enumerate(_WEEKDAYS):
            _apart((hours for hours in self.hours if number in hours.days), f"on {weekday}")
        in_order = sorted(self.exceptions, key=lambda special: special.on)
        for one, other in pairwise(in_order):
            if other.on <= one.last:
                raise ValueError(
                    f"exceptions: “{one.reason}” and “{other.reason}” both say what holds on {other.on}; keep one of them"
                )
        for first, last in self._closures(in_order):
            if last - first >= LONGEST_CLOSURE:
                raise ValueError(f"exceptions: closed from {first} to {last}, more than a year without an open hour")
        return self

    def _closures(self, in_order: Iterable[SpecialHours]) -> Iterator[tuple[date, date]]:
        """First and last date of each closure; closures with no working day between them are one."""
        week = self.week()
        closure: tuple[date, date] | None = None
        for special in in_order:
            if special.hours:
                closure = None
                continue
            goes_on = closure is not None and not any(week[day.weekday()] for day in _dates_between(closure[1], special.on))
            closure = (closure[0] if closure is not None and goes_on else special.on, special.last)
            yield closure


def special_days(exceptions: Iterable[SpecialHours]) -> Callable[[date], SpecialHours | None]:
    """Finds what is said of a date."""
    in_order = sorted(exceptions, key=lambda special: special.on)
    firsts = [special.on for special in in_order]

    def special_on(day: date) -> SpecialHours | None:
        index = bisect_right(firsts, day) - 1
        return in_order[index] if index >= 0 and day <= in_order[index].last else None

    return special_on


@lru_cache(maxsize=1024)
def _public_holidays(country: str, region: str | None, year: int) -> dict[date, str]:
    """Name by date. Raises ValueError where there is no such country or region.

    The library is loaded here alone: it takes a tenth of a second, and a workflow, which gets pinned calendars, must not.
    """
    import holidays

    if country not in holidays.list_supported_countries():
        raise ValueError(f"no holidays are known of country {country!r}: write the two letters of ISO 3166, such as DE")
    regions = holidays.list_supported_countries()[country]
    if region is not None and region not in regions:
        there_are = f"there are {', '.join(regions)}" if regions else "the country has no regions with holidays of their own"
        raise ValueError(f"no holidays are known of region {region!r} of {country}: {there_are}")
    # English where the library has it: explanations are English sentences. Two holidays of one day come with a semicolon.
    found = holidays.country_holidays(country, subdiv=region, years=year, language="en_US")
    return {day: " and ".join(found.get_list(day)) for day in found}


def _shown(at: time) -> timedelta:
    return datetime.combine(date.min, at) - datetime.min


def _dates_between(one: date, other: date) -> Iterator[date]:
    return (one + timedelta(days=number) for number in range(1, (other - one).days))


def _apart(intervals: Iterable[Interval], when: str) -> None:
    for one, other in pairwise(sorted(intervals, key=lambda interval: interval.since_midnight)):
        if other.since_midnight[0] < one.since_midnight[1]:
            raise ValueError(f"hours: {one} and {other} overlap {when}")
        if other.since_midnight[0] == one.since_midnight[1]:
            raise ValueError(f"hours: {one} and {other} touch {when}; write them as one")
