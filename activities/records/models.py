"""What workflows ask of our own records."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.effects import EffectState
from domain.messages import MessageNature
from domain.playbook import ReturnRules, Target
from domain.references import Reference
from domain.sla import Promise

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


class MessageFacts(_Model):
    """A message without its words."""

    message_id: UUID
    received_at: AwareDatetime
    nature: MessageNature
    references: tuple[Reference, ...] = ()
    intents: tuple[str, ...] = ()


class ContextFacts(_Model):
    """What a case needs of an order context; the whole of it is in the records. `missing` is in words."""

    company: str | None = None
    tier: str | None = None
    orders: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    store_answered: bool = True


class FillContext(_Model):
    case_id: UUID
    store: str
    references: tuple[Reference, ...]


class TicketPolicy(_Model):
    """The rules a ticket is born with and keeps (P6). `reopen_window` and `chase_after` are elapsed seconds."""

    playbook_version: str
    promise: Promise
    targets: dict[str, Target]
    default_tier: str
    queues: dict[str, str]
    """Queue → its owner."""
    intent_queues: dict[str, str]
    default_queue: str
    people: tuple[str, ...]
    reopen_window: float
    chase_after: float


class OpenedTicket(_Model):
    """All a new ticket needs in its first moment. `stored` is the state of a ticket that had closed and is woken again."""

    stored: dict[str, Any] | None = None
    messages: tuple[MessageFacts, ...] = ()
    language: str = "en"
    language_evidence: str = ""
    intents: tuple[str, ...] = ()
    intent_evidence: str = ""
    references: tuple[Reference, ...] = ()
    context: ContextFacts = ContextFacts()
    policy: TicketPolicy


class ReturnPolicy(_Model):
    """The rules a return is born with and keeps (P6)."""

    playbook_version: str
    promise: Promise
    rules: ReturnRules
    owner: str
    queue: str
    carrier_account: str
    ledger_account: str
    invoice_number: str


class ReturnLineFacts(_Model):
    """A line asked to be returned, as the order has it. `price` is the unit price, tax included."""

    line: int
    order_id: str
    line_id: str
    sku: str
    name: str
    quantity: int
    reason: str
    serial: str | None
    price: Decimal


class OpenedReturn(_Model):
    """All a new return needs. `problems` say in words why it cannot be: then it is refused at once."""

    stored: dict[str, Any] | None = None
    store_answered: bool = True
    ticket_id: UUID | None = None
    order_id: str = ""
    company: str | None = None
    language: str = "en"
    lines: tuple[ReturnLineFacts, ...] = ()
    wish: str = ""
    currency: str = ""
    is_paid: bool = False
    started_by: str = ""
    problems: tuple[str, ...] = ()
    policy: ReturnPolicy


class EffectDecision(_Model):
    op_key: str
    state: EffectState
    provider_id: str | None = None
    author: str
