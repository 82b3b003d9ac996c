"""Business time by pencil and paper: working days, nights when the clocks change, dates that are unlike others."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.business_time import (
    NoBusinessTime,
    add_business_time,
    business_time_between,
    intervals_used,
    next_open,
    open_intervals,
    subtract_business_time,
)
from domain.calendars import Calendar
from domain.playbook import Playbook

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WORKDAYS = (0, 1, 2, 3, 4)
HOUR = timedelta(hours=1)


def calendar(zone: str, *hours: str, days: tuple[int, ...] = WORKDAYS, **more: Any) -> Calendar:
    """`09:00-17:00` is open between the two."""
    intervals = [dict(zip(("opens", "closes"), each.split("-"), strict=True), days=days) for each in hours]
    return Calendar.model_validate({"name": "office", "zone": zone, "hours": intervals, **more})


OFFICE = calendar("Europe/Berlin", "09:00-17:00")


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    """What the wall clock shows; `fold` is 1 for the second time it shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23T10:00", 4, "2026-11-23T14:00"),
        ("2026-11-23T16:00", 4, "2026-11-24T12:00"),
        ("2026-11-27T16:00", 4, "2026-11-30T12:00"),  # over the weekend
        ("2026-11-28T12:00", 1, "2026-11-30T10:00"),  # begins on a Saturday
        ("2026-11-23T09:00", 8, "2026-11-23T17:00"),  # ends at closing time
        ("2026-11-23T17:00", 0, "2026-11-24T09:00"),  # nothing to wait for, but closed
    ],
)
def test_adding(start: str, hours: int, due: str) -> None:
    assert add_business_time(OFFICE, at(start), hours * HOUR) == at(due)


@pytest.mark.parametrize(
    ("end", "hours", "start"),
    [
        ("2026-11-23T14:00", 4, "2026-11-23T10:00"),
        ("2026-11-24T12:00", 4, "2026-11-23T16:00"),
        ("2026-11-30T12:00", 4, "2026-11-27T16:00"),  # over the weekend
        ("2026-11-28T12:00", 1, "2026-11-27T16:00"),  # ends on a Saturday
        ("2026-11-23T17:00", 8, "2026-11-23T09:00"),  # begins at opening time
        ("2026-11-24T09:00", 8, "2026-11-23T09:00"),  # the latest such instant, not the evening before
        ("2026-11-28T12:00", 0, "2026-11-28T12:00"),  # nothing to wait for
        ("2026-12-14T12:00", 83, "2026-11-30T09:00"),  # ten days of 8 hours and 3 hours
    ],
)
def test_subtracting(end: str, hours: int, start: str) -> None:
    assert subtract_business_time(OFFICE, at(end), hours * HOUR) == at(start)


def test_seconds_count() -> None:
    late = at("2026-11-23T16:59:30")
    assert add_business_time(OFFICE, late, timedelta(seconds=31)) == at("2026-11-24T09:00:01")
    assert subtract_business_time(OFFICE, at("2026-11-24T09:00:01"), timedelta(seconds=31)) == late


def test_instants_may_come_in_any_zone() -> None:
    elsewhere = at("2026-10-23T16:00").astimezone(ZoneInfo("America/New_York"))
    assert add_business_time(OFFICE, elsewhere, 2 * HOUR) == at("2026-10-26T10:00")
    night = calendar("Europe/Berlin", "00:00-24:00", days=EVERY_DAY)
    midnight = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))
    assert business_time_between(night, midnight, midnight + timedelta(days=1)) == 25 * HOUR


def test_what_a_deadline_is_made_of() -> None:
    start, end = at("2026-11-27T16:00"), at("2026-11-30T12:00")
    used = [(at("2026-11-27T16:00"), at("2026-11-27T17:00")), (at("2026-11-30T09:00"), at("2026-11-30T12:00"))]
    assert list(intervals_used(OFFICE, start, end)) == used
    assert list(intervals_used(OFFICE, end, start)) == []
    assert business_time_between(OFFICE, end, start) == timedelta(0)


