"""Webhooks of a BigCommerce store (specification: webhooks.v3.yml): one for each scope and destination."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.bigcommerce.access import json_object, of_store, state_of, stored, v3_error, v3_list
from simulators.state import Document

WRITABLE = {"scope", "destination", "is_active", "headers"}


async def list_hooks(request: Request, store: Document) -> Response:
    """GET /hooks with scope, destination and is_active."""
    found = of_store(request, "hooks", store)
    for name in ("scope", "destination"):
        if name in request.query_params:
            found = [hook for hook in found if hook[name] == request.query_params[name]]
    if "is_active" in request.query_params:
        found = [hook for hook in found if str(hook["is_active"]).lower() == request.query_params["is_active"]]
    return v3_list(request, found)


async def post_hook(request: Request, store: Document) -> Response:
    """POST /hooks."""
    body = await json_object(request, v3_error)
    for name in ("scope", "destination"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise v3_error(422, "JSON data is missing or invalid", {name: f"{name} is required"})
    for hook in of_store(request, "hooks", store):
        if (hook["scope"], hook["destination"]) == (body["scope"], body["destination"]):
            return JSONResponse({"data": hook, "meta": {}})
    moment = money.unix(money.now())
    with state_of(request).transaction() as transaction:
        number = transaction.next_number("bigcommerce.hooks", 18_001)
        document = {
            "id": number,
            "client_id": store["client_id"],
            "store_hash": store["hash"],
            "created_at": moment,
            "updated_at": moment,
            "scope": body["scope"],
            "destination": body["destination"],
            "is_active": body.get("is_active", True),
            "headers": body.get("headers") or {},
        }
        transaction.put("bigcommerce.hooks", number, {"store": store["key"], "data": document})
    return JSONResponse({"data": document, "meta": {}})


async def put_hook(request: Request, store: Document) -> Response:
    """PUT /hooks/{webhook_id}: any of its fields."""
    body = await json_object(request, v3_error)
    unknown = sorted(set(body) - WRITABLE)
    if unknown or not body:
        raise v3_error(422, "JSON data is missing or invalid", {name: "is not a field of a webhook" for name in unknown})
    document = {**_one(request, store), **body, "updated_at": money.unix(money.now())}
    with state_of(request).transaction() as transaction:
        transaction.put("bigcommerce.hooks", document["id"], {"store": store["key"], "data": document})
    return JSONResponse({"data": document, "meta": {}})


async def get_hook(request: Request, store: Document) -> Response:
    """GET /hooks/{webhook_id}."""
    return JSONResponse({"data": _one(request, store), "meta": {}})


async def delete_hook(request: Request, store: Document) -> Response:
    """DELETE /hooks/{webhook_id}: answers what was deleted."""
    document = _one(request, store)
    with state_of(request).transaction() as transaction:
        transaction.delete("bigcommerce.hooks", document["id"])
    return JSONResponse({"data": document, "meta": {}})


def _one(request: Request, store: Document) -> Document:
    for hook in of_store(request, "hooks", store):
        if hook["id"] == request.path_params["webhook_id"]:
            return hook
    raise v3_error(404, "The webhook was not found.")


def routes() -> list[Route]:
    """The routes below `/bigcommerce/stores/{store_hash}/v3`."""
    one = "/hooks/{webhook_id:int}"
    return [
        Route("/hooks", stored("hooks", list_hooks), methods=["GET"]),
        Route("/hooks", stored("hook", post_hook), methods=["POST"]),
        Route(one, stored("hooks", get_hook), methods=["GET"]),
        Route(one, stored("hook_update", put_hook), methods=["PUT"]),
        Route(one, stored("hook_delete", delete_hook), methods=["DELETE"]),
    ]
