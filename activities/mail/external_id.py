"""The identity of a mail: the same mail delivered twice has one, two mails with the same Message-ID have two."""

import hashlib
import re

_FIELD = rb"^(?:%b)[ \t]*:.*?(?=\r?\n(?![ \t])|\Z)"
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL
_WITH_ID = re.compile(_FIELD % rb"from|date", _FLAGS)
_WITHOUT_ID = re.compile(_FIELD % rb"from|date|to|subject", _FLAGS)
_HEAD_LIMIT = 256 * 1024


def external_id(raw: bytes, message_id: str | None) -> str:
    """Message-ID and a hash of From, Date and body: trace headers differ from delivery to delivery, these do not.

    Programs do send mails without a Message-ID, and different mails with the same one. Without one, To and Subject count too.
    """
    separator = re.search(rb"\r?\n\r?\n", raw)
    head, body = (raw[: separator.start()], raw[separator.end() :]) if separator else (raw, b"")
    digest = hashlib.sha256()
    for line in sorted((_WITH_ID if message_id else _WITHOUT_ID).findall(head[:_HEAD_LIMIT])):
        digest.update(b" ".join(line.split()) + b"\n")
    digest.update(body.replace(b"\r\n", b"\n").rstrip())
    return f"{message_id or 'no-id'}#{digest.hexdigest()[:24]}"
