"""The world document: everything the stand-in providers hold at the start, in the words of the field.

`PUT /_sim/world` takes it and `GET /_sim/world/schema` gives its JSON Schema. Money is net of tax unless said, in the
currency of the store; moments are ISO 8601 with an offset.
"""

from datetime import UTC, datetime, time, timedelta
from datetime import date as Day
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from simulators.channels.accounts import ChannelWorld
from simulators.shipstation.detail_codes import DETAIL_CODES

Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
OrderStatus = Annotated[int, Field(ge=0, le=14, description="BigCommerce order status, 0 Incomplete to 14")]


def _known_detail(code: str) -> str:
    if code and code not in DETAIL_CODES:
        raise ValueError(f"{code!r} is not one of ShipStation's status detail codes")
    return code


class Part(BaseModel):
    """Strict base: an unknown field is an error, so that a slip of the pen is found."""

    model_config = ConfigDict(extra="forbid")


class Address(Part):
    """A postal address."""

    street: str
    street_2: str = ""
    city: str
    state: str = ""
    postal_code: str
    country: str
    country_code: Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Store(Part):
    """One BigCommerce store; `key` is the name that Casework's playbook gives it."""

    key: Annotated[str, Field(pattern="^[a-z0-9-]+$")]
    hash: Annotated[str, Field(pattern="^[a-z0-9]+$")]
    name: str
    access_token: str = Field(description="the X-Auth-Token that the store accepts")
    client_id: str = "casework"
    client_secret: str = Field(default="casework-secret", description="signs webhooks (Standard Webhooks)")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    support_address: str = ""
    warehouse: Address | None = None
    requests_per_window: int = Field(default=450, ge=1, description="quota in 30 seconds, as the headers tell it")
    enforce_quota: bool = Field(default=False, description="answer 429 past the quota")


class Carrier(Part):
    """One carrier connected to the ShipStation account."""

    carrier_id: Annotated[str, Field(pattern="^se(-[a-z0-9]+)+$", max_length=25)]
    carrier_code: Annotated[str, Field(pattern="^[a-z0-9]+(_[a-z0-9]+)*$")]
    name: str
    services: Annotated[list[str], Field(min_length=1)]
    returns: bool = Field(default=True, description="false refuses return labels")
    label_cost: Money = Decimal("6.90")


class CarrierAccount(Part):
    """The ShipStation account."""

    api_key: str = "shipstation-key"
    webhook_secret: str = Field(default="shipstation-secret", description="not used: hooks are signed with an RSA key")
    carriers: list[Carrier] = []


class Courier(Part):
    """A courier that the Qapla' channel follows; `slug` is how the store's shipments name it."""

    slug: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    code: str = Field(description="Qapla's own code, such as BRT or GLS-ITA")
    name: str


class QaplaChannel(Part):
    """The channel at Qapla'. Parcels are known to it once it has been told of them."""

    api_key: str = "qapla-channel-key"
    couriers: list[Courier] = []


class TaxRate(Part):
    """A tax rate of the ledger: Xero's TaxType and its fraction (0.19 is 19 %)."""

    tax_type: str
    name: str
    rate: Annotated[Decimal, Field(ge=0, lt=1)]


class Ledger(Part):
    """The Xero organisation."""

    access_token: str = "xero-token"
    tenant_id: str = "11111111-2222-4333-8444-555555555555"
    webhook_key: str = "xero-webhook-key"
    tax_rates: list[TaxRate] = [
        TaxRate(tax_type="OUTPUT2", name="20% VAT on income", rate=Decimal("0.20")),
        TaxRate(tax_type="TAX001", name="19% VAT on income", rate=Decimal("0.19")),
        TaxRate(tax_type="TAX002", name="22% VAT on income", rate=Decimal("0.22")),
        TaxRate(tax_type="TAX003", name="21% VAT on income", rate=Decimal("0.21")),
        TaxRate(tax_type="EXEMPTOUTPUT", name="Exempt income", rate=Decimal(0)),
        TaxRate(tax_type="NONE", name="No tax", rate=Decimal(0)),
    ]


