"""Reads all that is known of an order, each part from who knows it. The order itself must be there; any other part may wait."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

from activities._kit.errors import OutsideError
from activities.bigcommerce.client import StoreClient
from activities.bigcommerce.documents import created_on, invoice_of, line_notes_of, quote_of
from activities.bigcommerce.models import Company, Invoice, LineNote, Order, Quote, Shipment
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.carriers.tracking import Parcel, Tracking
from activities.records.order_record import OrderRecord, Told
from domain.playbook import Store
from domain.tracking import FINAL, TrackingSnapshot

_Part = TypeVar("_Part")

STORE, B2B = "BigCommerce", "BigCommerce B2B Edition"
_UNREADABLE = (KeyError, TypeError, ValueError, IndexError)
"""What a document raises that is not as the provider describes it."""


class OrderReading:
    """Reads orders of all stores."""

    def __init__(self, stores: Stores, tracking: Tracking) -> None:
        self._stores = stores
        self._tracking = tracking

    async def read(self, store: str, order_id: str, before: OrderRecord | None) -> OrderRecord:
        """The order with all that belongs to it.

        Raises UnknownOrder, and Transient or NeedsOperator where the order itself cannot be read.
        """
        order = await self._stores.order(store, order_id)
        if order is None:
            raise UnknownOrder(f"Order {order_id} is not known to {self._stores.title(store)}.")
        parts = _Parts(before, datetime.now(UTC))
        client, rules = self._stores.client(store), self._stores.playbook.now.stores[store]
        held = before or OrderRecord(order=order)
        company, tax_exempt, invoices, line_notes, parcels = await asyncio.gather(
            parts.part("company", B2B, self._company(store, order), held.company),
            parts.part("tax", STORE, _tax_exempt(client, order), held.tax_exempt),
            parts.part("invoices", B2B, _invoices(client, order_id), held.invoices),
            parts.part("line_notes", STORE, _line_notes(client, order_id, rules), held.line_notes),
            self._parcels(parts, rules, order, held.parcels),
        )
        quotes, buyer_role = await asyncio.gather(
            parts.part("quotes", B2B, _quotes(client, company, order_id), held.quotes),
            parts.part("buyer", B2B, _buyer_role(client, company, order.customer_id), held.buyer_role),
        )
        told = {"order": Told(source=STORE, as_of=parts.now), **parts.told}
        return OrderRecord(
            order=order,
            company=company,
            buyer_role=buyer_role,
            tax_exempt=tax_exempt,
            invoices=invoices,
            quotes=quotes,
            line_notes=line_notes,
            parcels=parcels,
            told=told,
        )

    async def _company(self, store: str, order: Order) -> Company | None:
        return await self._stores.company(store, order.company_id) if order.company_id else None

    async def _parcels(
        self, parts: "_Parts", rules: Store, order: Order, before: dict[str, TrackingSnapshot]
    ) -> dict[str, TrackingSnapshot]:
        """Each numbered parcel of the order. One that has arrived is not asked about again."""
        numbered = {shipment.tracking_number: shipment for shipment in order.shipments if shipment.tracking_number}

        async def follow(number: str, shipment: Shipment) -> TrackingSnapshot | None:
            known = before.get(number)
            if known is not None and known.status in FINAL:
                parts.keep(f"parcel:{number}")
                return known
            parcel = Parcel(shipment.carrier, number, shipment.shipped_at.date(), order.order_id)
            asked = self._tracking.track(rules, parcel, known)
            return await parts.part(f"parcel:{number}", shipment.carrier or "carrier", asked, known)

        found = await asyncio.gather(*(follow(number, shipment) for number, shipment in numbered.items()))
        return {number: parcel for number, parcel in zip(numbered, found, strict=True) if parcel is not None}


class _Parts:
    """Collects what was told, and by whom."""

    def __init__(self, before: OrderRecord | None, now: datetime) -> None:
        self._before = before.told if before else {}
        self.now = now
        self.told: dict[str, Told] = {}

    async def part(self, name: str, source: str, asked: Awaitable[_Part], before: _Part) -> _Part:
        """The part as it is told now, or as it was before where it cannot be read."""
        try:
            found = await asked
        except (OutsideError, *_UNREADABLE) as error:
            words = error.message if isinstance(error, OutsideError) else f"{source} told something unreadable: {error!r}"
            known = self._before.get(name)
            self.told[name] = Told(source=source, as_of=known.as_of if known else None, unread=words)
            return before
        self.told[name] = Told(source=source, as_of=self.now)
        return found

    def keep(self, name: str) -> None:
        if name in self._before:
            self.told[name] = self._before[name]


async def _tax_exempt(client: StoreClient, order: Order) -> bool:
    customer = None if order.customer_id == "0" else await client.customer(order.customer_id)
    return bool(customer and customer.get("tax_exempt_category"))


async def _invoices(client: StoreClient, order_id: str) -> tuple[Invoice, ...]:
    found = await client.invoices("orderNumber", order_id)
    return tuple(
        [invoice_of(one, await client.receipt_lines(one["id"])) for one in found if str(one.get("orderNumber")) == order_id]
    )


async def _quotes(client: StoreClient, company: Company | None, order_id: str) -> tuple[Quote, ...]:
    found = await client.quotes_of_company(company.name) if company else []
    made = [one for one in found if str(one.get("bcOrderId")) == order_id]
    return tuple([quote_of(one, await client.quote(one["quoteId"], created_on(one))) for one in made])


async def _buyer_role(client: StoreClient, company: Company | None, customer_id: str) -> str | None:
    """What the buyer may do in the company, in the store's words."""
    user = await client.user(customer_id) if company else None
    # One who buys for several companies is told as a user of one of them only.
    known = user is not None and company is not None and str(user["companyId"]) == company.company_id
    return str(user["companyRoleName"]) if user and known else None


async def _line_notes(client: StoreClient, order_id: str, rules: Store) -> tuple[LineNote, ...]:
    place = rules.line_notes
    value = await client.metafield_of(order_id, place.namespace, place.key) if place else None
    return line_notes_of(value) if value else ()
