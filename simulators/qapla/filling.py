"""What couriers know at the start of the parcels that Qapla' may be told of."""

from datetime import datetime
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from simulators.state import Document, Transaction
from simulators.world import World

ZONE = ZoneInfo("Europe/Rome")
LABELS = {
    0: "WAITING FOR PROCESSING",
    1: "PENDING",
    2: "WAITING FOR PICK UP",
    3: "IN TRANSIT",
    4: "OUT FOR DELIVERY",
    5: "FAILED DELIVERY ATTEMPT",
    6: "EXCEPTION",
    8: "DELAY",
    10: "PICKUP POINT",
    20: "DEPARTED",
    50: "IN PROCESS",
    95: "RETURNED",
    99: "DELIVERED",
}
DETAILS = {0: None, 1: "HELD IN DEPOT", 2: "SHIPMENT RETURNING / REFUSED", 3: "DAMAGED", 4: "LOST"}
_BY_CODE = {"UN": 0, "NY": 2, "AC": 20, "IT": 3, "AT": 5, "SP": 10, "EX": 6, "DE": 99}
_BY_DETAIL = {
    "OUT_FOR_DELIVERY": (4, 0),
    "CARRIER_DELAYS": (8, 0),
    "HELD_BY_CARRIER": (6, 1),
    "RETURN_TO_SENDER": (6, 2),
    "REFUSED_BY_CUSTOMER": (6, 2),
    "PARCEL_DAMAGED": (6, 3),
    "PARCEL_LOST": (6, 4),
    "UNDELIVERABLE_RETURNED_TO_SENDER": (95, 0),
}


def fill(transaction: Transaction, world: World) -> None:
    """Put one record a parcel of Qapla's couriers. Its channel knows none of them yet."""
    couriers = {courier.slug: courier for courier in world.qapla.couriers}
    for order in world.orders:
        for shipment in order.shipments:
            courier = couriers.get(shipment.carrier)
            if courier is None:
                continue
            scans = [
                scan(event.status_code, event.detail_code, event.description, event.at, event.city)
                for event in sorted(shipment.events, key=lambda event: event.at)
            ]
            record = {
                "store": order.store,
                "known": False,
                "scans": scans,
                "data": _shipment(shipment.tracking_number, courier.code, courier.name, shipment.estimated_delivery),
            }
            transaction.put("qapla.shipments", shipment.tracking_number, with_history(record))


def scan(code: str, detail: str, words: str, at: datetime, place: str) -> Document:
    """A scan of a courier, kept with the codes that the world is written in."""
    number, sub = _BY_DETAIL.get(detail, (_BY_CODE[code], 0))
    return {
        "status_code": code,
        "status_detail_code": detail,
        "told": {
            "date": f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}",
            "dateISO": f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
            "status": words,
            "place": place,
            "qaplaStatus": _status(number, sub),
        },
    }


def with_history(record: Document) -> Document:
    """The record with its scans in the shipment's history, newest first, and the last of them as its status."""
    history = [kept["told"] for kept in reversed(record["scans"])]
    data = record["data"]
    last: dict[str, Any] = history[0] if history else {"date": None, "dateISO": None, "status": None, "place": None}
    status = {"qaplaStatus": _status(0, 0), **last, "dateUpd": last["dateISO"], "lastCheck": last["dateISO"]}
    delivered = status["qaplaStatus"]["id"] == 99
    return {**record, "data": {**data, "trackingHistory": history, "status": status, "isDelivered": delivered}}


def _status(number: int, detail: int) -> Document:
    return {
        "id": number,
        "status": LABELS[number],
        "detailID": detail,
        "detail": DETAILS[detail],
        "color": "#1D76D8",
        "icon": f"https://cdn.qapla.it/status/{number}.svg",
    }


def _shipment(number: str, code: str, name: str, estimate: datetime | None) -> Document:
    token = f"{crc32(number.encode()):08x}"
    return {
        "id": crc32(number.encode()),
        "hash": token,
        "url": f"https://tracking.example/{token}",
        "reference": None,
        "trackingNumber": number,
        "isDeleted": False,
        "isArchived": False,
        "courier": {
            "code": code,
            "name": name,
            "icon": f"https://cdn.qapla.it/courier/{code}.svg",
            "note": None,
            "estimatedDeliveryDate": f"{estimate.astimezone(ZONE):%Y-%m-%d}" if estimate else None,
            "trackingURL": f"https://tracking.example/{code}/{number}",
        },
        "language": "it",
        "newTrackingNumber": None,
        "oldTrackingNumber": None,
        "hasNewTrackingNumber": False,
        "isTrackingNumber": True,
        "isReturnShipment": False,
        "isChild": False,
        "hasChildren": False,
        "children": [],
    }
