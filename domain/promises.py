"""The promises a case is born with (P6): all targets that may apply to it, the calendars they are counted in, the ladders they
climb. What applies at a moment is the most specific target, and it says why."""

import marshal
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidatorFunctionWrapHandler, WrapValidator

from domain.calendars import Calendar
from domain.playbook import Playbook
from domain.service_levels import (
    CHANNEL,
    LEAD,
    MANAGER,
    OWNER,
    Aging,
    AlertChannel,
    ChannelClock,
    Conditions,
    Ladder,
    Overlay,
    SpecialTarget,
    Target,
    WaitingParty,
)


class ClockName(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    CHANNEL_RESPONSE = "channel_response"
    STALLED = "stalled"
    WAITING = "waiting"
    SNOOZE = "snooze"
    REOPEN_WINDOW = "reopen_window"
    APPROVAL = "approval"
    PARCEL = "parcel"
    INSPECTION = "inspection"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


TARGETED = (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE, ClockName.RESOLUTION)
"""The clocks whose length is a target of the service level."""
PROMISED = (*TARGETED, ClockName.CHANNEL_RESPONSE)
"""The clocks of what a customer was promised, by us or by the channel."""


class TargetRule(BaseModel):
    """One target. `overlay` names the planned time (`starts` to `ends`) it belongs to; it then beats every ordinary one."""

    model_config = ConfigDict(frozen=True)

    clock: ClockName
    within: timedelta
    when: Conditions = Conditions()
    calendar: str
    ladder: str | None = None
    overlay: str | None = None
    starts: AwareDatetime | None = None
    ends: AwareDatetime | None = None
    in_flight: bool = False

    def holds(self, about: "About", at: datetime) -> bool:
        """Whether it applies to a clock that starts at `at`."""
        if self.starts is not None and self.ends is not None and not self.starts <= at < self.ends:
            return False
        when = self.when
        return (
            (not when.tier or about.tier in when.tier)
            and (not when.queue or about.queue in when.queue)
            and (not when.channel or about.channel in when.channel)
            and (not when.tag or any(tag in when.tag for tag in about.tags))
        )

    @property
    def weight(self) -> tuple[bool, int, tuple[bool, ...]]:
        """The larger wins: a planned time first, then the number of conditions, then tag before channel, queue and tier."""
        given = self.when.given
        return self.overlay is not None, len(given), tuple(name in given for name in Conditions.model_fields)

    @property
    def words(self) -> str:
        place = self.when.words or "every case"
        return f"{place}, during “{self.overlay}”" if self.overlay else place


_YEARS_OF_DEADLINES, _YEARS_OF_SHIFTS = 2, 1
"""How far ahead holidays are written out: they travel with every case."""


class About(NamedTuple):
    """What of a case decides on its targets."""

    tier: str
    queue: str | None = None
    channel: str | None = None
    tags: tuple[str, ...] = ()


class Promises(BaseModel):
    """Pinned at the birth of a case. Calendars and ladders by name; `shifts` names each person's calendar, `leads` and
    `managers` those of the team of each queue. `acknowledged_for` is business time."""

    model_config = ConfigDict(frozen=True)

    version: str = ""
    store: str = ""
    calendar: str | None = None
    """The calendar in which steps are counted that go to somebody without shifts; None: elapsed time."""
    calendars: dict[str, Calendar] = {}
    ladders: dict[str, Ladder] = {}
    channels: dict[str, AlertChannel] = {}
    """Alert channels that steps of the ladders may go to."""
    ladder: str | None = None
    """The ladder of clocks that name none, in a process whose deadlines are no targets."""
    targets: tuple[TargetRule, ...] = ()
    shifts: dict[str, str] = {}
    leads: dict[str, str] = {}
    managers: dict[str, str] = {}
    acknowledged_for: timedelta = timedelta(0)
    parties: dict[str, WaitingParty] = {}
    channel_clocks: tuple[ChannelClock, ...] = ()
    aging: Aging | None = None
    due_comes_first: bool = False
    """Whether a promise to the customer that is due is told before what has arrived meanwhile is applied: an answer that waited
    through an outage does not make a missed promise look kept. False: born before there was that rule."""

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self

    def target(self, clock: ClockName, about: About, at: datetime) -> TargetRule | None:
        """The most specific target of this clock that holds; of equals the first."""
        holding = [rule for rule in self.targets if rule.clock is clock and rule.holds(about, at)]
        return max(holding, key=lambda rule: rule.weight, default=None)

    def why(self, rule: TargetRule, about: About, at: datetime) -> str:
        """Which target it is, by which version, and which less specific ones it beat."""
        beaten = [
            f"{each.words}: {in_words(each.within)}"
            for each in self.targets
            if each.clock is rule.clock and each != rule and each.holds(about, at)
        ]
        beats = f" It is more specific than {'; '.join(beaten)}." if beaten else ""
        return f"Promised at {self.store} for {rule.words}, playbook {self.version}.{beats}"

    def know(self, calendar: str | None, ladder: str | None) -> bool:
        """Whether a clock with this calendar and ladder can be judged by them."""
        return (calendar is None or calendar in self.calendars) and (ladder is None or ladder in self.ladders)

    def boundaries(self) -> list[datetime]:
        """When what is promised to cases under way changes, in order."""
        moments = {moment for rule in self.targets if rule.in_flight for moment in (rule.starts, rule.ends) if moment}
        return sorted(moments)

    def person(self, to: str, owner: str | None, queue: str | None) -> str | None:
        """Whom a step of a ladder means; None where nobody has that part."""
        match to:
            case _ if to == OWNER:
                return owner
            case _ if to == LEAD:
                return self.leads.get(queue or "", owner)
            case _ if to == MANAGER:
                return self.managers.get(queue or "", owner)
        return to

    def channel(self, to: str) -> AlertChannel | None:
        """The alert channel a step goes to; None where it goes to a person."""
        return self.channels.get(to.removeprefix(CHANNEL)) if to.startswith(CHANNEL) else None

    def title_of(self, to: str) -> str:
        """How whom a step goes to is called in the case file."""
        channel = self.channel(to)
        return to if channel is None else channel.title

    def calendar_of(self, person: str | None) -> Calendar | None:
        """The hours in which a person can be told something; None: at any time."""
        name = self.shifts.get(person or "", self.calendar)
        return self.calendars[name] if name is not None else None


_KINDS_KEPT = 100
_WITHOUT_REFERENCES = 2
"""The version of `marshal` whose bytes hang on the content alone."""
_read: dict[bytes, Promises] = {}


def _one_of_a_kind(data: Any, validate: ValidatorFunctionWrapHandler) -> Promises:
    if not isinstance(data, dict):
        return validate(data)
    try:
        written = marshal.dumps(data, _WITHOUT_REFERENCES)
    except ValueError:  # not read, but made of models
        return validate(data)
    if written not in _read:
        if len(_read) >= _KINDS_KEPT:
            _read.clear()
        _read[written] = validate(data)
    return _read[written]


SharedPromises = Annotated[Promises, WrapValidator(_one_of_a_kind)]
"""Thousands of cases carry the same promises, and reading them takes longer than all else of a case: as this field, what was
read before is the same object."""


def promises_of(playbook: Playbook, store: str, at: datetime) -> Promises:
    """All promises of a store for a case that is born at `at`."""
    level = playbook.service_levels[playbook.stores[store].service_level]
    targets = [
        *_by_tier(level.targets, level.calendar, level.ladder),
        *_special(level.special, level.calendar, level.ladder),
    ]
    for overlay in playbook.overlays:
        if overlay.ends > at and (not overlay.stores or store in overlay.stores):
            planned = [
                *_by_tier(overlay.targets, level.calendar, level.ladder),
                *_special(overlay.special, level.calendar, level.ladder),
            ]
            targets += [_during(overlay, rule) for rule in planned]
    shifts = {person.name: person.shifts for person in playbook.people if person.shifts is not None}
    counted = {level.calendar, *(rule.calendar for rule in targets)}
    counted |= {party.calendar for party in playbook.waiting.values() if party.calendar is not None}
    years = {name: _YEARS_OF_SHIFTS for name in shifts.values()} | dict.fromkeys(counted, _YEARS_OF_DEADLINES)
    return Promises(
        version=playbook.version,
        store=store,
        calendar=level.calendar,
        calendars={name: playbook.calendars[name].pinned(at.date(), known) for name, known in sorted(years.items())},
        ladders=playbook.ladders,
        channels=playbook.alert_channels,
        ladder=level.ladder,
        targets=tuple(targets),
        shifts=shifts,
        leads={key: playbook.teams[queue.team].lead for key, queue in playbook.queues.items()},
        managers={key: playbook.teams[queue.team].manager for key, queue in playbook.queues.items()},
        acknowledged_for=playbook.tickets.acknowledged_for,
        parties=playbook.waiting,
        channel_clocks=tuple(clock for clock in playbook.channel_clocks if clock.until is None or clock.until > at.date()),
        aging=level.aging,
        due_comes_first=True,
    )


def in_words(amount: timedelta) -> str:
    """`1 h 30 min`, `45 min`, `20 s`, `0 min`."""
    seconds = round(amount.total_seconds())
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest)
    return " ".join(parts) or "0 min"


