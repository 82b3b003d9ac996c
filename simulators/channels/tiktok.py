"""TikTok Shop: messages of customer service 202309, as the Partner Center describes them."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import Handler, guarded
from simulators.state import Document, State, Transaction

COLLECTION = "tiktok.messages"
TEXT_LENGTH = 2000
_IM_IDS = {"BUYER": "7494560109732334261"}
_PATH = "/customer_service/202309/conversations/{conversation}/messages"

AccountHandler = Callable[[Request, State, Document], Awaitable[Response]]


def answer(code: int, message: str, data: Any = None, status: int = 200) -> Response:
    """TikTok's envelope; a refusal is a code other than 0."""
    return JSONResponse({"code": code, "message": message, "request_id": uuid4().hex, "data": data or {}}, status)


def _account(operation: str, handler: AccountHandler) -> Handler:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "tiktok") or {}
        if request.headers.get("x-tts-access-token") != held["access_token"]:
            return answer(105001, "Access token is invalid", status=401)
        path = request.url.path  # the whole path: an account's address may end in a folder, as this stand-in's does
        pairs = "".join(f"{name}{value}" for name, value in sorted(request.query_params.items()) if name != "sign")
        secret = held["app_secret"].encode()
        signed = secret + path.encode() + pairs.encode() + await request.body() + secret
        if request.query_params.get("sign") != hmac.new(secret, signed, hashlib.sha256).hexdigest():
            return answer(106001, "Invalid signature", status=401)
        return await handler(request, state, held)

    return guarded("tiktok", operation, endpoint)


async def send_message(request: Request, state: State, held: Document) -> Response:
    """POST: a text into a conversation that a buyer has begun."""
    conversation = request.path_params["conversation"]
    body = await request.json()
    text = json.loads(body.get("content") or "{}").get("content") or ""
    if body.get("type") != "TEXT" or not 0 < len(text) <= TEXT_LENGTH:
        return answer(45101004, f"content must have 1 to {TEXT_LENGTH} characters", status=400)
    if all(record["data"]["conversation_id"] != conversation for record in state.all(COLLECTION)):
        return answer(45101001, "The conversation does not exist")
    with state.transaction() as transaction:
        document = put_message(transaction, conversation, "CUSTOMER_SERVICE", text, {"content": text}, "TEXT")
    return answer(0, "Success", {"message_id": document["message_id"]})


async def list_messages(request: Request, state: State, held: Document) -> Response:
    """GET: the messages of a conversation, the newest first, at most ten a page."""
    size, begin = int(request.query_params["page_size"]), int(request.query_params.get("page_token") or 0)
    if size > 10:
        return answer(36009004, "page_size is at most 10", status=400)
    name = request.path_params["conversation"]
    found = [record["data"] for record in reversed(state.all(COLLECTION)) if record["data"]["conversation_id"] == name]
    page = [{key: value for key, value in message.items() if key != "body"} for message in found[begin : begin + size]]
    more = str(begin + size) if begin + size < len(found) else ""
    return answer(0, "Success", {"messages": page, "next_page_token": more, "unsupported_msg_tips": ""})


def put_message(transaction: Transaction, conversation: str, role: str, text: str, content: Document, kind: str) -> Document:
    """A message as the stand-in holds it; `body` is its text for whoever looks."""
    number = transaction.next_number(COLLECTION, 7494560109732334263)
    document: Document = {
        "message_id": str(number),
        "index": str(number),
        "conversation_id": conversation,
        "type": kind,
        "content": json.dumps(content, ensure_ascii=False),
        "create_time": money.unix(money.now()),
        "is_visible": True,
        "sender": {"im_user_id": _IM_IDS.get(role, "7494560109732334200"), "role": role, "nickname": role.title()},
        "body": text,
    }
    transaction.put(COLLECTION, number, {"data": document})
    return document


def routes() -> list[Route]:
    """The routes below `/tiktok`."""
    return [
        Route(_PATH, _account("message", send_message), methods=["POST"]),
        Route(_PATH, _account("messages", list_messages), methods=["GET"]),
    ]
