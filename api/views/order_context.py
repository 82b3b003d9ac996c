"""What is known around a case: company, terms, and every order line by line over all waves, each with its age (C1 to C4)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from activities.bigcommerce.models import Company, Invoice, LineNote, Order, OrderLine, Quote, Shipment
from activities.records.order_record import OrderRecord, Told
from api.views.parts import View
from domain.playbook import Playbook
from domain.tracking import DeliveryWindow, ParcelStatus, Problem, TrackingSnapshot, is_silent
from storage.order_records import StoredOrder
from storage.reading_case import CaseFile, Row

_OPEN_STATUSES_END = frozenset({"Shipped", "Completed", "Cancelled", "Declined", "Refunded"})
"""Statuses of an order after which nothing more is sent."""


class WaveView(View):
    """Some of a line in one parcel. `status` is null where the carrier was not asked; `window` is when it may be promised."""

    shipment_id: str
    quantity: int = Field(examples=[12])
    carrier: str = Field(examples=["ups"])
    tracking_number: str
    tracking_link: str
    shipped_at: datetime
    status: ParcelStatus | None
    delivered_at: datetime | None
    window: DeliveryWindow | None
    problem: Problem | None
    silent: bool = Field(description="the carrier has said nothing for longer than the playbook finds usual")
    told: Told | None


class LineView(OrderLine, View):
    """A line with what became of it. `open` is neither shipped nor refunded; `backordered`: the stock system says so."""

    shipped: int
    delivered: int
    open: int
    refunded: int
    backordered: bool
    expected_on: date | None
    substitute_sku: str | None
    substitute_name: str | None
    waves: list[WaveView]


class TrailStep(View):
    """One document of the trail from quote to return."""

    kind: str = Field(examples=["quote"])
    number: str
    status: str
    at: datetime | None


class OrderView(View):
    """An order line by line. `told` says of each part who told it and when; `stale`: it has changed since."""

    store: str
    order_id: str
    status: str
    payment_status: str
    payment_method: str
    is_paid: bool
    currency: str
    total: Decimal
    placed_at: datetime
    purchase_order: str | None
    customer_id: str
    company_id: str | None
    buyer_role: str | None = Field(description="what the buyer may do in the company, in the store's words")
    tax_exempt: bool | None
    lines: list[LineView]
    shipments: tuple[Shipment, ...]
    invoices: tuple[Invoice, ...]
    quotes: tuple[Quote, ...]
    trail: list[TrailStep]
    told: dict[str, Told]
    stale: bool
    unread: str | None = Field(description="why the order could not be read again, in words")


def context_view(file: CaseFile, playbook: Playbook, now: datetime | None = None) -> dict[str, Any] | None:
    """The context of a case; None before anybody was asked. What was read in the background goes before what was looked up when
    the messages came."""
    if file.context is None:
        return None
    content: dict[str, Any] = file.context["content"]
    first_told = Told(source="BigCommerce", as_of=file.context["as_of"])
    looked_up = {order["order_id"]: Order.model_validate(order) for order in content["orders"]}
    records = {order_id: _record(stored) for order_id, stored in file.order_records.items()}
    returns = [child for child in file.children if child["process"] == "rma"]
    orders = []
    for order_id in dict.fromkeys([*looked_up, *records]):
        record = records.get(order_id) or OrderRecord(order=looked_up[order_id], told={"order": first_told})
        orders.append(_order(record, file.order_records.get(order_id), returns, playbook, now or datetime.now(UTC)))
    companies = [(record.company, record.told.get("company")) for record in records.values() if record.company]
    known = None if content["company"] is None else Company.model_validate(content["company"])
    fresh = next(((one, told) for one, told in companies if not known or one.company_id == known.company_id), None)
    company = fresh[0] if fresh else known
    return {
        **content,
        "as_of": file.context["as_of"],
        "orders": [order.model_dump(mode="json") for order in orders],
        "company": company.model_dump(mode="json") if company else None,
        "company_told": (fresh[1] or first_told if fresh else first_told).model_dump(mode="json"),
        "tax_exempt": any(record.tax_exempt for record in records.values()) if records else None,
        "due": _due(orders),
    }


def _record(stored: StoredOrder) -> OrderRecord:
    return OrderRecord.model_validate(stored.content)


def _order(
    record: OrderRecord, stored: StoredOrder | None, returns: Iterable[Row], playbook: Playbook, now: datetime
) -> OrderView:
    order, notes = record.order, {note.line_id: note for note in record.line_notes}
    return OrderView(
        **order.model_dump(exclude={"lines", "shipments"}),
        buyer_role=record.buyer_role,
        tax_exempt=record.tax_exempt if stored else None,
        lines=[_line(record, line, notes.get(line.line_id), playbook, now) for line in order.lines],
        shipments=order.shipments,
        invoices=record.invoices,
        quotes=record.quotes,
        trail=_trail(record, returns),
        told=record.told,
        stale=stored.stale if stored else False,
        unread=stored.error if stored else None,
    )


def _line(record: OrderRecord, line: OrderLine, note: LineNote | None, playbook: Playbook, now: datetime) -> LineView:
    order = record.order
    waves = [
        _wave(record, shipment, part.quantity, playbook, now)
        for shipment in order.shipments
        for part in shipment.lines
        if part.line_id == line.line_id
    ]
    unshipped = max(0, line.quantity - line.quantity_shipped - line.quantity_refunded)
    still_open = 0 if order.status in _OPEN_STATUSES_END else unshipped
    return LineView(
        **line.model_dump(),
        shipped=line.quantity_shipped,
        delivered=sum(wave.quantity for wave in waves if wave.status is ParcelStatus.DELIVERED),
        open=still_open,
        refunded=line.quantity_refunded,
        backordered=bool(still_open and note and (note.expected_on or not note.substitute_sku)),
        expected_on=note.expected_on if note and still_open else None,
        substitute_sku=note.substitute_sku if note else None,
        substitute_name=note.substitute_name if note else None,
        waves=waves,
    )


def _wave(record: OrderRecord, shipment: Shipment, quantity: int, playbook: Playbook, now: datetime) -> WaveView:
    parcel = record.parcels.get(shipment.tracking_number)
    return WaveView(
        **shipment.model_dump(exclude={"lines", "tracking_link"}),
        tracking_link=_web_address(shipment.tracking_link),
        quantity=quantity,
        status=parcel.status if parcel else None,
        delivered_at=parcel.delivered_at if parcel else None,
        window=parcel.window if parcel else None,
        problem=parcel.problem if parcel else None,
        silent=bool(parcel) and _is_silent(parcel, record.order.store, playbook, now),
        told=record.told.get(f"parcel:{shipment.tracking_number}"),
    )


def _web_address(link: str) -> str:
    """The link, if it leads to the web and nowhere stranger."""
    return link if urlsplit(link).scheme in ("http", "https") else ""


def _is_silent(parcel: TrackingSnapshot, store: str, playbook: Playbook, now: datetime) -> bool:
    rules = playbook.stores[store]
    heard = parcel.last_heard_at or now
    calendar = playbook.calendars[playbook.service_levels[rules.service_level].calendar].pinned(heard.date())
    return is_silent(parcel, calendar, rules.silent_after, now)


def _trail(record: OrderRecord, returns: Iterable[Row]) -> list[TrailStep]:
    """In the order in which things happen."""
    order = record.order
    return [
        *(TrailStep(kind="quote", number=one.number, status=one.status, at=one.created_at) for one in record.quotes),
        TrailStep(kind="order", number=order.order_id, status=order.status, at=order.placed_at),
        *(TrailStep(kind="invoice", number=one.number, status=one.status, at=None) for one in record.invoices),
        *(_shipped(record, shipment) for shipment in order.shipments),
        *(
            TrailStep(kind="return", number=str(row["number"]), status=row["stage"], at=row["created_at"])
            for row in returns
            if order.order_id in row["orders"]
        ),
    ]


def _shipped(record: OrderRecord, shipment: Shipment) -> TrailStep:
    parcel = record.parcels.get(shipment.tracking_number)
    status = parcel.status.words if parcel else "shipped"
    return TrailStep(
        kind="shipment", number=shipment.tracking_number or shipment.shipment_id, status=status, at=shipment.shipped_at
    )


def _due(orders: Iterable[OrderView]) -> dict[str, str]:
    """What the invoices of these orders still ask for, by currency."""
    due: dict[str, Decimal] = {}
    for invoice in (invoice for order in orders for invoice in order.invoices):
        due[invoice.currency] = due.get(invoice.currency, Decimal(0)) + invoice.open
    return {currency: str(amount) for currency, amount in due.items() if amount}
