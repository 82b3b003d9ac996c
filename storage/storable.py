"""Makes a message fit what PostgreSQL can hold, so that nothing a stranger sends can make its storing fail for ever (P1)."""

import hashlib

from domain.messages import InboundAttachment, InboundMessage, Sender, ThreadHeaders
from domain.safe_names import clean, file_name

IDENTITY_LIMIT = 400
"""Bytes. A B-tree entry holds at most 2704 (PostgreSQL, "B-Tree Indexes", limits), and two columns share one."""

TEXT_LIMIT = 120_000
"""Bytes of the text that is searched: a tsvector holds at most 1 MB (PostgreSQL, "Text Search Limitations"), and a word
with hyphens or a path is entered several times. `full_text` keeps everything."""

SUBJECT_LIMIT = 2_000
"""Bytes."""

_NAME_LIMIT = 500
_REFERENCES_LIMIT = 200


def storable(message: InboundMessage) -> InboundMessage:
    """The same message without NUL and broken surrogates, which a PostgreSQL text cannot hold, cut to what indexes take, and
    with names that are safe to show."""
    text = _text(message.text)
    short = cut(text, TEXT_LIMIT)
    full_text = _optional(message.full_text)
    return message.model_copy(
        update={
            "external_id": identity(message.external_id),
            "sender": Sender(
                email=_optional(message.sender.email, _NAME_LIMIT),
                name=cut(clean(message.sender.name), _NAME_LIMIT) or None if message.sender.name else None,
                phone=_optional(message.sender.phone, _NAME_LIMIT),
            ),
            "to": _optional(message.to, _NAME_LIMIT),
            "subject": cut(_text(message.subject), SUBJECT_LIMIT),
            "text": short,
            "full_text": text if full_text is None and short != text else full_text,
            "html": _optional(message.html),
            "thread": _thread(message.thread),
            "attachments": tuple(_attachment(attachment) for attachment in message.attachments),
        }
    )


def identity(value: str) -> str:
    """An identifier short enough for an index; a longer one ends in the hash of the whole, so that it stays itself."""
    value = _text(value)
    if len(value.encode()) <= IDENTITY_LIMIT:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{cut(value, IDENTITY_LIMIT - len(digest) - 1)}#{digest}"


def cut(text: str, limit: int) -> str:
    """`text`, at most `limit` bytes of UTF-8 of it, no character broken."""
    if len(text) * 4 <= limit:
        return text
    return text.encode()[:limit].decode(errors="ignore")


def _thread(thread: ThreadHeaders) -> ThreadHeaders:
    return ThreadHeaders(
        message_id=identity(thread.message_id) if thread.message_id else None,
        in_reply_to=identity(thread.in_reply_to) if thread.in_reply_to else None,
        references=tuple(identity(reference) for reference in thread.references[-_REFERENCES_LIMIT:]),
        reply_token=thread.reply_token,
    )


def _attachment(attachment: InboundAttachment) -> InboundAttachment:
    return attachment.model_copy(
        update={
            "filename": file_name(_text(attachment.filename), attachment.content_type),
            "content_type": cut(_text(attachment.content_type), _NAME_LIMIT),
            "content_id": _optional(attachment.content_id, _NAME_LIMIT),
        }
    )


def _optional(text: str | None, limit: int | None = None) -> str | None:
    if text is None:
        return None
    return _text(text) if limit is None else cut(_text(text), limit)


def _text(text: str) -> str:
    return text.replace("\x00", "").encode(errors="replace").decode()
