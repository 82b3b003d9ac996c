"""The merchant's rules as data. A case pins the version it was born with (P6); `version` is the hash of the content."""

import re
from collections.abc import Container
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from domain.calendars import Calendar
from domain.messages import Channel
from domain.people import Role
from domain.reference_shapes import ReferenceShapes
from domain.routing import RoutingRule
from domain.routing_checks import refuse_unusable
from domain.rule import Duration, Rule
from domain.service_levels import (
    CHANNEL,
    CUSTOMER,
    LEAD,
    MANAGER,
    OWNER,
    AlertChannel,
    ChannelClock,
    Conditions,
    Ladder,
    Overlay,
    ServiceLevel,
    SpecialTarget,
    WaitingParty,
    in_order,
)


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    return value


def _capture(value: str) -> str:
    if re.compile(_regex(value)).groups != 1:
        raise ValueError(f"{value!r} must have exactly one group: what it finds is what stands in the group")
    return value


Regex = Annotated[str, AfterValidator(_regex)]
Capture = Annotated[str, AfterValidator(_capture)]
"""A regular expression with one group. Letter case is ignored, and `^` and `$` mean a line, in both."""


def _origin(value: str) -> str:
    """Compared letter by letter with what browsers send (RFC 6454 section 6.2), so it must be written as they write it."""
    parts = urlsplit(value)
    default_port = {"https": 443, "http": 80}.get(parts.scheme)
    if default_port is None or value != f"{parts.scheme}://{parts.netloc}" or not parts.hostname or "@" in value:
        raise ValueError(f"{value!r} is no origin: write scheme and host only, such as https://shop.example.com")
    if value != value.lower() or parts.port == default_port:
        raise ValueError(f"{value!r} is not how browsers write it: in lower case and without the default port")
    return value


Origin = Annotated[str, AfterValidator(_origin)]
"""Scheme, host and port of a web page."""


class Queue(Rule):
    """Where work of one kind waits. Members of `team` own its work; `owner` answers for it while none of them is on duty."""

    title: str
    team: str
    owner: str


class Person(Rule):
    name: str
    email: str
    role: Role
    shifts: str | None = None
    """The calendar of their working hours; without one they are always on duty."""


class Team(Rule):
    """People who share work. `lead` and `manager` are people too, and members only if they are named as such."""

    title: str
    members: tuple[str, ...]
    lead: str
    manager: str


class PostalAddress(Rule):
    name: str
    company: str
    phone: str
    street: str
    city: str
    state: str = ""
    postal_code: str
    country_code: str


class Store(Rule):
    """One storefront and brand."""

    title: str
    address: str
    """The support address: mail to it belongs to this store, and our mail comes from it."""
    languages: tuple[str, ...]
    service_level: str
    signature: dict[str, str]
    """By language."""
    carrier_account: str
    carrier_code: str
    carrier_id: str
    carrier_service: str
    ledger_account: str
    invoice_number: str = "INV-{order_id}"
    """How the ledger numbers the invoice of an order."""
    references: ReferenceShapes = ReferenceShapes()
    """How the numbers that its buyers write look."""
    warehouse: PostalAddress
    tiers: dict[str, str] = {}
    """Tier by the store's customer group id (as text)."""
    company_tiers: dict[str, str] = {}
    """Tier by the store's own id of a company (as text); it beats that of the group."""
    chat_origins: tuple[Origin, ...] = ()
    """The sites whose pages may carry this store's chat widget."""

    def tier_of(self, company_id: str, group_id: str | None) -> str | None:
        """The tier of a company; None where the playbook names none."""
        return self.company_tiers.get(company_id) or self.tiers.get(group_id or "")


