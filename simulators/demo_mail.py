"""Twenty mails of the demo world's contacts, sent to the support addresses by SMTP.

Message-IDs are fixed, so that sending them again adds nothing where messages are known by their id.
"""

import json
import smtplib
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "demo_mails.json"


def demo_mails() -> list[dict[str, Any]]:
    """The mails as data, with the language, intent and orders that a reader would find in them."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def build_mail(mail: dict[str, Any], present: datetime | None = None) -> EmailMessage:
    """One mail ready to send, dated so many minutes before `present` as its data says."""
    present = present or datetime.now(UTC)
    message = EmailMessage()
    message["From"] = Address(mail["sender_name"], addr_spec=mail["sender"])
    message["To"] = mail["to"]
    message["Subject"] = mail["subject"]
    message["Date"] = format_datetime(present - timedelta(minutes=mail["minutes_ago"]))
    message["Message-ID"] = mail["message_id"]
    if "in_reply_to" in mail:
        message["In-Reply-To"] = mail["in_reply_to"]
        message["References"] = " ".join(mail["references"])
    message.set_content(mail["text"])
    if "html" in mail:
        message.add_alternative(mail["html"], subtype="html")
    if "attachment" in mail:
        described = mail["attachment"]
        kind, _, subtype = described["content_type"].partition("/")
        # The bytes only stand for a photograph: a JPEG head and filling.
        content = (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(described["size"]))[: described["size"] - 2] + b"\xff\xd9"
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=described["filename"])
    return message


def send_demo_mails(host: str, port: int, timeout: float = 30.0) -> int:
    """Send all mails, oldest first, over one SMTP connection; gives their number. Raises OSError or SMTPException."""
    mails = sorted(demo_mails(), key=lambda mail: -mail["minutes_ago"])
    with smtplib.SMTP(host, port, timeout=timeout) as connection:
        for mail in mails:
            connection.send_message(build_mail(mail))
    return len(mails)
