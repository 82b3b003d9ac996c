"""eBay messages: polled, and told of by notifications; answered in their conversation.

Source: eBay, Message API v1 (commerce/message) and Notification API, topic NEW_MESSAGE; the signature as in eBay's own
event-notification SDKs, SHA-1 included.
"""

import base64
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import AliasChoices, AwareDatetime, BaseModel, Field

from activities._kit.accounts import EbayAccount
from activities._kit.errors import Ambiguous, Rejected
from activities._kit.http import Call, read_json, send
from activities.channels.ebay_access import DIALECT, EbayAccess
from activities.channels.limits import NO_CONTACT_OUTSIDE
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.reading import read, read_part
from activities.channels.signatures import header, require_fresh
from domain.messages import Channel, InboundMessage, Sender

_LONGEST_WAY = timedelta(minutes=30)
"""A repeated notification bears a new publish date, so that an older one is a replay."""
_OVERLAP = timedelta(minutes=10)
"""Polls overlap: eBay lists a message some time after it was written. Known ones change nothing."""
_CLOCKS = timedelta(minutes=5)
_PAGE = 50
_MOST_PAGES = 40

log = logging.getLogger(__name__)


class _File(BaseModel):
    media_url: str = Field("", alias="mediaUrl")


class _Message(BaseModel):
    """The polled message and the notified one write the user names differently."""

    id: str = Field(alias="messageId")
    body: str = Field("", alias="messageBody")
    sender: str = Field(validation_alias=AliasChoices("senderUsername", "senderUserName"))
    created: AwareDatetime = Field(alias="createdDate")
    subject: str | None = None
    files: list[_File] | None = Field(None, alias="messageMedia")


class _Told(_Message):
    conversation: str = Field(alias="conversationId")
    kind: str = Field("FROM_MEMBERS", alias="conversationType")


class _Notification(BaseModel):
    published: AwareDatetime = Field(alias="publishDate")
    data: dict[str, Any] = {}


class _Topic(BaseModel):
    topic: str


class _Notice(BaseModel):
    metadata: _Topic
    notification: _Notification


