"""The roster: who is on duty, until when, and who owns the work of a queue (E5).

Duty is what a person's shifts say, with extra shifts added and absences taken away; an absence beats both. Who has no shifts
is on duty except while absent; who is not in the playbook never is. All instants are aware; what is returned is UTC.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import takewhile
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationInfo, field_validator

from domain.business_time import open_intervals
from domain.calendars import Calendar
from domain.playbook import Playbook, Queue, Team

HORIZON = timedelta(days=366)
"""How far ahead duty is looked at: what does not end within it never ends, what does not begin within it never comes."""

Interval = tuple[datetime, datetime]


class UnknownQueue(ValueError):
    """The playbook has no such queue."""


class Span(BaseModel):
    """From `starts` to `ends`, which is no longer part of it."""

    model_config = ConfigDict(frozen=True)

    starts: AwareDatetime
    ends: AwareDatetime

    @field_validator("ends")
    @classmethod
    def _after_the_start(cls, ends: datetime, info: ValidationInfo) -> datetime:
        if "starts" in info.data and ends <= info.data["starts"]:
            raise ValueError("must be after the start")
        return ends


class RosterChange(Span):
    """One person's duty differs from their shifts, and why."""

    person: str
    why: str


class Absence(RosterChange):
    """The person is not on duty."""


class ExtraShift(RosterChange):
    """The person is on duty beside their shifts."""


class Duty(BaseModel):
    """Who owns work, until when at the latest (None: until something changes), and why in words."""

    model_config = ConfigDict(frozen=True)

    owner: str
    until: AwareDatetime | None
    reason: str


@dataclass(frozen=True)
class Roster:
    """The people of a playbook and what differs from their shifts."""

    playbook: Playbook
    absences: tuple[Absence, ...] = ()
    extra_shifts: tuple[ExtraShift, ...] = ()


def on_duty(roster: Roster, person: str, at: datetime) -> bool:
    """Whether the person is on duty at this instant; at the very end of a duty no longer."""
    return _running(roster, person, at) is not None


def duty_ends(roster: Roster, person: str, at: datetime) -> datetime | None:
    """The end of the unbroken duty that runs at `at`; None where it does not end within a year.

    Raises ValueError where the person is not on duty then.
    """
    running = _running(roster, person, at)
    if running is None:
        raise ValueError(f"{person} is not on duty at {at:%Y-%m-%d %H:%M %Z}")
    return _end(running, at)


def next_duty(roster: Roster, person: str, at: datetime) -> datetime | None:
    """The first instant, `at` itself included, at which the person is on duty; None where there is none within a year."""
    first = next(_duties(roster, person, at), None)
    return None if first is None else max(first[0], at.astimezone(UTC))


def choose_owner(
    roster: Roster,
    queue: str,
    at: datetime,
    open_tickets: Mapping[str, int],
    presence: Collection[str] | None,
    but_not: str | None,
) -> Duty:
    """Who shall own work of this queue from `at` on.

    Of the team's members on duty, those who stay go before those whose duty ends within the playbook's `handover_before`, then
    who is signed in (`presence`, None where that is not known), then who has the fewest open tickets, then the name.
    `but_not` is passed over unless nobody else is on duty. While no member is on duty the queue's named owner answers, until
    the next one comes.

    Raises UnknownQueue.
    """
    rules, team = _queue_and_team(roster, queue)
    running = _members_on_duty(roster, team, at)
    ends = {member: _end(interval, at) for member, interval in running.items() if member != but_not}
    if not ends:
        return _without_a_choice(roster, rules, team, at, but_not if but_not in running else None)
    handover = at + roster.playbook.tickets.handover_before
    latest = max(interval[1] for member, interval in running.items() if member in ends)
    staying = [member for member in ends if running[member][1] > handover or running[member][1] == latest]
    present = presence or ()
    owner = min(staying, key=lambda member: (member not in present, open_tickets.get(member, 0), member))
    known = f"{'signed in' if owner in present else 'not signed in'}, " if presence is not None else ""
    reason = (
        f"{_duty_in_words(roster, owner, ends[owner])} in team {team.title}, {known}open tickets: {open_tickets.get(owner, 0)}."
    )
    return Duty(owner=owner, until=ends[owner], reason=reason)


def keep_owner(roster: Roster, queue: str, owner: str, at: datetime) -> Duty | None:
    """The duty of the member who owns work of this queue already and is still on duty; None where the work needs another owner,
    which it does also while the named owner only stands in for the team.

    Raises UnknownQueue.
    """
    _, team = _queue_and_team(roster, queue)
    if owner not in team.members or not on_duty(roster, owner, at):
        return None
    until = duty_ends(roster, owner, at)
    return Duty(owner=owner, until=until, reason=f"{_duty_in_words(roster, owner, until)} in team {team.title} and keeps it.")


def stand_ins(roster: Roster, at: datetime) -> dict[str, str]:
    """By queue: the named owner, where what they own they own in place of a team of which they are not on duty themselves."""
    return {
        key: queue.owner
        for key, queue in roster.playbook.queues.items()
        if queue.owner not in _members_on_duty(roster, roster.playbook.teams[queue.team], at)
    }


