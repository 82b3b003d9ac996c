"""What the store tells and what we ask of it. Amounts are Decimal in the order's currency, with tax unless named otherwise."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.reference_kinds import ReferenceKind
from domain.references import NamedReference

REFUND = "bigcommerce.refund"
"""Activity name: one refund of one order, read back. Input RefundRequest, output Refund."""

REPLACE = "bigcommerce.replace"
"""Activity name: an order at no price that brings goods again. Input ReplacementRequest, output Replacement."""

CANCEL_REPLACEMENT = "bigcommerce.cancel_replacement"
"""Activity name: takes such an order back. Input CancelRequest, output Cancelled."""

RESTOCK = "bigcommerce.restock"
"""Activity name: adds accepted goods to the stock. Input RestockRequest, output Restocked."""

WATCH_STORE = "bigcommerce.watch_store"
"""Activity name: sees to a store's hooks and to what they missed. Input and output as in `activities/_kit/models.py`."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class OrderLine(_Model):
    """One line of an order. `line_id` is the order product id; `price` is the unit price."""

    line_id: str
    product_id: str | None
    sku: str
    name: str
    quantity: int
    quantity_shipped: int
    quantity_refunded: int
    price: Decimal


class ShippedLine(_Model):
    line_id: str
    quantity: int


class Shipment(_Model):
    """One wave: one parcel number, one address, some of the lines."""

    shipment_id: str
    carrier: str
    tracking_number: str
    tracking_link: str
    shipped_at: AwareDatetime
    lines: tuple[ShippedLine, ...]


class Order(_Model):
    """An order as the store holds it. `payment_status` is the store's own word; `is_paid` means the payment is settled."""

    store: str
    order_id: str
    status: str
    payment_status: str
    payment_method: str
    is_paid: bool
    currency: str
    total: Decimal
    customer_id: str
    placed_at: AwareDatetime
    purchase_order: str | None
    company_id: str | None = None
    """The company it was bought for; None for a guest, and where the B2B edition did not say."""
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]


class Company(_Model):
    """The buyer's company. `group_id` is the store's customer group; `payment_terms_days` None means payment with the order."""

    company_id: str
    name: str
    group_id: str | None
    payment_terms_days: int | None
    credit_hold: bool
    credit_available: Decimal | None = None
    """What it may still buy on account, in the store's currency; None where it has no account or nobody asked."""


class Receipt(_Model):
    """What was paid of an invoice at once. `method` and `reference` are the payer's bank's or gateway's words."""

    paid_on: date
    amount: Decimal
    method: str
    reference: str


class Invoice(_Model):
    """An invoice of the store's portal. `open` is what is still due of `total`."""

    number: str
    status: str
    due_on: date | None
    total: Decimal
    open: Decimal
    currency: str
    purchase_order: str | None
    receipts: tuple[Receipt, ...] = ()


class QuoteMessage(_Model):
    """What buyer or sales representative wrote in a quote. `by` names the writer as the store does."""

    at: AwareDatetime
    by: str
    text: str


class Quote(_Model):
    """A quote an order was made from. `messages` is what was agreed on the way to it, the oldest first."""

    number: str
    title: str
    reference: str
    status: str
    sales_representative: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    total: Decimal
    currency: str
    messages: tuple[QuoteMessage, ...] = ()


class LineNote(_Model):
    """What the merchant's stock system says of a line that is not shipped: when it is expected, and what comes in its place."""

    line_id: str
    expected_on: date | None = None
    substitute_sku: str | None = None
    substitute_name: str | None = None


class BuyerAddress(_Model):
    """Who bought and where the goods went. Personal data: used inside activities, never passed through a workflow."""

    name: str
    company: str
    email: str
    phone: str
    street: str
    street_2: str
    city: str
    state: str
    postal_code: str
    country_code: str


class KnownReturn(_Model):
    """A return of ours that a message may name: its number and the orders it takes back."""

    number: str
    order_ids: tuple[str, ...]


class LookUp(_Model):
    """What to ask about a message: the references it names, order numbers known otherwise, and the buyer's address for what
    they leave open. `returns` are those of our own records whose numbers the message names."""

    store: str
    order_ids: tuple[str, ...] = ()
    references: tuple[NamedReference, ...] = ()
    returns: tuple[KnownReturn, ...] = ()
    email: str | None = None


class MatchState(StrEnum):
    FOUND = "found"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"
    """Nobody was asked, or did not answer."""


class Match(_Model):
    """What became of one reference. `kind` None is the buyer's address, where the message names nothing. `words` say it for
    people, without anybody's name but the company's. `score` (0 to 100): what was found stands above 50, unless it is by the
    address, by a product or by a serial number alone."""

    kind: ReferenceKind | None
    value: str
    state: MatchState
    order_ids: tuple[str, ...] = ()
    words: str
    score: int


class OrderContext(_Model):
    """What the store knows about a ticket. `missing` says in words what could not be found or asked."""

    orders: tuple[Order, ...] = ()
    about: tuple[str, ...] = ()
    """The orders the message is about, the surest first; all are in `orders`."""
    company: Company | None = None
    """Of the orders the message is about, else the only one the sender buys for. Never guessed from a mail domain."""
    sender_belongs: bool = False
    """Whether the sender is known to write for that company."""
    matches: tuple[Match, ...] = ()
    missing: tuple[str, ...] = ()
    store_answered: bool = True
    """False where the store was down or slow: worth asking again."""
    as_of: AwareDatetime


class RefundLine(_Model):
    line_id: str
    quantity: int


class RefundRequest(_Model):
    """Refund these quantities of these lines. `amount` (tax included) refunds less than the lines are worth. `attempt`
    counts the times a person has asked for it, the first time included."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    lines: tuple[RefundLine, ...]
    amount: Decimal | None = None
    reason: str
    attempt: int = 1


class Refund(_Model):
    """A refund as the store holds it. `refund_id` is empty and the amounts are 0 where a person decided to skip it."""

    refund_id: str
    order_id: str
    amount: Decimal
    tax: Decimal
    currency: str


class GoodsLine(_Model):
    """So many pieces of a line of an order."""

    line_id: str
    quantity: int = Field(gt=0)


class ReplacementRequest(_Model):
    """Send these goods of an order again at no price. `note` is for the store's staff. `attempt` as in RefundRequest."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    lines: tuple[GoodsLine, ...] = Field(min_length=1)
    note: str
    attempt: int = 1


class Replacement(_Model):
    """The order that brings the goods; `order_id` is empty where a person decided to skip it."""

    order_id: str


class CancelRequest(_Model):
    """Take back the replacement order `order_id`. `attempt` as in RefundRequest."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    attempt: int = 1


class Cancelled(_Model):
    """What came of taking it back, in words for people."""

    cancelled: bool
    words: str


class RestockRequest(_Model):
    """Add these accepted goods of an order to the stock at a location of the store (1 is the only one of most stores).
    `attempt` as in RefundRequest."""

    op_key: str
    case_id: UUID
    store: str
    order_id: str
    lines: tuple[GoodsLine, ...] = Field(min_length=1)
    location_id: int
    attempt: int = 1


class Restocked(_Model):
    """Pieces added, by SKU; none where a person added them or decided to skip it."""

    added: dict[str, int] = {}
    skipped: bool = False


def store_queue(store: str) -> str:
    """The task queue of a store's account, rate-limited there."""
    return f"bigcommerce-{store}"
