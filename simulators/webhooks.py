"""Webhooks: recorded always, sent signed to Casework where an address is given, struck by webhook faults.

Signatures: BigCommerce as in Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature) with the
store's client secret; Xero as x-xero-signature, base64 of HMAC-SHA256 over the body. How ShipStation and the channels sign is
in the signing.py of each.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import httpx
from starlette.applications import Starlette

from simulators import money
from simulators.channels import signing
from simulators.connection import webhook_fault
from simulators.shipstation import signing as shipstation_signing
from simulators.state import Document, State, Transaction

TRIES_AFTER_SECONDS = (0.0, 2.0, 10.0)
"""Pauses before each try; BigCommerce pauses for minutes to hours, a stand-in cannot."""


ACCOUNT = "main"
"""What Casework calls its one carrier and its one ledger account here."""


class Courier:
    """Sends webhooks to `{address}/webhooks/{provider}/{account}` in the background."""

    def __init__(self, state: State, address: str | None) -> None:
        self._state = state
        self._address = address.rstrip("/") if address else None
        self._running: set[asyncio.Task[None]] = set()

    def send(self, key: int, event: Document, delay: float, times: int) -> None:
        """Send an event so many times after a delay in seconds; without an address nothing is sent."""
        if self._address is None and event["address"] is None:
            return
        for _ in range(times):
            task = asyncio.get_running_loop().create_task(self._deliver(key, event, delay))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _deliver(self, key: int, event: Document, delay: float) -> None:
        await asyncio.sleep(delay)
        url = event["address"] or f"{self._address}/webhooks/{event['provider']}/{event['account']}"
        async with httpx.AsyncClient(timeout=10) as client:
            for pause in TRIES_AFTER_SECONDS:
                await asyncio.sleep(pause)
                headers = signature_headers(self._state, event, url)
                try:
                    status = (await client.post(url, content=event["body"].encode(), headers=headers)).status_code
                except httpx.HTTPError as error:
                    status = type(error).__name__
                self._note(key, status)
                if isinstance(status, int) and status < 300:
                    return
        self._switch_off(event)

    def _switch_off(self, event: Document) -> None:
        """After the last try BigCommerce calls the address no more and plays nothing back."""
        hook = self._state.get("bigcommerce.hooks", event["hook"]) if event["hook"] else None
        if hook is not None:
            hook["data"]["is_active"] = False
            with self._state.transaction() as transaction:
                transaction.put("bigcommerce.hooks", event["hook"], hook)

    def _note(self, key: int, status: int | str) -> None:
        event = self._state.get("webhooks.events", key)
        if event is not None:
            event["answers"].append({"at": money.now().isoformat(), "status": status})
            with self._state.transaction() as transaction:
                transaction.put("webhooks.events", key, event)

    async def close(self) -> None:
        """Give up what is not yet delivered."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def signature_headers(state: State, event: Document, url: str) -> dict[str, str]:
    """The headers that prove an event, in the way of its provider."""
    if event["provider"] in signing.PROVIDERS:
        held = state.get("accounts", event["provider"]) or {}
        return signing.signed_headers(event["provider"], held, url, event["body"])
    body, timestamp = event["body"], str(money.unix(money.now()))
    headers = {"content-type": "application/json"}
    if event["proof"] is not None:
        return headers | event["proof"]
    if event["provider"] == "bigcommerce":
        store = next(store for store in state.all("stores") if store["key"] == event["account"])
        signed = f"{event['id']}.{timestamp}.{body}".encode()
        digest = hmac.new(store["client_secret"].encode(), signed, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(digest).decode()}"
        return headers | {
            "webhook-id": event["id"],
            "webhook-timestamp": timestamp,
            "webhook-signature": signature,
            **(event["headers"] or {}),
        }
    if event["provider"] == "xero":
        account = state.get("accounts", "xero") or {}
        digest = hmac.new(account["webhook_key"].encode(), body.encode(), hashlib.sha256).digest()
        return headers | {"x-xero-signature": base64.b64encode(digest).decode()}
    return headers | shipstation_signing.signed_headers(timestamp, body)


