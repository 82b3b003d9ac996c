"""TikTok Shop customer service: a JSON hook for each message, answers in its conversation.

Source: TikTok Shop Partner Center, "(14) New message", customer_service 202309 and "Sign your API request".
"""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import AwareDatetime, BaseModel

from activities._kit.accounts import TikTokAccount
from activities._kit.errors import Ambiguous, NeedsOperator, NotSupported, OutsideError, Rejected, Transient
from activities._kit.http import Call, Dialect, pause_in_seconds, read_json, send
from activities.channels.limits import NO_CONTACT_OUTSIDE
from activities.channels.port import BadHook, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.reading import read, read_part
from activities.channels.signatures import BadSignature, header, hex_digest, require_fresh, same
from domain.messages import Channel, InboundMessage, Sender
from domain.references import Reference, ReferenceKind

_NEW_MESSAGE = 14
_LONGEST_WAY = timedelta(days=4)
"""TikTok repeats a hook for up to 72 hours, with the timestamp of the event."""
_CLOCKS = timedelta(minutes=5)
_PAGE = 10
_MOST_PAGES = 5
_INTERNAL = 36009003
_OURS = ("SHOP", "CUSTOMER_SERVICE", "ROBOT")
_SILENT = (
    "ALLOCATED_SERVICE",
    "NOTIFICATION",
    "BUYER_ENTER_FROM_TRANSFER",
    "BUYER_ENTER_FROM_PRODUCT",
    "BUYER_ENTER_FROM_ORDER",
)
"""What the platform tells by itself."""


