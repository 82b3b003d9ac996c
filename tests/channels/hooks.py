"""Hooks as the providers send them, each with its proof."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from activities._kit.accounts import Accounts
from activities.channels.port import Hook
from simulators.channels.accounts import EbayWorld
from simulators.channels.signing import signed_headers

FORM = "application/x-www-form-urlencoded"
NUMBER = "+447700900123"


@dataclass
class Signed:
    """A hook that is ready to go."""

    path: str
    headers: dict[str, str]
    body: bytes

    def hook(self, base: str, received_at: datetime | None = None) -> Hook:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Hook("POST", f"{base}{self.path}", headers, self.body, received_at or datetime.now(UTC))


def twilio(accounts: Accounts, base: str, *, account: str = "northwind-sms", **changes: str) -> Signed:
    """Signed by Twilio's own library."""
    held = accounts.twilio[account]
    prefix = "whatsapp:" if held.channel == "whatsapp" else ""
    form = {
        "MessageSid": "SM00000000000000000000000000000001",
        "From": f"{prefix}{NUMBER}",
        "To": f"{prefix}{held.number}",
        "Body": "Where is my order 10452? 🚚",
        "NumMedia": "0",
        "AnythingNew": "",
    } | changes
    path = f"/webhooks/twilio/{account}"
    signature = RequestValidator(held.token).compute_signature(base + path, form)
    return Signed(path, {"Content-Type": FORM, "X-Twilio-Signature": signature}, urlencode(form).encode())


def whatsapp_value(accounts: Accounts, *messages: dict[str, Any]) -> dict[str, Any]:
    held = accounts.whatsapp["northwind"]
    metadata = {"display_phone_number": "4940555010022", "phone_number_id": held.phone_number_id}
    contacts = [{"profile": {"name": "Li Wei"}, "wa_id": "8613800138000"}]
    return {"messaging_product": "whatsapp", "metadata": metadata, "contacts": contacts, "messages": list(messages)}


def whatsapp_message(**changes: Any) -> dict[str, Any]:
    moment = str(int(datetime.now(UTC).timestamp()))
    return (
        {"from": "8613800138000", "id": "wamid.A", "timestamp": moment, "type": "text"}
        | ({"text": {"body": "订单 10452 在哪里？📦"}, "unheard_of": {"x": [1]}} if "type" not in changes else {})
        | changes
    )


def whatsapp(accounts: Accounts, *values: dict[str, Any], body: bytes | None = None) -> Signed:
    if body is None:
        changes = [{"field": "messages", "value": value} for value in values]
        body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()
    digest = hmac.new(accounts.whatsapp["northwind"].app_secret.encode(), body, hashlib.sha256).hexdigest()
    return Signed("/webhooks/whatsapp/northwind", {"X-Hub-Signature-256": f"sha256={digest}"}, body)


def ebay(published: datetime | None = None, *, body: bytes | None = None, **changes: Any) -> Signed:
    moment = (published or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    data = {
        "conversationId": "124850576707",
        "conversationType": "FROM_MEMBERS",
        "createdDate": moment,
        "messageBody": "Is it the size of 10452? 📏",
        "messageId": "3429373760017",
        "messageMedia": [{"mediaName": "x", "mediaType": "IMAGE", "mediaUrl": "https://i.ebayimg.com/x.jpg"}],
        "readStatus": False,
        "recipientUserName": "northwind_tools",
        "senderUserName": "pwz796",
        "subject": "",
    } | changes
    notification = {"notificationId": "n-1", "eventDate": moment, "publishDate": moment, "data": data}
    notice = {"metadata": {"topic": "NEW_MESSAGE", "schemaVersion": "1.0"}, "notification": notification}
    body = json.dumps(notice).encode() if body is None else body
    headers = signed_headers("ebay", EbayWorld().model_dump(), "", body.decode(errors="replace"))
    return Signed("/webhooks/ebay/northwind", headers, body)


def tiktok(accounts: Accounts, at: datetime | None = None, *, body: bytes | None = None, **changes: Any) -> Signed:
    moment = int((at or datetime.now(UTC)).timestamp())
    held = accounts.tiktok["northwind"]
    data = {
        "message_id": "7494560109732334263",
        "index": "7494560109732334274",
        "conversation_id": "576486316948490001",
        "type": "TEXT",
        "content": json.dumps({"content": "Broken on arrival 😢"}),
        "create_time": moment,
        "is_visible": True,
        "sender": {"im_user_id": "749", "role": "BUYER"},
    } | changes
    notice = {"type": 14, "tts_notification_id": "73", "shop_id": held.shop_id, "timestamp": moment, "data": data}
    body = json.dumps(notice).encode() if body is None else body
    signed = held.app_key.encode() + body
    digest = hmac.new(held.app_secret.encode(), signed, hashlib.sha256).hexdigest()
    return Signed("/webhooks/tiktok/northwind", {"Authorization": digest}, body)


def shopify(accounts: Accounts, body: bytes = b'{"id":1,"note":"please call"}') -> Signed:
    digest = hmac.new(accounts.shopify["shop"].client_secret.encode(), body, hashlib.sha256).digest()
    return Signed("/webhooks/shopify/shop", {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}, body)