def emit(
    app: Starlette,
    transaction: Transaction,
    provider: str,
    account: str,
    payload: Any,
    body: str | None = None,
    *,
    address: str | None = None,
    proof: dict[str, str] | None = None,
    hook: Document | None = None,
) -> None:
    """Record an event with the change that caused it, and hand it to the courier. Without `body` the payload goes as JSON.

    Where the client said itself where events go and with which headers, `address` and `proof` are what it said; `hook` is the
    one of a store that this goes to, beside its signature.
    """
    fault = webhook_fault.get()
    times = 2 if fault and fault.fault == "duplicate_webhook" else 1
    delay = fault.seconds if fault and fault.fault == "late_webhook" else 0.0
    key = transaction.next_number("webhooks.events")
    event: Document = {
        "id": f"msg_{uuid4().hex}",
        "provider": provider,
        "account": account,
        "body": json.dumps(payload, separators=(",", ":")) if body is None else body,
        "payload": payload,
        "address": hook["destination"] if hook else address,
        "proof": proof,
        "hook": hook["id"] if hook else None,
        "headers": hook["headers"] if hook else None,
        "at": money.now().isoformat(),
        "fault": fault.fault if fault else None,
        "answers": [],
    }
    transaction.put("webhooks.events", key, event)
    courier: Courier = app.state.courier
    courier.send(key, event, delay, times)


def _bigcommerce(app: Starlette, transaction: Transaction, store: Document, scope: str, data: Document) -> None:
    payload = {
        "scope": scope,
        "store_id": "1001",
        "data": data,
        "hash": hashlib.sha1(json.dumps([scope, data]).encode(), usedforsecurity=False).hexdigest(),
        "created_at": money.unix(money.now()),
        "producer": f"stores/{store['hash']}",
    }
    hooks = [record["data"] for record in app.state.state.all("bigcommerce.hooks") if record["store"] == store["key"]]
    if not hooks:
        emit(app, transaction, "bigcommerce", store["key"], payload)
    for hook in hooks:
        if hook["is_active"] and hook["scope"] in (scope, f"{scope.rpartition('/')[0]}/*"):
            emit(app, transaction, "bigcommerce", store["key"], payload, hook=hook)


def order_created(app: Starlette, transaction: Transaction, store: Document, order_id: int) -> None:
    """store/order/created."""
    _bigcommerce(app, transaction, store, "store/order/created", {"type": "order", "id": order_id})


def order_changed(app: Starlette, transaction: Transaction, store: Document, order_id: int, before: int, after: int) -> None:
    """store/order/updated, and store/order/statusUpdated where the status moved."""
    _bigcommerce(app, transaction, store, "store/order/updated", {"type": "order", "id": order_id})
    if before != after:
        status = {"previous_status_id": before, "new_status_id": after}
        data = {"type": "order", "id": order_id, "status": status}
        _bigcommerce(app, transaction, store, "store/order/statusUpdated", data)


def refund_created(app: Starlette, transaction: Transaction, store: Document, order_id: int, refund_id: int) -> None:
    """store/order/refund/created."""
    data = {"type": "order", "id": order_id, "refund": {"refund_id": refund_id}}
    _bigcommerce(app, transaction, store, "store/order/refund/created", data)


def order_message_created(app: Starlette, transaction: Transaction, store: Document, order_id: int, message_id: int) -> None:
    """store/order/message/created."""
    data = {"type": "order", "id": order_id, "message": {"order_message_id": message_id}}
    _bigcommerce(app, transaction, store, "store/order/message/created", data)


def shipment_created(app: Starlette, transaction: Transaction, store: Document, order_id: int, shipment_id: int) -> None:
    """store/shipment/created; the order's id is camelCase there."""
    data = {"type": "shipment", "id": shipment_id, "orderId": order_id}
    _bigcommerce(app, transaction, store, "store/shipment/created", data)


def parcel_moved(app: Starlette, transaction: Transaction, tracking: Document) -> None:
    """ShipStation's API_TRACK event, to every webhook that was made for it."""
    payload = {"resource_url": f"/v1/tracking?tracking_number={tracking['tracking_number']}"}
    payload |= {"resource_type": "API_TRACK", "data": tracking}
    for hook in app.state.state.all("shipstation.hooks"):
        if hook["data"]["event"] == "track":
            emit(app, transaction, "shipstation", ACCOUNT, payload, address=hook["data"]["url"])


def parcel_moved_at_qapla(app: Starlette, transaction: Transaction, event: Document) -> None:
    """Qapla's event of a shipment. Its proof stands in the body, so it is sent unsigned."""
    held = app.state.state.get("accounts", "qapla") or {}
    emit(app, transaction, "qapla", ACCOUNT, {"apiKey": held.get("api_key", ""), **event}, proof={})


def ledger_changed(app: Starlette, transaction: Transaction, kind: str, resource_id: str) -> None:
    """A Xero event; kind is INVOICE or CREDITNOTE."""
    held = app.state.state.get("accounts", "xero") or {}
    event = {
        "resourceId": resource_id,
        "eventCategory": kind,
        "eventType": "UPDATE",
        "eventDateUtc": money.iso(money.now()),
        "tenantId": held.get("tenant_id", ""),
        "tenantType": "ORGANISATION",
    }
    payload = {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": uuid4().hex}
    emit(app, transaction, "xero", ACCOUNT, payload)
