"""Whether the deadlines and notices of a case agree with its record, worked out anew in another way than they were made.

A deadline is measured, not reached for: the open time from the start to it, less what lies in pauses, must be the target.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.calendars import Calendar
from domain.case import TimelineEvent
from domain.explaining import recorded
from domain.open_time import is_open, is_reached, is_reached_back, open_time
from domain.promises import TARGETED, ClockName, Promises, in_words
from domain.service_levels import EscalationStep
from domain.sla import Clock, ClockState, Notice, Pause

_SECOND = timedelta(seconds=1)
_SPEAKING = (*TARGETED, ClockName.CHANNEL_RESPONSE, ClockName.APPROVAL, ClockName.PARCEL, ClockName.INSPECTION)
"""Clocks whose missed deadline is a line of the case file."""

_WAITS, _GOES_ON = ("waiting",), ("waiting", "snoozed", "reopened", "resolved", "reply")
_MERGING = ("absorbed", "merged", "unmerged", "released", "split")


@dataclass(frozen=True)
class Record:
    """What is stored of a case. `message_times` are the messages filed under it; `counts_from` is when the clocks of an
    imported one begin; `next_due_at` is what lists sort it by."""

    state: Mapping[str, Any]
    lines: Sequence[TimelineEvent] = ()
    message_times: Mapping[UUID, datetime] = field(default_factory=dict)
    counts_from: datetime | None = None
    next_due_at: datetime | None = None

    @property
    def lived_alone(self) -> bool:
        """Not merged or split: what went on in another ticket stands in the other's file."""
        return not any(line.kind in _MERGING for line in self.lines)


class _Length(NamedTuple):
    """How much time, of which calendar (by name; None: elapsed)."""

    amount: timedelta
    calendar: str | None


def differences(record: Record) -> list[str]:
    """What does not agree, each in a sentence; nothing where all does."""
    clocks, promises = recorded(record.state)
    unknown = [
        f"{_name(clock)}: calendar {clock.calendar} is not in the record." for clock in clocks if _lacks(clock, promises)
    ]
    if unknown:
        return unknown
    return [
        *(each for clock in clocks for each in deadline_differences(clock, promises)),
        *_start_differences(record, clocks),
        *_pause_differences(record, clocks),
        *_miss_differences(record, clocks),
        *_notice_differences(record, clocks, promises),
        *_list_differences(record, clocks),
    ]


def _lacks(clock: Clock, promises: Promises) -> bool:
    return clock.calendar is not None and clock.calendar not in promises.calendars


# The deadline


def deadline_differences(clock: Clock, promises: Promises) -> Iterator[str]:
    """Whether the deadline of a clock, or the time it has left while it is paused, follows from start, target, pauses and
    calendar."""
    length = _Length(clock.target, clock.calendar)
    moments = [
        clock.started_at,
        *(moment for each in clock.pauses for moment in (each.since, each.until) if moment is not None),
    ]
    if moments != sorted(moments) or any(each.until is None for each in clock.pauses[:-1]):
        yield f"{_name(clock)}: its pauses are not in order."
    elif clock.pauses and clock.pauses[-1].until is None:
        used = clock.target - clock.left_when_paused if clock.left_when_paused is not None else clock.used
        counted = _ran(promises, length, clock.started_at, clock.pauses[-1].since, clock.pauses)
        if counted != used:
            yield f"{_name(clock)}: {in_words(counted)} had run when it was paused, the clock says {in_words(used)}."
    elif clock.state is ClockState.PAUSED:
        yield f"{_name(clock)}: it is paused, and no pause stands in the record."
    elif not _is_due(clock.started_at, length, clock.pauses, clock.due_at, promises):
        counted = _ran(promises, length, clock.started_at, clock.due_at, clock.pauses)
        yield (
            f"{_name(clock)}: due {_utc(clock.due_at)}, by when {in_words(counted)} have run; "
            f"the target is {in_words(clock.target)}."
        )
    held = clock.acknowledged
    if held is not None and not is_reached(promises.calendar_of(held.by), held.at, promises.acknowledged_for, held.until):
        yield f"{_name(clock)}: acknowledged until {_utc(held.until)}, which is not {in_words(promises.acknowledged_for)} on."


