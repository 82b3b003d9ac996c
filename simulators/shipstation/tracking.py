"""Tracking of parcels: ShipStation (specification: shipengine/openapi.yaml, v1)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.shipstation.access import Refused, account, label_record
from simulators.shipstation.filling import add_event, new_tracking, tracking_event
from simulators.state import Document, State


async def track_number(request: Request, state: State, held: Document) -> Response:
    """GET /v1/tracking; a number not known yet is status UN without events, never an error."""
    number, carrier = request.query_params.get("tracking_number"), request.query_params.get("carrier_code")
    if not number:
        raise Refused(400, "field_value_required", "'tracking_number' is required.", "tracking_number")
    record = state.get("shipstation.trackings", number)
    # The slug of a V2 shipment ("dhl") finds the parcels of the account's carrier ("dhl_express") too.
    if record is None or (carrier and record["data"]["carrier_code"].split("_")[0] != carrier.split("_")[0]):
        known = next((c for c in held["carriers"] if c["carrier_code"] == carrier), None)
        unknown = new_tracking(number, carrier or "unknown", known["carrier_id"] if known else "se-0", None, None)
        unknown["data"] |= {"status_code": "UN", "status_description": "Unknown", "carrier_status_code": "UN"}
        unknown["data"]["status_detail_code"] = "CARRIER_STATUS_NOT_MAPPED"
        return JSONResponse(unknown["data"])
    return JSONResponse(record["data"])


async def track_label(request: Request, state: State, held: Document) -> Response:
    """GET /v1/labels/{label_id}/track."""
    label = label_record(request, state)["data"]
    record = state.get("shipstation.trackings", label["tracking_number"])
    if record is None:
        raise Refused(404, "tracking_not_supported", "The label cannot be tracked.")
    return JSONResponse(record["data"])


async def follow(request: Request, state: State, held: Document) -> Response:
    """POST /v1/tracking/start: events of this parcel go out from now on, whoever bought its label."""
    number = request.query_params.get("tracking_number")
    if not number or not request.query_params.get("carrier_code"):
        raise Refused(400, "field_value_required", "'carrier_code' and 'tracking_number' are required.", "tracking_number")
    record = state.get("shipstation.trackings", number)
    if record is not None:
        with state.transaction() as transaction:
            transaction.put("shipstation.trackings", number, {**record, "followed": True})
    return Response(status_code=204)


def move_parcel(
    request: Request, state: State, record: Document, status_code: str, detail_code: str, description: str
) -> Document:
    """Add a scan of this moment to a parcel, with its webhook."""
    data = record["data"]
    add_event(data, tracking_event(status_code, detail_code, description, money.now()))
    with state.transaction() as transaction:
        transaction.put("shipstation.trackings", data["tracking_number"], record)
        label = state.get("shipstation.labels", record["label_id"]) if record["label_id"] else None
        if label is not None:
            words = {"DE": "delivered", "EX": "error", "UN": "unknown", "NY": "unknown"}
            label["data"]["tracking_status"] = words.get(status_code, "in_transit")
            transaction.put("shipstation.labels", record["label_id"], label)
        if record.get("followed") or label is not None:
            webhooks.parcel_moved(request.app, transaction, data)
    return data


def routes() -> list[Route]:
    """The routes below `/shipstation`."""
    return [
        Route("/v1/labels/{label_id}/track", account("tracking", track_label), methods=["GET"]),
        Route("/v1/tracking/start", account("follow", follow), methods=["POST"]),
        Route("/v1/tracking", account("tracking", track_number), methods=["GET"]),
    ]
