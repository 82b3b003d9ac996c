"""Order metafields: BigCommerce V3; one namespace and key once an order, which makes them a claim."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.bigcommerce.access import (
    json_object,
    listed,
    of_store,
    order_record,
    state_of,
    stored,
    v3_error,
    v3_list,
)
from simulators.state import Document

PERMISSIONS = {"app_only", "read", "write", "read_and_sf_access", "write_and_sf_access"}
LONGEST = {"namespace": 64, "key": 64, "value": 65535, "description": 255}
MOST_OF_ONE_ORDER = 250


FIRST_NUMBER = 6001


def metafield_document(number: int, order_id: int, body: Document, owner: str, moment: datetime) -> Document:
    """A metafield of an order; `owner` is the client id of the application that made it."""
    return {
        "id": number,
        "permission_set": body["permission_set"],
        "namespace": body["namespace"],
        "key": body["key"],
        "value": body["value"],
        "description": body.get("description", ""),
        "resource_type": "order",
        "resource_id": order_id,
        "date_created": money.iso_offset(moment),
        "date_modified": money.iso_offset(moment),
        "owner_client_id": owner,
    }


async def list_metafields(request: Request, store: Document) -> Response:
    """GET /orders/{id}/metafields with the filters key, namespace and their lists."""
    found = _of_order(request, store)
    for name in ("key", "namespace"):
        if name in request.query_params:
            found = [field for field in found if field[name] == request.query_params[name]]
        wanted = listed(request, f"{name}:in")
        if wanted is not None:
            found = [field for field in found if field[name] in wanted]
    return v3_list(request, found)


async def get_metafield(request: Request, store: Document) -> Response:
    """GET /orders/{id}/metafields/{metafield_id}."""
    return JSONResponse({"data": _one(request, store), "meta": {}})


async def post_metafield(request: Request, store: Document) -> Response:
    """POST /orders/{id}/metafields: 409 where namespace and key exist, so it is insert-if-absent."""
    record = order_record(request, store, v3_error)
    body = await json_object(request, v3_error)
    _check(body)
    held = _of_order(request, store)
    if any((field["namespace"], field["key"]) == (body["namespace"], body["key"]) for field in held):
        raise v3_error(409, "Metafield with the same namespace and key already exists for this resource.")
    if len(held) >= MOST_OF_ONE_ORDER:
        raise v3_error(422, "The order already has 250 metafields.")
    with state_of(request).transaction() as transaction:
        number = transaction.next_number("bigcommerce.metafields", FIRST_NUMBER)
        document = metafield_document(number, record["data"]["id"], body, store["client_id"], money.now())
        transaction.put("bigcommerce.metafields", number, {"store": store["key"], "data": document})
    return JSONResponse({"data": document, "meta": {}})


async def put_metafield(request: Request, store: Document) -> Response:
    """PUT /orders/{id}/metafields/{metafield_id}; the specification wants all four fields again."""
    document = dict(_one(request, store))
    body = await json_object(request, v3_error)
    _check(body)
    document |= {name: body[name] for name in ("permission_set", "namespace", "key", "value")}
    document |= {"description": body.get("description", document["description"])}
    document["date_modified"] = money.iso_offset(money.now())
    with state_of(request).transaction() as transaction:
        transaction.put("bigcommerce.metafields", document["id"], {"store": store["key"], "data": document})
    return JSONResponse({"data": document, "meta": {}})


async def delete_metafield(request: Request, store: Document) -> Response:
    """DELETE /orders/{id}/metafields/{metafield_id}: 204."""
    document = _one(request, store)
    with state_of(request).transaction() as transaction:
        transaction.delete("bigcommerce.metafields", document["id"])
    return Response(status_code=204)


def _of_order(request: Request, store: Document) -> list[Document]:
    order_id = order_record(request, store, v3_error)["data"]["id"]
    return [field for field in of_store(request, "metafields", store) if field["resource_id"] == order_id]


def _one(request: Request, store: Document) -> Document:
    number = request.path_params["metafield_id"]
    for field in _of_order(request, store):
        if field["id"] == number:
            return field
    raise v3_error(404, "The metafield was not found.")


def _check(body: dict[str, Any]) -> None:
    errors = {}
    for name in ("permission_set", "namespace", "key", "value"):
        if not isinstance(body.get(name), str) or not body[name]:
            errors[name] = f"{name} is required and must be a string"
    for name, longest in LONGEST.items():
        if isinstance(body.get(name), str) and len(body[name]) > longest:
            errors[name] = f"{name} may not be longer than {longest} characters"
    if not errors and body["permission_set"] not in PERMISSIONS:
        errors["permission_set"] = "permission_set is not a known one"
    if errors:
        raise v3_error(422, "JSON data is missing or invalid", errors)


def routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v3`."""
    many, one = "/orders/{order_id:int}/metafields", "/orders/{order_id:int}/metafields/{metafield_id:int}"
    return [
        Route(many, stored("metafields", list_metafields), methods=["GET"]),
        Route(many, stored("metafield", post_metafield), methods=["POST"]),
        Route(one, stored("metafields", get_metafield), methods=["GET"]),
        Route(one, stored("metafield_update", put_metafield), methods=["PUT"]),
        Route(one, stored("metafield_delete", delete_metafield), methods=["DELETE"]),
    ]
