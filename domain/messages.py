"""What reaches the merchant, from whichever channel, and how it is told apart from machine mail."""

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.references import Reference


class Channel(StrEnum):
    EMAIL = "email"
    CHAT = "chat"
    FORM = "form"
    PORTAL = "portal"
    MARKETPLACE = "marketplace"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PHONE = "phone"


class MessageNature(StrEnum):
    """Who is behind a message. Only `person` may start an answer, stop a wait or reopen a ticket."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    BULK = "bulk"


class Sender(BaseModel):
    model_config = ConfigDict(frozen=True)

    email: str | None = None
    name: str | None = None
    phone: str | None = None


class ThreadHeaders(BaseModel):
    """What ties a mail to earlier ones: its headers (RFC 5322 section 3.6.4), angle brackets included."""

    model_config = ConfigDict(frozen=True)

    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_token: str | None = None
    """What stood after the `+` of the support address it was sent to: proof of an answer only once it is checked."""


class InboundAttachment(BaseModel):
    """A file that came with a message. `filename` is shown, never used as a path."""

    model_config = ConfigDict(frozen=True)

    filename: str
    content_type: str
    content: bytes = Field(repr=False)
    content_id: str | None = None


class InboundMessage(BaseModel):
    """One message as every channel adapter hands it to `accept`.

    `external_id` is the channel's own identity of the message: the same (channel, external_id) is the same message.
    `text` is what the person wrote, `full_text` the whole body with its quotes; they are equal where nothing is quoted.
    """

    model_config = ConfigDict(frozen=True)

    channel: Channel
    store: str
    external_id: str
    sender: Sender
    to: str | None = None
    subject: str = ""
    text: str
    full_text: str | None = None
    html: str | None = None
    thread: ThreadHeaders = ThreadHeaders()
    nature: MessageNature = MessageNature.PERSON
    attachments: tuple[InboundAttachment, ...] = ()
    named: tuple[Reference, ...] = ()
    """What the channel itself says it is about, beside what its words name: the order of a chat, of a relay address."""
    conversation: str | None = None
    """The channel's own name of the conversation: a chat session, a marketplace thread, a caller's number. An answer by the
    channel goes there; a later message of it continues the ticket."""
    provider: str | None = None
    """Which adapter of `activities/channels` it came through and is answered through; None means mail."""
    account: str | None = None
    """The provider's account, as the accounts file names it."""
    received_at: AwareDatetime
    raw_blob: str | None = None
    """Key of the raw mail in the blob store, where the channel has one."""


class DeliveryState(StrEnum):
    """Where a message stands on its way. Inbound ones are `received`; ours go queued → sending → sent."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCLEAR = "unclear"
    FAILED = "failed"
