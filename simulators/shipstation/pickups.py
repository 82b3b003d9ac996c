"""Pick-ups (specification: shipengine/openapi.yaml, v1). A pick-up has no id of the caller's."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.shipstation.access import Refused, account, page_of
from simulators.state import Document, State


async def schedule(request: Request, state: State, held: Document) -> Response:
    """POST /v1/pickups; a second one for the same labels is not refused."""
    try:
        body = await request.json()
    except ValueError:
        raise Refused(400, "request_body_required", "The request body is not valid JSON.") from None
    for name in ("label_ids", "contact_details", "pickup_window"):
        if not body.get(name):
            raise Refused(400, "field_value_required", f"'{name}' is required.", name)
    labels = [state.get("shipstation.labels", label_id) for label_id in body["label_ids"]]
    if any(label is None or label["data"]["voided"] for label in labels):
        raise Refused(400, "invalid_field_value", "A label was not found or is voided.", "label_ids")
    first = (labels[0] or {})["data"]
    window = body["pickup_window"]
    document = {
        "pickup_id": f"pik_{uuid4().hex[:22]}",
        "label_ids": body["label_ids"],
        "created_at": money.iso(money.now()),
        "cancelled_at": None,
        "carrier_id": first["carrier_id"],
        "confirmation_number": f"PU{uuid4().int % 10**9:09d}",
        "contact_details": body["contact_details"],
        "pickup_notes": body.get("pickup_notes", ""),
        "pickup_windows": [{"start_at": window["start_at"], "end_at": window["end_at"]}],
    }
    with state.transaction() as transaction:
        transaction.put("shipstation.pickups", document["pickup_id"], {"data": document})
    return JSONResponse({**_shown(document), "request_id": str(uuid4()), "errors": []})


async def list_pickups(request: Request, state: State, held: Document) -> Response:
    """GET /v1/pickups, newest first, by carrier and moment of creation."""
    asked = request.query_params
    found = [record["data"] for record in reversed(state.all("shipstation.pickups"))]
    if "carrier_id" in asked:
        found = [pickup for pickup in found if pickup["carrier_id"] == asked["carrier_id"]]
    if "created_at_start" in asked:
        since = money.parse_moment(asked["created_at_start"])
        found = [pickup for pickup in found if money.parse_moment(pickup["created_at"]) >= since.replace(microsecond=0)]
    page = page_of(request, "pickups", [_shown(pickup) for pickup in found])
    return JSONResponse({**page, "pages": max(1, page["pages"]), "request_id": str(uuid4()), "errors": []})


async def cancel(request: Request, state: State, held: Document) -> Response:
    """DELETE /v1/pickups/{pickup_id}; one that was cancelled is not found."""
    pickup_id = request.path_params["pickup_id"]
    record = state.get("shipstation.pickups", pickup_id)
    if record is None or record["data"]["cancelled_at"]:
        raise Refused(404, "invalid_identifier", f"Pickup {pickup_id} was not found.")
    cancelled = {**record["data"], "cancelled_at": money.iso(money.now())}
    with state.transaction() as transaction:
        transaction.put("shipstation.pickups", pickup_id, {"data": cancelled})
    return JSONResponse({"pickup_id": pickup_id, "request_id": str(uuid4()), "errors": []})


def _shown(pickup: Document) -> Document:
    return {name: value for name, value in pickup.items() if value is not None}


def routes() -> list[Route]:
    """The routes below `/shipstation`."""
    return [
        Route("/v1/pickups", account("pickup", schedule), methods=["POST"]),
        Route("/v1/pickups", account("pickups", list_pickups), methods=["GET"]),
        Route("/v1/pickups/{pickup_id}", account("pickup_cancel", cancel), methods=["DELETE"]),
    ]
