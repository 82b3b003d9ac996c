"""The merchant's rules as data. A case pins the version it was born with (P6); `version` is the hash of the content."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from domain.calendars import Calendar
from domain.fitting import look_for_mistakes
from domain.mistakes import Mistakes
from domain.people import Role
from domain.reference_shapes import ReferenceShapes
from domain.routing import RoutingRule
from domain.rule import Duration, Rule
from domain.service_levels import (
    AlertChannel,
    ChannelClock,
    Ladder,
    Overlay,
    ServiceLevel,
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


class Metafield(Rule):
    """Where another application keeps something at an order of the store."""

    namespace: str
    key: str


class Qapla(Rule):
    """Carriers whose parcels are followed at Qapla': its code of each (`BRT`) by the name in the store's shipments."""

    account: str
    couriers: dict[str, str]


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
    qapla: Qapla | None = None
    """All other parcels are followed by the carrier account."""
    ledger_account: str
    invoice_number: str = "INV-{order_id}"
    """How the ledger numbers the invoice of an order."""
    line_notes: Metafield | None = None
    """The order metafield in which the stock system notes backorders and substitutes, by line."""
    restock_location: int | None = None
    """The store's location whose stock accepted goods are added to; none where the stock is kept elsewhere."""
    silent_after: Duration = timedelta(hours=27)
    """Open time of the service level's calendar in which a parcel under way says nothing before that is remarkable."""
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


class ReturnReason(Rule):
    """What holds where goods come back for this reason."""

    window: Duration | None = None
    """Elapsed time from the delivery of the line in which it may be asked back; afterwards the approver may make an exception.
    None: at any time."""
    restocked: bool = False
    """Accepted goods are sold again."""
    fee_percent: Decimal = Field(default=Decimal(0), ge=0, lt=100)
    """Kept back of what is paid back or credited, where nobody says otherwise for the line."""


class ReturnRules(Rule):
    """What a return must keep to. Limits are the largest amount, tax included, that a role may approve itself, in the
    order's currency; a role that is not named may approve nothing."""

    approval_limit: dict[Role, Decimal]
    approver: Role
    approval_deadline: Duration
    parcel_deadline: Duration
    inspection_deadline: Duration
    reasons: dict[str, ReturnReason]

    @field_validator("reasons", mode="before")
    @classmethod
    def _names_alone(cls, reasons: Any) -> Any:
        """A list of names is reasons without rules of their own."""
        return {name: {} for name in reasons} if isinstance(reasons, list | tuple) else reasons

    def may_make_exceptions(self, role: Role) -> bool:
        return role in (self.approver, Role.ADMIN)

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
    templates: dict[str, str] = Field(default={}, exclude=True, repr=False)
    """The texts by file name, such as `return_label.en.jinja`. They are no part of what is kept of a version."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        mistakes = Mistakes()
        look_for_mistakes(self, mistakes)
        mistakes.raise_found()
        return self

    def store_of(self, address: str) -> str | None:
        """The store a support address belongs to, letter case ignored."""
        wanted = address.strip().lower()
        return next((key for key, store in self.stores.items() if store.address.lower() == wanted), None)