def _ran(promises: Promises, length: _Length, begin: datetime, end: datetime, pauses: Iterable[Pause]) -> timedelta:
    """Open time from `begin` to `end`, less what of it lies in pauses."""
    calendar = _calendar(promises, length)
    stood = (open_time(calendar, max(each.since, begin), min(each.until or end, end)) for each in pauses)
    return open_time(calendar, begin, end) - sum(stood, timedelta(0))


def _is_due(start: datetime, length: _Length, pauses: Sequence[Pause], due: datetime, promises: Promises) -> bool:
    """Whether `due` is the first instant at which the target has run. Where it had run before a pause was over, because a
    shorter target came to hold, the end of the pause will do too."""
    calendar = _calendar(promises, length)
    resumed = max((each.until for each in pauses if each.until is not None), default=start)
    if pauses and due >= resumed and _ran(promises, length, start, resumed, pauses) >= length.amount:
        return is_reached(calendar, resumed, timedelta(0), due)
    if any(each.since < due < (each.until or due) for each in pauses):
        return False
    if _ran(promises, length, start, due, pauses) != length.amount:
        return False
    if length.amount:
        return _ran(promises, length, start, due - _SECOND, pauses) < length.amount
    return due == start if calendar is None else due >= start and is_open(calendar, due)


def _calendar(promises: Promises, length: _Length) -> Calendar | None:
    return promises.calendars[length.calendar] if length.calendar is not None else None


# What messages and the case file say


def _start_differences(record: Record, clocks: Sequence[Clock]) -> Iterator[str]:
    """The first reply is promised from the first message on; a merged ticket may have brought the earlier promise."""
    wrote = [line for line in record.lines if line.kind == "message"]
    for line in wrote:
        filed = record.message_times.get(line.message_id) if line.message_id is not None else None
        if filed is not None and filed != line.at:
            yield f"A message came {_utc(filed)}, its line in the case file says {_utc(line.at)}."
    if not wrote:
        return
    first = record.counts_from or wrote[0].at
    came = {first, *record.message_times.values(), *(line.at for line in wrote)}
    for clock in clocks:
        if clock.name is not ClockName.FIRST_RESPONSE:
            continue
        if clock.started_at != first and (record.lived_alone or clock.started_at not in came):
            yield f"{_name(clock)}: started {_utc(clock.started_at)}, the first message came {_utc(first)}."


def _pause_differences(record: Record, clocks: Sequence[Clock]) -> Iterator[str]:
    """The resolution clock stands still from a line that somebody is waited for to the line that the case goes on."""
    if not record.lived_alone or not record.lines:
        return
    waits = [line.at for line in record.lines if line.kind in _WAITS]
    goes_on = {line.at for line in record.lines if line.kind in _GOES_ON}
    for clock in clocks:
        if clock.name is not ClockName.RESOLUTION:
            continue
        for each in clock.pauses:
            if each.since not in waits:
                yield f"{_name(clock)}: paused {_utc(each.since)}, when no line says that somebody is waited for."
            if each.until is not None and each.until not in goes_on:
                yield f"{_name(clock)}: ran again {_utc(each.until)}, when no line says that the case goes on."
        stood = {each.since for each in clock.pauses}
        over = min((end for end in (clock.ended_at, clock.missed_at) if end is not None), default=None)
        for at in waits:
            if not _replanned(clock) and clock.started_at <= at and (over is None or at < over) and at not in stood:
                yield f"{_name(clock)}: somebody was waited for from {_utc(at)} on, and it did not pause."


def _miss_differences(record: Record, clocks: Sequence[Clock]) -> Iterator[str]:
    """What was missed has its line, and what counts as met was met in time."""
    said = {line.at for line in record.lines if line.kind == "missed"}
    for clock in clocks if record.lived_alone else ():
        if clock.name not in _SPEAKING:
            continue
        if clock.missed_at is not None and clock.missed_at not in said:
            yield f"{_name(clock)}: missed {_utc(clock.missed_at)}, and no line says so."
        if clock.state is ClockState.MET and clock.ended_at is not None and clock.ended_at > clock.due_at:
            yield f"{_name(clock)}: met {_utc(clock.ended_at)}, after its deadline, and never marked as missed."


def _list_differences(record: Record, clocks: Sequence[Clock]) -> Iterator[str]:
    open_ones = [clock.due_at for clock in clocks if clock.is_live and clock.name is not ClockName.STALLED]
    nearest = min(open_ones, default=None)
    if nearest != record.next_due_at:
        yield f"Lists sort it by {_utc(record.next_due_at)}, the nearest deadline is {_utc(nearest)}."


