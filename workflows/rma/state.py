"""What a return remembers."""

from decimal import Decimal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, model_validator

from activities.records.models import ReturnedOrder, ReturnPolicy, returned_orders_of_one
from domain.people import Role
from domain.promises import Promises
from workflows._kit.state import CaseState
from workflows.rma.contract import Disposition, SettleOutcome, Stage, Wish


class ReturnLine(BaseModel):
    """One line of a return. Quantities count pieces; `price` is the unit price, tax included; `found` is what the
    inspection said, by disposition, `exception` why the rules do not cover the line."""

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
    received: int = 0
    found: dict[Disposition, int] = {}
    outcome: SettleOutcome | None = None
    amount: Decimal | None = None
    fee: Decimal | None = None
    """What was kept back of it, by its reason's rule."""
    outcome_reason: str | None = None

    @property
    def accepted(self) -> int:
        return self.found.get(Disposition.ACCEPTED, 0)

    @property
    def inspected(self) -> int:
        """Pieces that arrived and were looked at."""
        return sum(count for disposition, count in self.found.items() if disposition is not Disposition.MISSING)

    @property
    def accounted(self) -> int:
        """Pieces of which it is known what became of them."""
        return sum(self.found.values())

    @property
    def worth(self) -> Decimal:
        """What the accepted pieces cost, tax included."""
        return self.price * self.accepted


class Approval(BaseModel):
    by: str
    role: Role
    at: AwareDatetime
    amount: Decimal
    currency: str


class ReturnState(CaseState):
    stage: Stage  # type: ignore[assignment]
    ticket_id: UUID | None
    returned_orders: list[ReturnedOrder]
    lines: list[ReturnLine]
    wish: Wish
    currency: str
    approvals: list[Approval] = []
    label_id: str | None = None
    settled_by: str | None = None
    results: list[str] = []
    """What was paid back or credited, in words, one entry a settlement."""
    policy: ReturnPolicy

    _shape_of_one_order = model_validator(mode="before")(returned_orders_of_one)

    @property
    def order_ids(self) -> str:
        """As a person lists them."""
        return ", ".join(order.order_id for order in self.returned_orders)

    @property
    def orders_named(self) -> str:
        """`order 10405`, or `orders 10405, 10406`."""
        return f"order{'s' if len(self.returned_orders) > 1 else ''} {self.order_ids}"

    def order_of(self, line: ReturnLine) -> ReturnedOrder:
        return next(order for order in self.returned_orders if order.order_id == line.order_id)

    @property
    def promises(self) -> Promises:
        return self.policy.promises

    @property
    def amount(self) -> Decimal:
        """What is asked back at most, tax included."""
        return sum((line.price * line.quantity for line in self.lines), Decimal(0))