class Tier(Part):
    """A BigCommerce customer group, which is what a price and service tier is there."""

    id: int
    store: str
    name: str


class Credit(Part):
    """Credit of a company in the B2B edition."""

    enabled: bool = False
    available: Money = Decimal(0)
    limit_purchases: bool = False
    hold: bool = Field(default=False, description="true stops purchases on account")


class PaymentTerms(Part):
    """Payment terms of a company: days from invoice to due date; disabled means prepaid."""

    enabled: bool = False
    days: Literal[0, 5, 15, 30, 45, 60] = 0


class Company(Part):
    """A buying company of the B2B edition, and a contact of the ledger."""

    id: int
    store: str
    name: str
    email: str
    phone: str = ""
    tier: int | None = Field(default=None, description="id of a tier (customer group)")
    status: Literal["0", "1", "2", "3"] = Field(default="1", description="0 pending, 1 approved, 2 rejected, 3 inactive")
    address: Address
    credit: Credit = Credit()
    payment_terms: PaymentTerms = PaymentTerms()
    tax_rate: Annotated[Decimal, Field(ge=0, lt=1)] = Field(default=Decimal("0.20"), description="0.19 is 19 %")
    tax_exempt: bool = Field(default=False, description="no tax on its orders, whatever tax_rate says")
    tax_number: str = ""
    extra_fields: dict[str, str] = {}


class Contact(Part):
    """A person who buys: a BigCommerce customer, and a B2B user when of a company."""

    id: int = Field(description="BigCommerce customer id")
    store: str
    company: int | None = Field(default=None, description="id of a company; none for a private buyer")
    further_companies: list[int] = Field(default=[], description="other companies this person buys for")
    first_name: str
    last_name: str
    email: str
    phone: str = ""
    role: Literal[0, 1, 2] = Field(default=2, description="B2B role: 0 admin, 1 senior buyer, 2 junior buyer")
    address: Address | None = Field(default=None, description="needed where the contact has no company")


class Product(Part):
    """A product with one variant."""

    id: int
    store: str
    sku: str
    name: str
    price: Money
    weight_grams: Annotated[int, Field(gt=0)] = 1000
    brand: str = ""
    stock: Annotated[int, Field(ge=0)] = 100
    variant_id: int | None = Field(default=None, description="the product's id when left out")


class OrderLine(Part):
    """A line of an order; price and name are the product's when left out."""

    id: int | None = Field(default=None, description="order product id; order id * 100 + position when left out")
    sku: str
    quantity: Annotated[int, Field(gt=0)]
    price: Money | None = None
    name: str | None = None
    expected_on: Day | None = Field(default=None, description="on backorder until this day, as the stock system notes it")
    substitute_sku: str | None = Field(default=None, description="what is sent in its place")
    substitute_name: str | None = None


class TrackingEvent(Part):
    """A carrier's scan; status codes are ShipStation's (NY, AC, IT, AT, SP, EX, DE) with a detail code."""

    at: AwareDatetime
    status_code: Literal["UN", "AC", "IT", "DE", "EX", "AT", "NY", "SP"]
    detail_code: Annotated[str, AfterValidator(_known_detail)] = ""
    description: str
    city: str = ""
    country_code: str = ""
    signer: str = ""


class ShippedItem(Part):
    """So many pieces of one order line."""

    line: int = Field(description="position of the line in the order, from 1")
    quantity: Annotated[int, Field(gt=0)]


class Shipment(Part):
    """One wave of an order: one parcel with one tracking number."""

    carrier: str = Field(description="carrier_code of a connected carrier, or slug of a courier of Qapla'")
    tracking_number: Annotated[str, Field(min_length=1, max_length=50)]
    shipped_at: AwareDatetime
    estimated_delivery: AwareDatetime | None = None
    items: Annotated[list[ShippedItem], Field(min_length=1)]
    events: list[TrackingEvent] = []


