"""Labels and shipments: ShipStation, the former ShipEngine (specification: shipengine/openapi.yaml, v1)."""

import base64
from decimal import Decimal
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.shipstation.access import Refused, account, label_record, page_of
from simulators.shipstation.filling import add_event, new_tracking, tracking_event
from simulators.shipstation.label_document import label_lines, text_pdf
from simulators.state import Document, State

LONGEST_EXTERNAL_ID = 50
"""ShipStation cuts longer external shipment ids silently."""


async def create_label(request: Request, state: State, held: Document) -> Response:
    """POST /v1/labels; a second label with the same external shipment id is not refused."""
    try:
        body = await request.json()
    except ValueError:
        raise Refused(400, "request_body_required", "The request body is not valid JSON.") from None
    shipment, carrier = _checked(body, held)
    with state.transaction() as transaction:
        number = transaction.next_number("shipstation.labels", 1001)
        tracking_number = _tracking_number(carrier["carrier_code"], number)
        shipment = _shipment_document(shipment, number, carrier)
        label = _label_document(request, body, shipment, carrier, number, tracking_number)
        record = {"data": label, "shipment": shipment, "pdf_lines": label_lines(label, shipment)}
        transaction.put("shipstation.labels", label["label_id"], record)
        tracking = new_tracking(tracking_number, carrier["carrier_code"], carrier["carrier_id"], None, None)
        tracking |= {"label_id": label["label_id"], "store": _store_of(state, shipment)}
        created = tracking_event("NY", "ELEC_ADVICE_RECD_BY_CARRIER", "Label created", money.now())
        add_event(tracking["data"], created)
        transaction.put("shipstation.trackings", tracking_number, tracking)
    return JSONResponse(_with_document(label, record, body.get("label_download_type", "url")))


def _checked(body: Any, held: Document) -> tuple[Document, Document]:
    shipment = body.get("shipment") if isinstance(body, dict) else None
    if not isinstance(shipment, dict):
        raise Refused(400, "field_value_required", "'shipment' is required.", "shipment")
    for name in ("carrier_id", "service_code", "ship_to", "packages"):
        if not shipment.get(name):
            raise Refused(400, "field_value_required", f"'shipment.{name}' is required.", f"shipment.{name}")
    if not shipment.get("ship_from") and not shipment.get("warehouse_id"):
        raise Refused(400, "field_value_required", "'shipment.ship_from' is required.", "shipment.ship_from")
    for end in ("ship_from", "ship_to"):
        address = shipment.get(end) or {}
        for name in ("name", "address_line1", "city_locality", "postal_code", "country_code"):
            if end in shipment and not address.get(name):
                field = f"shipment.{end}.{name}"
                raise Refused(400, "field_value_required", f"'{field}' is required.", field)
    carrier = next((c for c in held["carriers"] if c["carrier_id"] == shipment["carrier_id"]), None)
    if carrier is None:
        raise Refused(400, "carrier_not_connected", f"Carrier {shipment['carrier_id']} is not connected.")
    if shipment["service_code"] not in carrier["services"]:
        message = f"Service {shipment['service_code']!r} is not offered by {carrier['name']}."
        raise Refused(400, "invalid_field_value", message, "shipment.service_code")
    if body.get("is_return_label") and not carrier["returns"]:
        raise Refused(400, "return_label_not_supported", f"{carrier['name']} has no return labels.")
    for package in shipment["packages"]:
        weight = package.get("weight") or {}
        if not isinstance(weight.get("value"), int | float) or weight["value"] <= 0 or not weight.get("unit"):
            raise Refused(400, "field_value_required", "A package needs a weight.", "shipment.packages.weight")
    return shipment, carrier


def _store_of(state: State, shipment: Document) -> str | None:
    """The store whose warehouse a parcel leaves or reaches; its webhooks go to that account."""
    codes = {(shipment.get(end) or {}).get("postal_code") for end in ("ship_from", "ship_to")}
    stores = state.all("stores")
    owner = next((s["key"] for s in stores if s["warehouse"] and s["warehouse"]["postal_code"] in codes), None)
    return owner or (stores[0]["key"] if stores else None)


def _tracking_number(carrier_code: str, number: int) -> str:
    if carrier_code.startswith("ups"):
        return f"1Z999AA1{number:010d}"
    return f"JD0146{number:012d}" if carrier_code.startswith("dhl") else f"SIM{number:012d}"