def _words(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    return str(body.get("message") or body.get("code")) if isinstance(body, dict) else response.reason_phrase


DIALECT = Dialect("TikTok Shop", _words, lambda headers: pause_in_seconds(headers, "Retry-After"))


class _Sender(BaseModel):
    im_user_id: str | None = None
    nickname: str | None = None
    role: str


class _Message(BaseModel):
    message_id: str
    conversation_id: str
    type: str
    content: str = ""
    create_time: AwareDatetime
    sender: _Sender


class _Notice(BaseModel):
    type: int
    shop_id: str
    timestamp: AwareDatetime
    data: dict[str, Any] = {}


class TikTok:
    """One shop. Pictures that a buyer sent stay where they are: their addresses are in the text."""

    name: ClassVar[str] = "tiktok"
    channel: ClassVar[Channel] = Channel.MARKETPLACE
    limits: ClassVar[Limits] = Limits(text_length=2000, forbidden=NO_CONTACT_OUTSIDE)

    def __init__(
        self, name: str, account: TikTokAccount, http: httpx.AsyncClient, clock: Callable[[], float] = time.time
    ) -> None:
        self._name, self._account, self._http, self._clock = name, account, http, clock

    def verify(self, hook: Hook) -> HookAnswer | None:
        expected = hex_digest(self._account.app_secret, self._account.app_key.encode() + hook.body)
        if not same(expected, header(hook, "authorization")):
            raise BadSignature("the Authorization header does not fit the body")
        try:
            notice = read(_Notice, hook.body)
        except BadHook:
            return None  # signed all the same: `parse` says what is wrong with it
        require_fresh(notice.timestamp, hook, _LONGEST_WAY)
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        notice = read(_Notice, hook.body)
        if notice.type != _NEW_MESSAGE:
            return ()
        if notice.shop_id != self._account.shop_id:
            raise BadHook(f"the message is for the shop {notice.shop_id}, and this account is {self._account.shop_id}")
        message = read_part(_Message, notice.data)
        if message.sender.role != "BUYER" or message.type in _SILENT:
            return ()
        content = _content(message.content)
        order = content.get("order_id")
        return (
            InboundMessage(
                channel=self.channel,
                store=self._account.store,
                external_id=f"tiktok:{message.message_id}",
                sender=Sender(name=message.sender.nickname),
                text=_text(message.type, content),
                named=(Reference(kind=ReferenceKind.ORDER, value=str(order)),) if order else (),
                conversation=message.conversation_id,
                provider=self.name,
                account=self._name,
                received_at=message.create_time,
            ),
        )

    async def poll(self, cursor: str | None) -> Polled:
        raise NotSupported("TikTok Shop calls us; there is nothing to poll")

    async def send(self, outbound: Outbound) -> Receipt:
        body = {"type": "TEXT", "content": json.dumps({"content": outbound.text}, ensure_ascii=False)}
        answer = await self._call(Call.WRITE, "POST", _path(outbound), {}, json.dumps(body, ensure_ascii=False).encode())
        if not answer.get("message_id"):
            raise Ambiguous("TikTok Shop took the message and gave no id")
        return Receipt(f"tiktok:{answer['message_id']}")

    async def find(self, outbound: Outbound) -> Receipt | None:
        since = outbound.written_at - _CLOCKS if outbound.written_at else datetime.min.replace(tzinfo=UTC)
        params = {"page_size": str(_PAGE), "sort_order": "DESC"}
        for _ in range(_MOST_PAGES):
            answer = await self._call(Call.SAFE, "GET", _path(outbound), params)
            for found in answer.get("messages") or []:
                if datetime.fromtimestamp(int(found["create_time"]), UTC) < since:
                    return None
                sent_by_us = (found.get("sender") or {}).get("role") in _OURS
                receipt = Receipt(f"tiktok:{found['message_id']}")
                same_words = _content(found.get("content") or "").get("content") == outbound.text
                if sent_by_us and same_words and receipt.external_id not in outbound.others:
                    return receipt
            if not answer.get("next_page_token"):
                return None
            params["page_token"] = answer["next_page_token"]
        return None

    async def _call(self, call: Call, method: str, path: str, params: dict[str, str], body: bytes = b"") -> dict[str, Any]:
        """The `data` of an answer; a code other than 0 is a refusal, also where the status is 200."""
        query = {
            **params,
            "app_key": self._account.app_key,
            "shop_cipher": self._account.shop_cipher,
            "timestamp": str(int(self._clock())),
        }
        url = f"{self._account.api}{path}"
        query["sign"] = request_signature(self._account.app_secret, urlsplit(url).path, query, body)
        headers = {"x-tts-access-token": self._account.access_token, "Content-Type": "application/json"}
        response = await send(self._http, DIALECT, call, method, url, headers=headers, params=query, content=body or None)
        answer = read_json(DIALECT, call, response)
        if not isinstance(answer, dict) or not isinstance(answer.get("code"), int):
            words = "TikTok Shop: the answer has no code"
            raise Ambiguous(words) if call is Call.WRITE else Transient(words)
        if answer["code"] != 0:
            raise _refused(answer["code"], str(answer.get("message")), call)
        return answer.get("data") or {}


def request_signature(secret: str, path: str, query: dict[str, str], body: bytes) -> str:
    """The `sign` of a request: secret, path, sorted pairs, body, secret, hexadecimal HMAC-SHA256."""
    pairs = "".join(f"{name}{value}" for name, value in sorted(query.items()) if name not in ("sign", "access_token"))
    return hex_digest(secret, f"{secret}{path}{pairs}".encode() + body + secret.encode())


def _refused(code: int, message: str, call: Call) -> OutsideError:
    words = f"TikTok Shop ({code}): {message}"
    if 105_000 <= code < 106_000:
        return NeedsOperator(f"{words}; the shop must grant access again")
    if code == _INTERNAL:
        return Ambiguous(words) if call is Call.WRITE else Transient(words)
    return Rejected(words)


def _path(outbound: Outbound) -> str:
    if not outbound.conversation:
        raise Rejected("There is no TikTok Shop conversation to answer in")
    return f"/customer_service/202309/conversations/{quote(outbound.conversation, safe='')}/messages"


def _content(serialized: str) -> dict[str, Any]:
    """What stands in a message, which is JSON in a string; a plain string is taken for the words."""
    try:
        content = json.loads(serialized)
    except (ValueError, RecursionError):
        content = serialized
    return content if isinstance(content, dict) else {"content": serialized}


def _text(kind: str, content: dict[str, Any]) -> str:
    words = [str(content[name]) for name in ("content", "url", "order_id", "product_id", "title") if content.get(name)]
    return " ".join(words) if kind == "TEXT" else f"[{kind.lower().replace('_', ' ')}] {' '.join(words)}".strip()