class Ebay:
    """One seller. Files that a buyer sent stay where they are: their addresses are in the text."""

    name: ClassVar[str] = "ebay"
    channel: ClassVar[Channel] = Channel.MARKETPLACE
    limits: ClassVar[Limits] = Limits(text_length=2000, forbidden=NO_CONTACT_OUTSIDE)

    def __init__(self, name: str, account: EbayAccount, http: httpx.AsyncClient) -> None:
        self._name, self._account, self._http = name, account, http
        self._access = EbayAccess(account, http)
        self._api = f"{account.api}/commerce/message/v1"

    async def fetch_key(self, hook: Hook) -> None:
        if hook.method != "GET":
            await self._access.fetch_key(_signature(hook)[0])

    def verify(self, hook: Hook) -> HookAnswer | None:
        if hook.method == "GET":
            return self._challenge(hook)
        kid, signature = _signature(hook)
        key = self._access.key(kid)
        if key is None:
            raise BadSignature(f"the key {kid} was not fetched")
        try:
            key.verify(signature, hook.body, ec.ECDSA(hashes.SHA1()))
        except InvalidSignature:
            raise BadSignature("X-EBAY-SIGNATURE does not fit the body") from None
        try:
            notice = read(_Notice, hook.body)
        except BadHook:
            return None  # signed all the same: `parse` says what is wrong with it
        require_fresh(notice.notification.published, hook, _LONGEST_WAY)
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        notice = read(_Notice, hook.body)
        if notice.metadata.topic != "NEW_MESSAGE":
            return ()
        told = read_part(_Told, notice.notification.data)
        if told.kind != "FROM_MEMBERS" or told.sender == self._account.username:
            return ()
        return (self._inbound(told, told.conversation),)

    async def poll(self, cursor: str | None) -> Polled:
        now = datetime.now(UTC)
        if cursor is None:
            return Polled((), now.isoformat())
        since = datetime.fromisoformat(cursor)
        found = [message async for message in self._since(since - _OVERLAP)]
        found.sort(key=lambda message: message.received_at)
        newest = max([since, *(message.received_at for message in found if message.received_at <= now)])
        return Polled(found, newest.isoformat())

    async def send(self, outbound: Outbound) -> Receipt:
        body = {"conversationId": _conversation(outbound), "messageText": outbound.text}
        headers = await self._access.seller()
        response = await send(self._http, DIALECT, Call.WRITE, "POST", f"{self._api}/send_message", headers=headers, body=body)
        answer = read_json(DIALECT, Call.WRITE, response)
        if not isinstance(answer, dict) or not answer.get("messageId"):
            raise Ambiguous("eBay took the message and gave no id")
        return Receipt(f"ebay:{answer['messageId']}")

    async def find(self, outbound: Outbound) -> Receipt | None:
        since = (outbound.written_at or datetime.min.replace(tzinfo=UTC) + _CLOCKS) - _CLOCKS
        async for message in self._messages(_conversation(outbound), since):
            mine = message.sender == self._account.username and message.body == outbound.text
            if mine and f"ebay:{message.id}" not in outbound.others:
                return Receipt(f"ebay:{message.id}")
        return None

    def _challenge(self, hook: Hook) -> HookAnswer:
        parts = urlsplit(hook.url)
        code = (parse_qs(parts.query).get("challenge_code") or [""])[0]
        if not code:
            raise BadSignature("the call has no challenge_code")
        endpoint = parts._replace(query="").geturl()
        digest = hashlib.sha256(f"{code}{self._account.verification_token}{endpoint}".encode()).hexdigest()
        return HookAnswer(body=json.dumps({"challengeResponse": digest}).encode(), content_type="application/json")

    async def _since(self, since: datetime) -> AsyncIterator[InboundMessage]:
        """What buyers wrote since then. Conversations come with the latest message first."""
        params = {"conversation_type": "FROM_MEMBERS", "start_time": _as_ebay(since), "limit": str(_PAGE)}
        for page in range(_MOST_PAGES):
            answer = await self._get("conversation", {**params, "offset": str(page * _PAGE)})
            conversations = answer.get("conversations") or []
            fresh = [found for found in conversations if _latest(found) >= since]
            for found in fresh:
                async for message in self._messages(str(found["conversationId"]), since):
                    if message.sender != self._account.username:
                        yield self._inbound(message, str(found["conversationId"]))
            if not fresh or not answer.get("next"):
                return

    async def _messages(self, conversation: str, since: datetime) -> AsyncIterator[_Message]:
        """The messages of a conversation since then, the newest first."""
        for page in range(_MOST_PAGES):
            params = {"conversation_type": "FROM_MEMBERS", "limit": str(_PAGE), "offset": str(page * _PAGE)}
            answer = await self._get(f"conversation/{quote(conversation, safe='')}", params)
            readable = map(_readable, answer.get("messages") or [])
            fresh = [message for message in readable if message is not None and message.created >= since]
            for message in fresh:
                yield message
            if not fresh or not answer.get("next"):
                return

    async def _get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        headers = await self._access.seller()
        url = f"{self._api}/{path}"
        response = await send(self._http, DIALECT, Call.SAFE, "GET", url, headers=headers, params=params)
        answer = read_json(DIALECT, Call.SAFE, response)
        return answer if isinstance(answer, dict) else {}

    def _inbound(self, message: _Message, conversation: str) -> InboundMessage:
        files = [file.media_url for file in message.files or [] if file.media_url]
        return InboundMessage(
            channel=self.channel,
            store=self._account.store,
            external_id=f"ebay:{message.id}",
            sender=Sender(name=message.sender),
            to=self._account.username,
            subject=message.subject or "",
            text="\n".join([message.body, *files]).strip(),
            conversation=conversation,
            provider=self.name,
            account=self._name,
            received_at=message.created,
        )


def _signature(hook: Hook) -> tuple[str, bytes]:
    """The key's id and the signature in the header, base64 of JSON."""
    try:
        told = json.loads(base64.b64decode(header(hook, "x-ebay-signature"), validate=True))
        return str(told["kid"]), base64.b64decode(told["signature"], validate=True)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise BadSignature(f"X-EBAY-SIGNATURE cannot be read: {error}") from error


def _conversation(outbound: Outbound) -> str:
    if not outbound.conversation:
        raise Rejected("There is no eBay conversation to answer in")
    return outbound.conversation


def _readable(found: Any) -> _Message | None:
    """A message as eBay lists it. One that cannot be read must not keep back those that can."""
    try:
        return read_part(_Message, found)
    except BadHook as error:
        log.error("an eBay message cannot be read and was left out: %s", error)
        return None


def _latest(conversation: dict[str, Any]) -> datetime:
    latest = _readable(conversation["latestMessage"]) if conversation.get("latestMessage") else None
    return latest.created if latest is not None else datetime.min.replace(tzinfo=UTC)


def _as_ebay(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
