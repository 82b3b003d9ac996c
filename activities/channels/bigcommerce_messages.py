"""Messages that buyers leave at their orders (A2). BigCommerce gives them order by order, and takes no answers.

Its hook names order and message and not the words: `told_of` says which, and `read` fetches them. A poll finds what
hooks missed: it reads orders that changed, and a few of the recent ones each time, since nothing says that a message changes
its order. The store mails the same message to support; `domain/order_messages.py` says how both become one.
"""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, NamedTuple

import httpx
from pydantic import AwareDatetime, BaseModel

from activities._kit.accounts import BigCommerceAccount
from activities._kit.errors import NotSupported
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.quota import Quota
from activities.bigcommerce.watching import SECRET_HEADER, hook_secret
from activities.channels.changes import Change, OrderChanged
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.readable import readable
from domain.messages import Channel, InboundMessage, Sender
from domain.order_messages import message_identity, words_key
from domain.references import Reference, ReferenceKind

MESSAGE_SCOPE = "store/order/message/created"
HOOK_AGE = timedelta(minutes=5)
"""What Standard Webhooks allows between signing and arrival."""

_RECENT = timedelta(days=60)
_SWEPT_ORDERS = 20
"""Recent orders read at each poll, so that all of them come round."""
_OVERLAP = timedelta(minutes=1)
"""So long a change may take to show in the list."""
_READ_ORDERS = 100
"""Changed orders read at one poll; the rest at the next."""
_TOP = 2_147_483_647


class Told(NamedTuple):
    """What a hook says was written."""

    order_id: str
    message_id: int


class _Cursor(BaseModel):
    connected: AwareDatetime
    """What was written before is history and no new message."""
    since: AwareDatetime
    below: int = _TOP
    """Where the round over the recent orders goes on."""


