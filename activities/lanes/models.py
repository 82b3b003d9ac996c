"""The order lane: all money of one order, one settlement at a time. Its names are here, so that callers need not know it."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from activities.bigcommerce.models import Refund
from activities.finance.models import CreditNote

SETTLE = "lanes.settle"
"""Activity name: hands a settlement to the lane of its order and waits. Input SettlementRequest, output SettlementResult."""

LANE_WORKFLOW = "order"
LANE_UPDATE = "settle"


def lane_id(store: str, order_id: str) -> str:
    """The workflow id of an order's lane."""
    return f"order-{store}-{order_id}"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Remedy(StrEnum):
    """`refund`: the store pays back and the books get a credit note for it. `credit_note`: the books alone."""

    REFUND = "refund"
    CREDIT_NOTE = "credit_note"


class SettlementLine(_Model):
    line_id: str
    sku: str
    quantity: int


class SettlementRequest(_Model):
    """Give the buyer of one order what these lines are worth, once. `amount` (tax included) is given where it is less than
    the lines are worth. `attempt` counts the times a person has asked again after a block."""

    op_key: str
    case_id: UUID
    rma_number: str
    store: str
    order_id: str
    lines: tuple[SettlementLine, ...]
    remedy: Remedy
    amount: Decimal | None = None
    reason: str
    ledger_account: str
    invoice_number: str
    attempt: int = 1


class SettlementResult(_Model):
    """`blocked` says what keeps it from being settled, in words; None means store and books agree. `by_hand`: nothing is wrong,
    a person has to do it."""

    refund: Refund | None = None
    credit_note: CreditNote | None = None
    blocked: str | None = None
    blocked_op_key: str | None = None
    by_hand: bool = False
