"""The identity of a mail: the same mail delivered twice has one, two mails with the same Message-ID have two."""

import hashlib
import re

_IDENTIFYING = re.compile(rb"^(?:from|date)[ \t]*:.*?(?=\r?\n(?![ \t])|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_HEAD_LIMIT = 256 * 1024


def external_id(raw: bytes, message_id: str | None) -> str:
    """Message-ID and a hash of From, Date and body: trace headers differ from delivery to delivery, these do not.

    Programs do send mails without a Message-ID, and different mails with the same one.
    """
    separator = re.search(rb"\r?\n\r?\n", raw)
    head, body = (raw[: separator.start()], raw[separator.end() :]) if separator else (raw, b"")
    digest = hashlib.sha256()
    for line in sorted(_IDENTIFYING.findall(head[:_HEAD_LIMIT])):
        digest.update(b" ".join(line.split()) + b"\n")
    digest.update(body.replace(b"\r\n", b"\n").rstrip())
    return f"{message_id or 'no-id'}#{digest.hexdigest()[:24]}"