def queues_of(playbook: Playbook, person: str) -> frozenset[str]:
    """The queues whose work this person may own as a member of the team."""
    return frozenset(key for key, queue in playbook.queues.items() if person in playbook.teams[queue.team].members)


def is_always_on_duty(playbook: Playbook, person: str) -> bool:
    """Whether this person of the playbook has no shifts, and so is on duty except while absent."""
    return any(known.name == person and known.shifts is None for known in playbook.people)


def zone_of(playbook: Playbook, person: str) -> str:
    """The time zone of the person's shifts; UTC where they have none."""
    calendar = _calendar(playbook, person)
    return "UTC" if calendar is None else calendar.zone


def span_in_words(playbook: Playbook, change: RosterChange) -> str:
    """From when to when, in local time of the person's shifts."""
    zone = zone_of(playbook, change.person)
    return f"{_local(change.starts, zone)} to {_local(change.ends, zone)}"


def _without_a_choice(roster: Roster, queue: Queue, team: Team, at: datetime, alone: str | None) -> Duty:
    """`alone` is the only member on duty, who is to be passed over."""
    comes = [start for member in team.members if member != alone and (start := next_duty(roster, member, at)) is not None]
    until = min(comes, default=None)
    if alone is None:
        reason = (
            f"Nobody in team {team.title} is on duty{_before(roster, team, until)}; {queue.owner} answers for {queue.title}."
        )
        return Duty(owner=queue.owner, until=until, reason=reason)
    stands_in = queue.owner != alone and on_duty(roster, queue.owner, at)
    owner = queue.owner if stands_in else alone
    ends = [end for end in (until, duty_ends(roster, owner, at)) if end is not None]
    words = f"and {owner} answers for {queue.title}" if stands_in else f"so {owner} has it all the same"
    return Duty(owner=owner, until=min(ends, default=None), reason=f"Nobody else in team {team.title} is on duty, {words}.")


def _queue_and_team(roster: Roster, queue: str) -> tuple[Queue, Team]:
    known = roster.playbook.queues
    if queue not in known:
        raise UnknownQueue(f"queue {queue!r} is not in the playbook; it has {', '.join(sorted(known))}")
    return known[queue], roster.playbook.teams[known[queue].team]


def _members_on_duty(roster: Roster, team: Team, at: datetime) -> dict[str, Interval]:
    return {member: running for member in team.members if (running := _running(roster, member, at)) is not None}


def _running(roster: Roster, person: str, at: datetime) -> Interval | None:
    first = next(_duties(roster, person, at), None)
    return first if first is not None and first[0] <= at else None


def _end(running: Interval, at: datetime) -> datetime | None:
    return running[1] if running[1] < at + HORIZON else None


def _duties(roster: Roster, person: str, since: datetime) -> Iterator[Interval]:
    """The unbroken duties that end after `since`, in order, the first perhaps cut at its beginning. They end at the horizon."""
    since = since.astimezone(UTC)
    horizon = since + HORIZON
    extra = sorted((shift.starts, shift.ends) for shift in roster.extra_shifts if shift.person == person and shift.ends > since)
    away = sorted((absence.starts, absence.ends) for absence in roster.absences if absence.person == person)
    on = merge(_shifts(roster.playbook, person, since, horizon), extra)
    return _minus(_joined(takewhile(lambda interval: interval[0] < horizon, on)), away, since)


def _shifts(playbook: Playbook, person: str, since: datetime, horizon: datetime) -> Iterable[Interval]:
    if is_always_on_duty(playbook, person):
        return ((since, horizon),)
    calendar = _calendar(playbook, person)
    return () if calendar is None else open_intervals(calendar.pinned(since.date()), since)


def _calendar(playbook: Playbook, person: str) -> Calendar | None:
    shifts = next((known.shifts for known in playbook.people if known.name == person), None)
    return None if shifts is None else playbook.calendars[shifts]


def _joined(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """The intervals, given by their beginnings, with those that overlap or adjoin made one."""
    begin = end = None
    for next_begin, next_end in intervals:
        if begin is not None and end is not None and next_begin <= end:
            end = max(end, next_end)
            continue
        if begin is not None and end is not None:
            yield begin, end
        begin, end = next_begin, next_end
    if begin is not None and end is not None:
        yield begin, end


def _minus(intervals: Iterable[Interval], away: Collection[Interval], since: datetime) -> Iterator[Interval]:
    """What is left of the intervals after `since` without the times away, both in order."""
    for begin, end in intervals:
        for gone, back in away:
            if gone >= end or back <= begin:
                continue
            if begin < gone and gone > since:
                yield begin.astimezone(UTC), gone.astimezone(UTC)
            begin = back
        if begin < end and end > since:
            yield begin.astimezone(UTC), end.astimezone(UTC)


def _duty_in_words(roster: Roster, person: str, until: datetime | None) -> str:
    end = "" if until is None else f" until {_local(until, zone_of(roster.playbook, person))}"
    return f"{person} is on duty{end}"


def _before(roster: Roster, team: Team, at: datetime | None) -> str:
    return "" if at is None else f" before {_local(at, zone_of(roster.playbook, team.members[0]))}"


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M %Z}"