def test_the_first_interval_may_have_begun_before() -> None:
    first, second, *_ = open_intervals(OFFICE, at("2026-11-23T12:00"))
    assert first == (at("2026-11-23T09:00"), at("2026-11-23T17:00"))
    assert second == (at("2026-11-24T09:00"), at("2026-11-24T17:00"))
    night = calendar("Europe/Berlin", "00:00-24:00", days=EVERY_DAY)
    assert next(open_intervals(night, at("2026-10-25T23:30"))) == (at("2026-10-25T00:00"), at("2026-10-26T00:00"))


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 7),  # 02:00 becomes 03:00
        ("Europe/Berlin", "2026-10-25", 9),  # 03:00 becomes 02:00
        ("America/New_York", "2026-03-08", 7),
        ("America/New_York", "2026-11-01", 9),
        ("Australia/Lord_Howe", "2026-10-04", 7.5),  # 02:00 becomes 02:30
        ("Australia/Lord_Howe", "2026-04-05", 8.5),  # 02:00 becomes 01:30
        ("Asia/Kathmandu", "2026-03-29", 8),
    ],
)
def test_a_night_is_as_long_as_it_is(zone: str, night: str, hours: float) -> None:
    shift = calendar(zone, "00:00-08:00", days=EVERY_DAY)
    begin, end = at(f"{night}T00:00", zone), at(f"{night}T08:00", zone)
    assert end - begin == hours * HOUR
    assert list(intervals_used(shift, begin, at(f"{night}T23:00", zone))) == [(begin, end)]
    assert add_business_time(shift, begin, hours * HOUR) == end
    assert subtract_business_time(shift, end, hours * HOUR) == begin


SPRING, AUTUMN = "2026-03-29", "2026-10-25"


@pytest.mark.parametrize(
    ("hours", "night", "open_in_utc"),
    [
        ("02:30-06:00", SPRING, [("01:00", "04:00")]),  # 02:30 is never shown: it opens at the jump to 03:00
        ("00:00-02:30", SPRING, [("23:00", "01:00")]),  # and closes at the jump
        ("02:10-02:50", SPRING, []),  # none of it is ever shown
        ("02:30-06:00", AUTUMN, [("00:30", "01:00"), ("01:30", "05:00")]),  # 02:30 to 03:00 is shown twice
        ("00:00-02:30", AUTUMN, [("22:00", "00:30"), ("01:00", "01:30")]),  # 02:00 to 02:30 is shown twice
        ("02:10-02:50", AUTUMN, [("00:10", "00:50"), ("01:10", "01:50")]),
        ("00:00-24:00", AUTUMN, [("22:00", "23:00")]),
    ],
)
def test_hours_that_begin_or_end_where_the_clock_jumps(hours: str, night: str, open_in_utc: list[tuple[str, str]]) -> None:
    shift = calendar("Europe/Berlin", hours, days=(6,))
    used = intervals_used(shift, at(f"{night}T00:00"), at(f"{night}T00:00") + timedelta(hours=26))
    assert [(f"{begin:%H:%M}", f"{end:%H:%M}") for begin, end in used] == open_in_utc


def test_it_is_open_both_times_that_the_clock_shows_it() -> None:
    shift = calendar("Europe/Berlin", "02:30-06:00", days=(6,))
    second = at(f"{AUTUMN}T02:30", fold=1)
    assert add_business_time(shift, at(f"{AUTUMN}T00:00"), HOUR) == second + HOUR / 2
    assert next_open(shift, at(f"{AUTUMN}T02:10", fold=1)) == second


def test_a_zone_of_quarter_hours() -> None:
    assert next_open(calendar("Asia/Kathmandu", "09:00-17:00"), datetime(2026, 11, 23, 0, tzinfo=UTC)) == datetime(
        2026, 11, 23, 3, 15, tzinfo=UTC
    )


def test_apia_had_no_30_december_in_2011() -> None:
    apia = "Pacific/Apia"
    office = calendar(apia, "09:00-17:00", days=EVERY_DAY)
    assert add_business_time(office, at("2011-12-29T15:00", apia), 4 * HOUR) == at("2011-12-31T11:00", apia)
    fridays = calendar(apia, "09:00-17:00", days=(4,))
    assert next_open(fridays, at("2011-12-28T12:00", apia)) == at("2012-01-06T09:00", apia)
    always = calendar(apia, "00:00-24:00", days=EVERY_DAY)
    assert business_time_between(always, at("2011-12-29T00:00", apia), at("2012-01-01T00:00", apia)) == 48 * HOUR


