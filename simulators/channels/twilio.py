"""Twilio: the Messages resource and the media of messages (specification: twilio_api_v2010.messages.json)."""

import base64
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import Handler, guarded
from simulators.state import Document, State

COLLECTION = "twilio.messages"
TEXT_LENGTH = 1600
_VERSION = "2010-04-01"

AccountHandler = Callable[[Request, State, Document], Awaitable[Response]]


def refused(status: int, code: int, message: str) -> Response:
    """Twilio's error document."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse({"code": code, "message": message, "more_info": more, "status": status}, status)


def _account(operation: str, handler: AccountHandler) -> Handler:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "twilio") or {}
        credentials = base64.b64encode(f"{held['sid']}:{held['token']}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}" or request.path_params["sid"] != held["sid"]:
            return refused(401, 20003, "Authenticate")
        return await handler(request, state, held)

    return guarded("twilio", operation, endpoint)


async def create_message(request: Request, state: State, held: Document) -> Response:
    """POST Messages.json: queued at once, delivered never; a text that is too long is refused."""
    form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    for name, code in (("To", 21604), ("From", 21603), ("Body", 21602)):
        if not form.get(name):
            return refused(400, code, f"A '{name}' is required.")
    if len(form["Body"]) > TEXT_LENGTH:
        return refused(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    document = message_document(held, form["From"], form["To"], form["Body"], direction="outbound-api", status="queued")
    with state.transaction() as transaction:
        transaction.put(COLLECTION, document["sid"], {"data": document})
    return JSONResponse(document, 201)


async def list_messages(request: Request, state: State, held: Document) -> Response:
    """GET Messages.json: the newest first, by To and From."""
    query = request.query_params
    size = int(query.get("PageSize", 50))
    found = [record["data"] for record in reversed(state.all(COLLECTION))]
    for parameter, field in (("To", "to"), ("From", "from")):
        if wanted := query.get(parameter):
            found = [message for message in found if message[field] == wanted]
    uri = f"/{_VERSION}/Accounts/{held['sid']}/Messages.json?PageSize={size}&Page=0"
    page = {"page": 0, "page_size": size, "start": 0, "end": max(0, len(found[:size]) - 1)}
    links = {"uri": uri, "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None}
    return JSONResponse({**page, **links, "messages": found[:size]})


async def show_media(request: Request, state: State, held: Document) -> Response:
    """GET of one file of a message: a redirect to where it lies, which asks for no credentials."""
    return Response(status_code=307, headers={"location": f"/twilio/files/{request.path_params['media']}"})


async def show_file(request: Request) -> Response:
    """The file itself."""
    state: State = request.app.state.state
    file = state.get("channels.files", request.path_params["media"])
    if file is None or "authorization" in request.headers:
        return refused(404, 20404, "The requested resource was not found")
    return Response(base64.b64decode(file["content"]), media_type=file["content_type"])


def message_document(held: Document, sender: str, to: str, body: str, *, direction: str, status: str) -> Document:
    """A message as the API tells it."""
    sid, now = f"SM{uuid4().hex}", money.rfc2822(money.now())
    uri = f"/{_VERSION}/Accounts/{held['sid']}/Messages/{sid}"
    return {
        "account_sid": held["sid"],
        "api_version": _VERSION,
        "body": body,
        "date_created": now,
        "date_sent": None if status == "queued" else now,
        "date_updated": now,
        "direction": direction,
        "error_code": None,
        "error_message": None,
        "from": sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": to,
        "uri": f"{uri}.json",
    }


def routes() -> list[Route]:
    """The routes below `/twilio`."""
    messages = f"/{_VERSION}/Accounts/{{sid}}/Messages"
    return [
        Route(f"{messages}.json", _account("message", create_message), methods=["POST"]),
        Route(f"{messages}.json", _account("messages", list_messages), methods=["GET"]),
        Route(f"{messages}/{{message}}/Media/{{media}}", _account("media", show_media), methods=["GET"]),
        Route("/files/{media}", show_file, methods=["GET"]),
    ]