def _shipment_document(shipment: Document, number: int, carrier: Document) -> Document:
    moment = money.iso(money.now())
    external = shipment.get("external_shipment_id")
    grams = sum(_grams(package["weight"]) for package in shipment["packages"])
    document = {
        "confirmation": "none",
        "insurance_provider": "none",
        "items": [],
        "tags": [],
        "advanced_options": {},
        "is_return": False,
        "external_order_id": None,
        "warehouse_id": None,
        "customs": None,
        **shipment,
        "shipment_id": f"se-{200000 + number}",
        "external_shipment_id": str(external)[:LONGEST_EXTERNAL_ID] if external else None,
        "shipment_status": "label_purchased",
        "ship_date": moment,
        "created_at": moment,
        "modified_at": moment,
        "total_weight": {"value": grams, "unit": "gram"},
    }
    document.setdefault("return_to", document.get("ship_from"))
    return document


def _grams(weight: Document) -> float:
    factor = {"gram": 1, "kilogram": 1000, "ounce": 28.3495, "pound": 453.592}
    return round(weight["value"] * factor.get(weight["unit"], 1), 2)


def _label_document(
    request: Request, body: Document, shipment: Document, carrier: Document, number: int, tracking_number: str
) -> Document:
    label_id = f"se-{100000 + number}"
    base = str(request.base_url).rstrip("/")
    link = f"{base}/shipstation/v1/downloads/10/{label_id}/label.pdf"
    cost = {"currency": "eur", "amount": money.number(Decimal(carrier["label_cost"]))}
    ends = {(shipment.get(end) or {}).get("country_code") for end in ("ship_from", "ship_to")}
    document = {
        "label_id": label_id,
        "status": "completed",
        "shipment_id": shipment["shipment_id"],
        "external_shipment_id": shipment["external_shipment_id"],
        "external_order_id": shipment["external_order_id"],
        "ship_date": shipment["ship_date"],
        "created_at": shipment["created_at"],
        "shipment_cost": cost,
        "insurance_cost": {"currency": "eur", "amount": 0.0},
        "requested_comparison_amount": cost,
        "rate_details": [],
        "tracking_number": tracking_number,
        "is_return_label": bool(body.get("is_return_label")),
        "rma_number": body.get("rma_number"),
        "is_international": len(ends) > 1,
        # The specification demands a batch id of this form also where there is no batch.
        "batch_id": "se-0",
        "carrier_id": carrier["carrier_id"],
        "carrier_code": carrier["carrier_code"],
        "charge_event": body.get("charge_event", "carrier_default"),
        "service_code": shipment["service_code"],
        "package_code": shipment["packages"][0].get("package_code", "package"),
        "voided": False,
        "voided_at": None,
        "void_type": None,
        "refund_details": None,
        "label_format": "pdf",
        "display_scheme": body.get("display_scheme", "label"),
        "label_layout": body.get("label_layout", "4x6"),
        "label_image_id": None,
        "trackable": True,
        "tracking_status": "unknown",
        "tracking_url": f"https://tracking.example/{carrier['carrier_code']}/{tracking_number}",
        "confirmation": shipment["confirmation"],
        "label_download": {"href": link, "pdf": link},
        "form_download": None,
        "qr_code_download": None,
        "paperless_download": None,
        "insurance_claim": None,
        "alternative_identifiers": None,
        "ship_to": shipment["ship_to"],
        "packages": [
            _label_package(package, position, tracking_number, link) for position, package in enumerate(shipment["packages"], 1)
        ],
    }
    return document


def _label_package(package: Document, position: int, tracking_number: str, link: str) -> Document:
    return {
        "package_id": position,
        "package_code": package.get("package_code", "package"),
        "weight": package["weight"],
        "tracking_number": tracking_number if position == 1 else f"{tracking_number}-{position}",
        "label_download": {"href": link, "pdf": link},
        "sequence": position,
        "has_label_documents": True,
        "has_form_documents": False,
        "has_qr_code_documents": False,
        "has_paperless_label_documents": False,
        "alternative_identifiers": None,
    }


def _with_document(label: Document, record: Document, download_type: str) -> Document:
    if download_type != "inline":
        return label
    data = base64.b64encode(text_pdf(record["pdf_lines"])).decode()
    return label | {"label_download": {"href": f"data:application/pdf;base64,{data}"}}


async def get_label(request: Request, state: State, held: Document) -> Response:
    """GET /v1/labels/{label_id}."""
    record = label_record(request, state)
    kind = request.query_params.get("label_download_type", "url")
    return JSONResponse(_with_document(record["data"], record, kind))


async def get_label_by_external_id(request: Request, state: State, held: Document) -> Response:
    """GET /v1/labels/external_shipment_id/{id}: the newest label of the shipment with our key."""
    return JSONResponse(_by_external_id(request, state)["data"])


