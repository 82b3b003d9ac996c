"""Parcels at Qapla' (no specification is published; samples and words: Qapla/qapla-api-skill on GitHub).

It follows what it was told of, answers 200 to what it refuses, and says `KO` in the body.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.connection import Handler, guarded
from simulators.qapla.filling import ZONE, scan, with_history
from simulators.state import Document, State

Asked = Callable[[Request, State, Document], Awaitable[Document]]


def _call(name: str, operation: str, handler: Asked) -> Handler:
    """A call behind the channel's key, in the envelope of its name."""

    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "qapla") or {}
        body = await _body(request)
        if body.get("apiKey") != held.get("api_key"):
            return JSONResponse({name: {"result": "KO", "error": "Invalid API Key"}})
        answer = await handler(request, state, body)
        return JSONResponse({name: {"result": "OK", "error": None, **answer}})

    return guarded("qapla", operation, endpoint)


async def _body(request: Request) -> Document:
    if request.method == "GET":
        return dict(request.query_params)
    try:
        body: Any = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


async def get_shipment(request: Request, state: State, asked: Document) -> Document:
    """GET /1.3/getShipment; a parcel that nobody told of is a KO."""
    record = state.get("qapla.shipments", asked.get("trackingNumber", ""))
    if record is None or not record["known"]:
        return {"result": "KO", "error": "Shipment not found"}
    return {"version": "1.3.0", "lang": asked.get("lang", "it"), "count": 1, "shipments": [record["data"]]}


async def push_shipment(request: Request, state: State, asked: Document) -> Document:
    """POST /1.3/pushShipment; the same number again is taken once, and each item is answered for itself."""
    told = [_pushed(state, item) for item in asked.get("pushShipment") or []]
    imported = sum(item["result"] == "OK" for item in told)
    return {"count": len(told), "shipments": told, "imported": imported}


def _pushed(state: State, item: Document) -> Document:
    held = state.get("accounts", "qapla") or {}
    number, code = str(item.get("trackingNumber") or ""), item.get("courier")
    if not any(courier["code"] == code for courier in held["couriers"]):
        return {"result": "KO", "error": "Invalid courier", "courier": code}
    if not number or not item.get("shipDate"):
        return {"result": "KO", "error": "Missing trackingNumber or shipDate", "courier": code}
    record = state.get("qapla.shipments", number)
    if record is None:
        return {"result": "KO", "error": "Invalid trackingNumber", "courier": code}
    record = {**record, "known": True, "data": {**record["data"], "reference": item.get("reference")}}
    with state.transaction() as transaction:
        transaction.put("qapla.shipments", number, record)
    data = record["data"]
    return {
        "result": "OK",
        "error": None,
        "id": data["id"],
        "url": data["url"],
        "hash": data["hash"],
        "courier": code,
        "trackingNumber": number,
        "reference": data["reference"],
    }


async def get_channel(request: Request, state: State, asked: Document) -> Document:
    """GET /1.2/getChannel."""
    return {}


def move(request: Request, state: State, record: Document, status_code: str, detail_code: str, description: str) -> Document:
    """Add a scan of this moment to a parcel, with its webhook where Qapla' follows it."""
    added = scan(status_code, detail_code, description, money.now(), "")
    record = with_history({**record, "scans": [*record["scans"], added]})
    data = record["data"]
    with state.transaction() as transaction:
        transaction.put("qapla.shipments", data["trackingNumber"], record)
        if record["known"]:
            webhooks.parcel_moved_at_qapla(request.app, transaction, _event(data))
    return data


def _event(data: Document) -> Document:
    status = data["status"]["qaplaStatus"]
    details = [{"id": status["detailID"], "detail": status["detail"]}] if status["detailID"] else []
    return {
        "trackingNumber": data["trackingNumber"],
        "courier": data["courier"]["code"],
        "reference": data["reference"],
        "date": money.now().astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
        "courierStatus": data["status"]["status"],
        "place": data["status"]["place"],
        "qaplaStatusID": str(status["id"]),
        "qaplaStatus": status["status"],
        "statusDetails": details,
        "return": 0,
        "hasChildren": 0,
        "isChild": 0,
        "custom1": "",
        "custom2": "",
        "custom3": "",
    }


def routes() -> list[Route]:
    """The routes below `/qapla`."""
    return [
        Route("/1.3/getShipment/", _call("getShipment", "shipment", get_shipment), methods=["GET"]),
        Route("/1.3/pushShipment/", _call("pushShipment", "push", push_shipment), methods=["POST"]),
        Route("/1.2/getChannel/", _call("getChannel", "channel", get_channel), methods=["GET"]),
    ]
