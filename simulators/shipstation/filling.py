"""What ShipStation knows at the start: the parcels of a world's orders."""

from datetime import datetime
from zlib import crc32

from simulators import money
from simulators.state import Document, Transaction
from simulators.world import World

DESCRIPTIONS = {
    "UN": "Unknown",
    "NY": "Not Yet In System",
    "AC": "Accepted",
    "IT": "In Transit",
    "AT": "Delivery Attempt",
    "SP": "Delivered To Service Point",
    "EX": "Exception",
    "DE": "Delivered",
}
"""The status codes of tracking and their words (specification: status_code)."""


def fill(transaction: Transaction, world: World) -> None:
    """Put one tracking record a parcel."""
    for order in world.orders:
        for shipment in order.shipments:
            carrier = next((c for c in world.carriers.carriers if c.carrier_code == shipment.carrier), None)
            if carrier is None:
                continue  # of Qapla'
            record = new_tracking(
                shipment.tracking_number,
                carrier.carrier_code,
                carrier.carrier_id,
                shipment.shipped_at,
                shipment.estimated_delivery,
            )
            record["store"], record["order_id"] = order.store, order.id
            for event in sorted(shipment.events, key=lambda event: event.at):
                scan = tracking_event(event.status_code, event.detail_code, event.description, event.at)
                scan |= {"city_locality": event.city, "signer": event.signer}
                if event.country_code:
                    scan["country_code"] = event.country_code
                add_event(record["data"], scan)
            transaction.put("shipstation.trackings", shipment.tracking_number, record)


def new_tracking(
    number: str, carrier_code: str, carrier_id: str, shipped_at: datetime | None, estimate: datetime | None
) -> Document:
    """A tracking record without events; `carrier_id` is the string id of the account's carrier."""
    data: Document = {
        "tracking_number": number,
        "tracking_url": f"https://tracking.example/{carrier_code}/{number}",
        "status_code": "NY",
        "status_detail_code": "ELEC_ADVICE_RECD_BY_CARRIER",
        "carrier_code": carrier_code,
        # In tracking answers the specification makes this an integer, not the se-... string of labels.
        "carrier_id": crc32(carrier_id.encode()) % 1_000_000,
        "status_description": DESCRIPTIONS["NY"],
        "status_detail_description": "The carrier has received the electronic advice",
        "carrier_status_code": "NY",
        "carrier_detail_code": "ELEC_ADVICE_RECD_BY_CARRIER",
        "carrier_status_description": "Label created",
        "events": [],
    }
    if shipped_at:
        data["ship_date"] = money.iso(shipped_at)
    if estimate:
        data["estimated_delivery_date"] = money.iso(estimate)
    return {"store": None, "order_id": None, "label_id": None, "data": data}


def tracking_event(status_code: str, detail_code: str, description: str, moment: datetime) -> Document:
    """One scan, as `events` of a tracking answer lists it."""
    event = {
        "occurred_at": money.iso(moment),
        "carrier_occurred_at": money.iso(moment),
        "description": description,
        "city_locality": "",
        # The specification demands two characters at least.
        "state_province": "--",
        "postal_code": "",
        "company_name": "",
        "signer": "",
        "event_code": status_code,
        "carrier_detail_code": detail_code or status_code,
        "status_code": status_code,
        "status_description": DESCRIPTIONS[status_code],
        "status_detail_description": description,
        "carrier_status_code": status_code,
        "carrier_status_description": description,
    }
    if detail_code:
        event["status_detail_code"] = detail_code
    return event


def add_event(data: Document, event: Document) -> None:
    """Put a scan on top (newest first, as the provider lists them) and take over its status."""
    data["events"].insert(0, event)
    for name in ("status_code", "status_detail_code", "status_description", "status_detail_description"):
        if name in event:
            data[name] = event[name]
    for name in ("carrier_status_code", "carrier_detail_code", "carrier_status_description"):
        data[name] = event[name]
    if event["status_code"] == "DE":
        data["actual_delivery_date"] = event["occurred_at"]
    if event["status_code"] == "EX":
        data["exception_description"] = event["description"]
