"""The door for messages of every channel."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.identity import Caller
from api.problems import Mistake, Problem, documented, wrong_field
from api.services import Services, WithServices
from api.views.parts import EXAMPLE_ID
from domain.messages import Channel, InboundAttachment, InboundMessage, Sender, ThreadHeaders
from storage.intake import UnknownStore, receive

router = APIRouter(tags=["messages"])

_EXAMPLE = {
    "channel": "portal",
    "store": "northwind-tools",
    "external_id": "portal-88213",
    "sender": {"email": "buyer@example.com", "name": "Ada Buyer"},
    "subject": "Where is order 10452?",
    "text": "Where is my order 10452? We expected it on Monday.",
    "attachments": [{"filename": "note.txt", "content_type": "text/plain", "content": "aGVsbG8="}],
    "received_at": "2026-03-02T08:15:00Z",
}


class NewAttachment(BaseModel):
    """A file; `content` is base64."""

    model_config = ConfigDict(extra="forbid")

    filename: str = Field(min_length=1, max_length=500, examples=["note.txt"])
    content_type: str = Field(min_length=1, max_length=200, examples=["text/plain"])
    content: str = Field(repr=False, examples=["aGVsbG8="])


class NewSender(BaseModel):
    """Who wrote, as far as the channel knows."""

    model_config = ConfigDict(extra="forbid")

    email: str | None = Field(None, max_length=320, examples=["buyer@example.com"])
    name: str | None = Field(None, max_length=320, examples=["Ada Buyer"])
    phone: str | None = Field(None, max_length=60, examples=["+49 30 5550199"])


class NewThread(BaseModel):
    """The mail headers that tie the message to earlier ones, angle brackets included."""

    model_config = ConfigDict(extra="forbid")

    message_id: str | None = Field(None, max_length=1000, examples=["<20260302.1@example.com>"])
    in_reply_to: str | None = Field(None, max_length=1000)
    references: list[str] = Field(default=[], max_length=500)


class NewMessage(BaseModel):
    """A message of any channel. The same `channel` and `external_id` is the same message, however often it is sent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    channel: Channel
    store: str = Field(min_length=1, max_length=200, examples=["northwind-tools"])
    external_id: str = Field(min_length=1, max_length=1000, description="the channel's own id of the message")
    sender: NewSender
    to: str | None = Field(None, max_length=1000)
    subject: str | None = Field(None, max_length=5000)
    text: str = Field(description="what the person wrote")
    html: str | None = None
    thread: NewThread = Field(default_factory=lambda: NewThread.model_validate({}))
    attachments: list[NewAttachment] = Field(default=[], max_length=200)
    received_at: AwareDatetime | None = Field(None, description="deadlines count from here; now where it is not given")


class AcceptedMessage(BaseModel):
    """Where the message is."""

    message_id: UUID = Field(examples=[EXAMPLE_ID])
    ticket_id: UUID = Field(examples=[EXAMPLE_ID])


@router.post(
    "/messages",
    summary="Accept a message",
    description="Files the message under its ticket, or under a new one. Once this answers 2xx the message is not lost.",
    status_code=202,
    response_model=AcceptedMessage,
    responses={
        200: {"description": "This message had been accepted before; the same ids.", "model": AcceptedMessage},
        202: {"description": "Accepted."},
        **documented(401, 413, 422),
    },
)
async def accept_message(services: WithServices, caller: Caller, message: Annotated[NewMessage, Body()]) -> JSONResponse:
    inbound = _inbound(services, message)
    try:
        accepted = await receive(services.database, services.blobs, services.playbook.now, inbound)
    except UnknownStore as error:
        raise wrong_field("store", str(error)) from error
    services.measures.messages.labels(message.channel.value, str(not accepted.created).lower()).inc()
    content = {"message_id": str(accepted.message_id), "ticket_id": str(accepted.ticket_id)}
    return JSONResponse(content, 202 if accepted.created else 200)


def _inbound(services: Services, message: NewMessage) -> InboundMessage:
    files = tuple(_attachment(position, file) for position, file in enumerate(message.attachments))
    _require_small(services.options.message_size_limit, message, files)
    return InboundMessage(
        channel=message.channel,
        store=message.store,
        external_id=message.external_id,
        sender=Sender.model_validate(message.sender.model_dump()),
        to=message.to,
        subject=message.subject or "",
        text=message.text,
        html=message.html,
        thread=ThreadHeaders.model_validate(message.thread.model_dump()),
        attachments=files,
        received_at=message.received_at or datetime.now(UTC),
    )


def _attachment(position: int, file: NewAttachment) -> InboundAttachment:
    try:
        content = base64.b64decode(file.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong_field(f"attachments.{position}.content", f"is not base64: {error}") from error
    return InboundAttachment(filename=file.filename, content_type=file.content_type, content=content)


def _require_small(limit: int, message: NewMessage, files: tuple[InboundAttachment, ...]) -> None:
    sizes = {"text": _bytes(message.text), "html": _bytes(message.html or "")}
    sizes |= {f"attachments.{position}": len(file.content) for position, file in enumerate(files)}
    total = sum(sizes.values())
    if total > limit:
        largest = max(sizes, key=lambda name: sizes[name])
        words = f"the message has {total} bytes, the limit is {limit}; this part has {sizes[largest]}"
        raise Problem(413, f"{largest}: {words}", errors=[Mistake(field=largest, message=words)])


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
