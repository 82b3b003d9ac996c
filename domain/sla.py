"""Promises: clocks with a deadline in business time, the warning before it and the ladder after it.

All pure over (clock, policy, now): the same facts give the same deadline, and every deadline explains itself.
"""

from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.business_time import add_business_time, business_time_between
from domain.calendars import Calendar, Hours
from domain.playbook import EscalationStep


class ClockName(StrEnum):
    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"
    WAITING = "waiting"
    SNOOZE = "snooze"
    REOPEN_WINDOW = "reopen_window"
    APPROVAL = "approval"
    PARCEL = "parcel"
    INSPECTION = "inspection"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"
    STOPPED = "stopped"


class Promise(BaseModel):
    """What a clock is held to, pinned at the case's birth: the calendar, how long before to warn, the ladder after."""

    model_config = ConfigDict(frozen=True)

    calendar: Calendar
    warn_before: timedelta = timedelta(0)
    ladder: tuple[EscalationStep, ...] = ()


_ALWAYS = Hours(days=tuple(range(7)), opens=time.min, closes=time.min)
_ELAPSED = Promise(calendar=Calendar(name="elapsed time", zone="UTC", hours=(_ALWAYS,)))
"""What a plain clock is held to: no warning, no ladder."""


class Clock(BaseModel):
    """One running promise. Times are UTC; `target` and `remaining` are business time of the promise's calendar.

    `warned` and `climbed` (steps of the ladder taken) make each notice fire once.
    """

    name: ClockName
    target: timedelta
    started_at: AwareDatetime
    due_at: AwareDatetime
    warn_at: AwareDatetime | None = None
    state: ClockState = ClockState.RUNNING
    ended_at: AwareDatetime | None = None
    remaining: timedelta | None = None
    """Business time left when it was paused."""
    warned: bool = False
    missed_at: AwareDatetime | None = None
    climbed: int = 0
    explanation: list[str] = []

    @property
    def is_live(self) -> bool:
        """Whether time still runs against it. A missed clock stays live until what it asks for is done."""
        return self.state in (ClockState.RUNNING, ClockState.MISSED)


class NoticeKind(StrEnum):
    WARNING = "warning"
    MISSED = "missed"
    ESCALATION = "escalation"


class Notice(BaseModel):
    """Something a clock has to say now. `step` is the rung of the ladder, counted from 0."""

    model_config = ConfigDict(frozen=True)

    clock: ClockName
    kind: NoticeKind
    due_at: AwareDatetime
    planned_for: AwareDatetime
    step: int | None = None
    to: str | None = None
    takes_over: bool = False


def start_clock(name: ClockName, target: timedelta, promise: Promise, at: datetime, because: str) -> Clock:
    """A clock that runs from `at` for `target` of business time. `because` begins its explanation."""
    due_at = add_business_time(promise.calendar, at, target)
    return Clock(
        name=name,
        target=target,
        started_at=at,
        due_at=due_at,
        warn_at=_warn_at(promise, at, due_at, target),
        explanation=[because, f"Started {_local(at, promise.calendar)}.", *_derivation(target, promise.calendar, due_at)],
    )


def start_plain_clock(name: ClockName, length: timedelta, at: datetime, because: str) -> Clock:
    """A clock over elapsed time: no calendar, no warning."""
    due_at = at + length
    return Clock(
        name=name, target=length, started_at=at, due_at=due_at, explanation=[because, f"Due {due_at:%Y-%m-%d %H:%M} UTC."]
    )


def pause(clock: Clock, promise: Promise, at: datetime, waiting_for: str) -> None:
    """Stops the clock while somebody else is waited for. A missed or ended clock is left as it is."""
    if clock.state is not ClockState.RUNNING:
        return
    clock.state = ClockState.PAUSED
    clock.remaining = business_time_between(promise.calendar, at, clock.due_at)
    clock.explanation.append(
        f"Paused {_local(at, promise.calendar)} while waiting for {waiting_for}: {in_words(clock.remaining)} left."
    )


