"""The return (RMA): how one is begun, its decisions, its stages. Workflow id `rma-<number>`."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workflows._kit.contract import Decision


class Wish(StrEnum):
    REFUND = "refund"
    CREDIT_NOTE = "credit_note"
    REPLACEMENT = "replacement"


class Disposition(StrEnum):
    ACCEPTED = "accepted"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    MISSING = "missing"


class SettleOutcome(StrEnum):
    """`replacement`: the goods come again, at no price."""

    REFUND = "refund"
    CREDIT_NOTE = "credit_note"
    REPLACEMENT = "replacement"
    NONE = "none"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RequestedLine(_Line):
    """So many of one order line. `line_id` is the order product's id."""

    order_id: str = Field(min_length=1, max_length=20)
    line_id: str = Field(min_length=1, max_length=20)
    quantity: int = Field(ge=1, le=100_000)
    reason: str = Field(min_length=1, max_length=80)
    serial: str | None = Field(default=None, max_length=80)


class StartReturn(BaseModel):
    """Begin a return over lines of any orders of one buyer in one store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticket_id: UUID | None = None
    store: str
    lines: list[RequestedLine] = Field(min_length=1, max_length=100)
    wish: Wish = Wish.REFUND

    @model_validator(mode="after")
    def _each_line_once(self) -> Self:
        if len({(line.order_id, line.line_id) for line in self.lines}) < len(self.lines):
            raise ValueError("an order line is named twice; give its whole quantity on one line")
        return self


class ReceivedLine(_Line):
    """`line` is the line's number in the return, counted from 1."""

    line: int = Field(ge=1)
    quantity: int = Field(ge=0)
    serial: str | None = None


class InspectedLine(_Line):
    line: int = Field(ge=1)
    disposition: Disposition
    quantity: int = Field(ge=0)


class SettledLine(_Line):
    """`amount` (tax included, for the whole line) is given where less than its worth is paid back; then `reason` must say
    why."""

    line: int = Field(ge=1)
    outcome: SettleOutcome
    amount: Decimal | None = Field(default=None, gt=0)
    reason: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _part_needs_reason(self) -> Self:
        if self.amount is not None and not self.reason:
            raise ValueError(f"line {self.line}: a part refund needs a reason")
        if self.amount is not None and self.outcome is SettleOutcome.REPLACEMENT:
            raise ValueError(f"line {self.line}: goods that come again have no amount")
        return self


class Approve(Decision):
    """Allow the return. Above the role's limit in the playbook it is refused, and left to who may."""

    kind: ClassVar[str] = "approve"
    title: ClassVar[str] = "Approve"


class Refuse(Decision):
    """Say no; the customer is told the reason."""

    kind: ClassVar[str] = "refuse"
    title: ClassVar[str] = "Refuse"

    reason: str = Field(min_length=1, max_length=500)


class Receive(Decision):
    """Goods arrived, so many of each line; may come in parts."""

    kind: ClassVar[str] = "receive"
    title: ClassVar[str] = "Goods received"

    lines: list[ReceivedLine] = Field(min_length=1)


class Inspect(Decision):
    """What the inspection found for the goods received."""

    kind: ClassVar[str] = "inspect"
    title: ClassVar[str] = "Inspection"

    lines: list[InspectedLine] = Field(min_length=1)


class Settle(Decision):
    """What the customer gets for each line. Lines not named get what was wished."""

    kind: ClassVar[str] = "settle"
    title: ClassVar[str] = "Settle"

    lines: list[SettledLine] = Field(default_factory=list)


class Cancel(Decision):
    """End the return; an unused label is given back. Not once money has moved."""

    kind: ClassVar[str] = "cancel"
    title: ClassVar[str] = "Cancel"

    reason: str = Field(min_length=1, max_length=500)


class Stage(StrEnum):
    REQUESTED = "requested"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_GOODS = "awaiting_goods"
    INSPECTING = "inspecting"
    SETTLING = "settling"
    CLOSED = "closed"
    REFUSED = "refused"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (Stage.CLOSED, Stage.REFUSED, Stage.CANCELLED)


DECISIONS: tuple[type[Decision], ...] = (Approve, Refuse, Receive, Inspect, Settle, Cancel)
