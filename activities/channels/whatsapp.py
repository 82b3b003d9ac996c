"""WhatsApp by Meta's Cloud API: JSON hooks, answers within 24 hours of the buyer's last message.

Source: Meta, Cloud API webhooks ("messages" field) and the OpenAPI of business messaging v23.0.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel, Field

from activities._kit.accounts import WhatsAppAccount
from activities._kit.errors import Ambiguous, NeedsOperator, NotSupported, OutsideError, Rejected, Transient
from activities._kit.http import Call, Dialect, pause_in_seconds, read_json, send, with_jitter
from activities.channels.downloading import download
from activities.channels.phone_numbers import e164
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer, Limits, Media, Outbound, Polled, Receipt
from activities.channels.reading import read, read_part
from activities.channels.signatures import header, hex_digest, same
from domain.messages import Channel, InboundMessage, Sender

_OUTSIDE_WINDOW = 131047
_TOO_MANY = (4, 80007, 130429, 131056)
_NO_ACCESS = (0, 3, 10, 190, 131005, 131031, 131042)
_BUSY_SECONDS = 60.0
"""Meta, Cloud API error codes."""

_FILES = ("image", "video", "audio", "document", "sticker")
_SILENT = ("reaction", "system", "unsupported")
"""What is no message that somebody waits for an answer to."""


def _error(response: httpx.Response) -> dict[str, Any]:
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _words(response: httpx.Response) -> str:
    error = _error(response)
    details = error.get("error_data") or {}
    told = [error.get("message"), details.get("details") if isinstance(details, dict) else None, error.get("error_user_msg")]
    return "; ".join(dict.fromkeys(str(words) for words in told if words)) or response.text[:200] or response.reason_phrase


def _verdict(response: httpx.Response, _call: Call) -> OutsideError | None:
    """Graph answers 400 to most refusals; its code says what kind it is."""
    code = _error(response).get("code")
    words = f"WhatsApp ({code}): {_words(response)}"
    if code == _OUTSIDE_WINDOW:
        return Rejected(f"{words}; use a template")
    if code in _TOO_MANY:
        pause = pause_in_seconds(response.headers, "Retry-After")
        return Transient(words, retry_after=with_jitter(_BUSY_SECONDS if pause is None else pause))
    return NeedsOperator(words) if code in _NO_ACCESS and response.status_code < 500 else None


DIALECT = Dialect("WhatsApp", _words, lambda headers: pause_in_seconds(headers, "Retry-After"), _verdict)


class _File(BaseModel):
    id: str
    mime_type: str = "application/octet-stream"
    caption: str | None = None
    filename: str | None = None


class _Message(BaseModel, extra="allow"):
    id: str
    sender: str = Field(alias="from")
    timestamp: int
    type: str
    text: dict[Literal["body"], str] | None = None
    image: _File | None = None
    video: _File | None = None
    audio: _File | None = None
    document: _File | None = None
    sticker: _File | None = None

    @property
    def file(self) -> _File | None:
        return getattr(self, self.type) if self.type in _FILES else None


class _Profile(BaseModel):
    name: str | None = None


class _Contact(BaseModel):
    wa_id: str | None = None
    profile: _Profile = _Profile()


class _Metadata(BaseModel):
    phone_number_id: str
    display_phone_number: str | None = None


class _Value(BaseModel):
    metadata: _Metadata | None = None
    contacts: list[_Contact] = []
    messages: list[_Message] = []


class _Change(BaseModel):
    field: str
    value: dict[str, Any] = {}


class _Entry(BaseModel):
    changes: list[_Change] = []


class _Notice(BaseModel):
    entry: list[_Entry]


class WhatsApp:
    """One number. Meta signs no time; a repeated hook is known by its message ids. What was sent cannot be looked up."""

    name: ClassVar[str] = "whatsapp"
    channel: ClassVar[Channel] = Channel.WHATSAPP
    limits: ClassVar[Limits] = Limits(text_length=4096, window=timedelta(hours=24), can_be_asked=False)

    def __init__(self, name: str, account: WhatsAppAccount, http: httpx.AsyncClient) -> None:
        self._name, self._account, self._http = name, account, http
        self._headers = {"Authorization": f"Bearer {account.token}"}

    def verify(self, hook: Hook) -> HookAnswer | None:
        if hook.method == "GET":
            query = {name: values[0] for name, values in parse_qs(urlsplit(hook.url).query).items()}
            if not same(self._account.verify_token, query.get("hub.verify_token", "")):
                raise BadSignature("hub.verify_token is not the one of this account")
            return HookAnswer(body=query.get("hub.challenge", "").encode())
        if not same(f"sha256={hex_digest(self._account.app_secret, hook.body)}", header(hook, "x-hub-signature-256")):
            raise BadSignature("X-Hub-Signature-256 does not fit the body")
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        return tuple(self._inbound(message, value) for value, message in self._written(hook))

    def media(self, hook: Hook) -> Sequence[Media]:
        return tuple(
            Media(message.id, 0, message.file.id, message.file.filename or "", message.file.mime_type)
            for _, message in self._written(hook)
            if message.file is not None
        )

    async def fetch(self, reference: str, limit: int) -> bytes:
        url = f"{self._account.api}/{reference}"
        params = {"phone_number_id": self._account.phone_number_id}
        response = await send(self._http, DIALECT, Call.SAFE, "GET", url, headers=self._headers, params=params)
        place = (read_json(DIALECT, Call.SAFE, response) or {}).get("url")
        if not isinstance(place, str):
            raise Rejected("WhatsApp: the file has no address")
        return await download(self._http, DIALECT, place, self._headers, limit)

    async def poll(self, cursor: str | None) -> Polled:
        raise NotSupported("Meta calls us; there is nothing to poll")

    async def send(self, outbound: Outbound) -> Receipt:
        if not outbound.conversation:
            raise Rejected("There is no number to answer to")
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": outbound.conversation,
            "type": "text",
            "text": {"body": outbound.text},
        }
        url = f"{self._account.api}/{self._account.phone_number_id}/messages"
        response = await send(self._http, DIALECT, Call.WRITE, "POST", url, headers=self._headers, body=body)
        answer = read_json(DIALECT, Call.WRITE, response)
        try:
            return Receipt(answer["messages"][0]["id"])
        except (LookupError, TypeError) as error:
            raise Ambiguous("WhatsApp took the message and gave no id") from error

    async def find(self, outbound: Outbound) -> Receipt | None:
        return None

    def _written(self, hook: Hook) -> Iterator[tuple[_Value, _Message]]:
        for entry in read(_Notice, hook.body).entry:
            for change in entry.changes:
                if change.field != "messages":
                    continue
                value = read_part(_Value, change.value)
                number = value.metadata.phone_number_id if value.metadata else None
                if value.messages and number != self._account.phone_number_id:
                    raise BadHook(f"the message is for the number {number}, this account is {self._account.phone_number_id}")
                for message in value.messages:
                    if message.type not in _SILENT:
                        yield value, message

    def _inbound(self, message: _Message, value: _Value) -> InboundMessage:
        names = (contact.profile.name for contact in value.contacts if contact.wa_id in (None, message.sender))
        number = e164(message.sender)
        return InboundMessage(
            channel=self.channel,
            store=self._account.store,
            external_id=message.id,
            sender=Sender(name=next(names, None), phone=number),
            to=value.metadata.display_phone_number if value.metadata else None,
            text=_text(message),
            conversation=number or message.sender,
            provider=self.name,
            account=self._name,
            received_at=_moment(message.timestamp),
        )


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadHook(f"timestamp {seconds} is no moment") from error


def _text(message: _Message) -> str:
    """What the person wrote or chose; what is neither text nor file is named by its type and what it says."""
    if message.text is not None:
        return message.text.get("body", "")
    if message.file is not None:
        return message.file.caption or f"[{message.file.mime_type}]"
    content = (message.model_extra or {}).get(message.type)
    return f"[{message.type}] {' '.join(_said(content))}".strip()


def _said(content: Any) -> Iterator[str]:
    """The words and numbers in a location, a contact card, an order, a button."""
    if isinstance(content, dict):
        for value in content.values():
            yield from _said(value)
    elif isinstance(content, list):
        for value in content:
            yield from _said(value)
    elif isinstance(content, str | int | float) and not isinstance(content, bool):
        yield str(content)
