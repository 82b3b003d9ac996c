"""A month of work under random shifts, absences and clock changes: no minute in which a ticket has no owner who is there (E5).

The rule is held against minutes counted by hand: each minute of the month is read off the wall clock of the person's zone.
Shifts keep away from the hours in which clocks change; what those mean is tested with business time.
"""

import heapq
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendars import Calendar, Hours
from domain.playbook import Playbook
from domain.roster import Absence, Duty, ExtraShift, Roster, choose_owner, keep_owner, stand_ins
from tests.domain.rosters import QUEUE, playbook_of

MINUTES = 31 * 24 * 60
STARTS = (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC))
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")
MEMBERS = ("Ann", "Bob", "Cid", "Dee")
Flags = numpy.ndarray

minutes = st.integers(0, MINUTES - 1)


@dataclass(frozen=True)
class Change:
    """An absence or extra shift, in minutes of the month: what it says, when it was entered and when taken out again."""

    person: str
    is_absence: bool
    starts: int
    ends: int
    entered: int
    removed: int


@dataclass
class Ticket:
    ends: int
    owner: str = ""
    until: int = MINUTES
    owners: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Month:
    begins: datetime
    playbook: Playbook
    changes: list[Change]
    arrivals: list[tuple[int, int]]
    seed: int


@st.composite
def shifts(draw: st.DrawFn) -> Calendar:
    count_of_hours = draw(st.integers(1, 3))
    quarters = st.lists(st.integers(4 * 4, 24 * 4 - 1), min_size=2 * count_of_hours, max_size=2 * count_of_hours, unique=True)
    bounds = [time(quarter // 4, quarter % 4 * 15) for quarter in sorted(draw(quarters))]
    hours = []
    for opens, closes in zip(bounds[::2], bounds[1::2], strict=True):
        days = tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=7))))
        hours.append(Hours(days=days, opens=opens, closes=closes))
    return Calendar(name="shift", zone=draw(st.sampled_from(ZONES)), hours=tuple(hours))


@st.composite
def months(draw: st.DrawFn) -> Month:
    members: dict[str, Calendar | None] = {name: draw(shifts()) for name in MEMBERS[: draw(st.integers(1, 4))]}
    owner = draw(st.sampled_from(["Olga", *members]))
    owner_shifts = draw(st.none() | shifts())
    if owner in members and owner_shifts is None and draw(st.booleans()):
        members[owner] = None
    changes = []
    for _ in range(draw(st.integers(0, 10))):
        starts, entered = draw(st.integers(-3000, MINUTES - 1)), draw(minutes)
        length = draw(st.integers(1, 7 * 24 * 60))
        removed = draw(st.just(MINUTES) | st.integers(entered, MINUTES))
        who = draw(st.sampled_from([*members, owner]))
        changes.append(Change(who, draw(st.booleans()), starts, starts + length, entered, removed))
    arrivals = draw(st.lists(st.tuples(minutes, st.integers(1, MINUTES)), min_size=1, max_size=8))
    playbook = playbook_of(members, owner, owner_shifts)
    return Month(draw(st.sampled_from(STARTS)), playbook, changes, arrivals, draw(st.integers(0, 999)))


