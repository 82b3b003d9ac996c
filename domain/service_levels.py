"""What a merchant promises and to whom it falls when a promise is in danger, as the playbook says it."""

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from domain.rule import Duration, Rule

CUSTOMER = "customer"
OWNER, LEAD, MANAGER = "owner", "lead", "manager"
CHANNEL = "channel:"
"""A step of a ladder names a person, one of the three above (of the case and its queue's team), or an alert channel with this
before its name."""


def _address(value: str) -> str:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", value):
        raise ValueError(f"{value!r} is no address: write it as alerts@shop.example")
    return value


class AlertChannel(Rule):
    """Where a step of a ladder goes in place of a person: a mail address of many readers, or the account of a webhook."""

    title: str
    mail: Annotated[str, AfterValidator(_address)] | None = None
    webhook: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.mail is None) == (self.webhook is None):
            raise ValueError("an alert channel has one way: give either mail (an address) or webhook (the name of an account)")
        return self


class EscalationStep(Rule):
    """One rung: so long `before` or `after` the deadline `to` is told, and owns the case if `takes_over`. Both are business
    time of the person told, so that nobody is called at night."""

    before: Duration | None = None
    after: Duration | None = None
    to: str = Field(min_length=1)
    takes_over: bool = False

    @model_validator(mode="after")
    def _once(self) -> Self:
        if (self.before is None) == (self.after is None):
            raise ValueError("a step is either before or after the deadline: give one of the two, such as before: 30m")
        if self.before == timedelta(0):
            raise ValueError("before: 0m is the deadline itself; write after: 0m")
        if self.takes_over and self.to.startswith(CHANNEL):
            raise ValueError(f"{self.to} is told, but cannot own a case; leave takes_over out")
        return self

    @property
    def offset(self) -> timedelta:
        """Business time from the deadline, negative before it."""
        return self.after if self.after is not None else -(self.before or timedelta(0))


Ladder = tuple[EscalationStep, ...]


def in_order(steps: Ladder) -> Ladder:
    """Raises ValueError where two steps fall on the same moment or a later one stands first."""
    for earlier, later in pairwise(steps):
        if later.offset <= earlier.offset:
            raise ValueError(
                f"the steps to {earlier.to} and to {later.to} overlap: each must come later than the one before it"
            )
    return steps


class Conditions(Rule):
    """When a target applies: all that are given must hold, each by any of its values."""

    tag: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the conditions given, the weightiest first."""
        return tuple(name for name in type(self).model_fields if getattr(self, name))

    @property
    def words(self) -> str:
        """`channel chat, tier gold`."""
        return ", ".join(f"{name} {' or '.join(getattr(self, name))}" for name in self.given)


class Target(Rule):
    """What a tier is promised, in business time of the calendar. `next_response` is what follows the first, if promised."""

    first_response: Duration
    next_response: Duration | None = None
    resolution: Duration


class SpecialTarget(Rule):
    """What is promised where its conditions hold, in place of the tier's. More conditions beat fewer."""

    when: Conditions
    first_response: Duration | None = None
    next_response: Duration | None = None
    resolution: Duration | None = None
    calendar: str | None = None
    ladder: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.when.given:
            raise ValueError("when: give at least one of tag, channel, queue, tier; what holds for all stands in targets")
        if self.first_response is self.next_response is self.resolution is None:
            raise ValueError("give at least one of first_response, next_response, resolution")
        return self


class Aging(Rule):
    """An open case on which nobody has done anything for so long (business time) goes up its ladder."""

    after: Duration
    ladder: str


class ServiceLevel(Rule):
    """The promises of one store: targets by tier in one calendar, special ones, and whom a missed one goes to."""

    calendar: str
    targets: dict[str, Target]
    special: tuple[SpecialTarget, ...] = ()
    ladder: str
    aging: Aging | None = None


class WaitingParty(Rule):
    """Somebody a case may wait for, and how they are reminded: after each `chase_after`, `chases` times, then the case is back
    before its owner. `calendar` None is elapsed time. `to` is `customer`, a person, or a mail address; without it nobody is
    written to. `template` is the text."""

    title: str
    chase_after: Duration
    calendar: str | None = None
    chases: int = Field(default=0, ge=0, le=10)
    to: str | None = None
    template: str | None = None

    @model_validator(mode="after")
    def _can_be_written_to(self) -> Self:
        if self.chases and not (self.to and self.template):
            raise ValueError(f"chases: {self.chases} reminders need to (whom) and template (what they read)")
        if self.chase_after <= timedelta(0):
            raise ValueError("chase_after must be longer than nothing")
        return self


class CountsFrom(StrEnum):
    """Which of the customer's unanswered messages a channel's deadline counts from."""

    FIRST = "first"
    LAST = "last"


class ChannelClock(Rule):
    """A deadline that the channel itself sets, in elapsed time on every day of the year (E6). It holds for messages received
    on days from `since` to before `until` (UTC). `source` says where the rule is written down."""

    title: str
    channel: str
    provider: str | None = None
    accounts: tuple[str, ...] = ()
    within: Duration
    counts_from: CountsFrom = CountsFrom.FIRST
    people_only: bool = False
    """Whether only an answer by a person counts there."""
    ladder: str | None = None
    since: date
    until: date | None = None
    source: str

    def holds_for(self, channel: str | None, provider: str | None, account: str | None, day: date) -> bool:
        """Whether a message that came in so, on that day, is under this deadline."""
        return (
            channel == self.channel
            and (self.provider is None or provider == self.provider)
            and (not self.accounts or account in self.accounts)
            and self.since <= day
            and (self.until is None or day < self.until)
        )


class Overlay(Rule):
    """A planned time with other promises, such as a peak season: it begins and ends by itself. Clocks that start in it get its
    targets; those under way keep what they were promised, unless `in_flight`."""

    title: str
    starts: AwareDatetime
    ends: AwareDatetime
    stores: tuple[str, ...] = ()
    """Which stores; without any, all."""
    targets: dict[str, Target] = {}
    """By tier."""
    special: tuple[SpecialTarget, ...] = ()
    in_flight: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError(f"ends {self.ends:%Y-%m-%d %H:%M} is not after starts {self.starts:%Y-%m-%d %H:%M}")
        return self

    def covers(self, at: datetime) -> bool:
        return self.starts <= at < self.ends
