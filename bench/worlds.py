"""Worlds of a measurement: the demo's, with as many paid and invoiced orders as are wanted."""

import json
from datetime import date
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[1] / "simulators" / "demo_world.json"
STORE = "northwind-tools"
SKU = "NW-DRL-18V"
_FIRST_ORDER = 200_001
_PATTERN = 10400
"""An order of the demo that is paid by card and invoiced."""


def with_paid_orders(count: int) -> dict[str, Any]:
    """The demo world and `count` orders of one line of two pieces, paid by card and shipped, each with its paid invoice."""
    world = json.loads(DEMO.read_bytes())
    pattern = next(order for order in world["orders"] if order["id"] == _PATTERN)
    price, rate = _price(world, pattern)
    for order_id in order_ids(count):
        line = {"sku": SKU, "quantity": 2}
        order = {**pattern, "id": order_id, "lines": [line], "shipments": [], "shipping": "0.00", "po_number": f"PO-{order_id}"}
        world["orders"].append(order)
        total = 2 * round(price * (1 + rate), 2)
        day = date.fromisoformat(pattern["created"][:10]).isoformat()
        invoice = {"number": f"INV-{order_id}", "order": order_id, "date": day, "due_date": day, "paid": f"{total:.2f}"}
        world["invoices"].append(invoice)
    return world


def order_ids(count: int) -> range:
    return range(_FIRST_ORDER, _FIRST_ORDER + count)


def line_id(order_id: int) -> str:
    """The order product id that the stand-in gives to the first line."""
    return str(order_id * 100 + 1)


def _price(world: dict[str, Any], order: dict[str, Any]) -> tuple[float, float]:
    product = next(product for product in world["products"] if (product["store"], product["sku"]) == (STORE, SKU))
    contact = next(contact for contact in world["contacts"] if contact["id"] == order["contact"])
    company = next(company for company in world["companies"] if company["id"] == contact["company"])
    return float(product["price"]), 0.0 if company.get("tax_exempt") else float(company.get("tax_rate", "0.20"))
