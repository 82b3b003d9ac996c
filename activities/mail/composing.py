"""Our mails as bytes."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal
from uuid import UUID

from activities.mail.models import MailAttachment
from domain.safe_names import clean, file_name

_BODY = SMTP.clone(cte_type="7bit")
_HEADERS = _BODY.clone(max_line_length=990)
"""Longer than the usual 78, since the standard library would encode a long Message-ID in References to make it fit."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_REPLY_PREFIX = re.compile(r"(?:(?:re|aw|antw|sv|r|rif|回复|答复|回覆)\s*(?:\[[0-9]+\])?\s*[:：]\s*)+", re.IGNORECASE)
_REFERENCES_LIMIT = 20


class BadAddress(ValueError):
    """No mail can be sent to this address."""


@dataclass(frozen=True)
class Letter:
    """One mail of ours. `automatic` is None where a person wrote it (RFC 3834 section 5)."""

    message_id: str
    sender_name: str
    sender: str
    recipient: str
    subject: str
    text: str
    at: datetime
    automatic: Literal["auto-replied", "auto-generated"] | None
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[tuple[MailAttachment, bytes], ...] = ()


def message_id(case_id: UUID, op_key: str, address: str) -> str:
    """The Message-ID of a mail, the same at every attempt. Nobody outside knows the case id in it, so it cannot be guessed."""
    digest = hashlib.sha256(f"{case_id}.{op_key}".encode()).hexdigest()[:40]
    return f"<{digest}@{address.rpartition('@')[2]}>"


def reply_subject(subject: str, number: int | None) -> str:
    """`Re: ` and the subject once, with the ticket's number, by which a reply without thread headers is still known."""
    rest = _REPLY_PREFIX.sub("", clean(subject), count=1).strip()
    token = f"[#{number}]"
    if number is not None and token not in rest:
        rest = f"{rest} {token}".strip()
    return f"Re: {rest}"


def reference_chain(references: Sequence[str], parent: str | None) -> tuple[str, ...]:
    """The References of an answer to `parent` (RFC 5322 section 3.6.4): the first and the last of a long chain."""
    chain = [found for found in dict.fromkeys((*references, parent or "")) if _MESSAGE_ID.fullmatch(found)]
    return tuple(chain if len(chain) <= _REFERENCES_LIMIT else [chain[0], *chain[-(_REFERENCES_LIMIT - 1) :]])


def compose(letter: Letter) -> bytes:
    """The mail as it goes over the wire.

    Raises BadAddress where the recipient is no address.
    """
    message = EmailMessage(policy=_BODY)
    message["From"] = Address(_spoken(letter.sender_name), addr_spec=letter.sender)
    message["To"] = _address(letter.recipient)
    if letter.reply_to:
        message["Reply-To"] = Address(_spoken(letter.sender_name), addr_spec=letter.reply_to)
    message["Subject"] = _spoken(letter.subject)
    message["Date"] = letter.at
    message["Message-ID"] = letter.message_id
    if letter.in_reply_to and _MESSAGE_ID.fullmatch(letter.in_reply_to):
        message["In-Reply-To"] = letter.in_reply_to
    if letter.references:
        message["References"] = " ".join(letter.references)
    if letter.automatic:
        message["Auto-Submitted"] = letter.automatic
        message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text.replace("\r\n", "\n") + "\n", charset="utf-8")
    for attachment, content in letter.attachments:
        kind, _, subkind = attachment.content_type.partition("/")
        name = _spoken(file_name(attachment.filename))
        message.add_attachment(content, maintype=kind, subtype=subkind or "octet-stream", filename=name)
    return message.as_bytes(policy=_HEADERS if letter.recipient.isascii() else _HEADERS.clone(utf8=True))


def _spoken(words: str) -> str:
    """Words for a header. The standard library would read an encoded word (RFC 2047) in them and write out what it encodes,
    line breaks and with them other headers too."""
    return clean(words).replace("=?", "= ?")


def _address(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not local or not domain or clean(address) != address or re.search(r"[\s<>,;]", address):
        raise BadAddress(f"{clean(address)!r} is no mail address")
    try:
        return Address(addr_spec=address)
    except (MessageError, ValueError, LookupError) as error:
        raise BadAddress(f"{clean(address)!r} is no mail address: {error}") from error
