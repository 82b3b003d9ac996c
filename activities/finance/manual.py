"""Books that people keep: the port answered by a person, who is told exactly what to book and gives its number back.

For ledgers without an adapter. A second person confirms the number before anything counts as booked (workflows/_kit).
"""

from decimal import Decimal

from temporalio import activity

from activities._kit.accounts import Accounts
from activities._kit.effects import Done, Effect, EffectLedger, Found
from activities._kit.errors import ByHand, NeedsOperator, Rejected
from activities.bigcommerce.models import Order
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.finance.models import CREDIT_NOTE, CreditNote, CreditNoteRequest
from domain.effects import EffectKind

_CENT = Decimal("0.01")


class ManualBooks:
    """Credit notes that a person enters."""

    def __init__(self, ledger: EffectLedger, stores: Stores, accounts: Accounts) -> None:
        self._ledger = ledger
        self._stores = stores
        self._accounts = accounts

    @activity.defn(name=CREDIT_NOTE)
    async def credit_note(self, request: CreditNoteRequest) -> CreditNote:
        """The credit note as two people say it was booked.

        Raises ByHand with the document to book until they have, Rejected where order or lines are unknown or the amount is
        none, NeedsOperator where there are no such books, and Transient while the store cannot be read.
        """
        held = self._accounts.manual.get(request.account)
        if held is None:
            raise NeedsOperator(f"No books {request.account!r} are configured.")
        order = await self._order(request)
        total = _total(order, request)

        async def perform() -> Done | None:
            raise ByHand(_document(held.title, order, request, total), details=(request.op_key,))

        async def find() -> Found:
            return None

        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.CREDIT_NOTE,
            provider="manual",
            account=request.account,
            request=request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"}),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, perform, find)
        nothing, booked = Decimal(0), Decimal(0) if done.skipped else total
        return CreditNote(
            credit_note_id=done.provider_id,
            number=done.provider_id,
            total=booked,
            tax=None,
            currency=order.currency,
            allocated=nothing if request.refunded else booked,
            recorded_refund=booked if request.refunded else nothing,
            remaining=nothing,
        )

    async def _order(self, request: CreditNoteRequest) -> Order:
        order = await self._stores.order(request.store, request.order_id)
        if order is None:
            raise UnknownOrder(f"Order {request.order_id} is not known to {self._stores.title(request.store)}.")
        return order


def _total(order: Order, request: CreditNoteRequest) -> Decimal:
    """What is credited, tax included: what was approved or paid back, else what the lines cost in the store."""
    approved = request.expected_total if request.expected_total is not None else request.amount
    worth = sum((_worth(order, line.sku, line.quantity) for line in request.lines), Decimal(0))
    total = worth if approved is None else approved
    if total <= 0:
        raise Rejected(f"A credit note over {total} {order.currency} cannot be booked.")
    return total.quantize(_CENT)


def _worth(order: Order, sku: str, quantity: int) -> Decimal:
    """What so many pieces cost, tax included; one product may stand on several lines."""
    lines = [line for line in order.lines if line.sku == sku]
    bought = sum(line.quantity for line in lines)
    if not lines:
        raise Rejected(f"Order {order.order_id} has no line with {sku}.")
    if quantity > bought:
        raise Rejected(f"Order {order.order_id} has {bought} of {sku}, not {quantity}.")
    worth, left = Decimal(0), quantity
    for line in lines:
        taken = min(left, line.quantity)
        worth, left = worth + line.price * taken, left - taken
    return worth


def _document(title: str, order: Order, request: CreditNoteRequest, total: Decimal) -> str:
    """The document to book, line by line, for whoever keeps the books."""
    lines = "; ".join(f"{line.quantity} × {line.sku}" for line in request.lines)
    settled = "and enter the store's refund against it" if request.refunded else "and set it against the invoice"
    return (
        f"Book a credit note in {title} on invoice {request.invoice_number} ({lines}) over {total} {order.currency}, tax "
        f"included, reference {request.reference}, {settled}. Then give its number; somebody else confirms it."
    )
