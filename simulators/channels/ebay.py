"""eBay: tokens, notification keys and the Message API v1, as eBay's reference describes them."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.channels.signing import ebay_public_key
from simulators.connection import Handler, guarded
from simulators.state import Document, State, Transaction

COLLECTION = "ebay.messages"
TEXT_LENGTH = 2000
_TOKEN_SECONDS = 7200

AccountHandler = Callable[[Request, State, Document], Awaitable[Response]]


def refused(status: int, code: int, message: str) -> Response:
    """eBay's error document."""
    return JSONResponse({"errors": [{"errorId": code, "domain": "API_MESSAGE", "message": message}]}, status)


def _account(operation: str, handler: AccountHandler, token: str = "seller") -> Handler:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "ebay") or {}
        if request.headers.get("authorization") != f"Bearer {token}-of-{held['username']}":
            return refused(401, 1001, "Invalid access token")
        return await handler(request, state, held)

    return guarded("ebay", operation, endpoint)


async def create_token(request: Request) -> Response:
    """POST /identity/v1/oauth2/token: for the seller by the refresh token, for the application without."""
    state: State = request.app.state.state
    held = state.get("accounts", "ebay") or {}
    form = dict(parse_qsl((await request.body()).decode()))
    credentials = base64.b64encode(f"{held['app_id']}:{held['cert_id']}".encode()).decode()
    if request.headers.get("authorization") != f"Basic {credentials}":
        return JSONResponse({"error": "invalid_client", "error_description": "client authentication failed"}, 401)
    seller = form.get("grant_type") == "refresh_token"
    if seller and form.get("refresh_token") != held["refresh_token"]:
        words = "the provided authorization refresh token is invalid or was issued to another client"
        return JSONResponse({"error": "invalid_grant", "error_description": words}, 400)
    token = f"{'seller' if seller else 'application'}-of-{held['username']}"
    return JSONResponse({"access_token": token, "expires_in": _TOKEN_SECONDS, "token_type": "User Access Token"})


async def show_key(request: Request, state: State, held: Document) -> Response:
    """GET public_key: the key that signs notifications."""
    if request.path_params["key"] != held["key_id"]:
        return refused(404, 195018, "The public key was not found")
    return JSONResponse({"algorithm": "ECDSA", "digest": "SHA1", "key": ebay_public_key(held)})


async def list_conversations(request: Request, state: State, held: Document) -> Response:
    """GET conversation: those with a message since `start_time`, the latest first."""
    conversations: dict[str, list[Document]] = {}
    for record in state.all(COLLECTION):
        conversations.setdefault(record["data"]["conversationId"], []).append(record["data"])
    since = request.query_params.get("start_time", "")
    found = [
        {
            "conversationId": name,
            "conversationStatus": "ACTIVE",
            "conversationType": "FROM_MEMBERS",
            "createdDate": messages[0]["createdDate"],
            "latestMessage": _detail(messages[-1]),
            "unreadCount": 0,
        }
        for name, messages in conversations.items()
        if messages[-1]["createdDate"] >= since
    ]
    found.sort(key=lambda conversation: conversation["latestMessage"]["createdDate"], reverse=True)
    return _page(request, "conversations", found)


async def show_conversation(request: Request, state: State, held: Document) -> Response:
    """GET conversation/{id}: its messages, the newest first."""
    name = request.path_params["conversation"]
    held_messages = [record["data"] for record in state.all(COLLECTION) if record["data"]["conversationId"] == name]
    if not held_messages:
        return refused(404, 355002, "The conversation was not found")
    found = sorted(held_messages, key=lambda message: message["createdDate"], reverse=True)
    return _page(request, "messages", [_detail(message) for message in found])


async def send_message(request: Request, state: State, held: Document) -> Response:
    """POST send_message into a conversation."""
    body = await request.json()
    name, text = str(body.get("conversationId", "")), str(body.get("messageText", ""))
    if not text or len(text) > TEXT_LENGTH:
        return refused(400, 355005, f"messageText must have 1 to {TEXT_LENGTH} characters")
    others = [record["data"] for record in state.all(COLLECTION) if record["data"]["conversationId"] == name]
    if not others:
        return refused(400, 355002, "The conversation was not found")
    buyer = next(party for party in (others[0]["senderUsername"], others[0]["recipientUsername"]) if party != held["username"])
    with state.transaction() as transaction:
        document = put_message(transaction, name, held["username"], buyer, text)
    answer = {key: value for key, value in _detail(document).items() if not key.endswith("Username")}
    return JSONResponse({**answer, "senderUserName": held["username"], "recipientUserName": buyer}, 201)


def put_message(transaction: Transaction, conversation: str, sender: str, recipient: str, text: str) -> Document:
    """A message as the stand-in holds it."""
    number = transaction.next_number(COLLECTION, 3429373760001)
    document: Document = {
        "conversationId": conversation,
        "messageId": str(number),
        "messageBody": text,
        "senderUsername": sender,
        "recipientUsername": recipient,
        "createdDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "readStatus": False,
        "subject": "",
        "messageMedia": [],
    }
    transaction.put(COLLECTION, number, {"data": document})
    return document


def _detail(document: Document) -> Document:
    return {key: value for key, value in document.items() if key != "conversationId"}


def _page(request: Request, name: str, found: list[Document]) -> Response:
    limit, offset = int(request.query_params.get("limit", 25)), int(request.query_params.get("offset", 0))
    page: dict[str, Any] = {name: found[offset : offset + limit], "limit": limit, "offset": offset, "total": len(found)}
    if offset + limit < len(found):
        page["next"] = str(request.url.include_query_params(offset=offset + limit))
    return JSONResponse(page)


def routes() -> list[Route]:
    """The routes below `/ebay`."""
    messages, key = "/commerce/message/v1", "/commerce/notification/v1/public_key/{key}"
    return [
        Route("/identity/v1/oauth2/token", guarded("ebay", "token", create_token), methods=["POST"]),
        Route(key, _account("public_key", show_key, "application"), methods=["GET"]),
        Route(f"{messages}/conversation", _account("conversations", list_conversations), methods=["GET"]),
        Route(f"{messages}/conversation/{{conversation}}", _account("conversation", show_conversation), methods=["GET"]),
        Route(f"{messages}/send_message", _account("send_message", send_message), methods=["POST"]),
    ]