class Payment(Part):
    """How an order is paid. Only `settled` money can be refunded."""

    method: str = "Credit Card"
    provider_id: str = "stripe"
    state: Literal["settled", "authorized", "unpaid"] = "unpaid"
    declines_refunds: bool = Field(default=False, description="the gateway declines every refund afterwards")


class OrderMessage(Part):
    """A message that the buyer left at the order."""

    at: AwareDatetime
    subject: str
    message: str


class Order(Part):
    """An order with its lines, shipments and payment."""

    id: int
    store: str
    contact: int | None = Field(default=None, description="customer id; none for a guest, who then needs guest_email")
    guest_email: str | None = None
    company: int | None = Field(default=None, description="whom the contact bought for; their own company when left out")
    external_id: str = Field(default="", description="the number of a marketplace that the order came from")
    created: AwareDatetime
    status_id: OrderStatus | None = Field(default=None, description="derived from payment and shipments when left out")
    payment: Payment = Payment()
    po_number: str = ""
    lines: Annotated[list[OrderLine], Field(min_length=1)]
    shipping: Money = Decimal(0)
    shipments: list[Shipment] = []
    messages: list[OrderMessage] = []
    staff_notes: str = ""
    customer_message: str = ""
    shipping_address: Address | None = Field(default=None, description="the company's or contact's when left out")


class QuoteLine(Part):
    """A line of a quote; the offered price is net for one piece."""

    sku: str
    quantity: Annotated[int, Field(gt=0)]
    offered_price: Money


class QuoteMessage(Part):
    """A message in a quote; `by` is how the edition writes who it was."""

    at: AwareDatetime
    by: Literal["Customer", "Sales rep"]
    name: str
    text: str


class Quote(Part):
    """A quote of the B2B edition; status 0 new, 2 in process, 3 updated by customer, 4 ordered, 5 expired, 6 archived."""

    id: int
    number: str
    store: str
    contact: int
    title: str
    status: Literal[0, 2, 3, 4, 5, 6, 7] = 0
    created: AwareDatetime
    expires: AwareDatetime
    lines: Annotated[list[QuoteLine], Field(min_length=1)]
    sales_representative: str = ""
    reference: str = ""
    order: int | None = Field(default=None, description="the order that came of it")
    messages: list[QuoteMessage] = []


class Invoice(Part):
    """An invoice of the ledger over a whole order; what is paid counts gross."""

    number: str
    order: int
    date: Day
    due_date: Day
    paid: Money = Decimal(0)


class World(Part):
    """The whole world. With `as_of`, every moment is moved by the whole days between it and the time of loading."""

    as_of: AwareDatetime | None = None
    stores: Annotated[list[Store], Field(min_length=1)]
    carriers: CarrierAccount = CarrierAccount()
    qapla: QaplaChannel = QaplaChannel()
    ledger: Ledger = Ledger()
    channels: ChannelWorld = ChannelWorld()
    tiers: list[Tier] = []
    companies: list[Company] = []
    contacts: list[Contact] = []
    products: list[Product] = []
    orders: list[Order] = []
    quotes: list[Quote] = []
    invoices: list[Invoice] = []

    @model_validator(mode="after")
    def _whole(self) -> "World":
        # Imported here: the rules read the models of this module.
        from simulators.world_rules import broken_rules

        broken = broken_rules(self)
        if broken:
            raise ValueError("; ".join(broken))
        return self

    def moved_to(self, present: datetime) -> "World":
        """The same world with every moment moved to `present`, when it has an `as_of`."""
        if self.as_of is None:
            return self
        days = timedelta(days=(present - self.as_of).days)
        return World.model_validate({**_moved(self.model_dump(), days), "as_of": None})


def _moved(value: Any, days: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _moved(item, days) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, days) for item in value]
    return value + days if isinstance(value, Day) else value


def at_noon(day: Day) -> datetime:
    """A day of the books as a moment, for the providers that write days as moments."""
    return datetime.combine(day, time(0), UTC)