# What the clocks said


def _notice_differences(record: Record, clocks: Sequence[Clock], promises: Promises) -> Iterator[str]:
    for line in record.lines:
        if line.planned_for is None:
            continue
        about = f"Line {line.sequence} ({line.kind}): "
        if line.at < line.planned_for:
            yield f"{about}given {_utc(line.at)}, before the moment it was planned for, {_utc(line.planned_for)}."
        if line.notice is None or not record.lived_alone:
            continue
        if line.planned_for != line.notice.planned_for:
            yield f"{about}planned for {_utc(line.planned_for)}, its notice for {_utc(line.notice.planned_for)}."
        if (clock := _clock_of(line, line.notice, clocks)) is not None:
            yield from (about + words for words in _said_wrong(line, line.notice, clock, promises, record.lines))


def _clock_of(line: TimelineEvent, notice: Notice, clocks: Sequence[Clock]) -> Clock | None:
    """The clock that said it, where the case still has it."""
    running = [
        clock
        for clock in clocks
        if clock.name is notice.clock and clock.started_at <= line.at and (clock.ended_at is None or line.at <= clock.ended_at)
    ]
    return max(running, key=lambda clock: clock.started_at, default=None)


def _said_wrong(
    line: TimelineEvent, notice: Notice, clock: Clock, promises: Promises, lines: Sequence[TimelineEvent]
) -> Iterator[str]:
    """A notice names a deadline that the record gave at that time, and was planned for where its step falls."""
    lengths = [_Length(clock.target, clock.calendar)]
    if _replanned(clock):
        lengths += [_Length(rule.within, rule.calendar) for rule in promises.targets if rule.clock is clock.name]
    pauses = [each for each in clock.pauses if each.since < line.at]
    if not any(_is_due(clock.started_at, length, pauses, notice.due_at, promises) for length in lengths):
        yield f"it names the deadline {_utc(notice.due_at)}, which follows from no target and pause of that time."
    if notice.step is None:
        if notice.planned_for != notice.due_at:
            yield f"planned for {_utc(notice.planned_for)}, the deadline is {_utc(notice.due_at)}."
        return
    ladders = [promises.ladders.get(clock.ladder or "", ())]
    if _replanned(clock):
        ladders += [promises.ladders[rule.ladder] for rule in promises.targets if rule.clock is clock.name and rule.ladder]
    before = [*_held_back_by(line, notice, lines)]
    steps = [ladder[notice.step] for ladder in ladders if notice.step < len(ladder)]
    if not any(_is_planned(step, notice, promises, before) for step in steps):
        yield f"planned for {_utc(notice.planned_for)}, which is not where step {notice.step + 1} of the ladder falls."


def _held_back_by(line: TimelineEvent, notice: Notice, lines: Sequence[TimelineEvent]) -> Iterator[TimelineEvent]:
    """Earlier notices of the same deadline, and who had taken notice of it by then."""
    for each in lines:
        if (each.kind == "acknowledged" and each.at <= line.at) or (
            each.notice is not None
            and each.sequence < line.sequence
            and (each.notice.clock, each.notice.due_at) == (notice.clock, notice.due_at)
        ):
            yield each


def _is_planned(step: EscalationStep, notice: Notice, promises: Promises, before: Sequence[TimelineEvent]) -> bool:
    """Whether a step falls on the moment it was planned for: so long before or after the deadline by the hours of whoever is
    told, but not before the step below it, nor while somebody had taken notice."""
    theirs, store, planned = promises.calendar_of(notice.to), promises.calendar_of(None), notice.planned_for
    if step.before is not None:
        return any(is_reached_back(each, notice.due_at, step.before, planned) for each in (theirs, store))
    amount = step.after or timedelta(0)
    if is_reached(theirs, notice.due_at, amount, planned):
        return True
    return open_time(theirs, notice.due_at, planned) >= amount and any(
        line.planned_for == planned
        if line.kind != "acknowledged"
        else is_reached(promises.calendar_of(line.actor), line.at, promises.acknowledged_for, planned)
        for line in before
    )


def _replanned(clock: Clock) -> bool:
    """Whether it was held to another target before."""
    return len(clock.because) > 1


def _name(clock: Clock) -> str:
    return clock.name.words.capitalize()


def _utc(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else "nothing"
