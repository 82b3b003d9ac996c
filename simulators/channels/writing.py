"""`POST /_sim/{provider}/write`: a buyer writes a message, and the provider tells Casework of it."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money, webhooks
from simulators.channels import ebay, tiktok, twilio, whatsapp
from simulators.connection import webhook_fault
from simulators.faults import Faults
from simulators.state import Document, State, Transaction

OPERATION = "write"
"""Under which operation a webhook fault strikes the hook of a message."""


class File(BaseModel):
    """A file that the buyer sends; `content` is base64."""

    model_config = ConfigDict(extra="forbid")

    content_type: str = "image/jpeg"
    content: str


class Writing(BaseModel):
    """What a buyer writes. `sender` is a number in E.164 at Twilio and WhatsApp, a user name at eBay and TikTok."""

    model_config = ConfigDict(extra="forbid")

    text: str = ""
    sender: str | None = None
    name: str = "Emma Hartley"
    conversation: str = Field(default="100", description="eBay's and TikTok's thread")
    channel: Literal["sms", "whatsapp"] = Field(default="sms", description="which of Twilio's numbers")
    order_id: str | None = Field(default=None, description="TikTok: a card with this order instead of a text")
    file: File | None = Field(default=None, description="Twilio and WhatsApp")


@dataclass(frozen=True)
class _Writer:
    """One message on its way."""

    request: Request
    transaction: Transaction
    held: Document
    writing: Writing

    def emit(self, provider: str, account: str, payload: Any, body: str | None = None) -> None:
        app: Starlette = self.request.app
        webhooks.emit(app, self.transaction, provider, account, payload, body)

    def keep_file(self) -> str | None:
        """The id under which the provider gives the file out."""
        if self.writing.file is None:
            return None
        base64.b64decode(self.writing.file.content, validate=True)
        name = f"ME{uuid4().hex}"
        self.transaction.put("channels.files", name, self.writing.file.model_dump())
        return name


def _twilio(writer: _Writer) -> Document:
    held, writing = writer.held, writer.writing
    over_whatsapp = writing.channel == "whatsapp"
    prefix, number = ("whatsapp:", held["whatsapp_number"]) if over_whatsapp else ("", held["number"])
    sender = f"{prefix}{writing.sender or '+447700900123'}"
    document = twilio.message_document(held, sender, f"{prefix}{number}", writing.text, direction="inbound", status="received")
    form = {"MessageSid": document["sid"], "AccountSid": held["sid"], "From": sender, "To": document["to"]}
    form |= {"Body": writing.text, "NumMedia": "0", "SmsStatus": "received", "ApiVersion": "2010-04-01"}
    if over_whatsapp:
        form["ProfileName"] = writing.name
    file = writer.keep_file()
    if file is not None and writing.file is not None:
        base = f"{writer.request.base_url}twilio/2010-04-01/Accounts/{held['sid']}/Messages/{document['sid']}"
        form |= {"NumMedia": "1", "MediaUrl0": f"{base}/Media/{file}", "MediaContentType0": writing.file.content_type}
        document["num_media"] = "1"
    writer.transaction.put(twilio.COLLECTION, document["sid"], {"data": document})
    writer.emit("twilio", held["whatsapp" if over_whatsapp else "sms"], form, urlencode(form))
    return document


def _whatsapp(writer: _Writer) -> Document:
    held, writing = writer.held, writer.writing
    sender = (writing.sender or "+447700900123").removeprefix("+")
    document = whatsapp.message_document("inbound", sender, held["number"], writing.text)
    moment = str(money.unix(money.now()))
    message: Document = {"from": sender, "id": document["id"], "timestamp": moment, "type": "text"}
    file = writer.keep_file()
    if file is not None and writing.file is not None:
        kind = writing.file.content_type.partition("/")[0]
        kind = kind if kind in ("image", "video", "audio") else "document"
        described = {"id": file, "mime_type": writing.file.content_type}
        message |= {"type": kind, kind: described | ({"caption": writing.text} if writing.text else {})}
    else:
        message["text"] = {"body": writing.text}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": held["number"], "phone_number_id": held["phone_number_id"]},
        "contacts": [{"profile": {"name": writing.name}, "wa_id": sender}],
        "messages": [message],
    }
    entry = {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}
    writer.transaction.put(whatsapp.COLLECTION, document["id"], {"data": document})
    writer.emit("whatsapp", held["account"], {"object": "whatsapp_business_account", "entry": [entry]})
    return document


def _ebay(writer: _Writer) -> Document:
    held, writing = writer.held, writer.writing
    sender = writing.sender or "emma-h-2020"
    document = ebay.put_message(writer.transaction, writing.conversation, sender, held["username"], writing.text)
    data = {key: value for key, value in document.items() if not key.endswith("Username")}
    data |= {"conversationType": "FROM_MEMBERS", "senderUserName": sender, "recipientUserName": held["username"]}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    notification = {
        "notificationId": str(uuid4()),
        "eventDate": now,
        "publishDate": now,
        "publishAttemptCount": 1,
        "data": data,
    }
    metadata = {"topic": "NEW_MESSAGE", "schemaVersion": "1.0", "deprecated": False}
    writer.emit("ebay", held["account"], {"metadata": metadata, "notification": notification})
    return document


def _tiktok(writer: _Writer) -> Document:
    held, writing = writer.held, writer.writing
    content = {"order_id": writing.order_id} if writing.order_id else {"content": writing.text}
    kind = "ORDER_CARD" if writing.order_id else "TEXT"
    document = tiktok.put_message(writer.transaction, writing.conversation, "BUYER", writing.text, content, kind)
    now = money.unix(money.now())
    data = {key: value for key, value in document.items() if key != "body"}
    data["sender"] = {"im_user_id": document["sender"]["im_user_id"], "role": "BUYER"}
    notice = {"type": 14, "tts_notification_id": str(uuid4().int)[:19], "shop_id": held["shop_id"], "timestamp": now}
    writer.emit("tiktok", held["account"], notice | {"data": data})
    return document


_WRITERS: dict[str, Callable[[_Writer], Document]] = {
    "twilio": _twilio,
    "whatsapp": _whatsapp,
    "ebay": _ebay,
    "tiktok": _tiktok,
}


async def write(request: Request) -> Response:
    """POST /_sim/{provider}/write: the message as the provider holds it."""
    provider = request.path_params["provider"]
    if provider not in _WRITERS:
        return JSONResponse({"detail": f"nobody writes by {provider!r}; known: {', '.join(_WRITERS)}"}, 404)
    try:
        writing = Writing.model_validate_json(await request.body())
    except ValidationError as error:
        return JSONResponse({"detail": str(error)}, 422)
    state: State = request.app.state.state
    faults: Faults = request.app.state.faults
    webhook_fault.set(faults.take_webhook(provider, OPERATION))
    held = state.get("accounts", provider) or {}
    try:
        with state.transaction() as transaction:
            document = _WRITERS[provider](_Writer(request, transaction, held, writing))
    except binascii.Error as error:
        return JSONResponse({"detail": f"file.content is not base64: {error}"}, 422)
    return JSONResponse(document)


def routes() -> list[Route]:
    """The door for buyers."""
    return [Route("/_sim/{provider}/write", write, methods=["POST"])]