class Work:
    """Tickets that follow the rule: they hand over when a duty ends, and ask again when told that the roster changed."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.tickets: list[Ticket] = []
        self.roster = Roster(month.playbook)
        self._random = random.Random(month.seed)
        self._known: list[Change] = []

    def run(self) -> None:
        order = count()
        events: list[tuple[int, int, int, Ticket | tuple[Change, bool]]] = []
        for minute, length in self.month.arrivals:
            heapq.heappush(events, (minute, 2, next(order), Ticket(ends=minute + length)))
        for change in self.month.changes:
            for minute, entered in ((change.entered, True), (change.removed, False)):
                if minute < MINUTES:
                    heapq.heappush(events, (minute, 0, next(order), (change, entered)))
        while events:
            minute, _, _, what = heapq.heappop(events)
            if isinstance(what, Ticket):
                asking = [what] if not what.owner or what.until == minute else []
            else:
                asking = self._told(*what, minute)
            for ticket in asking:
                self._ask(ticket, minute, kept=not isinstance(what, Ticket))
                if ticket.until < min(ticket.ends, MINUTES):
                    heapq.heappush(events, (ticket.until, 1, next(order), ticket))

    def _told(self, change: Change, entered: bool, minute: int) -> list[Ticket]:
        if entered:
            self._known.append(change)
        else:
            self._known.remove(change)
        begins = self.month.begins
        absences, extra = [], []
        for one in self._known:
            span = {"starts": begins + timedelta(minutes=one.starts), "ends": begins + timedelta(minutes=one.ends)}
            if one.is_absence:
                absences.append(Absence(person=one.person, why="away", **span))
            else:
                extra.append(ExtraShift(person=one.person, why="peak", **span))
        self.roster = Roster(self.month.playbook, tuple(absences), tuple(extra))
        in_place_of_the_team = stand_ins(self.roster, begins + timedelta(minutes=minute)).get(QUEUE)
        running = [ticket for ticket in self.tickets if ticket.ends > minute]
        return [ticket for ticket in running if ticket.owner in (change.person, in_place_of_the_team)]

    def _ask(self, ticket: Ticket, minute: int, *, kept: bool) -> None:
        at = self.month.begins + timedelta(minutes=minute)
        duty = keep_owner(self.roster, QUEUE, ticket.owner, at) if kept else None
        duty = duty or self._chosen(ticket, minute, at)
        if not ticket.owner:
            self.tickets.append(ticket)
        ticket.owner = duty.owner
        ticket.owners.append((minute, duty.owner))
        ticket.until = MINUTES
        if duty.until is not None:
            assert duty.until > at
            ticket.until = -((self.month.begins - duty.until) // timedelta(minutes=1))

    def _chosen(self, ticket: Ticket, minute: int, at: datetime) -> Duty:
        load = {name: sum(other.owner == name and other.ends > minute for other in self.tickets) for name in MEMBERS}
        present = {name for name in MEMBERS if self._random.random() < 0.5}
        but_not = ticket.owner if ticket.owner and self._random.random() < 0.5 else None
        return choose_owner(self.roster, QUEUE, at, load, present, but_not)


@lru_cache
def wall_clock(begins: datetime, zone: str) -> tuple[Flags, Flags]:
    """Weekday and minute of the day in this zone, for each minute of the month."""
    local = [(begins + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)) for minute in range(MINUTES)]
    return numpy.array([at.weekday() for at in local]), numpy.array([at.hour * 60 + at.minute for at in local])


def minutes_on_duty(month: Month, person: str) -> Flags:
    """In which minutes of the month this person is on duty, as far as the roster is known in that minute."""
    shifts_of = {known.name: known.shifts for known in month.playbook.people}[person]
    on = numpy.ones(MINUTES, dtype=bool)
    if shifts_of is not None:
        on[:] = False
        calendar = month.playbook.calendars[shifts_of]
        weekday, of_day = wall_clock(month.begins, calendar.zone)
        for hours in calendar.hours:
            opens, closes = (at.hour * 60 + at.minute for at in (hours.opens, hours.closes))
            on |= numpy.isin(weekday, hours.days) & (of_day >= opens) & (of_day < closes)
    for is_absence in (False, True):
        for change in month.changes:
            if change.person == person and change.is_absence == is_absence:
                on[max(change.starts, change.entered, 0) : max(min(change.ends, change.removed), 0)] = not is_absence
    return on


@settings(max_examples=150, deadline=None)
@given(months())
def test_every_minute_of_every_ticket_has_an_owner_who_is_there(month: Month) -> None:
    work = Work(month)
    work.run()
    duties = {person.name: minutes_on_duty(month, person.name) for person in month.playbook.people}
    team = month.playbook.teams["repairs"].members
    nobody = ~numpy.any([duties[member] for member in team], axis=0)
    named_owner = month.playbook.queues[QUEUE].owner
    assert len(work.tickets) == len(month.arrivals)
    for ticket in work.tickets:
        for (begin, owner), (end, _) in pairwise([*ticket.owners, (min(ticket.ends, MINUTES), "")]):
            there = duties[owner][begin:end]
            if owner == named_owner:
                there = there | nobody[begin:end]
            else:
                assert owner in team
            without = numpy.flatnonzero(~there)
            assert not len(without), f"{owner} is not there {without[0]} minutes after {begin}"
