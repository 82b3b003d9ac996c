"""The store's documents as our models. Read leniently: new fields appear without notice (BigCommerce brief, section 2)."""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from activities.bigcommerce.client import Document
from activities.bigcommerce.models import (
    BuyerAddress,
    Company,
    Invoice,
    LineNote,
    Order,
    OrderLine,
    Quote,
    QuoteMessage,
    Receipt,
    Shipment,
    ShippedLine,
)

_SETTLED = {"captured", "paid", "partially refunded", "refunded"}
"""The values of payment_status that mean the money has come in (BigCommerce brief, section 3)."""


def money(value: Any) -> Decimal:
    """An amount in any of the store's notations: "69.8400", 69.84, 70."""
    return Decimal(str(value)).quantize(Decimal("0.01"))


def order_of(store: str, order: Document, products: list[Document], shipments: list[Document]) -> Order:
    """An order without its purchase order number and company, which only the B2B edition knows."""
    status = str(order.get("payment_status") or "")
    return Order(
        store=store,
        order_id=str(order["id"]),
        status=str(order.get("status") or ""),
        payment_status=status,
        payment_method=str(order.get("payment_method") or ""),
        is_paid=status in _SETTLED,
        currency=str(order["currency_code"]),
        total=money(order["total_inc_tax"]),
        customer_id=str(order.get("customer_id") or "0"),
        placed_at=moment(order["date_created"]),
        purchase_order=None,
        lines=tuple(_line(product) for product in products),
        shipments=tuple(_shipment(shipment) for shipment in shipments),
    )


def _line(product: Document) -> OrderLine:
    return OrderLine(
        line_id=str(product["id"]),
        product_id=str(product["product_id"]) if product.get("product_id") else None,
        sku=str(product.get("sku") or ""),
        name=str(product.get("name") or ""),
        quantity=int(product["quantity"]),
        quantity_shipped=int(product.get("quantity_shipped") or 0),
        quantity_refunded=int(product.get("quantity_refunded") or 0),
        price=money(product["price_inc_tax"]),
    )


def _shipment(shipment: Document) -> Shipment:
    carrier = shipment.get("tracking_carrier") or shipment.get("shipping_provider") or ""
    link = shipment.get("tracking_link") or shipment.get("generated_tracking_link") or ""
    return Shipment(
        shipment_id=str(shipment["id"]),
        carrier=str(carrier),
        tracking_number=str(shipment.get("tracking_number") or ""),
        tracking_link=str(link),
        shipped_at=moment(shipment["date_created"]),
        lines=tuple(
            ShippedLine(line_id=str(item["order_product_id"]), quantity=int(item["quantity"]))
            for item in shipment.get("items") or []
        ),
    )


def company_of(company_id: str, company: Document, credit: Document | None, terms: Document | None) -> Company:
    """The answer of GET /companies/{id} names the group `bcGroupId`, its schema `customerGroupId`."""
    group = company.get("bcGroupId") or company.get("customerGroupId")
    net_days = int(terms["paymentTerms"]) if terms and terms.get("isEnabled") and terms.get("paymentTerms") else None
    return Company(
        company_id=company_id,
        name=str(company.get("companyName") or ""),
        group_id=str(group) if group else None,
        payment_terms_days=net_days,
        credit_hold=bool(credit and credit.get("creditHold")),
        credit_available=money(credit["availableCredit"]) if credit and credit.get("creditEnabled") else None,
    )


_INVOICE_STATUSES = ("open", "partly paid", "paid")
_QUOTE_STATUSES = {
    0: "new",
    2: "in process",
    3: "updated by the customer",
    4: "ordered",
    5: "expired",
    6: "archived",
    7: "draft",
}
"""BigCommerce brief, section 12."""


def invoice_of(invoice: Document, receipt_lines: Iterable[Document] = ()) -> Invoice:
    """Raises KeyError, TypeError or ValueError where it is none."""
    total, still_open = invoice["originalBalance"], invoice["openBalance"]
    due = invoice.get("dueDate")
    return Invoice(
        number=str(invoice["invoiceNumber"]),
        status=_INVOICE_STATUSES[int(invoice["status"])],
        due_on=_unix(due).date() if due else None,
        total=money(total["value"]),
        open=money(still_open["value"]),
        currency=str(still_open.get("code") or total.get("code") or ""),
        purchase_order=str(invoice.get("purchaseOrderNumber") or "") or None,
        receipts=tuple(_receipt(line) for line in receipt_lines),
    )


def _receipt(line: Document) -> Receipt:
    return Receipt(
        paid_on=_unix(line["createdAt"]).date(),
        amount=money(line["amount"]["value"]),
        method=str(line.get("paymentType") or ""),
        reference=str(line.get("referenceNumber") or ""),
    )


def quote_of(quote: Document, whole: Document | None = None) -> Quote:
    """As the list of quotes tells it, and the single answer, `whole`, where that was asked for."""
    said = (whole or {}).get("trackingHistory") or []
    messages = [QuoteMessage(at=_unix(one["date"]), by=str(one["role"]), text=str(one["message"])) for one in said]
    expires = quote.get("expiredAt")
    return Quote(
        number=str(quote["quoteNumber"]),
        title=str(quote.get("quoteTitle") or ""),
        reference=str(quote.get("referenceNumber") or ""),
        status=_QUOTE_STATUSES.get(int(quote["status"]), f"status {quote['status']}"),
        sales_representative=str(quote.get("salesRep") or ""),
        created_at=_unix(quote["createdAt"]),
        expires_at=_unix(expires) if expires else None,
        messages=tuple(sorted(messages, key=lambda message: message.at)),
        total=money(quote.get("totalAmount") or quote.get("subtotal") or 0),
        currency=str((quote.get("currency") or {}).get("currencyCode") or ""),
    )


def created_on(quote: Document) -> date:
    """The day by which the store finds a quote of its list."""
    return _unix(quote["createdAt"]).date()


def line_notes_of(value: str) -> tuple[LineNote, ...]:
    """A metafield's value: a JSON object of `{line id: {expected_on?, substitute_sku?, substitute_name?}}`.

    Raises ValueError where it is anything else.
    """
    told = json.loads(value)
    if not isinstance(told, dict):
        raise ValueError(f"it is a {type(told).__name__}, not an object by line id")
    return tuple(LineNote.model_validate({"line_id": line_id, **note}) for line_id, note in told.items())


def buyer_address_of(order: Document, shipping: Document | None) -> BuyerAddress:
    """Where the goods went, else where the bill went; the e-mail address is the one of the bill."""
    billing = order.get("billing_address") or {}
    address = shipping or billing
    name = f"{address.get('first_name') or ''} {address.get('last_name') or ''}".strip()
    return BuyerAddress(
        name=name,
        company=str(address.get("company") or ""),
        email=str(billing.get("email") or address.get("email") or ""),
        phone=str(address.get("phone") or billing.get("phone") or ""),
        street=str(address.get("street_1") or ""),
        street_2=str(address.get("street_2") or ""),
        city=str(address.get("city") or ""),
        state=str(address.get("state") or ""),
        postal_code=str(address.get("zip") or ""),
        country_code=str(address.get("country_iso2") or ""),
    )


def _unix(seconds: Any) -> datetime:
    """B2B writes Unix seconds, sometimes as text."""
    return datetime.fromtimestamp(int(seconds), UTC)


def moment(text: str) -> datetime:
    """V2 writes RFC 2822; a missing zone means UTC."""
    written = parsedate_to_datetime(text)
    return written if written.tzinfo else written.replace(tzinfo=UTC)
