"""3CX: tokens, the call history and the calls going on (specification: 3cx/xapi.calls.yaml)."""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import guarded
from simulators.state import Document, State

CLIENT_ID, CLIENT_SECRET = "threecx-demo-client", "threecx-demo-secret"
TOKEN = "threecx-demo-token"

_SINCE = re.compile(r"SegmentStartTime ge (\S+)")
Handler = Callable[[Request], Awaitable[Response]]


def refused(status: int, code: str, message: str) -> Response:
    """3CX's form of an error (Pbx.ODataErrors.ODataError)."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


async def post_token(request: Request) -> Response:
    """POST /connect/token."""
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    if form != {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}:
        return JSONResponse({"error": "invalid_client"}, 401)
    return JSONResponse({"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN})


async def get_history(request: Request) -> Response:
    """GET /xapi/v1/CallHistoryView: the legs of calls, with the one filter that a poll needs."""
    legs = [record["data"] for record in _state(request).all("threecx.segments")]
    wanted = request.query_params.get("$filter", "")
    if wanted:
        since = _SINCE.fullmatch(wanted)
        if since is None:
            return refused(400, "BadRequest", f"The query specified in the URI is not valid: {wanted}")
        legs = [leg for leg in legs if money.parse_moment(leg["SegmentStartTime"]) >= money.parse_moment(since.group(1))]
    return _page(request, sorted(legs, key=lambda leg: leg["SegmentId"]))


async def get_active(request: Request) -> Response:
    """GET /xapi/v1/ActiveCalls."""
    return _page(request, [record["data"] for record in _state(request).all("threecx.active_calls")])


def _page(request: Request, documents: list[Document]) -> Response:
    skip, top = int(request.query_params.get("$skip", 0)), int(request.query_params.get("$top", 100))
    return JSONResponse({"value": documents[skip : skip + top]})


def _state(request: Request) -> State:
    return request.app.state.state


def _opened(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refused(401, "Unauthorized", "The access token is missing or has expired.")
        return await handler(request)

    return endpoint


def routes() -> list[Route]:
    """The routes below `/threecx`."""
    return [
        Route("/connect/token", guarded("threecx", "token", post_token), methods=["POST"]),
        Route("/xapi/v1/CallHistoryView", guarded("threecx", "call_history", _opened(get_history)), methods=["GET"]),
        Route("/xapi/v1/ActiveCalls", guarded("threecx", "active_calls", _opened(get_active)), methods=["GET"]),
    ]
