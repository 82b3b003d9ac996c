"""What is verified is measured in another way than it was made: both agree, and a second's difference is found."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.business_time import business_time_between
from domain.calendars import Calendar
from domain.case import TimelineEvent
from domain.open_time import open_time
from domain.promises import ClockName, Promises, TargetRule
from domain.service_levels import EscalationStep
from domain.sla import (
    Clock,
    ClockState,
    Standing,
    acknowledge,
    due_notices,
    meet,
    next_deadline,
    next_moment,
    pause,
    replan,
    resume,
    start_clock,
)
from domain.verifying import Record, deadline_differences, differences
from tests.domain.minute_counter import ZONES, calendars, first_minute
from tests.domain.test_sla import HOUR, PROMISES, START

SECOND = timedelta(seconds=1)
FIRST_RESPONSE = ClockName.FIRST_RESPONSE
ALWAYS = {"name": "always", "zone": "UTC", "hours": [{"days": [0, 1, 2, 3, 4, 5, 6], "opens": "00:00", "closes": "24:00"}]}

drawn_moments = st.integers(30 * 86_400, 300 * 86_400)


def pinned(drawn: dict[str, Any]) -> Calendar:
    return Calendar.model_validate(drawn).pinned(date(ZONES.get(drawn["zone"], 2026), 1, 1))


@settings(max_examples=150, deadline=None)
@given(calendars(), drawn_moments, st.integers(0, 90 * 86_400))
def test_open_time_is_counted_alike_in_both_ways(drawn: dict[str, Any], start: int, length: int) -> None:
    calendar, begin = pinned(drawn), first_minute(drawn["zone"]) + start * SECOND
    end = begin + length * SECOND
    assert open_time(calendar, begin, end) == business_time_between(calendar, begin, end)


turns = st.lists(
    st.tuples(
        st.sampled_from(("pause", "resume", "longer", "shorter", "other hours")),
        st.integers(1, 3 * 86_400),
        st.integers(1, 20 * 3600),
    ),
    max_size=8,
)


def lived(drawn: dict[str, Any], start: int, target: int, happens: list[tuple[str, int, int]]) -> tuple[Clock, Promises]:
    """A clock to which this happened. As in a case, what is due is said before the next thing happens."""
    calendar = pinned(drawn)
    open_a_week = sum((closes - opens for day in calendar.week() for opens, closes in day), timedelta(0))
    assume(open_a_week >= 2 * HOUR)  # with less there are not enough open hours in three years for the longest target
    calendars_named = {"drawn": calendar, "always": pinned(ALWAYS)}
    promises = Promises(calendars=calendars_named)
    at = first_minute(drawn["zone"]) + start * SECOND
    clock = start_clock(promises, ClockName.RESOLUTION, target * SECOND, at, "Promised.", calendar="drawn")
    for what, later, length in happens:
        at += later * SECOND
        due_notices([clock], Standing(promises), at)
        if what == "pause":
            pause(clock, promises, at, "supplier")
        elif what == "resume":
            resume(clock, promises, at)
        else:
            within = clock.target + (length if what == "longer" else -length) * SECOND
            name = "always" if what == "other hours" else "drawn"
            rule = TargetRule(clock=clock.name, within=max(within, HOUR), calendar=name)
            replan(clock, promises, rule, "Planned anew.")
    return clock, promises


@settings(max_examples=300, deadline=None)
@given(calendars(), drawn_moments, st.integers(1, 40 * 3600), turns)
def test_what_the_clocks_work_out_agrees_with_what_is_measured(
    drawn: dict[str, Any], start: int, target: int, happens: list[tuple[str, int, int]]
) -> None:
    clock, promises = lived(drawn, start, target, happens)
    assert [*deadline_differences(clock, promises)] == []


@settings(max_examples=200, deadline=None)
@given(calendars(), drawn_moments, st.integers(1, 40 * 3600), turns, st.sampled_from((-SECOND, SECOND)))
def test_a_deadline_that_is_off_by_a_second_is_found(
    drawn: dict[str, Any], start: int, target: int, happens: list[tuple[str, int, int]], off: timedelta
) -> None:
    clock, promises = lived(drawn, start, target, happens)
    if clock.state is ClockState.PAUSED:
        clock.used += off
    else:
        clock.due_at += off
    assert len([*deadline_differences(clock, promises)]) == 1


# A whole case

RULE = TargetRule(clock=FIRST_RESPONSE, within=2 * HOUR, calendar="office", ladder="ladder")
LADDER = (
    EscalationStep(before=timedelta(minutes=30), to="owner"),
    EscalationStep(after=timedelta(0), to="Lena"),
    EscalationStep(after=4 * HOUR, to="Head", takes_over=True),
)


class Case:
    """A case whose clocks say what they have to say in its file."""

    def __init__(self) -> None:
        self.promises = PROMISES.model_copy(update={"ladders": {"ladder": LADDER}, "targets": (RULE,)})
        self.standing = Standing(self.promises, "Owner", "triage")
        self.message_id = uuid4()
        self.lines: list[TimelineEvent] = []
        self.add(START, "message", message_id=self.message_id)
        names = (FIRST_RESPONSE, 2 * HOUR), (ClockName.RESOLUTION, 20 * HOUR)
        self.clocks = [
            start_clock(self.promises, name, length, START, "Promised.", calendar="office", ladder="ladder")
            for name, length in names
        ]

    def add(self, at: datetime, kind: str, actor: str = "Casework", **more: Any) -> None:
        self.lines.append(TimelineEvent(sequence=len(self.lines) + 1, at=at, actor=actor, kind=kind, text=f"{kind}.", **more))

    def pass_time(self, until: datetime) -> None:
        kinds = {"warning": "warning", "missed": "missed", "escalation": "escalated"}
        while (moment := next_moment(self.clocks, self.standing)) is not None and moment <= until:
            for notice in due_notices(self.clocks, self.standing, moment):
                at = moment + timedelta(milliseconds=20)
                self.add(at, kinds[notice.kind], planned_for=notice.planned_for, notice=notice)
                clock = next(clock for clock in self.clocks if clock.name is notice.clock)
                clock.missed_at = at if notice.kind == "missed" else clock.missed_at

    @property
    def record(self) -> Record:
        return Record(
            state={
                "clocks": [clock.model_dump(mode="json") for clock in self.clocks],
                "policy": {"promises": self.promises.model_dump(mode="json")},
            },
            lines=self.lines,
            message_times={self.message_id: START},
            next_due_at=next_deadline(self.clocks),
        )


def full_case() -> Case:
    """Warned, missed, acknowledged, escalated; waited for somebody, and met."""
    case = Case()
    first, resolution = case.clocks
    case.pass_time(START + 3 * HOUR)
    acknowledge(first, case.promises, "Lena", START + 3 * HOUR)
    case.add(START + 3 * HOUR, "acknowledged", "Lena")
    case.add(START + 3 * HOUR, "waiting", "Lena")
    pause(resolution, case.promises, START + 3 * HOUR, "supplier")
    case.pass_time(START + timedelta(days=1))
    case.add(START + timedelta(days=1), "reopened")
    resume(resolution, case.promises, START + timedelta(days=1))
    case.pass_time(START + timedelta(days=2))
    meet(first, START + timedelta(days=2))
    case.pass_time(START + timedelta(days=9))
    return case


def test_a_case_that_went_through_everything_agrees() -> None:
    case = full_case()
    assert differences(case.record) == []
    kinds = [line.kind for line in case.lines]
    assert kinds.count("escalated") == 4
    assert kinds.count("missed") == 2


def _off(name: str, amount: timedelta = SECOND, clock: int = 0) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        setattr(case.clocks[clock], name, getattr(case.clocks[clock], name) + amount)

    return change


def _line_off(kind: str, name: str, amount: timedelta) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        index = next(index for index, line in enumerate(case.lines) if line.kind == kind)
        line = case.lines[index]
        case.lines[index] = line.model_copy(update={name: getattr(line, name) + amount})

    return change


def _planned_off(kind: str) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        index = max(index for index, line in enumerate(case.lines) if line.kind == kind)
        line = case.lines[index]
        assert line.notice is not None
        planned = line.notice.planned_for - SECOND
        notice = line.notice.model_copy(update={"planned_for": planned})
        case.lines[index] = line.model_copy(update={"planned_for": planned, "notice": notice})

    return change


def _without(kind: str) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        case.lines[:] = [line for line in case.lines if line.kind != kind]

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_off("due_at"), "First response: due 2026-11-23 10:00:01 UTC, by when 2 h 1 s have run; the target is 2 h."),
        (_off("target", HOUR, 1), "the target is 21 h"),
        (_off("started_at", -SECOND), "First response: started 2026-11-23 07:59:59 UTC, the first message came"),
        (_line_off("message", "at", SECOND), "A message came 2026-11-23 08:00:00 UTC, its line in the case file says"),
        (_line_off("waiting", "at", SECOND), "Resolution: paused 2026-11-23 11:00:00 UTC, when no line says"),
        (_line_off("waiting", "at", SECOND), "Resolution: somebody was waited for from 2026-11-23 11:00:01 UTC on"),
        (_without("reopened"), "Resolution: ran again 2026-11-24 08:00:00 UTC, when no line says"),
        (_without("missed"), "First response: missed 2026-11-23 10:00:00 UTC, and no line says so."),
        (_line_off("warning", "planned_for", SECOND), "its notice for 2026-11-23 09:30:00 UTC"),
        (_line_off("warning", "at", -HOUR), "before the moment it was planned for"),
        (_planned_off("warning"), "which is not where step 1 of the ladder falls"),
        (_planned_off("missed"), "the deadline is"),
        (_planned_off("escalated"), "which is not where step 3 of the ladder falls"),
    ],
)
def test_what_was_changed_afterwards_is_found(change: Callable[[Case], None], words: str) -> None:
    case = full_case()
    change(case)
    assert any(words in each for each in differences(case.record)), differences(case.record)


def test_lists_sort_by_the_nearest_deadline() -> None:
    case = Case()
    case.clocks[0].due_at += SECOND
    record = case.record
    case.clocks[0].due_at -= SECOND
    told = differences(Record(case.record.state, record.lines, record.message_times, None, record.next_due_at))
    assert told == ["Lists sort it by 2026-11-23 10:00:01 UTC, the nearest deadline is 2026-11-23 10:00:00 UTC."]


def test_a_clock_without_its_calendar_cannot_be_verified() -> None:
    case = Case()
    case.clocks[0].calendar = "attic"
    assert differences(case.record) == ["First response: calendar attic is not in the record."]


def test_what_was_met_too_late_and_never_missed_is_found() -> None:
    case = Case()
    case.clocks[0].ended_at, case.clocks[0].state = START + 3 * HOUR, ClockState.MET
    (told,) = [each for each in differences(case.record) if "met" in each]
    assert told == "First response: met 2026-11-23 11:00:00 UTC, after its deadline, and never marked as missed."


def test_a_state_of_before_there_were_clocks_agrees() -> None:
    assert differences(Record({})) == []
