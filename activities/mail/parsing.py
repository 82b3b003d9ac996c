"""Raw mail to `InboundMessage`. Nothing that a stranger sends makes it raise: what cannot be read is kept and said so."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import EmailPolicy, Policy
from typing import Any

from activities.mail import mime
from activities.mail.doors.entering import through_its_door
from activities.mail.external_id import external_id
from activities.mail.html_text import html_text
from activities.mail.reply_text import is_forward, reply_text
from domain.mail_nature import MailFacts, nature_of
from domain.messages import Channel, InboundMessage, MessageNature, Sender, ThreadHeaders
from domain.playbook import Playbook
from domain.safe_names import clean

PART_LIMIT = 200
HEADER_LIMIT = 256 * 1024
"""Bytes of the header block."""

_HEADER_VALUE_LIMIT = 8_000
"""Characters of one header: the standard library's header parser takes time that grows with the square of its length."""

_MESSAGE_IDS = re.compile(r"<[^<>\s]{1,900}>")
_REPORTED_ID = re.compile(r"^[>\s]{0,8}message-id:\s{0,80}(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_REPORTED_LIMIT = 200_000
_READ_LIMIT = 400_000
"""Characters that are searched for where the quote begins; the whole is kept as `full_text`."""

_ADDRESS = re.compile(r"""[^\s<>()\[\],;:"@]{1,64}@[A-Za-z0-9.-]{1,190}""")


class UnknownRecipient(ValueError):
    """None of the mail's recipients is the support address of a store."""


@dataclass(frozen=True)
class Envelope:
    """What the SMTP session said. `sender` is empty for machine mail (`MAIL FROM:<>`), None where it is not known."""

    sender: str | None
    recipients: Sequence[str]


class _TooManyParts(ValueError):
    pass


def parse_mail(raw: bytes, envelope: Envelope, playbook: Playbook, received_at: datetime, raw_blob: str) -> InboundMessage:
    """Reads a mail that came for a store.

    The store is that of the first support address among To, Cc, Delivered-To, X-Original-To and then the envelope's
    recipients. Raises UnknownRecipient where there is none, and nothing else.
    """
    message, trouble = _parse(raw)
    content = mime.read(message)
    trouble = trouble or content.trouble
    to = _addresses(message, ("to", "cc", "delivered-to", "x-original-to"))
    store = store_of((*to, *envelope.recipients), playbook)
    if store is None:
        raise UnknownRecipient(f"no support address of a store among {', '.join(envelope.recipients) or 'no recipients'}")
    sender, from_form = _sender(message, envelope, playbook)
    subject = clean(mime.header(message, "subject"))
    nature = MessageNature.PERSON if from_form else nature_of(_facts(message, content, envelope, sender.email or ""))
    full_text = content.text
    text = full_text if is_forward(subject) else _reply(content)
    if trouble:
        text = f"{text}\n\n[{trouble}]".strip()
    parsed = InboundMessage(
        channel=Channel.EMAIL,
        store=store,
        external_id=external_id(raw, _message_id(message)),
        sender=sender,
        to=next(iter(to or envelope.recipients), None),
        subject=subject,
        text=text,
        full_text=full_text or text,
        html=content.html,
        thread=_thread(message, content, nature),
        nature=nature,
        attachments=content.attachments,
        received_at=received_at,
        raw_blob=raw_blob,
    )
    return through_its_door(parsed, next(iter(_addresses(message, ("from", "sender"))), None), playbook)


def store_of(addresses: Iterable[str], playbook: Playbook) -> str | None:
    """The store of the first address that is a support address, with or without a `+tag`."""
    for address in addresses:
        local, _, domain = address.strip().rpartition("@")
        store = playbook.store_of(address) or playbook.store_of(f"{local.partition('+')[0]}@{domain}")
        if store is not None:
            return store
    return None


class _Policy(EmailPolicy):
    """The default policy, with headers cut to a length and their raw eight-bit characters read as what they most likely are."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, mime.eight_bit(value[:_HEADER_VALUE_LIMIT])


def _parse(raw: bytes) -> tuple[Message, str | None]:
    """The mail as a tree, or only its headers together with the reason why."""
    made = 0

    def make(policy: "Policy[Any]") -> Message:
        nonlocal made
        made += 1
        if made > PART_LIMIT:
            raise _TooManyParts
        return EmailMessage(policy=policy)

    head = _header_block(raw)
    if len(head) > HEADER_LIMIT:
        trouble = f"This mail's headers are larger than {HEADER_LIMIT // 1024} kB. It is kept as it came and not shown."
        return BytesHeaderParser(policy=_Policy()).parsebytes(head[:HEADER_LIMIT]), trouble
    try:
        return BytesParser(policy=_Policy(message_factory=make)).parsebytes(raw), None
    except (_TooManyParts, *mime.PARSER_FAILURES) as error:
        reason = f"has more than {PART_LIMIT} parts" if isinstance(error, _TooManyParts) else "cannot be read"
        message = BytesHeaderParser(policy=_Policy()).parsebytes(head)
        return message, f"This mail {reason}. It is kept as it came and not shown."


def _header_block(raw: bytes) -> bytes:
    ends = [end for end in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if end >= 0]
    return raw[: min(ends) + 2] if ends else raw


def _reply(content: mime.Content) -> str:
    """The writer's words: from the plain text, else from the HTML less what its program marked as quoted."""
    text = content.text
    if content.from_html and content.html is not None:
        text = html_text(content.html, without_quotes=True) or text
    return reply_text(text[:_READ_LIMIT]) or content.text.strip()


def _sender(message: Message, envelope: Envelope, playbook: Playbook) -> tuple[Sender, bool]:
    """Who wrote, and whether it came by a form of the shop: those come from the store's own address and name the buyer in
    Reply-To."""
    found = _mailboxes(message, ("from", "sender"))
    answers = _mailboxes(message, ("reply-to",))
    if found and answers and store_of([found[0][1]], playbook) and not store_of([answers[0][1]], playbook):
        name, address = answers[0]
        return Sender(email=address, name=name or None), True
    name, address = found[0] if found else ("", envelope.sender or "")
    return Sender(email=address or None, name=name or None), False


def _addresses(message: Message, names: Sequence[str]) -> list[str]:
    return [address for _, address in _mailboxes(message, names)]


def _mailboxes(message: Message, names: Sequence[str]) -> list[tuple[str, str]]:
    """Display name and address of each mailbox in these headers that has an address."""
    found: list[tuple[str, str]] = []
    for name in names:
        for value in mime.structured(message, name):
            mailboxes = _parsed_mailboxes(value)
            if not any("@" in address for _, address in mailboxes):
                mailboxes = [("", address) for address in _ADDRESS.findall(str(value))]
            found.extend((clean(shown), clean(address)) for shown, address in mailboxes if "@" in address)
    return found


def _parsed_mailboxes(value: Any) -> list[tuple[str, str]]:
    try:
        return [(entry.display_name, entry.addr_spec) for entry in getattr(value, "addresses", ())]
    except mime.PARSER_FAILURES:
        return []


def _message_id(message: Message) -> str | None:
    found = _MESSAGE_IDS.search(mime.header(message, "message-id"))
    return found.group() if found else None


def _thread(message: Message, content: mime.Content, nature: MessageNature) -> ThreadHeaders:
    """The thread headers; for a bounce also the Message-ID of the mail it is about, as the one answered last."""
    references = _MESSAGE_IDS.findall(mime.header(message, "references"))
    answered = _MESSAGE_IDS.findall(mime.header(message, "in-reply-to"))
    if nature is not MessageNature.PERSON:
        references += content.reported_ids
    if nature is MessageNature.BOUNCE:
        references += _REPORTED_ID.findall(content.text[:_REPORTED_LIMIT])[:5]
    return ThreadHeaders(
        message_id=_message_id(message), in_reply_to=next(iter(answered), None), references=tuple(dict.fromkeys(references))
    )


def _facts(message: Message, content: mime.Content, envelope: Envelope, sender: str) -> MailFacts:
    headers: dict[str, list[str]] = {}
    for name in set(message.keys()):
        headers.setdefault(name.lower(), []).extend(mime.headers(message, name))
    null_return = any(value.strip() == "<>" for value in headers.get("return-path", ()))
    return MailFacts(
        headers={name: tuple(values) for name, values in headers.items()},
        content_type=mime.content_type(message),
        report_type=mime.parameter(message, "report-type").lower(),
        part_types=content.part_types,
        delivery_actions=content.delivery_actions,
        sender=sender,
        null_sender=null_return or envelope.sender in ("", "<>"),
    )
