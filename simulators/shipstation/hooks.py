"""Where events go (specification: shipengine/openapi.yaml, v1): one webhook for each event and address."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.refusals import shipstation_error
from simulators.shipstation.access import Refused, account
from simulators.state import Document, State


async def list_hooks(request: Request, state: State, held: Document) -> Response:
    """GET /v1/environment/webhooks."""
    return JSONResponse([record["data"] for record in state.all("shipstation.hooks")])


async def create_hook(request: Request, state: State, held: Document) -> Response:
    """POST /v1/environment/webhooks; the same event to the same address again is 409."""
    try:
        body = await request.json()
    except ValueError:
        raise Refused(400, "request_body_required", "The request body is not valid JSON.") from None
    for name in ("event", "url"):
        if not body.get(name):
            raise Refused(400, "field_value_required", f"'{name}' is required.", name)
    for record in state.all("shipstation.hooks"):
        if (record["data"]["event"], record["data"]["url"]) == (body["event"], body["url"]):
            return JSONResponse(shipstation_error("invalid_field_value", "This webhook is there already."), 409)
    with state.transaction() as transaction:
        number = transaction.next_number("shipstation.hooks", 501)
        document = {"webhook_id": f"se-{number}", "event": body["event"], "url": body["url"], "name": body.get("name", "")}
        transaction.put("shipstation.hooks", document["webhook_id"], {"data": document})
    return JSONResponse(document)


async def delete_hook(request: Request, state: State, held: Document) -> Response:
    """DELETE /v1/environment/webhooks/{webhook_id}."""
    webhook_id = request.path_params["webhook_id"]
    if state.get("shipstation.hooks", webhook_id) is None:
        raise Refused(404, "invalid_identifier", f"Webhook {webhook_id} was not found.")
    with state.transaction() as transaction:
        transaction.delete("shipstation.hooks", webhook_id)
    return Response(status_code=204)


def routes() -> list[Route]:
    """The routes below `/shipstation`."""
    at = "/v1/environment/webhooks"
    return [
        Route(at, account("hooks", list_hooks), methods=["GET"]),
        Route(at, account("hook", create_hook), methods=["POST"]),
        Route(f"{at}/{{webhook_id}}", account("hook_delete", delete_hook), methods=["DELETE"]),
    ]