def resume(clock: Clock, promise: Promise, at: datetime) -> None:
    """Lets a paused clock run again with the business time it had left."""
    if clock.state is not ClockState.PAUSED or clock.remaining is None:
        return
    clock.state = ClockState.RUNNING
    clock.due_at = add_business_time(promise.calendar, at, clock.remaining)
    clock.warn_at = None if clock.warned else _warn_at(promise, at, clock.due_at, clock.remaining)
    clock.explanation.append(f"Resumed {_local(at, promise.calendar)}; due {_local(clock.due_at, promise.calendar)}.")
    clock.remaining = None


def meet(clock: Clock, at: datetime) -> None:
    """What the clock asked for is done. A missed clock stays marked as missed, but is over."""
    if clock.ended_at is None:
        clock.ended_at = at
        clock.state = ClockState.STOPPED if clock.missed_at else ClockState.MET
        clock.explanation.append(f"Done {at:%Y-%m-%d %H:%M} UTC, {'after' if at > clock.due_at else 'before'} the deadline.")


def stop(clock: Clock, at: datetime) -> None:
    """The promise no longer applies."""
    if clock.ended_at is None:
        clock.ended_at = at
        clock.state = ClockState.STOPPED


def next_notice(clock: Clock, promise: Promise) -> Notice | None:
    """What this clock will say next and when, if nothing happens before."""
    if not clock.is_live:
        return None
    if clock.missed_at is None:
        if clock.warn_at is not None and not clock.warned:
            return Notice(clock=clock.name, kind=NoticeKind.WARNING, due_at=clock.due_at, planned_for=clock.warn_at)
        return Notice(clock=clock.name, kind=NoticeKind.MISSED, due_at=clock.due_at, planned_for=clock.due_at)
    if clock.climbed < len(promise.ladder):
        step = promise.ladder[clock.climbed]
        return Notice(
            clock=clock.name,
            kind=NoticeKind.ESCALATION,
            due_at=clock.due_at,
            planned_for=add_business_time(promise.calendar, clock.due_at, step.after),
            step=clock.climbed,
            to=step.to,
            takes_over=step.takes_over,
        )
    return None


def take_notice(clock: Clock, notice: Notice, at: datetime) -> None:
    """Marks a notice as given, so that it is given once."""
    if notice.kind is NoticeKind.WARNING:
        clock.warned = True
    elif notice.kind is NoticeKind.MISSED:
        clock.warned = True
        clock.missed_at = at
        clock.state = ClockState.MISSED
    else:
        clock.climbed += 1


def due_notices(clocks: list[Clock], promises: dict[ClockName, Promise], now: datetime) -> list[Notice]:
    """Takes and returns every notice that is due, oldest first. After an outage each overdue one comes once."""
    taken: list[Notice] = []
    for clock in clocks:
        promise = promises.get(clock.name, _ELAPSED)
        while (notice := next_notice(clock, promise)) and notice.planned_for <= now:
            take_notice(clock, notice, now)
            taken.append(notice)
    return sorted(taken, key=lambda notice: notice.planned_for)


def next_moment(clocks: list[Clock], promises: dict[ClockName, Promise]) -> datetime | None:
    """The next instant at which some clock has something to say."""
    moments = [notice.planned_for for clock in clocks if (notice := next_notice(clock, promises.get(clock.name, _ELAPSED)))]
    return min(moments, default=None)


def next_deadline(clocks: list[Clock]) -> datetime | None:
    """The nearest deadline still open: what lists sort by."""
    return min((clock.due_at for clock in clocks if clock.is_live), default=None)


def in_words(amount: timedelta) -> str:
    """`1 h 30 min`, `45 min`, `0 min`."""
    minutes = round(amount.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)


def _warn_at(promise: Promise, start: datetime, due_at: datetime, length: timedelta) -> datetime | None:
    if not promise.warn_before or promise.warn_before >= length:
        return None
    return add_business_time(promise.calendar, start, length - promise.warn_before)


def _derivation(target: timedelta, calendar: Calendar, due_at: datetime) -> list[str]:
    return [
        f"Target {in_words(target)} of business time in calendar {calendar.name} ({calendar.zone}).",
        f"Due {_local(due_at, calendar)}.",
    ]


def _local(at: datetime, calendar: Calendar) -> str:
    return f"{at.astimezone(ZoneInfo(calendar.zone)):%a %Y-%m-%d %H:%M %Z}"
