"""What a refund comes to: quotes, methods and what is left of an order (specification: orders.v3.yml)."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import JSONResponse

from simulators import money
from simulators.bigcommerce.access import Refused
from simulators.state import Document

PIECE_ITEMS = ("PRODUCT", "GIFT_WRAPPING")
OFFLINE_PROVIDERS = ("cheque", "bankdeposit", "cod", "custom")
AMOUNT_ITEMS = ("SHIPPING", "HANDLING", "ORDER", "FEE")


@dataclass(frozen=True)
class Quoted:
    """A refund's gross total, its tax, the part on the order itself, and the ways to pay it out."""

    total: Decimal
    tax: Decimal
    order_level: Decimal
    adjustment: Decimal
    methods: list[list[Document]]


def refund_error(title: str) -> Refused:
    """422 in the form of the refund calls."""
    return Refused(JSONResponse({"data": [{"status": 422, "title": title, "type": "Unprocessable Entity"}]}, 422))


def refunded_before(refunds: list[Document]) -> Decimal:
    """Gross amount that an order's refunds have given back, without declined ones."""
    accepted = [refund for refund in refunds if not any(p["is_declined"] for p in refund["payments"])]
    return sum((money.decimal(refund["total_amount"]) for refund in accepted), Decimal(0))


def quote(record: Document, refunds: list[Document], body: Document) -> Quoted:
    """Judge the items of a quote or refund; raises the provider's 422 for what cannot be refunded."""
    if record["payment"]["state"] != "settled":
        raise refund_error("The order's payment is not settled; it cannot be refunded.")
    if "tax_adjustment_amount" in body:
        raise refund_error("tax_adjustment_amount can only be used when the order was overcharged tax.")
    items = body.get("items")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise refund_error("items: at least one item is required.")
    total = tax = order_level = adjustment = Decimal(0)
    seen: set[tuple[str, Any]] = set()
    for item in items:
        if len(str(item.get("reason", ""))) > 1000:
            raise refund_error("reason: may not be longer than 1000 characters.")
        key = (str(item.get("item_type")), item.get("item_id"))
        if key in seen:
            raise refund_error(f"items: {key[0]} {key[1]} is listed twice.")
        seen.add(key)
        if item.get("item_type") in PIECE_ITEMS:
            gross, item_tax, adjusted = _pieces(record, item)
            adjustment += adjusted
        elif item.get("item_type") in AMOUNT_ITEMS:
            gross, item_tax = _amount(record, refunds, item)
            order_level += gross if item["item_type"] == "ORDER" else 0
        else:
            raise refund_error(f"item_type: {item.get('item_type')!r} is not supported.")
        total, tax = total + gross, tax + item_tax
    override = body.get("merchant_calculated_override")
    if override:
        total, tax = _decimal(override.get("total_amount"), "total_amount"), _decimal(override.get("total_tax"), "tax")
    left = money.decimal(record["data"]["total_inc_tax"]) - refunded_before(refunds)
    if total > left:
        raise refund_error(f"The refund of {total:.2f} exceeds the refundable amount of {left:.2f}.")
    if total <= 0:
        raise refund_error("The refund amount must be greater than zero.")
    return Quoted(money.cents(total), money.cents(tax), money.cents(order_level), adjustment, _methods(record, total))


def _pieces(record: Document, item: Document) -> tuple[Decimal, Decimal, Decimal]:
    line = next((line for line in record["products"] if line["id"] == item.get("item_id")), None)
    if line is None:
        raise refund_error(f"item_id: {item.get('item_id')} is not a product of the order.")
    quantity = item.get("quantity")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise refund_error("quantity: must be a positive whole number.")
    if quantity > line["quantity"] - line["quantity_refunded"]:
        raise refund_error(f"The quantity exceeds what is left to refund of order product {line['id']}.")
    if item["item_type"] == "GIFT_WRAPPING":
        raise refund_error("The product has no gift wrapping.")
    adjusted = Decimal(0)
    for adjustment in item.get("adjustments") or []:
        amount = _decimal(adjustment.get("amount"), "adjustments.amount")
        if amount >= 0:
            raise refund_error("adjustments.amount: must be negative.")
        adjusted += amount
    gross = money.decimal(line["price_inc_tax"]) * quantity
    tax = money.decimal(line["price_tax"]) * quantity
    if adjusted and gross:
        tax += money.cents(adjusted * tax / gross)
    return gross + adjusted, tax, adjusted


def _amount(record: Document, refunds: list[Document], item: Document) -> tuple[Decimal, Decimal]:
    kind, amount = item["item_type"], _decimal(item.get("amount"), "amount")
    if amount <= 0:
        raise refund_error("amount: must be greater than zero.")
    if kind == "ORDER":
        if item.get("item_id") != record["data"]["id"]:
            raise refund_error("item_id: must be the id of the order.")
        return amount, Decimal(0)
    if kind == "FEE":
        raise refund_error("The order has no such fee.")
    if item.get("item_id") != record["addresses"][0]["id"]:
        raise refund_error("item_id: must be an order address id.")
    name = kind.lower()
    gross = money.decimal(record["data"][f"{name}_cost_inc_tax"])
    given = sum(
        (
            money.decimal(former["requested_amount"])
            for refund in refunds
            if not any(payment["is_declined"] for payment in refund["payments"])
            for former in refund["items"]
            if former["item_type"] == kind
        ),
        Decimal(0),
    )
    if amount > gross - given:
        raise refund_error(f"The amount exceeds the {name} cost left to refund, {gross - given:.2f}.")
    tax = money.decimal(record["data"][f"{name}_cost_tax"])
    return amount, money.cents(amount * tax / gross)


def _decimal(value: Any, name: str) -> Decimal:
    try:
        amount = money.decimal(value)
    except InvalidOperation:
        raise refund_error(f"{name}: must be a number.") from None
    if isinstance(value, bool) or not amount.is_finite():
        raise refund_error(f"{name}: must be a number.")
    return amount


def _methods(record: Document, total: Decimal) -> list[list[Document]]:
    payment, amount = record["payment"], money.number(total)
    offline = payment["provider_id"] in OFFLINE_PROVIDERS
    methods = [
        [
            {
                "provider_id": payment["provider_id"],
                "provider_description": payment["method"],
                "amount": amount,
                "offline": offline,
                "offline_provider": offline,
                "offline_reason": "",
            }
        ]
    ]
    if record["data"]["customer_id"]:
        methods.append([_offline("storecredit", "Store credit", amount)])
    methods.append([_offline("custom", "Custom", amount) | {"offline": True, "offline_provider": True}])
    return methods


def _offline(provider: str, description: str, amount: float) -> Document:
    document = {"provider_id": provider, "provider_description": description, "amount": amount}
    return document | {"offline": False, "offline_provider": False, "offline_reason": ""}


def chosen_method(quoted: Quoted, payments: Any) -> list[Document]:
    """The quoted method that the payments of a refund equal, to the cent; 422 when none does."""
    if not isinstance(payments, list) or not payments or not all(isinstance(p, dict) for p in payments):
        raise refund_error("payments: at least one payment is required.")
    wanted = sorted((str(p.get("provider_id")), _decimal(p.get("amount"), "payments.amount")) for p in payments)
    offline = {str(p.get("provider_id")): p.get("offline") for p in payments}
    for method in quoted.methods:
        offered = sorted((part["provider_id"], money.decimal(part["amount"])) for part in method)
        if offered == wanted and all(offline[p["provider_id"]] in (None, p["offline"], True) for p in method):
            return method
    raise refund_error("The payments do not match any refund method of the quote.")