def test_a_lunch_break() -> None:
    milan = calendar("Europe/Rome", "14:00-18:00", "09:00-13:00")
    assert add_business_time(milan, at("2026-11-23T12:30"), HOUR) == at("2026-11-23T14:30")
    assert add_business_time(milan, at("2026-11-23T12:30"), HOUR / 2) == at("2026-11-23T13:00")
    assert next_open(milan, at("2026-11-23T13:00")) == at("2026-11-23T14:00")


def test_round_the_clock() -> None:
    always = calendar("Europe/Berlin", "00:00-24:00", days=EVERY_DAY)
    for start in (at("2026-03-28T12:34:56"), at("2026-12-31T23:59:59")):
        assert add_business_time(always, start, 30 * HOUR) == start + 30 * HOUR
        assert subtract_business_time(always, start, 300 * HOUR) == start - 300 * HOUR


def test_over_midnight_by_two_intervals() -> None:
    hours = [{"days": [4], "opens": "22:00", "closes": "24:00"}, {"days": [5], "opens": "00:00", "closes": "06:00"}]
    night = Calendar.model_validate({"name": "night", "zone": "Europe/Berlin", "hours": hours})
    assert add_business_time(night, at("2026-11-27T23:00"), 3 * HOUR) == at("2026-11-28T02:00")
    assert add_business_time(night, at("2026-11-27T23:00"), 8 * HOUR) == at("2026-12-04T23:00")


def test_the_demo_closes_on_holidays_and_early_on_christmas_eve(playbook: Playbook) -> None:
    berlin = playbook.calendars["berlin-office"].pinned(date(2026, 12, 23))
    # Wednesday 17 to 18, Thursday 8 to 12, Christmas and the weekend closed, Monday 8 to 18, Tuesday from 8 on.
    assert add_business_time(berlin, at("2026-12-23T17:00"), 24 * HOUR) == at("2026-12-29T17:00")
    # Wednesday 8 to 18, New Year's Eve and New Year closed, the weekend, Monday from 8 on.
    assert add_business_time(berlin, at("2026-12-30T08:00"), 12 * HOUR) == at("2027-01-04T10:00")
    milan = playbook.calendars["milan-office"].pinned(date(2026, 12, 7))
    # Monday 17 to 18, Tuesday is the Immaculate Conception, Wednesday from 9 on.
    assert add_business_time(milan, at("2026-12-07T17:00"), 2 * HOUR) == at("2026-12-09T10:00")


def test_a_company_may_open_on_a_holiday() -> None:
    christmas = {"on": "2026-12-25", "hours": [{"opens": "10:00", "closes": "14:00"}], "reason": "Christmas sale"}
    office = calendar("Europe/Berlin", "09:00-17:00", holidays={"country": "DE"}, exceptions=[christmas])
    pinned = office.pinned(date(2026, 12, 1))
    assert add_business_time(pinned, at("2026-12-24T16:00"), 3 * HOUR) == at("2026-12-25T12:00")
    assert add_business_time(pinned, at("2026-12-31T16:00"), 2 * HOUR) == at("2027-01-04T10:00")


def test_holidays_must_be_written_out() -> None:
    office = calendar("Europe/Berlin", "09:00-17:00", holidays={"country": "DE"})
    for ask in (add_business_time, subtract_business_time):
        with pytest.raises(ValueError, match="'office' has holidays that are not written out"):
            ask(office, at("2026-11-23T10:00"), HOUR)


def test_too_few_hours() -> None:
    for ask in (add_business_time, subtract_business_time):
        with pytest.raises(NoBusinessTime, match="'office' has less than 400 days"):
            ask(OFFICE, at("2026-11-23T10:00"), timedelta(days=400))


def test_no_time_runs_backwards() -> None:
    for ask in (add_business_time, subtract_business_time):
        with pytest.raises(ValueError, match="cannot be negative"):
            ask(OFFICE, at("2026-11-23T10:00"), -HOUR)
