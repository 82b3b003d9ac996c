"""A mail that the parser failed on, as a message all the same: by patterns over its first bytes, so that a person sees it."""

import re
from datetime import datetime
from email.header import decode_header, make_header

from activities.mail import mime
from activities.mail.external_id import external_id
from activities.mail.parsing import Envelope, store_for
from domain.messages import Channel, InboundMessage, Sender, ThreadHeaders
from domain.playbook import Playbook
from domain.safe_names import clean
from domain.threading import token_in

WORDS = "This mail could not be read yet; it is kept as it came."

_HEAD = 64 * 1024
_VALUE = 2_000
_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"'@]{1,64}@[A-Za-z0-9.-]{1,190}""")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")


def unread_message(raw: bytes, envelope: Envelope, playbook: Playbook, received_at: datetime, raw_blob: str) -> InboundMessage:
    """The mail's sender, subject and place in its thread, with words instead of its text.

    Raises UnknownRecipient as `parse_mail` does.
    """
    head = re.split(rb"\r?\n\r?\n", raw[:_HEAD], maxsplit=1)[0]
    to = [address for name in ("to", "cc", "delivered-to", "x-original-to") for address in _ADDRESS.findall(_field(head, name))]
    sender = _field(head, "from")
    address = next(iter(_ADDRESS.findall(sender)), envelope.sender) or None
    ids = {name: _MESSAGE_ID.findall(_field(head, name)) for name in ("message-id", "in-reply-to", "references")}
    message_id = next(iter(ids["message-id"]), None)
    recipients = (*to, *envelope.recipients)
    return InboundMessage(
        channel=Channel.EMAIL,
        store=store_for(recipients, envelope, playbook),
        external_id=external_id(raw, message_id),
        sender=Sender(email=address, name=_decoded(sender.partition("<")[0].strip().strip('"')) or None),
        to=next(iter(recipients), None),
        subject=_decoded(_field(head, "subject")),
        text=WORDS,
        thread=ThreadHeaders(
            message_id=message_id,
            in_reply_to=next(iter(ids["in-reply-to"]), None),
            references=tuple(ids["references"]),
            reply_token=next(filter(None, map(token_in, recipients)), None),
        ),
        received_at=received_at,
        raw_blob=raw_blob,
    )


def _field(head: bytes, name: str) -> str:
    """The first header of this name, unfolded."""
    found = re.search(rb"^" + name.encode() + rb"[ \t]*:(.*(?:\r?\n[ \t].*)*)", head, re.IGNORECASE | re.MULTILINE)
    return " ".join(mime.decode(found.group(1), "utf-8")[:_VALUE].split()) if found else ""


def _decoded(value: str) -> str:
    """A header's text with its encoded words (RFC 2047) read, as it stands where they are broken."""
    try:
        return clean(str(make_header(decode_header(value))))
    except mime.PARSER_FAILURES:
        return clean(value)
