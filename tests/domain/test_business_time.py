"""Business time against a counter that walks minute by minute and shares no code with it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.business_time import NoBusinessTime, add_business_time, business_time_between
from domain.playbook import Calendar, Hours

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "UTC",
    "America/St_Johns",
)
WORKDAYS = (0, 1, 2, 3, 4)


def office(zone: str = "Europe/Berlin", opens: int = 9, closes: int = 17, days: tuple[int, ...] = WORKDAYS) -> Calendar:
    return Calendar(name="office", zone=zone, hours=(Hours(days=days, opens=time(opens), closes=time(closes)),))


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def is_open(calendar: Calendar, instant: datetime) -> bool:
    local = instant.astimezone(ZoneInfo(calendar.zone))
    return any(local.weekday() in hours.days and hours.opens <= local.time() < hours.closes for hours in calendar.hours)


def minutes_open(calendar: Calendar, start: datetime, end: datetime) -> int:
    count, instant = 0, start
    while instant < end:
        count += is_open(calendar, instant)
        instant += timedelta(minutes=1)
    return count


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
def test_pencil_and_paper(start: str, hours: int, due: str) -> None:
    assert add_business_time(office(), at(start), timedelta(hours=hours)) == at(due)


def test_the_night_the_clocks_change_is_as_long_as_it_is() -> None:
    always = office(opens=0, closes=23, days=tuple(range(7)))
    autumn = business_time_between(always, at("2026-10-25T00:00"), at("2026-10-25T23:00"))
    spring = business_time_between(always, at("2026-03-29T00:00"), at("2026-03-29T23:00"))
    assert (autumn, spring) == (timedelta(hours=24), timedelta(hours=22))


def test_a_calendar_without_hours_says_so() -> None:
    with pytest.raises(NoBusinessTime, match="office"):
        add_business_time(Calendar(name="office", zone="UTC", hours=()), at("2026-11-23T10:00"), timedelta(hours=1))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime, timedelta]:
    opens = draw(st.integers(0, 20))
    days = draw(st.sets(st.integers(0, 6), min_size=1))
    calendar = office(draw(st.sampled_from(ZONES)), opens, draw(st.integers(opens + 1, 23)), tuple(sorted(days)))
    start = draw(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))).replace(second=0, microsecond=0, tzinfo=UTC)
    return calendar, start, timedelta(minutes=draw(st.integers(1, 900)))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_it_agrees_with_the_minute_counter(case: tuple[Calendar, datetime, timedelta]) -> None:
    calendar, start, amount = case
    due = add_business_time(calendar, start, amount)
    assert minutes_open(calendar, start, due) == amount / timedelta(minutes=1)
    assert is_open(calendar, due - timedelta(minutes=1)), "the last minute counted is an open one"
    assert business_time_between(calendar, start, due) == amount
