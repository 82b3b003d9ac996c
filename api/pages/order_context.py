"""What the store knows, line by line over all waves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Wave:
    """Some of a line in one parcel."""

    quantity: int
    carrier: str
    tracking_number: str
    link: str | None
    shipped_at: str


@dataclass(frozen=True)
class LineShown:
    sku: str
    name: str
    quantity: int
    shipped: int
    open: int
    refunded: int
    price: str
    waves: tuple[Wave, ...]


def order_lines(order: dict[str, Any]) -> list[LineShown]:
    """The lines of an order with what was shipped of each, and how."""
    return [_line(line, order.get("shipments") or []) for line in order.get("lines") or []]


def _line(line: dict[str, Any], shipments: list[dict[str, Any]]) -> LineShown:
    waves = tuple(
        Wave(
            quantity=part["quantity"],
            carrier=shipment.get("carrier") or "carrier unknown",
            tracking_number=shipment.get("tracking_number") or "no number",
            link=_web_address(shipment.get("tracking_link")),
            shipped_at=shipment["shipped_at"],
        )
        for shipment in shipments
        for part in shipment.get("lines") or []
        if part["line_id"] == line["line_id"]
    )
    return LineShown(
        sku=line["sku"],
        name=line["name"],
        quantity=line["quantity"],
        shipped=line["quantity_shipped"],
        open=max(0, line["quantity"] - line["quantity_shipped"]),
        refunded=line["quantity_refunded"],
        price=line["price"],
        waves=waves,
    )


def _web_address(link: str | None) -> str | None:
    """The link, if it leads to the web and nowhere stranger."""
    return link if link and urlsplit(link).scheme in ("http", "https") else None
