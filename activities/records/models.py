"""What workflows ask of our own records."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from domain.effects import EffectState
from domain.messages import MessageNature
from domain.playbook import ReturnRules
from domain.promises import SharedPromises, promises_of_first_shape
from domain.references import MessagePart, Reference
from domain.routing import Routed

PUBLISH = "records.publish"
"""Activity name: stores a Publication."""

READ_CASE = "records.read_case"
"""Activity name: what a case was begun with, and its state if it had one. Input CaseReference, output CaseRecord."""

OPEN_TICKET = "records.open_ticket"
"""Activity name: reads, triages and looks up a new ticket. Input CaseReference, output OpenedTicket."""

READ_MESSAGE = "records.read_message"
"""Activity name: what a later message says. Input MessageReference, output MessageFacts."""

FILL_CONTEXT = "records.fill_context"
"""Activity name: asks the store again until it answers. Input FillContext, output ContextFacts."""

OPEN_RETURN = "records.open_return"
"""Activity name: looks up what a return needs to be judged. Input CaseReference, output OpenedReturn."""

MERGE = "records.merge"
"""Activity name: moves everything of a ticket to another. Input MergeRequest, output MergeResult."""

UNMERGE = "records.unmerge"
"""Activity name: moves back what has its origin in a merged ticket. Input UnmergeRequest, output UnmergeResult."""

SPLIT = "records.split"
"""Activity name: moves messages into a new ticket. Input SplitRequest, output SplitResult."""

READ_MERGED = "records.read_merged"
"""Activity name: what a ticket was when it was merged. Input CaseReference, output MergedRecord."""

HAND_ON = "records.hand_on"
"""Activity name: tells the survivor of a merged ticket what was told to the merged one. Input HandOn, no output."""

READ_REPLY = "records.read_reply"
"""Activity name: which of a ticket's references an agent's reply names. Input ReplyReference, output NamedValues."""

ASK_OWNER = "records.ask_owner"
"""Activity name: whose turn a ticket is, by the roster. Input OwnerRequest, output Ownership."""

DECIDE_EFFECT = "records.decide_effect"
"""Activity name: notes what a person decided about stuck effects. Input EffectDecision, no output."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class CaseReference(_Model):
    """`patient`: a provider that is down fails the call, so that it is tried again, in place of an answer without it."""

    case_id: UUID
    store: str
    patient: bool = False


class CaseRecord(_Model):
    """`start` is what the case was begun with; `stored` the state it last published, if it ever did."""

    start: dict[str, Any]
    stored: dict[str, Any] | None = None
    playbook_version: str


class MessageReference(_Model):
    case_id: UUID
    message_id: UUID
    store: str


class FoundReference(Reference):
    """A reference, where it stands, and what it was found to be: `found` in words, None where nobody could look. `score` says
    from 0 to 100 how sure that is."""

    part: MessagePart = MessagePart.TEXT
    found: str | None = None
    score: int = 0
    orders: tuple[str, ...] = ()
    """The orders it stands for."""
    message_id: UUID | None = None


class OtherTicket(_Model):
    """Another ticket, and in words why it is spoken of."""

    case_id: UUID
    number: int
    words: str = ""


class MessageFacts(_Model):
    """A message without its words. `case_id` is the ticket it is in, `origin_id` the one it would be in without merges.
    `company` and its `tier` are what the store said where it was asked about this message."""

    message_id: UUID
    received_at: AwareDatetime
    nature: MessageNature
    references: tuple[FoundReference, ...] = ()
    intents: tuple[str, ...] = ()
    case_id: UUID | None = None
    origin_id: UUID | None = None
    orders: tuple[str, ...] = ()
    """The orders its references were found to be."""
    duplicates: tuple[OtherTicket, ...] = ()
    channel: str | None = None
    provider: str | None = None
    account: str | None = None
    company: str | None = None
    tier: str | None = None


class ContextFacts(_Model):
    """What a case needs of an order context; the whole of it is in the records. `missing` is in words. `same` is the ticket
    that is about the very same, `duplicates` are those about some of it. `routed`: where the rules send the ticket now that the
    store was asked again."""

    company: str | None = None
    company_id: str | None = None
    tier: str | None = None
    orders: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    store_answered: bool = True
    references: tuple[FoundReference, ...] = ()
    same: OtherTicket | None = None
    duplicates: tuple[OtherTicket, ...] = ()
    routed: Routed | None = None


class FillContext(_Model):
    case_id: UUID
    store: str


def _promised(data: Any) -> Any:
    """A policy of a case that was born when it had one promise for all clocks."""
    if not isinstance(data, dict) or "promise" not in data:
        return data
    old = dict(data)
    promises = promises_of_first_shape(old["playbook_version"], old.pop("promise"), old.pop("targets", {}))
    return old | {"promises": promises}


class TicketPolicy(_Model):
    """The rules a ticket is born with and keeps (P6). `reopen_window` and `chase_after` are elapsed seconds. `intent_queues` is
    how a ticket found its queue before there were routing rules."""

    playbook_version: str
    promises: SharedPromises
    default_tier: str
    queues: dict[str, str]
    """Queue → its owner."""
    intent_queues: dict[str, str] = {}
    default_queue: str
    people: tuple[str, ...]
    reopen_window: float
    chase_after: float
    handover_before: float | None = None
    """Elapsed seconds before the end of a duty in which work goes to a colleague who stays; None: born before there was a
    roster."""

    @property
    def tiers(self) -> list[str]:
        return sorted({tier for rule in self.promises.targets for tier in rule.when.tier})

    def place_of(self, routed: Routed) -> tuple[str, str]:
        """Queue and owner."""
        return routed.queue, routed.owner or self.queues[routed.queue]

    _first_shape = model_validator(mode="before")(_promised)


