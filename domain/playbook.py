"""The merchant's rules as data. A case pins the version it was born with (P6); `version` is the hash of the content."""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from domain.calendars import Calendar
from domain.messages import Channel
from domain.mistakes import Mistakes, Place
from domain.people import Role
from domain.reference_shapes import ReferenceShapes
from domain.rule import Duration, Rule
from domain.service_levels import (
    CHANNEL,
    CUSTOMER,
    LEAD,
    MANAGER,
    OWNER,
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
    """Where work of one kind waits. `owner` answers for a ticket nobody else owns."""

    title: str
    intents: tuple[str, ...]
    owner: str


class Person(Rule):
    name: str
    email: str
    role: Role


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
    chat_origins: tuple[Origin, ...] = ()
    """The sites whose pages may carry this store's chat widget."""


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
    portals: dict[str, Portal] = {}
    returns: ReturnRules
    tickets: TicketRules
    mail: MailRules = MailRules()
    ladders: dict[str, Annotated[Ladder, AfterValidator(in_order)]]
    waiting: dict[str, WaitingParty] = {}
    channel_clocks: tuple[ChannelClock, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    templates: dict[str, str] = Field(default={}, exclude=True, repr=False)
    """The texts by file name, such as `return_label.en.jinja`. They are no part of what is kept of a version."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        mistakes, people = Mistakes(), {person.name for person in self.people}
        for key, store in self.stores.items():
            mistakes.require(("stores", key, "service_level"), store.service_level, self.service_levels, "service level")
        for key, portal in self.portals.items():
            mistakes.require(("portals", key, "store"), portal.store, self.stores, "store")
        for key, queue in self.queues.items():
            mistakes.require(("queues", key, "owner"), queue.owner, people, "person")
        mistakes.require_unique(
            ((("people", index, "name"), person.name) for index, person in enumerate(self.people)), "person"
        )
        mistakes.require(("tickets", "default_queue"), self.tickets.default_queue, self.queues, "queue")
        self._levels_fit(mistakes)
        self._clocks_fit(mistakes, people)
        mistakes.raise_found()
        return self

    def _levels_fit(self, mistakes: Mistakes) -> None:
        for key, level in self.service_levels.items():
            place, tier = ("service_levels", key), self.tickets.default_tier
            mistakes.require((*place, "calendar"), level.calendar, self.calendars, "calendar")
            mistakes.require((*place, "ladder"), level.ladder, self.ladders, "ladder")
            if tier not in level.targets:
                mistakes.add((*place, "targets"), f"there are none for the tier {tier!r}, which is the default tier. Add them.")
            if level.aging is not None:
                mistakes.require((*place, "aging", "ladder"), level.aging.ladder, self.ladders, "ladder")
            self._special_fit(mistakes, (*place, "special"), level.special, level.targets)
        tiers = {tier for level in self.service_levels.values() for tier in level.targets}
        for index, overlay in enumerate(self.overlays):
            for number, store in enumerate(overlay.stores):
                mistakes.require(("overlays", index, "stores", number), store, self.stores, "store")
            for tier in overlay.targets:
                mistakes.require(("overlays", index, "targets", tier), tier, tiers, "tier")
            self._special_fit(mistakes, ("overlays", index, "special"), overlay.special, tiers)

    def _special_fit(
        self, mistakes: Mistakes, where: Place, special: tuple[SpecialTarget, ...], tiers: Collection[str]
    ) -> None:
        known = {"tier": tiers, "queue": self.queues, "channel": [channel.value for channel in Channel]}
        seen: set[Conditions] = set()
        for index, target in enumerate(special):
            place = (*where, index)
            if target.calendar is not None:
                mistakes.require((*place, "calendar"), target.calendar, self.calendars, "calendar")
            if target.ladder is not None:
                mistakes.require((*place, "ladder"), target.ladder, self.ladders, "ladder")
            for kind, names in known.items():
                for number, name in enumerate(getattr(target.when, kind)):
                    mistakes.require((*place, "when", kind, number), name, names, kind)
            if target.when in seen:
                mistakes.add(place, f"another one has the same conditions ({target.when.words}). Make them one.")
            seen.add(target.when)

    def _clocks_fit(self, mistakes: Mistakes, people: set[str]) -> None:
        for key, ladder in self.ladders.items():
            for index, step in enumerate(ladder):
                if not step.to.startswith(CHANNEL):
                    mistakes.require(("ladders", key, index, "to"), step.to, people | {OWNER, LEAD, MANAGER}, "person")
        for key, party in self.waiting.items():
            if party.calendar is not None:
                mistakes.require(("waiting", key, "calendar"), party.calendar, self.calendars, "calendar")
            if party.to is not None and "@" not in party.to:
                mistakes.require(("waiting", key, "to"), party.to, people | {CUSTOMER}, "person")
        for index, clock in enumerate(self.channel_clocks):
            if clock.ladder is not None:
                mistakes.require(("channel_clocks", index, "ladder"), clock.ladder, self.ladders, "ladder")

    def queue_for(self, intent: str) -> str:
        """The first queue that takes this intent, else the default queue."""
        return next((key for key, queue in self.queues.items() if intent in queue.intents), self.tickets.default_queue)

    def store_of(self, address: str) -> str | None:
        """The store a support address belongs to, letter case ignored."""
        wanted = address.strip().lower()
        return next((key for key, store in self.stores.items() if store.address.lower() == wanted), None)
