"""Clocks: warned, missed and escalated once each, paused without drift, and each able to say why."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.business_time import business_time_between
from domain.calendars import Calendar, Hours
from domain.explaining import explain
from domain.promises import ClockName, Promises
from domain.service_levels import EscalationStep
from domain.sla import (
    Clock,
    ClockState,
    Notice,
    NoticeKind,
    Standing,
    acknowledge,
    due_notices,
    meet,
    next_moment,
    next_notice,
    pause,
    recomputed_due,
    resume,
    running_spans,
    start_clock,
)

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""A Monday."""

WORKDAYS = (0, 1, 2, 3, 4)
OFFICE = Calendar(name="office", zone="UTC", hours=(Hours(days=WORKDAYS, opens=time(8), closes=time(18)),))
LATE = Calendar(name="late shift", zone="UTC", hours=(Hours(days=WORKDAYS, opens=time(14), closes=time(22)),))
LADDER = (
    EscalationStep(before=timedelta(minutes=30), to="owner"),
    EscalationStep(after=timedelta(0), to="Lead"),
    EscalationStep(after=4 * HOUR, to="Head", takes_over=True),
)
PROMISES = Promises(
    calendar="office",
    calendars={"office": OFFICE, "late": LATE},
    ladders={"ladder": LADDER, "late": (EscalationStep(after=timedelta(0), to="Lena"),)},
    shifts={"Lena": "late"},
    acknowledged_for=2 * HOUR,
)
STANDING = Standing(PROMISES, "Owner", "triage")


def clock(length: timedelta = 2 * HOUR, ladder: str = "ladder", at: datetime = START) -> Clock:
    return start_clock(PROMISES, ClockName.RESOLUTION, length, at, "Tier gold.", calendar="office", ladder=ladder)


def lived(one: Clock) -> list[Notice]:
    seen: list[Notice] = []
    while (moment := next_moment([one], STANDING)) is not None:
        assert not seen or moment >= seen[-1].planned_for
        seen += due_notices([one], STANDING, moment)
    return seen


def test_each_notice_comes_once_and_in_order() -> None:
    assert [(notice.kind, notice.to, notice.planned_for - START) for notice in lived(clock())] == [
        (NoticeKind.WARNING, "Owner", timedelta(minutes=90)),
        (NoticeKind.MISSED, None, 2 * HOUR),
        (NoticeKind.ESCALATION, "Lead", 2 * HOUR),
        (NoticeKind.ESCALATION, "Head", 6 * HOUR),
    ]


def test_after_an_outage_everything_overdue_comes_once_oldest_first() -> None:
    one = clock()
    notices = due_notices([one], STANDING, START + timedelta(days=1))
    assert [notice.kind for notice in notices] == [
        NoticeKind.WARNING,
        NoticeKind.MISSED,
        NoticeKind.ESCALATION,
        NoticeKind.ESCALATION,
    ]
    assert [notice.planned_for for notice in notices] == sorted(notice.planned_for for notice in notices)
    assert due_notices([one], STANDING, START + timedelta(days=2)) == []


def test_who_is_told_is_told_in_their_own_working_time() -> None:
    (missed, told) = lived(clock(ladder="late"))
    assert missed.planned_for == START + 2 * HOUR
    assert (told.to, told.planned_for) == ("Lena", START.replace(hour=14))


def test_the_hours_after_a_deadline_are_business_hours_of_whoever_is_told() -> None:
    late = lived(clock(at=START.replace(hour=15, minute=30)))
    assert [(notice.to, notice.planned_for) for notice in late[2:]] == [
        ("Lead", START.replace(hour=17, minute=30)),
        ("Head", START.replace(day=24, hour=11, minute=30)),
    ]


def test_a_warning_that_would_have_come_before_the_start_does_not_come() -> None:
    assert lived(clock(timedelta(minutes=20)))[0].kind is NoticeKind.MISSED


def test_an_acknowledged_miss_climbs_no_further_until_its_time_is_over() -> None:
    one = clock()
    due_notices([one], STANDING, START + 2 * HOUR)
    acknowledge(one, PROMISES, "Head", START + 5 * HOUR)
    notice = next_notice(one, STANDING)
    assert notice is not None
    assert (notice.to, notice.planned_for) == ("Head", START + 7 * HOUR)
    assert "Acknowledged Mon 2026-11-23 13:00 UTC by Head; the ladder waits until Mon 2026-11-23 15:00 UTC." in explain(
        one, PROMISES
    )


def test_a_met_clock_says_nothing_more() -> None:
    one = clock()
    meet(one, START + HOUR)
    assert (one.state, next_moment([one], STANDING)) == (ClockState.MET, None)


def test_a_deadline_explains_itself() -> None:
    one = clock(12 * HOUR)
    pause(one, PROMISES, START + HOUR, "the supplier")
    resume(one, PROMISES, START + 3 * HOUR)
    assert explain(one, PROMISES) == [
        "Tier gold.",
        "Started Mon 2026-11-23 08:00 UTC.",
        "Target 12 h of business time in calendar office (UTC).",
        "Mon 2026-11-23 08:00–09:00: 1 h, 1 h in all.",
        "Paused from Mon 2026-11-23 09:00 UTC until Mon 2026-11-23 11:00 UTC, waiting for the supplier.",
        "Mon 2026-11-23 11:00–18:00: 7 h, 8 h in all.",
        "Tue 2026-11-24 08:00–12:00: 4 h, 12 h in all.",
        "Due Tue 2026-11-24 12:00 UTC.",
    ]


TURNS = st.lists(st.tuples(st.integers(0, 40_000), st.integers(0, 400_000)), max_size=20)


@given(TURNS)
def test_pausing_and_resuming_does_not_drift(turns: list[tuple[int, int]]) -> None:
    """What ran, in business seconds, is the target at the deadline, whatever was paused; and running plus paused is elapsed."""
    one, now = clock(40 * HOUR), START
    for runs, stands in turns:
        now += timedelta(seconds=runs)
        if now >= one.due_at:
            break
        pause(one, PROMISES, now, "supplier")
        assert recomputed_due(one, PROMISES) is None
        now += timedelta(seconds=stands)
        resume(one, PROMISES, now)
    spans = [(begin, end or one.due_at) for begin, end in running_spans(one)]
    ran = sum((business_time_between(OFFICE, begin, end) for begin, end in spans), timedelta(0))
    assert ran == one.target
    assert recomputed_due(one, PROMISES) == one.due_at
    paused = sum((each.until - each.since for each in one.pauses if each.until), timedelta(0))
    assert sum((end - begin for begin, end in spans), paused) == one.due_at - one.started_at


def test_a_thousand_pauses_do_not_drift() -> None:
    one, now = clock(1000 * HOUR), START
    for _ in range(1000):
        now += timedelta(seconds=61)
        pause(one, PROMISES, now, "supplier")
        now += timedelta(seconds=59)
        resume(one, PROMISES, now)
    assert recomputed_due(one, PROMISES) == one.due_at
