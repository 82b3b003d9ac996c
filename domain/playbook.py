"""The merchant's rules as data. A case pins the version it was born with (P6); `version` is the hash of the content."""

import re
from datetime import time, timedelta
from decimal import Decimal
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.mistakes import Mistakes
from domain.people import Role
from domain.reference_shapes import ReferenceShapes


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _duration(value: object) -> object:
    """Reads `30m`, `4h`, `2d` as people write them; ISO 8601 (`PT2S`) is what it is written back as."""
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if isinstance(value, str) and not value.startswith("P"):
        if value[-1:] not in units or not value[:-1].isdigit():
            raise ValueError(f"{value!r} is no duration: write it as 30m, 4h or 2d")
        return timedelta(**{units[value[-1]]: int(value[:-1])})
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]


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


class Hours(_Rule):
    """One interval of opening hours, the same on each of `days` (0 is Monday), in the calendar's zone."""

    days: tuple[int, ...]
    opens: time
    closes: time

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError(f"closes {self.closes} is not after opens {self.opens}")
        if not self.days or any(day not in range(7) for day in self.days):
            raise ValueError("days are numbers from 0 (Monday) to 6 (Sunday), at least one")
        return self


class Calendar(_Rule):
    """Business time of one place. `zone` is an IANA name."""

    name: str
    zone: str
    hours: tuple[Hours, ...]


class Target(_Rule):
    """What a tier is promised, in business time of the calendar."""

    first_response: Duration
    resolution: Duration


class EscalationStep(_Rule):
    """After the deadline is missed by `after` (business time), `to` (a person's name) is told and owns the ticket if
    `takes_over`."""

    after: Duration
    to: str
    takes_over: bool = False


class ServiceLevel(_Rule):
    """The promises of one store: targets by tier, one calendar, when to warn and whom to escalate to."""

    calendar: str
    targets: dict[str, Target]
    warn_before: Duration
    """Business time before a deadline at which its owner is warned."""
    ladder: tuple[EscalationStep, ...]


class Queue(_Rule):
    """Where work of one kind waits. `owner` answers for a ticket nobody else owns."""

    title: str
    intents: tuple[str, ...]
    owner: str


class Person(_Rule):
    name: str
    email: str
    role: Role


class PostalAddress(_Rule):
    name: str
    company: str
    phone: str
    street: str
    city: str
    state: str = ""
    postal_code: str
    country_code: str


class Store(_Rule):
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


class Portal(_Rule):
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


class ReturnRules(_Rule):
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


class TicketRules(_Rule):
    reopen_window: Duration
    """Elapsed time after resolving in which a reply reopens the ticket; then it closes."""
    default_tier: str
    default_queue: str
    merge_window: Duration
    """Elapsed time within which a company's messages about one order and matter are one ticket."""
    reply_chase: Duration
    """Elapsed time after which a ticket that waits for a party is put before its owner again."""


class MailRules(_Rule):
    """How many mails a minute one sender, and one domain that is no public mail service, may send by SMTP. More are told to
    come again later."""

    per_sender: int = Field(default=60, gt=0)
    per_domain: int = Field(default=600, gt=0)


class Playbook(_Rule):
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
    templates: dict[str, str] = Field(default={}, exclude=True, repr=False)
    """The texts by file name, such as `return_label.en.jinja`. They are no part of what is kept of a version."""

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        mistakes, people, zones = Mistakes(), {person.name for person in self.people}, available_timezones()
        for key, store in self.stores.items():
            mistakes.require(("stores", key, "service_level"), store.service_level, self.service_levels, "service level")
        for key, portal in self.portals.items():
            mistakes.require(("portals", key, "store"), portal.store, self.stores, "store")
        for key, calendar in self.calendars.items():
            mistakes.require(("calendars", key, "zone"), calendar.zone, zones, "time zone")
        for key, level in self.service_levels.items():
            place = ("service_levels", key)
            mistakes.require((*place, "calendar"), level.calendar, self.calendars, "calendar")
            if self.tickets.default_tier not in level.targets:
                words = f"there are no targets for the tier {self.tickets.default_tier!r}, which is the default tier. Add them."
                mistakes.add((*place, "targets"), words)
            for number, step in enumerate(level.ladder):
                mistakes.require((*place, "ladder", number, "to"), step.to, people, "person")
        for key, queue in self.queues.items():
            mistakes.require(("queues", key, "owner"), queue.owner, people, "person")
        mistakes.require_unique(((("people", number, "name"), each.name) for number, each in enumerate(self.people)), "person")
        mistakes.require(("tickets", "default_queue"), self.tickets.default_queue, self.queues, "queue")
        mistakes.raise_found()
        return self

    def queue_for(self, intent: str) -> str:
        """The first queue that takes this intent, else the default queue."""
        return next((key for key, queue in self.queues.items() if intent in queue.intents), self.tickets.default_queue)

    def store_of(self, address: str) -> str | None:
        """The store a support address belongs to, letter case ignored."""
        wanted = address.strip().lower()
        return next((key for key, store in self.stores.items() if store.address.lower() == wanted), None)