async def get_shipment_by_external_id(request: Request, state: State, held: Document) -> Response:
    """GET /v1/shipments/external_shipment_id/{id}."""
    return JSONResponse(_by_external_id(request, state)["shipment"])


def _by_external_id(request: Request, state: State) -> Document:
    wanted = request.path_params["external_id"]
    found = [r for r in state.all("shipstation.labels") if r["data"]["external_shipment_id"] == wanted]
    if not found:
        raise Refused(404, "invalid_identifier", f"No shipment has the external id {wanted}.")
    return found[-1]


async def list_labels(request: Request, state: State, held: Document) -> Response:
    """GET /v1/labels; the specification has no filter by external id, but one by shipment."""
    found = [record["data"] for record in state.all("shipstation.labels")]
    query = request.query_params
    equal = {"label_status": "status"}
    for name in ("label_status", "service_code", "carrier_id", "tracking_number", "shipment_id"):
        if name in query:
            found = [label for label in found if label[equal.get(name, name)] == query[name]]
    for name, sign in (("created_at_start", 1), ("created_at_end", -1)):
        if name in query:
            edge = money.parse_moment(query[name].replace(" ", "+"))
            found = [x for x in found if (money.parse_moment(x["created_at"]) - edge).total_seconds() * sign >= 0]
    if query.get("sort_dir", "desc") == "desc":
        found = found[::-1]
    return JSONResponse(page_of(request, "labels", found))


async def void_label(request: Request, state: State, held: Document) -> Response:
    """PUT /v1/labels/{label_id}/void: a refusal is an answer with approved false and a reason code."""
    record = label_record(request, state)
    label = record["data"]
    tracking = state.get("shipstation.trackings", label["tracking_number"])
    if label["voided"]:
        return JSONResponse(_void_refused("This label has already been voided.", "label_already_voided"))
    if tracking and tracking["data"]["status_code"] not in ("NY", "UN"):
        return JSONResponse(_void_refused("This label has already been used.", "label_already_used"))
    label |= {"voided": True, "voided_at": money.iso(money.now()), "status": "voided", "void_type": "manual"}
    with state.transaction() as transaction:
        transaction.put("shipstation.labels", label["label_id"], record)
    return JSONResponse({"approved": True, "message": "Request for refund submitted. The label has been voided."})


def _void_refused(message: str, reason: str) -> Document:
    return {"approved": False, "message": message, "reason_code": reason}


async def download(request: Request, state: State, held: Document) -> Response:
    """GET /v1/downloads/{dir}/{subdir}/{filename}: the PDF of a label."""
    record = label_record(request, state)
    return Response(text_pdf(record["pdf_lines"]), media_type="application/pdf")


async def list_carriers(request: Request, state: State, held: Document) -> Response:
    """GET /v1/carriers."""
    carriers = [
        {
            "carrier_id": carrier["carrier_id"],
            "carrier_code": carrier["carrier_code"],
            "account_number": f"account_{carrier['carrier_code']}",
            "requires_funded_amount": False,
            "balance": 0.0,
            "nickname": carrier["name"],
            "friendly_name": carrier["name"],
            "primary": position == 0,
            "has_multi_package_supporting_services": True,
            "allows_returns": carrier["returns"],
            "supports_label_messages": True,
            "services": [
                {
                    "carrier_id": carrier["carrier_id"],
                    # No carrier_code here: the specification wants an id of the form se-... under that name.
                    "service_code": service,
                    "name": service.replace("_", " ").title(),
                    "domestic": True,
                    "international": True,
                    "is_multi_package_supported": True,
                }
                for service in carrier["services"]
            ],
        }
        for position, carrier in enumerate(held["carriers"])
    ]
    return JSONResponse({"carriers": carriers, "request_id": str(uuid4()), "errors": []})


def routes() -> list[Route]:
    """The routes below `/shipstation`."""
    label, external = "/v1/labels/{label_id}", "external_shipment_id/{external_id}"
    downloads = "/v1/downloads/{directory}/{label_id}/{filename}"
    return [
        Route("/v1/labels", account("label", create_label), methods=["POST"]),
        Route("/v1/labels", account("labels", list_labels), methods=["GET"]),
        Route(f"/v1/labels/{external}", account("label_read", get_label_by_external_id), methods=["GET"]),
        Route(f"/v1/shipments/{external}", account("shipment", get_shipment_by_external_id), methods=["GET"]),
        Route(label, account("label_read", get_label), methods=["GET"]),
        Route(f"{label}/void", account("void", void_label), methods=["PUT"]),
        Route(downloads, account("label_document", download, open_to_all=True), methods=["GET"]),
        Route("/v1/carriers", account("carriers", list_carriers), methods=["GET"]),
    ]
