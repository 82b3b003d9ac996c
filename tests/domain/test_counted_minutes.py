"""Business time of drawn calendars in fifty zones against a counter of minutes, and the laws it keeps."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.business_time import (
    add_business_time,
    business_time_between,
    intervals_used,
    next_open,
    subtract_business_time,
)
from domain.calendars import Calendar
from tests.domain.minute_counter import ZONES, MinuteCounter, calendars, first_minute

_MINUTE = timedelta(minutes=1)
_FIRST_MINUTE = 30 * 1440
_MINUTES = 365 * 1440
_CASES = 50
"""Instants and amounts that each drawn calendar is asked about."""

moments = st.integers(_FIRST_MINUTE, _FIRST_MINUTE + _MINUTES)
amounts = st.integers(0, 30 * 60) | st.integers(0, 200 * 60)
seeds = st.integers(0, 2**32)
"""Of the cases: Hypothesis would take longer to draw fifty one by one than to ask about them."""


def pinned(drawn: dict[str, Any]) -> Calendar:
    return Calendar.model_validate(drawn).pinned(date(ZONES[drawn["zone"]], 1, 1))


def agrees(drawn: dict[str, Any], seed: int) -> None:
    """Whether business time and the counter give the same answers for fifty instants, each with an amount."""
    calendar, counter, cases = pinned(drawn), MinuteCounter(drawn), Random(seed)
    for _ in range(_CASES):
        moment, wanted = _FIRST_MINUTE + cases.randrange(_MINUTES), cases.randrange(cases.choice((30, 200)) * 60)
        at = counter.instant(moment)
        amount = min(wanted, counter.between(moment, len(counter.is_open)))
        due = add_business_time(calendar, at, amount * _MINUTE)
        assert due == counter.instant(counter.added(moment, amount)), (at, amount)
        assert business_time_between(calendar, at, due) == amount * _MINUTE, (at, amount)
        amount = min(wanted, counter.between(0, moment))
        begun = subtract_business_time(calendar, at, amount * _MINUTE)
        assert begun == counter.instant(counter.subtracted(moment, amount)), (at, amount)


def test_fifty_zones() -> None:
    assert len(ZONES) == 50


@settings(max_examples=60, deadline=None)
@given(calendars(), seeds)
def test_three_thousand_cases_agree_with_the_counter(drawn: dict[str, Any], seed: int) -> None:
    agrees(drawn, seed)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
@settings(max_examples=2000, deadline=None)
@given(calendars(), seeds)
def test_a_hundred_thousand_cases_agree_with_the_counter(drawn: dict[str, Any], seed: int) -> None:
    agrees(drawn, seed)


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_every_minute_of_a_year_in_every_zone(zone: str) -> None:
    """Night shifts, so that every clock change falls into them or on their ends."""
    hours = [
        {"days": [0, 1, 2, 3, 4, 5, 6], "opens": opens, "closes": closes}
        for opens, closes in (
            ("00:00", "00:20"),
            ("00:40", "02:15"),
            ("02:40", "05:00"),
            ("22:50", "23:10"),
            ("23:30", "24:00"),
        )
    ]
    drawn = {"name": "nights", "zone": zone, "hours": hours, "exceptions": [], "holidays": None}
    counter = MinuteCounter(drawn)
    found = counter.is_open.copy()
    found[:] = False
    for begin, end in intervals_used(pinned(drawn), counter.begin, counter.instant(len(found))):
        assert begin < end
        assert not found[counter.minute(begin) : counter.minute(end)].any(), "no minute is open twice"
        found[counter.minute(begin) : counter.minute(end)] = True
    assert (found == counter.is_open).all()


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, moments, moments, amounts, amounts)
def test_the_laws(drawn: dict[str, Any], one: int, two: int, three: int, less: int, more: int) -> None:
    calendar, begin = pinned(drawn), first_minute(drawn["zone"])
    early, middle, late = (begin + moment * _MINUTE for moment in sorted((one, two, three)))
    there_are = business_time_between(calendar, late, late + timedelta(days=365)) / 2
    small, large = sorted(min(amount * _MINUTE, there_are) for amount in (less, more))
    between = business_time_between(calendar, early, middle) + business_time_between(calendar, middle, late)
    assert business_time_between(calendar, early, late) == between, "between is additive"
    due = add_business_time(calendar, early, small)
    assert business_time_between(calendar, early, due) == small, "what was added is between"
    assert due <= add_business_time(calendar, middle, small), "who begins later is due later"
    assert due <= add_business_time(calendar, early, large), "who has more time is due later"
    assert add_business_time(calendar, due, large) == add_business_time(calendar, early, small + large) or not large
    if small:
        assert subtract_business_time(calendar, due, small) == next_open(calendar, early), "subtracting undoes adding"