class OwnerRequest(_Model):
    """`owner` has it until now; with `given` somebody said so, and they keep it."""

    store: str
    queue: str
    owner: str | None
    given: bool = False
    handover_before: timedelta


class Ownership(_Model):
    """Who has it, why, and when to ask again (None: not before something changes)."""

    owner: str
    ask_at: AwareDatetime | None
    reason: str


class OpenedTicket(_Model):
    """All a new ticket needs in its first moment. `stored` is the state, policy included, of a ticket that closed and is woken
    again. `counts_from` is when its clocks begin, if that is not when the customer wrote; `answered`: the last word is ours.
    `routed` is None only in histories from before there were routing rules, and where it is woken again."""

    stored: dict[str, Any] | None = None
    counts_from: AwareDatetime | None = None
    answered: bool = False
    messages: tuple[MessageFacts, ...] = ()
    language: str = "en"
    language_evidence: str = ""
    intents: tuple[str, ...] = ()
    intent_evidence: str = ""
    model_version: str | None = None
    suggestions: tuple[str, ...] = ()
    references: tuple[FoundReference, ...] = ()
    context: ContextFacts = ContextFacts()
    routed: Routed | None = None
    ownership: Ownership | None = None
    policy: TicketPolicy | None = None


class ReturnedOrder(_Model):
    """What a return must know of each of its orders. `invoice_number` is how the ledger numbers its invoice."""

    order_id: str
    is_paid: bool
    invoice_number: str


def returned_orders_of_one(content: dict[str, Any]) -> dict[str, Any]:
    """What was written when a return was of one order."""
    if "returned_orders" in content or not content.get("order_id"):
        return content
    one = {"order_id": content["order_id"], "is_paid": content["is_paid"]}
    return content | {"returned_orders": [one | {"invoice_number": content["policy"]["invoice_number"]}]}


class ReturnPolicy(_Model):
    """The rules a return is born with and keeps (P6). `restock_location` is the store's location that accepted goods go to."""

    playbook_version: str
    promises: SharedPromises
    rules: ReturnRules
    owner: str
    queue: str
    carrier_account: str
    ledger_account: str
    restock_location: int | None = None

    _first_shape = model_validator(mode="before")(_promised)


class ReturnLineFacts(_Model):
    """A line asked to be returned, as the order has it. `price` is the unit price, tax included. `exception` says why the rules
    do not cover it."""

    line: int
    order_id: str
    line_id: str
    sku: str
    name: str
    quantity: int
    reason: str
    serial: str | None
    price: Decimal
    exception: str | None = None


class OpenedReturn(_Model):
    """All a new return needs. `problems` say in words why it cannot be: then it is refused at once. `stored` is the state,
    policy included, of one that had closed and is woken again."""

    stored: dict[str, Any] | None = None
    store_answered: bool = True
    ticket_id: UUID | None = None
    returned_orders: tuple[ReturnedOrder, ...] = ()
    company: str | None = None
    language: str = "en"
    lines: tuple[ReturnLineFacts, ...] = ()
    wish: str = ""
    currency: str = ""
    started_by: str = ""
    problems: tuple[str, ...] = ()
    policy: ReturnPolicy | None = None

    _shape_of_one_order = model_validator(mode="before")(returned_orders_of_one)


class EffectDecision(_Model):
    op_key: str
    state: EffectState
    provider_id: str | None = None
    author: str


class MergeRequest(_Model):
    """`into` is the number of the other ticket."""

    case_id: UUID
    into: int


class MergeResult(_Model):
    """Where it was merged; or why not, in words."""

    other: OtherTicket | None = None
    refused: str | None = None


class UnmergeRequest(_Model):
    """`merged_into` is the ticket it is taken out of."""

    case_id: UUID
    merged_into: UUID


class UnmergeResult(_Model):
    """All that came in for the ticket, and for those merged into it before, oldest first."""

    messages: tuple[MessageFacts, ...] = ()


class SplitRequest(_Model):
    """`new_id` makes the repetition of a split the same split."""

    case_id: UUID
    message_ids: tuple[UUID, ...]
    new_id: UUID


class SplitResult(_Model):
    """`references` are those that the messages left behind name."""

    other: OtherTicket | None = None
    references: tuple[Reference, ...] = ()
    refused: str | None = None


class MergedRecord(_Model):
    """A ticket as it was when it was merged, by whom and why."""

    ticket: OtherTicket
    by: str
    at: AwareDatetime
    state: dict[str, Any]


class HandOn(_Model):
    """`signal` and `payload` as the merged ticket got them."""

    case_id: UUID
    signal: str
    payload: dict[str, Any]


class ReplyReference(_Model):
    case_id: UUID
    decision_id: UUID
    references: tuple[FoundReference, ...]


class NamedValues(_Model):
    values: tuple[str, ...]