class BigCommerceMessages:
    """One store. `account_name` is its key in the playbook."""

    name: ClassVar[str] = "bigcommerce"
    channel: ClassVar[Channel] = Channel.FORM
    limits: ClassVar[Limits] = Limits(text_length=0)

    def __init__(
        self,
        account_name: str,
        account: BigCommerceAccount,
        client: httpx.AsyncClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._account, self._now = account_name, account, now
        self._client = StoreClient(account, client, (Quota(), Quota()))

    def verify(self, hook: Hook) -> HookAnswer | None:
        """As Standard Webhooks signs, with the client secret of the API account. One with our own secret may be old:
        BigCommerce tries again for two days, and nowhere says whether it signs anew."""
        if not self._account.client_secret:
            raise BadSignature(f"the account of store {self._store} has no client_secret, so no hook can be proved")
        identity, moment = hook.headers.get("webhook-id", ""), hook.headers.get("webhook-timestamp", "")
        brought = hook.headers.get(SECRET_HEADER, "").encode()
        is_ours = hmac.compare_digest(brought, hook_secret(self._account, self._store).encode())
        if is_ours and not hook.headers.get("webhook-signature"):
            return None
        is_old = not moment.isdecimal() or abs(hook.received_at.timestamp() - int(moment)) > HOOK_AGE.total_seconds()
        if is_old and not is_ours:
            raise BadSignature(f"webhook-timestamp {moment[:40]!r} is missing or more than {HOOK_AGE} away")
        signed = f"{identity}.{moment}.".encode() + hook.body
        digest = hmac.new(self._account.client_secret.encode(), signed, hashlib.sha256).digest()
        wanted = b"v1," + base64.b64encode(digest)
        given = hook.headers.get("webhook-signature", "").encode("utf-8", "replace").split()
        if not any([hmac.compare_digest(wanted, one) for one in given]):
            raise BadSignature("webhook-signature does not fit the body")
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        """None ever: the hook has no words in it."""
        self.told_of(hook)
        return ()

    def changes(self, hook: Hook) -> Sequence[Change]:
        """The order that changed, of every scope that names one."""
        try:
            body: Any = json.loads(hook.body)
            kind, data = str(body["scope"]).split("/")[1], body["data"]
            if kind not in ("order", "shipment"):
                return ()
            return (OrderChanged(self._store, str(int(data["id"] if kind == "order" else data["orderId"]))),)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadHook(f"no event of BigCommerce: {type(error).__name__}: {error}") from error

    def told_of(self, hook: Hook) -> Told | None:
        """What a verified hook says was written; None where it tells something else. Raises BadHook."""
        try:
            body: Any = json.loads(hook.body)
            if body["scope"] != MESSAGE_SCOPE:
                return None
            return Told(str(int(body["data"]["id"])), int(body["data"]["message"]["order_message_id"]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadHook(f"no event of BigCommerce: {type(error).__name__}: {error}") from error

    async def poll(self, cursor: str | None) -> Polled:
        now = self._now().replace(microsecond=0)
        if cursor is None:
            return Polled((), _Cursor(connected=now, since=now).model_dump_json())
        last = _Cursor.model_validate_json(cursor)
        with readable("BigCommerce"):
            changed, since = await self._changed(last.since, now)
            recent = await self._client.orders_below(last.below, (now - _RECENT).isoformat(), _SWEPT_ORDERS)
            below = min(int(order["id"]) for order in recent) - 1 if len(recent) == _SWEPT_ORDERS else _TOP
            orders = {str(order["id"]): order for order in (*changed, *recent)}
            written = [message for order in orders.values() for message in await self._read(order)]
        found = [message for message in written if message.received_at >= last.connected]
        return Polled(found, _Cursor(connected=last.connected, since=since, below=below).model_dump_json())

    async def read(self, told: Told) -> Sequence[InboundMessage]:
        """The message a hook told of and those after it, the oldest first. Read again, it is the same message."""
        order = await self._client.order(told.order_id)
        with readable("BigCommerce"):
            return [] if order is None else await self._read(order, told.message_id)

    async def send(self, outbound: Outbound) -> Receipt:
        raise NotSupported("BigCommerce takes no messages at orders: the answer goes by mail to the buyer of the order.")

    async def find(self, outbound: Outbound) -> Receipt | None:
        raise NotSupported("BigCommerce takes no messages at orders: there is nothing of ours to find.")

    async def _changed(self, since: datetime, now: datetime) -> tuple[list[Document], datetime]:
        """The orders to read now, and where the next poll begins."""
        orders = await self._client.orders_changed(since.isoformat())
        if len(orders) <= _READ_ORDERS:
            return orders, max(since, now - _OVERLAP)
        last = _moment(orders[_READ_ORDERS - 1]["date_modified"])
        # All that changed in the same second are read together: the cursor can tell no finer.
        return [order for order in orders if _moment(order["date_modified"]) <= last], max(last, since) + timedelta(seconds=1)

    async def _read(self, order: Document, first_id: int = 0) -> list[InboundMessage]:
        documents = await self._client.order_messages(str(order["id"]))
        written = sorted((document for document in documents if not _by_staff(document)), key=lambda one: int(one["id"]))
        if not written:
            return []
        sender = await self._sender(order)
        seen: Counter[str] = Counter()
        found = []
        for document in written:
            words = str(document.get("message") or "").strip()
            seen[words_key(words)] += 1
            if int(document["id"]) >= first_id:
                found.append(self._message(document, words, seen[words_key(words)], sender))
        return found

    async def _sender(self, order: Document) -> Sender:
        """The customer's account writes; the billing address may be somebody else's."""
        billing = order.get("billing_address") or {}
        customer = await self._client.customer(str(order["customer_id"])) if order.get("customer_id") else None
        who = customer or billing
        name = f"{who.get('first_name') or ''} {who.get('last_name') or ''}".strip()
        return Sender(email=who.get("email") or billing.get("email") or None, name=name or None)

    def _message(self, document: Document, words: str, occurrence: int, sender: Sender) -> InboundMessage:
        order_id = str(document["order_id"])
        return InboundMessage(
            channel=self.channel,
            store=self._store,
            external_id=message_identity(self._store, order_id, words, occurrence),
            sender=sender,
            subject=str(document.get("subject") or ""),
            text=words,
            named=(Reference(kind=ReferenceKind.ORDER, value=order_id),),
            conversation=order_id,
            account=self._store,
            received_at=_moment(document["date_created"]),
        )


def _by_staff(document: Document) -> bool:
    return document.get("type") == "admin" or bool(document.get("staff_id"))


def _moment(written: str) -> datetime:
    """V2 writes RFC 2822; one without a zone is in UTC."""
    moment = parsedate_to_datetime(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
