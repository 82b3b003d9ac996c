"""RingCentral: tokens, subscriptions with their handshake, the account's call log, voicemail with recording and transcription.

By developers.ringcentral.com (no official file of its interface is at hand). Clients come with the credentials below.
"""

import base64
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import guarded
from simulators.state import Document, State

CLIENT_ID, CLIENT_SECRET, JWT = "ringcentral-demo-client", "ringcentral-demo-secret", "ringcentral-demo-jwt"
TOKEN = "ringcentral-demo-token"
HANDSHAKE_SECONDS = 3.0
ANSWER_LIMIT = 1024

Handler = Callable[[Request], Awaitable[Response]]


def refused(status: int, code: str, message: str) -> Response:
    """RingCentral's form of an error."""
    return JSONResponse({"errorCode": code, "message": message, "errors": [{"errorCode": code, "message": message}]}, status)


def _state(request: Request) -> State:
    return request.app.state.state


def _opened(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refused(401, "OAU-151", "Authorization method not supported or access token invalid")
        return await handler(request)

    return endpoint


async def post_token(request: Request) -> Response:
    """POST /restapi/oauth/token with a JWT (RFC 7523)."""
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    wanted = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    if request.headers.get("authorization") != f"Basic {wanted}":
        return JSONResponse({"error": "invalid_client", "error_description": "Invalid client credentials"}, 401)
    if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or form.get("assertion") != JWT:
        return JSONResponse({"error": "invalid_grant", "error_description": "Invalid JWT"}, 400)
    return JSONResponse({"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600, "scope": "ReadCallLog"})


async def post_subscription(request: Request) -> Response:
    """POST /restapi/v1.0/subscription: made only if the address gives the validation token back in time."""
    body: Any = await request.json()
    mode = body.get("deliveryMode") or {}
    if not body.get("eventFilters") or mode.get("transportType") != "WebHook" or not mode.get("address"):
        return refused(400, "CMN-101", "Parameter [deliveryMode] or [eventFilters] is invalid")
    if not await _shakes_hands(mode):
        return refused(400, "SUB-525", "WebHook server response is invalid")
    subscription = {
        "id": str(uuid4()),
        "eventFilters": body["eventFilters"],
        "creationTime": money.now().isoformat(),
        "expirationTime": (money.now() + timedelta(seconds=body.get("expiresIn", 604_800))).isoformat(),
        "expiresIn": body.get("expiresIn", 604_800),
        "status": "Active",
        "deliveryMode": mode,
    }
    with _state(request).transaction() as transaction:
        transaction.put("ringcentral.subscriptions", subscription["id"], {"data": subscription})
    return JSONResponse(_shown(subscription))


async def _shakes_hands(mode: Document) -> bool:
    token = str(uuid4())
    headers = {"Validation-Token": token, "Verification-Token": mode.get("verificationToken", "")}
    try:
        async with httpx.AsyncClient(timeout=HANDSHAKE_SECONDS) as client:
            answer = await client.post(mode["address"], headers=headers)
    except httpx.HTTPError:
        return False
    size = len(answer.content) + sum(len(name) + len(value) for name, value in answer.headers.items())
    return answer.status_code == 200 and answer.headers.get("validation-token") == token and size <= ANSWER_LIMIT


def _shown(subscription: Document) -> Document:
    mode = {name: value for name, value in subscription["deliveryMode"].items() if name != "verificationToken"}
    return {**subscription, "deliveryMode": mode}


async def get_subscription(request: Request) -> Response:
    """GET /restapi/v1.0/subscription/{id}; one that has expired is gone."""
    subscription = living(_state(request), request.path_params["id"])
    return JSONResponse(_shown(subscription)) if subscription else refused(404, "CMN-102", "Resource is not found")


async def renew_subscription(request: Request) -> Response:
    """POST /restapi/v1.0/subscription/{id}/renew."""
    subscription = living(_state(request), request.path_params["id"])
    if subscription is None:
        return refused(404, "CMN-102", "Resource is not found")
    subscription["expirationTime"] = (money.now() + timedelta(seconds=subscription["expiresIn"])).isoformat()
    with _state(request).transaction() as transaction:
        transaction.put("ringcentral.subscriptions", subscription["id"], {"data": subscription})
    return JSONResponse(_shown(subscription))


def living(state: State, subscription_id: str) -> Document | None:
    """A subscription that has not expired."""
    record = state.get("ringcentral.subscriptions", subscription_id)
    return record["data"] if record and money.parse_moment(record["data"]["expirationTime"]) > money.now() else None


async def get_call_log(request: Request) -> Response:
    """GET /restapi/v1.0/account/~/call-log: the newest first, from dateFrom on."""
    query = request.query_params
    calls = [record["data"] for record in _state(request).all("ringcentral.calls")]
    if "dateFrom" in query:
        since = money.parse_moment(query["dateFrom"])
        calls = [call for call in calls if money.parse_moment(call["startTime"]) >= since]
    for name in ("direction", "type"):
        calls = [call for call in calls if query.get(name, call[name]) == call[name]]
    calls.sort(key=lambda call: call["startTime"], reverse=True)
    page, per_page = int(query.get("page", 1)), int(query.get("perPage", 100))
    part = calls[(page - 1) * per_page : page * per_page]
    return JSONResponse({"uri": str(request.url), "records": part, "paging": {"page": page, "perPage": per_page}})


def _message(request: Request) -> Document | None:
    return _state(request).get("ringcentral.messages", request.path_params["message"])


async def get_message(request: Request) -> Response:
    """GET …/message-store/{id}."""
    record = _message(request)
    return JSONResponse(record["data"]) if record else refused(404, "CMN-102", "Resource is not found")


async def get_content(request: Request) -> Response:
    """GET …/message-store/{id}/content/{attachment}."""
    record = _message(request)
    part = record["contents"].get(request.path_params["attachment"]) if record else None
    if part is None:
        return refused(404, "CMN-102", "Resource is not found")
    return Response(base64.b64decode(part["base64"]), media_type=part["type"])


def routes() -> list[Route]:
    """The routes below `/ringcentral`."""
    one, message = "/restapi/v1.0/subscription/{id}", "/restapi/v1.0/account/~/extension/{extension}/message-store/{message}"

    def door(operation: str, handler: Handler) -> Handler:
        return guarded("ringcentral", operation, _opened(handler))

    return [
        Route("/restapi/oauth/token", guarded("ringcentral", "token", post_token), methods=["POST"]),
        Route("/restapi/v1.0/subscription", door("subscribe", post_subscription), methods=["POST"]),
        Route(one, door("subscription", get_subscription), methods=["GET"]),
        Route(f"{one}/renew", door("renew", renew_subscription), methods=["POST"]),
        Route("/restapi/v1.0/account/~/call-log", door("call_log", get_call_log), methods=["GET"]),
        Route(message, door("voicemail", get_message), methods=["GET"]),
        Route(f"{message}/content/{{attachment}}", door("voicemail_content", get_content), methods=["GET"]),
    ]