class Portal(Rule):
    """The procurement system of one buying company: mail that no person wrote and that is business all the same (A4)."""

    store: str
    company: str
    company_id: str
    """The store's own id of the company."""
    senders: Annotated[tuple[str, ...], Field(min_length=1)]
    """Addresses it writes from, or domains (`@ariba.example`, which includes what is below it)."""
    says: Regex | None = None
    """What else subject or body must hold, where one address writes for several companies."""
    subject: Capture | None = None
    """Finds the purchase order number in the subject; `body` and `attachment` (a file's name) likewise."""
    body: Capture | None = None
    attachment: Capture | None = None
    person: Capture | None = None
    """Finds the name of the person behind it in the body."""
    reply_to: str | None = None
    """Where answers go; without it the portal takes none by mail."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for sender in self.senders:
            local, at, domain = sender.rpartition("@")
            if not at or "." not in domain or re.search(r"\s|@", local):
                raise ValueError(f"senders: {sender!r} is neither an address nor a domain written as @portal.example")
        if not (self.subject or self.body or self.attachment):
            raise ValueError("one of subject, body and attachment must say where the purchase order number stands")
        return self

    def writes_from(self, address: str) -> bool:
        """Whether this is one of its addresses."""
        wanted = address.strip().lower()
        domain = wanted.rpartition("@")[2]
        return any(
            domain == known[1:] or domain.endswith(f".{known[1:]}") if known.startswith("@") else wanted == known
            for known in (sender.lower() for sender in self.senders)
        )


class ReturnRules(Rule):
    """What a return must keep to. Limits are the largest amount, tax included, that a role may approve itself, in the
    order's currency; a role that is not named may approve nothing."""

    approval_limit: dict[Role, Decimal]
    approver: Role
    approval_deadline: Duration
    parcel_deadline: Duration
    inspection_deadline: Duration
    reasons: tuple[str, ...]

    def limit(self, role: Role) -> Decimal | None:
        """The largest amount this role may approve; None where there is no limit (admin)."""
        return None if role is Role.ADMIN else self.approval_limit.get(role, Decimal(0))


class TicketRules(Rule):
    reopen_window: Duration
    """Elapsed time after resolving in which a reply reopens the ticket; then it closes."""
    default_tier: str
    default_queue: str
    merge_window: Duration
    """Elapsed time within which a company's messages about one order and matter are one ticket."""
    reply_chase: Duration
    """Elapsed time after which a ticket that waits for a party is put before its owner again, where `waiting` says nothing else
    of that party."""
    acknowledged_for: Duration
    """Business time of whoever acknowledged a missed promise in which its ladder climbs no further."""
    handover_before: Duration = timedelta(minutes=30)
    """Elapsed time before the end of a person's duty in which they get no new work if a colleague stays longer."""


class MailRules(Rule):
    """How many mails a minute one sender, and one domain that is no public mail service, may send by SMTP. More are told to
    come again later."""

    per_sender: int = Field(default=60, gt=0)
    per_domain: int = Field(default=600, gt=0)


