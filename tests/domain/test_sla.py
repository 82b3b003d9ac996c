"""Clocks: warned, missed and escalated once each, paused without drift, and each able to say why."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.business_time import add_business_time, business_time_between
from domain.playbook import Calendar, EscalationStep, Hours
from domain.sla import (
    Clock,
    ClockName,
    ClockState,
    NoticeKind,
    Promise,
    due_notices,
    meet,
    next_moment,
    pause,
    resume,
    start_clock,
)

ALWAYS = Calendar(name="always", zone="UTC", hours=(Hours(days=tuple(range(7)), opens=time(0), closes=time(23, 59)),))
PROMISE = Promise(
    calendar=ALWAYS,
    warn_before=timedelta(minutes=30),
    ladder=(
        EscalationStep(after=timedelta(0), to="Lead"),
        EscalationStep(after=timedelta(hours=4), to="Head", takes_over=True),
    ),
)
PROMISES = {ClockName.RESOLUTION: PROMISE}
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def clock() -> Clock:
    return start_clock(ClockName.RESOLUTION, 2 * HOUR, PROMISE, START, "Tier gold.")


def test_each_notice_comes_once_and_in_order() -> None:
    one = clock()
    seen = []
    now = START
    while (moment := next_moment([one], PROMISES)) is not None:
        assert moment >= now
        now = moment
        seen += [(notice.kind, now - START) for notice in due_notices([one], PROMISES, now)]
    assert seen == [
        (NoticeKind.WARNING, timedelta(minutes=90)),
        (NoticeKind.MISSED, 2 * HOUR),
        (NoticeKind.ESCALATION, 2 * HOUR),
        (NoticeKind.ESCALATION, 6 * HOUR),
    ]


def test_after_an_outage_everything_overdue_comes_once_oldest_first() -> None:
    one = clock()
    notices = due_notices([one], PROMISES, START + timedelta(days=1))
    assert [notice.kind for notice in notices] == [
        NoticeKind.WARNING,
        NoticeKind.MISSED,
        NoticeKind.ESCALATION,
        NoticeKind.ESCALATION,
    ]
    assert [notice.planned_for for notice in notices] == sorted(notice.planned_for for notice in notices)
    assert due_notices([one], PROMISES, START + timedelta(days=2)) == []


def test_a_met_clock_says_nothing_more() -> None:
    one = clock()
    meet(one, START + HOUR)
    assert (one.state, next_moment([one], PROMISES)) == (ClockState.MET, None)


def test_a_deadline_explains_itself() -> None:
    text = " ".join(clock().explanation)
    for part in ("Tier gold.", "2 h of business time in calendar always (UTC)", "Due Mon 2026-11-23 10:00 UTC"):
        assert part in text


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 500)), max_size=12))
def test_pausing_and_resuming_does_not_drift(turns: list[tuple[int, int]]) -> None:
    one = clock()
    now, paused = START, timedelta(0)
    for running_minutes, waiting_minutes in turns:
        now += timedelta(minutes=running_minutes)
        if now >= one.due_at:
            break
        pause(one, PROMISE, now, "supplier")
        now += timedelta(minutes=waiting_minutes)
        paused += timedelta(minutes=waiting_minutes)
        resume(one, PROMISE, now)
    closed_minutes = (one.due_at.date() - START.date()).days  # the calendar is closed from 23:59 to midnight
    assert abs(one.due_at - (START + 2 * HOUR + paused)) <= timedelta(minutes=closed_minutes)


def test_a_thousand_pauses_leave_the_deadline_where_it_belongs() -> None:
    """Over weekends and the end of summer time, to the microsecond."""
    days = Hours(days=(0, 1, 2, 3, 4), opens=time(8), closes=time(18))
    office = Promise(calendar=Calendar(name="office", zone="Europe/Berlin", hours=(days,)))
    target, run = timedelta(hours=100), timedelta(0)
    now = datetime(2026, 10, 16, 6, 30, tzinfo=UTC)
    one = start_clock(ClockName.RESOLUTION, target, office, now, "Tier gold.")
    for number in range(1_000):
        begin, now = now, now + timedelta(seconds=61, microseconds=333_333 + number)
        pause(one, office, now, "supplier")
        run += business_time_between(office.calendar, begin, now)
        now += timedelta(minutes=47, microseconds=777_777)
        resume(one, office, now)
    assert run > HOUR, "it ran now and then"
    assert one.due_at == add_business_time(office.calendar, now, target - run)
