"""Mails as bytes, and what the parser makes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage

from activities.mail.parsing import Envelope, parse_mail
from domain.messages import InboundMessage
from domain.playbook import Playbook

SUPPORT = "support@northwind-tools.example"
ARRIVED = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def mail(
    sender: str,
    subject: str,
    body: str,
    *,
    to: str = SUPPORT,
    files: Sequence[tuple[str, str]] = (),
    html: bool = False,
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A mail; `files` are names and media types, `headers` come on top (`Reply-To`, `Auto-Submitted`)."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, to, subject
    for name, value in headers:
        letter[name] = value
    letter.set_content(body, subtype="html" if html else "plain")
    for name, kind in files:
        main, _, sub = kind.partition("/")
        letter.add_attachment(b"content of " + name.encode(), maintype=main, subtype=sub, filename=name)
    return letter.as_bytes()


def parsed(raw: bytes, playbook: Playbook) -> InboundMessage:
    return parse_mail(raw, Envelope("bounces@somewhere.example", [SUPPORT]), playbook, ARRIVED, "blob")
