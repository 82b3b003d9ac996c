"""WhatsApp: sending text and giving out media (specification: business-messaging-api_v23.0.messages.yaml)."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import Handler, guarded
from simulators.state import Document, State

COLLECTION = "whatsapp.messages"
TEXT_LENGTH = 4096

AccountHandler = Callable[[Request, State, Document], Awaitable[Response]]


def refused(status: int, code: int, message: str, details: str | None = None) -> Response:
    """Graph's error document."""
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": uuid4().hex}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return JSONResponse({"error": error}, status)


def _account(operation: str, handler: AccountHandler) -> Handler:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "whatsapp") or {}
        if request.headers.get("authorization") != f"Bearer {held['token']}":
            return refused(401, 190, "Invalid OAuth access token.")
        return await handler(request, state, held)

    return guarded("whatsapp", operation, endpoint)


async def create_message(request: Request, state: State, held: Document) -> Response:
    """POST messages: text within the window after the buyer's last message, nothing outside of it."""
    if request.path_params["phone"] != held["phone_number_id"]:
        return refused(400, 100, "Unsupported post request: this phone number does not exist")
    body = await request.json()
    text = (body.get("text") or {}).get("body")
    if body.get("type") != "text" or not text or len(text) > TEXT_LENGTH:
        return refused(400, 100, "(#100) Invalid parameter", f"text.body must have 1 to {TEXT_LENGTH} characters")
    to = str(body.get("to", "")).removeprefix("+")
    if not _within_window(state, held, to):
        return refused(400, 131047, "(#131047) Re-engagement message", "More than 24 hours have passed")
    document = message_document("outbound", held["number"], to, text)
    with state.transaction() as transaction:
        transaction.put(COLLECTION, document["id"], {"data": document})
    contact = {"input": body["to"], "wa_id": to}
    return JSONResponse({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": document["id"]}]})


def _within_window(state: State, held: Document, buyer: str) -> bool:
    heard = [record["data"]["at"] for record in state.all(COLLECTION) if record["data"]["from"] == buyer]
    limit = money.now() - timedelta(hours=held["window_hours"])
    return any(datetime.fromisoformat(at) >= limit for at in heard)


async def show_media(request: Request, state: State, held: Document) -> Response:
    """GET of a media id: where the file lies for five minutes."""
    media = request.path_params["media"]
    file = state.get("channels.files", media)
    if file is None:
        return refused(400, 100, f"Object with ID '{media}' does not exist")
    content = base64.b64decode(file["content"])
    url = str(request.url_for("whatsapp_file", media=media))
    described = {"mime_type": file["content_type"], "sha256": hashlib.sha256(content).hexdigest()}
    return JSONResponse({"messaging_product": "whatsapp", "id": media, "url": url, "file_size": str(len(content)), **described})


async def show_file(request: Request, state: State, held: Document) -> Response:
    """The file itself, for the account alone."""
    file = state.get("channels.files", request.path_params["media"]) or {}
    return Response(base64.b64decode(file.get("content", "")), media_type=file.get("content_type"))


def message_document(direction: str, sender: str, to: str, text: str) -> Document:
    """A message as `GET /_sim/whatsapp/messages` tells it."""
    identity = {"id": f"wamid.{uuid4().hex.upper()}", "direction": direction, "from": sender, "to": to}
    return {**identity, "body": text, "at": money.now().isoformat()}


def routes() -> list[Route]:
    """The routes below `/whatsapp`."""
    return [
        Route("/v23.0/{phone}/messages", _account("message", create_message), methods=["POST"]),
        Route("/v23.0/{media}", _account("media", show_media), methods=["GET"]),
        Route("/files/{media}", _account("media_file", show_file), methods=["GET"], name="whatsapp_file"),
    ]
