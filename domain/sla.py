"""Clocks: deadlines in business or elapsed time, the pauses in them, and the ladder before and after each.

All pure over (clock, promises, now): the same facts give the same deadline, and every deadline explains itself.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.business_time import add_business_time, business_time_between, subtract_business_time
from domain.calendars import Calendar
from domain.promises import ClockName, Promises, TargetRule
from domain.service_levels import EscalationStep, Ladder


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


class Pause(BaseModel):
    """A time in which the clock did not run, because `waiting_for` was waited for. It goes on while `until` is None."""

    since: AwareDatetime
    until: AwareDatetime | None = None
    waiting_for: str


class Acknowledgement(BaseModel):
    """Somebody has taken notice of a missed deadline: the ladder climbs no further before `until`."""

    by: str
    at: AwareDatetime
    until: AwareDatetime


class Clock(BaseModel):
    """One promise. Times are UTC. `target` and `used` (what ran before `running_since`) are business time of `calendar`,
    elapsed time where that is None. `taken` counts the steps of the ladder that were taken or are over, so that each
    is taken once."""

    name: ClockName
    target: timedelta
    calendar: str | None = None
    ladder: str | None = None
    party: str | None = None
    """Who is waited for."""
    started_at: AwareDatetime
    running_since: AwareDatetime
    used: timedelta = timedelta(0)
    due_at: AwareDatetime
    state: ClockState = ClockState.RUNNING
    ended_at: AwareDatetime | None = None
    pauses: list[Pause] = []
    taken: int = 0
    last_step_at: AwareDatetime | None = None
    missed_at: AwareDatetime | None = None
    acknowledged: Acknowledgement | None = None
    people_only: bool = False
    because: list[str] = []

    left_when_paused: timedelta | None = None
    """Of a clock that was paused before the time used was kept: what it has left."""

    @property
    def is_live(self) -> bool:
        """Whether time still runs against it. A missed clock stays live until what it asks for is done."""
        return self.state in (ClockState.RUNNING, ClockState.MISSED)


class NoticeKind(StrEnum):
    WARNING = "warning"
    MISSED = "missed"
    ESCALATION = "escalation"


class Notice(BaseModel):
    """Something a clock has to say now, planned for a moment. `step` is the rung of the ladder, counted from 0; `to` whom it
    goes to."""

    model_config = ConfigDict(frozen=True)

    clock: ClockName
    kind: NoticeKind
    due_at: AwareDatetime
    planned_for: AwareDatetime
    step: int | None = None
    to: str | None = None
    takes_over: bool = False


class Standing(NamedTuple):
    """What clocks are judged by: the promises, and who stands where at this moment."""

    promises: Promises
    owner: str | None = None
    queue: str | None = None

    def person(self, step: EscalationStep) -> str | None:
        return self.promises.person(step.to, self.owner, self.queue)

    def ladder(self, clock: Clock) -> Ladder:
        return self.promises.ladders[clock.ladder] if clock.ladder is not None else ()


# Starting, pausing, ending


def start_clock(
    promises: Promises,
    name: ClockName,
    length: timedelta,
    at: datetime,
    because: str,
    *,
    calendar: str | None = None,
    ladder: str | None = None,
    party: str | None = None,
    people_only: bool = False,
) -> Clock:
    """A clock that runs from `at` for `length`: business time of `calendar`, without one elapsed time. `because` begins its
    explanation."""
    clock = Clock(
        name=name,
        target=length,
        calendar=calendar,
        ladder=ladder,
        party=party,
        started_at=at,
        running_since=at,
        due_at=at,
        people_only=people_only,
        because=[because],
    )
    clock.due_at = _reach(promises, clock, at, length)
    return clock


def start_target(promises: Promises, rule: TargetRule, at: datetime, because: str) -> Clock:
    """A clock for a target of the service level."""
    return start_clock(promises, rule.clock, rule.within, at, because, calendar=rule.calendar, ladder=rule.ladder)


def pause(clock: Clock, promises: Promises, at: datetime, waiting_for: str) -> None:
    """Stops the clock while somebody is waited for. A missed or ended clock is left as it is."""
    if clock.state is ClockState.RUNNING:
        clock.used += _ran(promises, clock, clock.running_since, at)
        clock.state = ClockState.PAUSED
        clock.pauses.append(Pause(since=at, waiting_for=waiting_for))


def resume(clock: Clock, promises: Promises, at: datetime) -> None:
    """Lets a paused clock run again with the time it had left."""
    if clock.state is ClockState.PAUSED:
        clock.pauses[-1:] = [each.model_copy(update={"until": at}) for each in clock.pauses[-1:]]
        left = clock.target - clock.used
        if clock.left_when_paused is not None:
            left, clock.used, clock.left_when_paused = clock.left_when_paused, clock.target - clock.left_when_paused, None
        clock.state = ClockState.RUNNING
        clock.running_since = at
        clock.due_at = _reach(promises, clock, at, max(left, timedelta(0)))


def replan(clock: Clock, promises: Promises, rule: TargetRule, because: str) -> None:
    """Holds a clock that has not ended to another target, counted from its start. Its pauses stay."""
    clock.target, clock.calendar, clock.ladder = rule.within, rule.calendar, rule.ladder
    clock.because.append(because)
    ended = [(begin, end) for begin, end in running_spans(clock) if end is not None]
    clock.used = sum((_ran(promises, clock, begin, end) for begin, end in ended), timedelta(0))
    clock.due_at = recomputed_due(clock, promises) or clock.due_at
    clock.taken, clock.last_step_at, clock.missed_at, clock.acknowledged = 0, None, None, None
    if clock.state is ClockState.MISSED:
        clock.state = ClockState.RUNNING


def meet(clock: Clock, at: datetime) -> None:
    """What the clock asked for is done. A missed clock stays marked as missed, but is over."""
    if clock.ended_at is None:
        clock.ended_at = at
        clock.state = ClockState.STOPPED if clock.missed_at else ClockState.MET


def stop(clock: Clock, at: datetime) -> None:
    """The promise no longer applies."""
    if clock.ended_at is None:
        clock.ended_at = at
        clock.state = ClockState.STOPPED


def acknowledge(clock: Clock, promises: Promises, by: str, at: datetime) -> None:
    """Somebody has taken notice: the ladder waits for them before it climbs further."""
    calendar = promises.calendar_of(by)
    until = add_business_time(calendar, at, promises.acknowledged_for) if calendar else at + promises.acknowledged_for
    clock.acknowledged = Acknowledgement(by=by, at=at, until=until)


# Notices


def next_notice(clock: Clock, standing: Standing) -> Notice | None:
    """What this clock will say next and when, if nothing happens before."""
    if not clock.is_live:
        return None
    upcoming = _upcoming(clock, standing)
    if clock.missed_at is None and (upcoming is None or upcoming.kind is NoticeKind.ESCALATION):
        return Notice(clock=clock.name, kind=NoticeKind.MISSED, due_at=clock.due_at, planned_for=clock.due_at)
    return upcoming


def take_notice(clock: Clock, notice: Notice, at: datetime) -> None:
    """Marks a notice as given, so that it is given once."""
    if notice.step is not None:
        clock.taken = notice.step + 1
        clock.last_step_at = notice.planned_for
    if notice.kind is NoticeKind.MISSED:
        clock.missed_at = at
        clock.state = ClockState.MISSED


def due_notices(clocks: list[Clock], standing: Standing, now: datetime) -> list[Notice]:
    """Takes and returns every notice that is due, oldest first. After an outage each overdue one comes once."""
    taken: list[Notice] = []
    for clock in clocks:
        while (notice := next_notice(clock, standing)) and notice.planned_for <= now:
            take_notice(clock, notice, now)
            taken.append(notice)
    return sorted(taken, key=lambda notice: notice.planned_for)


def next_moment(clocks: list[Clock], standing: Standing) -> datetime | None:
    """The next instant at which some clock has something to say."""
    moments = [notice.planned_for for clock in clocks if (notice := next_notice(clock, standing))]
    return min(moments, default=None)


def next_deadline(clocks: list[Clock]) -> datetime | None:
    """The nearest deadline still open: what lists sort by. That nobody has done anything is no promise to anybody."""
    return min((clock.due_at for clock in clocks if clock.is_live and clock.name is not ClockName.STALLED), default=None)


def _upcoming(clock: Clock, standing: Standing) -> Notice | None:
    """The next step of the ladder. One before the deadline that would have come while the clock did not run yet, or again, is
    over; one after it never comes before the one below it, nor while that is acknowledged."""
    for index, step in enumerate(standing.ladder(clock)[clock.taken :], clock.taken):
        to = standing.person(step)
        calendar = standing.promises.calendar_of(to)
        moment = _moment(step, calendar, clock.due_at)
        if step.before is not None:
            if moment <= clock.running_since:  # they are not on duty in between: the store's hours must do
                moment = _moment(step, standing.promises.calendar_of(None), clock.due_at)
            if clock.missed_at is not None or moment <= clock.running_since:
                continue
            kind = NoticeKind.WARNING
        else:
            kind = NoticeKind.ESCALATION
            held = clock.acknowledged.until if clock.acknowledged else None
            moment = max(each for each in (moment, clock.last_step_at, held) if each is not None)
        return Notice(
            clock=clock.name,
            kind=kind,
            due_at=clock.due_at,
            planned_for=moment,
            step=index,
            to=to,
            takes_over=step.takes_over,
        )
    return None


def _moment(step: EscalationStep, calendar: Calendar | None, due_at: datetime) -> datetime:
    if calendar is None:
        return due_at + step.offset
    if step.before is not None:
        return subtract_business_time(calendar, due_at, step.before)
    return add_business_time(calendar, due_at, step.offset)


# Time


def running_spans(clock: Clock) -> Iterator[tuple[datetime, datetime | None]]:
    """The times in which the clock ran or runs, in order; the last has no end while it runs."""
    begin = clock.started_at
    for each in clock.pauses:
        yield begin, each.since
        if each.until is None:
            return
        begin = each.until
    yield begin, clock.ended_at


def recomputed_due(clock: Clock, promises: Promises) -> datetime | None:
    """The deadline worked out from the record alone: start, target, pauses and calendar. None while it is paused, since then no
    time is left running."""
    used = timedelta(0)
    for begin, end in running_spans(clock):
        left = clock.target - used
        due = _reach(promises, clock, begin, left)
        if end is None or due <= end or end == clock.ended_at:
            return due
        used += _ran(promises, clock, begin, end)
    return None


def _ran(promises: Promises, clock: Clock, begin: datetime, end: datetime) -> timedelta:
    if clock.calendar is None:
        return end - begin
    return business_time_between(promises.calendars[clock.calendar], begin, end)


def _reach(promises: Promises, clock: Clock, at: datetime, length: timedelta) -> datetime:
    if clock.calendar is None:
        return at + length
    return add_business_time(promises.calendars[clock.calendar], at, length)