class Playbook(Rule):
    """All rules of the merchant, checked as a whole: every name that is used exists."""

    version: str = Field(description="hash of the files' content")
    stores: dict[str, Store]
    calendars: dict[str, Calendar]
    service_levels: dict[str, ServiceLevel]
    queues: dict[str, Queue]
    people: tuple[Person, ...]
    routing: tuple[RoutingRule, ...]
    teams: dict[str, Team]
    portals: dict[str, Portal] = {}
    returns: ReturnRules
    tickets: TicketRules
    mail: MailRules = MailRules()
    ladders: dict[str, Annotated[Ladder, AfterValidator(in_order)]]
    alert_channels: dict[str, AlertChannel] = {}
    waiting: dict[str, WaitingParty] = {}
    channel_clocks: tuple[ChannelClock, ...] = ()
    overlays: tuple[Overlay, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        people = [person.name for person in self.people]
        for key, store in self.stores.items():
            _known(f"stores.{key}.service_level", store.service_level, self.service_levels)
            targets = self.service_levels[store.service_level].targets
            for kind, tiers in (("tiers", store.tiers), ("company_tiers", store.company_tiers)):
                for who, tier in tiers.items():
                    _known(f"stores.{key}.{kind}.{who}", tier, targets)
        for key, portal in self.portals.items():
            _known(f"portals.{key}.store", portal.store, self.stores)
        for key, level in self.service_levels.items():
            _known(f"service_levels.{key}.calendar", level.calendar, self.calendars)
            _known(f"service_levels.{key}.ladder", level.ladder, self.ladders)
            _known(f"service_levels.{key}.targets", self.tickets.default_tier, level.targets)
            if level.aging is not None:
                _known(f"service_levels.{key}.aging.ladder", level.aging.ladder, self.ladders)
            self._special_known(f"service_levels.{key}.special", level.special, level.targets)
        for key, ladder in self.ladders.items():
            for index, step in enumerate(ladder):
                channels = {f"{CHANNEL}{name}" for name in self.alert_channels}
                _known(f"ladders.{key}.{index}.to", step.to, {*people, OWNER, LEAD, MANAGER, *channels})
        for key, channel in self.alert_channels.items():
            if channel.mail is not None and (store := self.store_of(channel.mail)) is not None:
                raise ValueError(
                    f"alert_channels.{key}.mail: {channel.mail} is the support address of {store}, where an alert would open "
                    "a ticket; give an address that people read"
                )
        for key, party in self.waiting.items():
            if party.calendar is not None:
                _known(f"waiting.{key}.calendar", party.calendar, self.calendars)
            if party.to is not None and "@" not in party.to:
                _known(f"waiting.{key}.to", party.to, {*people, CUSTOMER})
        for index, clock in enumerate(self.channel_clocks):
            if clock.ladder is not None:
                _known(f"channel_clocks.{index}.ladder", clock.ladder, self.ladders)
        tiers = {tier for level in self.service_levels.values() for tier in level.targets}
        for index, overlay in enumerate(self.overlays):
            for store in overlay.stores:
                _known(f"overlays.{index}.stores", store, self.stores)
            for tier in overlay.targets:
                _known(f"overlays.{index}.targets", tier, tiers)
            self._special_known(f"overlays.{index}.special", overlay.special, tiers)
        for key, queue in self.queues.items():
            _known(f"queues.{key}.owner", queue.owner, people)
            _known(f"queues.{key}.team", queue.team, self.teams)
        _known("tickets.default_queue", self.tickets.default_queue, self.queues)
        languages = {key: store.languages for key, store in self.stores.items()}
        tiers = {key: self.service_levels[store.service_level].targets for key, store in self.stores.items()}
        refuse_unusable(self.routing, self.queues, people, languages, tiers)
        for key, team in self.teams.items():
            for place, name in (("lead", team.lead), ("manager", team.manager), *(("members", name) for name in team.members)):
                _known(f"teams.{key}.{place}", name, people)
        for person in self.people:
            if person.shifts is not None:
                _known(f"people.{person.name}.shifts", person.shifts, self.calendars)
        return self

    @model_validator(mode="after")
    def _teams_can_work(self) -> Self:
        without_shifts = {person.name for person in self.people if person.shifts is None}
        for key, team in self.teams.items():
            if not team.members:
                raise ValueError(f"teams.{key}.members: is empty; name at least one of people.yaml")
            always_answer = {queue.owner for queue in self.queues.values() if queue.team == key}
            for name in team.members:
                if name in without_shifts - always_answer:
                    raise ValueError(
                        f"teams.{key}.members: {name} has no shifts; give them a calendar as `shifts` in people.yaml, "
                        "or make them the owner of a queue of this team"
                    )
        return self

    def _special_known(self, where: str, special: tuple[SpecialTarget, ...], tiers: Container[str]) -> None:
        seen: set[Conditions] = set()
        for index, target in enumerate(special):
            place = f"{where}.{index}"
            if target.calendar is not None:
                _known(f"{place}.calendar", target.calendar, self.calendars)
            if target.ladder is not None:
                _known(f"{place}.ladder", target.ladder, self.ladders)
            for tier in target.when.tier:
                _known(f"{place}.when.tier", tier, tiers)
            for queue in target.when.queue:
                _known(f"{place}.when.queue", queue, self.queues)
            for channel in target.when.channel:
                _known(f"{place}.when.channel", channel, set(Channel))
            if target.when in seen:
                raise ValueError(f"{place}: another one has the same conditions ({target.when.words}); make them one")
            seen.add(target.when)

    def store_of(self, address: str) -> str | None:
        """The store a support address belongs to, letter case ignored."""
        wanted = address.strip().lower()
        return next((key for key, store in self.stores.items() if store.address.lower() == wanted), None)


def _known(where: str, name: str, known: Container[str]) -> None:
    if name not in known:
        raise ValueError(f"{where}: {name!r} is not defined")
