"""The control room under `/_sim`: faults, the world, what the providers hold, the calls received, and time."""

from collections.abc import Callable

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.advance import Impossible, Step, advance
from simulators.channels import signing
from simulators.connection import Calls
from simulators.faults import FaultOrder, Faults
from simulators.load import replace_world
from simulators.state import Document, State
from simulators.world import World

COLLECTIONS = {
    "bigcommerce": (
        "orders refunds transactions shipments customers customer_groups companies users quotes metafields products invoices"
        " hooks"
    ).split(),
    "shipstation": ["labels", "trackings", "pickups", "hooks"],
    "qapla": ["shipments"],
    "xero": ["credit_notes", "invoices", "contacts", "allocations", "payments"],
    "ringcentral": ["subscriptions", "calls", "messages"],
    "threecx": ["segments", "active_calls"],
    **{provider: ["messages"] for provider in signing.PROVIDERS},
    "webhooks": ["events"],
}
"""What `GET /_sim/{provider}/{collection}` can show."""


def _told(error: ValidationError) -> Response:
    errors = [
        {"where": ".".join(str(part) for part in found["loc"]) or "document", "what": found["msg"]}
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    first = f"{errors[0]['where']}: {errors[0]['what']}"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return JSONResponse({"detail": first + more, "errors": errors}, 422)


async def list_faults(request: Request) -> Response:
    """GET /_sim/faults."""
    faults: Faults = request.app.state.faults
    return JSONResponse(faults.listing())


async def arm_fault(request: Request) -> Response:
    """POST /_sim/faults."""
    faults: Faults = request.app.state.faults
    try:
        faults.arm(FaultOrder.model_validate_json(await request.body()), request.app.state.state.moment())
    except ValidationError as error:
        return _told(error)
    return JSONResponse(faults.listing())


async def clear_faults(request: Request) -> Response:
    """DELETE /_sim/faults: disarm everything."""
    faults: Faults = request.app.state.faults
    faults.clear()
    return Response(status_code=204)


async def show_collection(request: Request) -> Response:
    """GET /_sim/{provider}/{collection}: a plain list of the provider's own documents, with `store` added."""
    provider, collection = request.path_params["provider"], request.path_params["collection"]
    if collection not in COLLECTIONS.get(provider, ()):
        known = "; ".join(f"{name}: {', '.join(names)}" for name, names in COLLECTIONS.items())
        return JSONResponse({"detail": f"no collection {provider}/{collection}; known: {known}"}, 404)
    state: State = request.app.state.state
    show: dict[str, Callable[[Document], Document]] = {"orders": _order, "companies": _company, "events": dict}
    documents = [show.get(collection, _plain)(record) for record in state.all(f"{provider}.{collection}")]
    return JSONResponse(documents)


def _plain(record: Document) -> Document:
    return {**record["data"], "store": record.get("store")}


def _order(record: Document) -> Document:
    extra = {"products": record["products"], "po_number": record["b2b"]["poNumber"]}
    return {**_plain(record), **extra, "company_id": record["b2b"]["companyId"]}


def _company(record: Document) -> Document:
    return {**_plain(record), "credit": record["credit"], "payment_terms": record["payment_terms"]}


async def move(request: Request) -> Response:
    """POST /_sim/advance: one step of a parcel, an order or an invoice; gives the document afterwards."""
    try:
        body = await request.json()
    except ValueError:
        return JSONResponse({"detail": "the body is not valid JSON"}, 422)
    try:
        return JSONResponse(advance(request, Step.model_validate({"step": body}).step))
    except ValidationError as error:
        return _told(error)
    except Impossible as impossible:
        return JSONResponse({"detail": str(impossible)}, 422)


async def put_world(request: Request) -> Response:
    """PUT /_sim/world: all or nothing; armed faults are cleared, mail and calls stay."""
    try:
        world = World.model_validate_json(await request.body())
    except ValidationError as error:
        return _told(error)
    state: State = request.app.state.state
    replace_world(state, world)
    faults: Faults = request.app.state.faults
    faults.clear()
    counted = {"stores": len(world.stores), "companies": len(world.companies), "orders": len(world.orders)}
    return JSONResponse({**counted, "quotes": len(world.quotes), "invoices": len(world.invoices)})


async def world_schema(request: Request) -> Response:
    """GET /_sim/world/schema: JSON Schema of the world document."""
    return JSONResponse(World.model_json_schema())


async def list_calls(request: Request) -> Response:
    """GET /_sim/calls: oldest first, at most 10,000."""
    calls: Calls = request.app.state.calls
    return JSONResponse(calls.listing())


async def clear_calls(request: Request) -> Response:
    """DELETE /_sim/calls."""
    calls: Calls = request.app.state.calls
    calls.clear()
    return Response(status_code=204)


async def healthy(request: Request) -> Response:
    """GET /healthz."""
    state: State = request.app.state.state
    return JSONResponse({"status": "ok", "stores": [store["key"] for store in state.all("stores")]})


def routes() -> list[Route]:
    """The routes of the control room."""
    return [
        Route("/healthz", healthy, methods=["GET"]),
        Route("/_sim/faults", list_faults, methods=["GET"]),
        Route("/_sim/faults", arm_fault, methods=["POST"]),
        Route("/_sim/faults", clear_faults, methods=["DELETE"]),
        Route("/_sim/advance", move, methods=["POST"]),
        Route("/_sim/world", put_world, methods=["PUT"]),
        Route("/_sim/world/schema", world_schema, methods=["GET"]),
        Route("/_sim/calls", list_calls, methods=["GET"]),
        Route("/_sim/calls", clear_calls, methods=["DELETE"]),
        Route("/_sim/{provider}/{collection}", show_collection, methods=["GET"]),
    ]