def _by_tier(targets: dict[str, Target], calendar: str, ladder: str) -> list[TargetRule]:
    return [
        TargetRule(clock=clock, within=within, when=Conditions(tier=(tier,)), calendar=calendar, ladder=ladder)
        for tier, target in targets.items()
        for clock in TARGETED
        if (within := getattr(target, clock.value)) is not None
    ]


def _special(special: tuple[SpecialTarget, ...], calendar: str, ladder: str) -> list[TargetRule]:
    return [
        TargetRule(clock=clock, within=within, when=each.when, calendar=each.calendar or calendar, ladder=each.ladder or ladder)
        for each in special
        for clock in TARGETED
        if (within := getattr(each, clock.value)) is not None
    ]


def _during(overlay: Overlay, rule: TargetRule) -> TargetRule:
    planned = {"overlay": overlay.title, "starts": overlay.starts, "ends": overlay.ends, "in_flight": overlay.in_flight}
    return rule.model_copy(update=planned)


def promises_of_first_shape(version: str, promise: dict[str, Any], targets: dict[str, Any]) -> dict[str, Any]:
    """The promises of a case that was born when each clock had its calendar, warning and ladder in itself."""
    calendar = promise["calendar"]["name"]
    steps: list[dict[str, Any]] = [*promise.get("ladder", ())]
    if promise.get("warn_before") not in (None, "PT0S"):
        steps.insert(0, {"before": promise["warn_before"], "to": OWNER})
    rules = [
        {"clock": clock, "within": within, "when": {"tier": [tier]}, "calendar": calendar, "ladder": "ladder"}
        for tier, target in targets.items()
        for clock, within in target.items()
        if within is not None
    ]
    return {
        "version": version,
        "calendar": calendar,
        "calendars": {calendar: promise["calendar"]},
        "ladders": {"ladder": steps},
        "ladder": "ladder",
        "targets": rules,
    }


def clock_of_first_shape(clock: dict[str, Any], promise: dict[str, Any] | None) -> dict[str, Any]:
    """A clock that was started when its explanation was kept with it, and the time left in place of the time used."""
    old = dict(clock)
    warned, warn_at, climbed = old.pop("warned", False), old.pop("warn_at", None), old.pop("climbed", 0)
    remaining = old.pop("remaining", None)
    warns = promise is not None and promise.get("warn_before") not in (None, "PT0S")
    return old | {
        "because": old.pop("explanation", []),
        "running_since": old["started_at"],
        "left_when_paused": remaining,
        "taken": climbed + (warns and (warned or warn_at is None)),
        "calendar": promise["calendar"]["name"] if promise is not None and old["name"] in TARGETED else None,
        "ladder": "ladder" if promise is not None else None,
    }
