"""Shipment documents of BigCommerce V2 and what a shipment changes in its order."""

from datetime import datetime

from simulators import money
from simulators.bigcommerce.order_documents import STATUS_NAMES
from simulators.state import Document

DISPLAY_NAMES = {"ups": "UPS", "dhl": "DHL", "brt-it": "BRT"}


def provider_fields(carrier_code: str) -> Document:
    """How a V2 shipment names a carrier: a built-in provider, or else an AfterShip slug."""
    if carrier_code.startswith("ups"):
        return {"shipping_provider": "ups", "tracking_carrier": "ups"}
    return {"shipping_provider": "", "tracking_carrier": carrier_code.split("_")[0]}


def add_shipment(record: Document, draft: Document, number: int, moment: datetime) -> Document:
    """Count the shipped pieces in an order record and give the shipment's document."""
    order = record["data"]
    lines = {line["id"]: line for line in record["products"]}
    items = []
    for item in draft["items"]:
        line = lines[item["order_product_id"]]
        line["quantity_shipped"] += item["quantity"]
        items.append({**item, "product_id": line["product_id"]})
    shipped = sum(line["quantity_shipped"] for line in lines.values())
    order["items_shipped"] = shipped
    record["addresses"][0]["items_shipped"] = shipped
    status = 2 if shipped >= order["items_total"] else 3
    order["status_id"], order["status"] = status, STATUS_NAMES[status]
    order["date_shipped"] = order["date_modified"] = money.rfc2822(moment)
    address = {
        key: value for key, value in record["addresses"][0].items() if key in order["billing_address"] and key != "form_fields"
    }
    billing = {key: value for key, value in order["billing_address"].items() if key != "form_fields"}
    carrier = draft.get("tracking_carrier") or draft.get("shipping_provider") or ""
    link = draft.get("tracking_link", "")
    generated = f"https://tracking.example/{carrier}/{draft['tracking_number']}" if carrier and not link else ""
    return {
        "id": number,
        "order_id": order["id"],
        "customer_id": order["customer_id"],
        "order_address_id": record["addresses"][0]["id"],
        "date_created": money.rfc2822(moment),
        "tracking_number": draft.get("tracking_number", ""),
        "merchant_shipping_cost": draft.get("merchant_shipping_cost", "0.0000"),
        "shipping_method": draft.get("shipping_method", "Standard delivery"),
        "shipping_provider": draft.get("shipping_provider", ""),
        "tracking_carrier": draft.get("tracking_carrier", ""),
        "tracking_link": link,
        "comments": draft.get("comments", ""),
        "billing_address": billing,
        "shipping_address": address,
        "items": items,
        "shipping_provider_display_name": DISPLAY_NAMES.get(carrier, carrier.upper()),
        "generated_tracking_link": generated,
    }
