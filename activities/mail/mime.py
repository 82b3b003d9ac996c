"""The parts of a mail: its text, its HTML, its files. Safe over the standard library's parser, which raises on bad input."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import MessageError
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from html import escape
from io import BytesIO
from typing import Any

from activities.mail.delivery_reports import DeliveryReport, read_reports
from activities.mail.html_text import html_text
from domain.messages import InboundAttachment
from domain.safe_names import clean, file_name

DEPTH_LIMIT = 20

PARSER_FAILURES = (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError)
"""What the standard library has been seen to raise on malformed mail; unknown charsets are a LookupError."""

_UNSAFE_CODECS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
"""Registered as text encodings but no charset of a mail; the first two take quadratic time."""

_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "iso8859_1": "cp1252", "shift_jis": "cp932"}
"""What mails so labelled really hold: the larger set that the smaller is part of."""

_HAN_RUNS = re.compile(rb"[\x80-\xff]+")
_REPORT_PARTS = (
    "message/delivery-status",
    "message/disposition-notification",
    "text/rfc822-headers",
    "message/feedback-report",
)


@dataclass
class Content:
    """What is in a mail. `text` is the whole body as text, `from_html` says that it was made from the HTML."""

    text: str = ""
    html: str | None = None
    from_html: bool = False
    attachments: tuple[InboundAttachment, ...] = ()
    part_types: frozenset[str] = frozenset()
    deliveries: tuple[DeliveryReport, ...] = ()
    reported_ids: list[str] = field(default_factory=list)
    """Message-IDs of mails that this one reports about."""
    trouble: str | None = None


@dataclass
class _Segment:
    """One piece of the body in up to two forms."""

    plain: str = ""
    html: str = ""

    @property
    def text(self) -> str:
        return self.plain.strip("\r\n") if self.plain.strip() else html_text(self.html)


@dataclass
class _Reading:
    attachments: list[InboundAttachment] = field(default_factory=list)
    part_types: set[str] = field(default_factory=set)
    deliveries: list[DeliveryReport] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    too_deep: bool = False


def read(message: Message) -> Content:
    """Takes a parsed mail apart."""
    reading = _Reading()
    segments = list(_segments(message, reading, 0))
    texts = [segment.text for segment in segments]
    html = None
    if any(segment.html.strip() for segment in segments):
        html = "\n".join(
            segment.html if segment.html.strip() else f"<pre>{escape(segment.plain)}</pre>" for segment in segments
        )
    return Content(
        text="\n".join(text for text in texts if text),
        html=html,
        from_html=html is not None and not any(segment.plain.strip() for segment in segments),
        attachments=tuple(reading.attachments),
        part_types=frozenset(reading.part_types),
        deliveries=tuple(reading.deliveries),
        reported_ids=reading.reported,
        trouble=f"This mail is nested more than {DEPTH_LIMIT} levels deep; the rest is kept but not shown."
        if reading.too_deep
        else None,
    )


def _segments(part: Message, reading: _Reading, depth: int) -> Iterator[_Segment]:
    kind = content_type(part)
    reading.part_types.add(kind)
    if depth > DEPTH_LIMIT:
        reading.too_deep = True
    elif kind in _REPORT_PARTS:
        _read_report(part, kind, reading)
    elif kind.startswith("multipart/") and part.is_multipart():
        children = [segment for child in _children(part) for segment in _segments(child, reading, depth + 1)]
        if kind == "multipart/alternative" and children:
            yield _Segment(_first(child.plain for child in children), _first(child.html for child in reversed(children)))
        else:
            yield from children
    elif kind in ("text/plain", "text/html", "multipart/mixed", "multipart/alternative") and not _is_file(part):
        text = _text(part)
        yield _Segment(html=text) if kind == "text/html" else _Segment(plain=text)
    else:
        _read_file(part, kind, reading)


def _first(texts: Iterator[str]) -> str:
    return next((text for text in texts if text.strip()), "")


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _is_file(part: Message) -> bool:
    return bool(_file_name(part)) or header(part, "content-disposition").strip().lower().startswith("attachment")


def _file_name(part: Message) -> str:
    try:
        return clean(part.get_filename("") or "")
    except PARSER_FAILURES:
        return ""


def _read_report(part: Message, kind: str, reading: _Reading) -> None:
    text = _fields(part) if part.is_multipart() else _text(part)
    if kind == "message/delivery-status":
        reading.deliveries.extend(read_reports(text))
    elif kind == "text/rfc822-headers":
        reading.reported.extend(re.findall(r"^message-id:\s*(<[^<>\s]{1,900}>)", text, re.IGNORECASE | re.MULTILINE)[:1])
    else:
        reading.reported.extend(
            re.findall(r"^original-message-id:\s*(<[^<>\s]{1,900}>)", text, re.IGNORECASE | re.MULTILINE)[:1]
        )


def _fields(part: Message) -> str:
    """The text of a report that the standard library has split into blocks of fields, decoding forgotten."""
    blocks = []
    for child in _children(part):
        payload = child.get_payload()
        lines = [f"{name}: {value}" for name, value in child.raw_items()]
        blocks.append("\n".join([*lines, payload] if isinstance(payload, str) else lines))
    whole = Message()
    whole["Content-Transfer-Encoding"] = header(part, "content-transfer-encoding")
    whole.set_payload("\n\n".join(blocks))
    return _text(whole)


def _read_file(part: Message, kind: str, reading: _Reading) -> None:
    """Keeps a part as a file. An enclosed mail is one too, and tells which mail a bounce is about."""
    if kind.startswith("message/"):
        children = _children(part)
        content = b"".join(_as_bytes(child) for child in children) if children else _bytes(part)
        for child in children[:1]:
            reading.reported.extend(re.findall(r"<[^<>\s]{1,900}>", header(child, "message-id"))[:1])
        name = _file_name(part) or "message.eml"
    else:
        content, name = _bytes(part), _file_name(part)
    if not content and not name:
        return
    reading.attachments.append(
        InboundAttachment(
            filename=file_name(name, kind),
            content_type=kind,
            content=content,
            content_id=clean(header(part, "content-id")).strip("<>") or None,
        )
    )


def header(message: Message, name: str) -> str:
    """The first header of this name as text; empty where it is missing or cannot be read."""
    return next(iter(headers(message, name)), "")


def headers(message: Message, name: str) -> list[str]:
    return [str(value) for value in structured(message, name)]


def structured(message: Message, name: str) -> list[Any]:
    """All headers of this name as the standard library reads them."""
    return list(message.get_all(name) or [])


def content_type(part: Message) -> str:
    """The media type in lower case; of a form only (`a/b`), `application/octet-stream` where it cannot be read."""
    try:
        found = part.get_content_type().lower()
    except PARSER_FAILURES:
        return "application/octet-stream"
    return found if re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}", found) else "application/octet-stream"


def parameter(part: Message, name: str) -> str:
    """A parameter of the Content-Type; empty where there is none."""
    try:
        value = part.get_param(name, "")
    except PARSER_FAILURES:
        return ""
    return value[2] if isinstance(value, tuple) else str(value or "")


def _bytes(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except PARSER_FAILURES:
        content = None
    if isinstance(content, bytes):
        return content
    payload = part.get_payload()
    return payload.encode(errors="surrogateescape") if isinstance(payload, str) else b""


def _as_bytes(message: Message) -> bytes:
    buffer = BytesIO()
    try:
        BytesGenerator(buffer, mangle_from_=False, policy=compat32).flatten(message)
    except PARSER_FAILURES:
        return buffer.getvalue()
    return buffer.getvalue()


def _text(part: Message) -> str:
    return decode(_bytes(part), parameter(part, "charset"))


def decode(content: bytes, charset: str) -> str:
    """Text of bytes that claim a charset, which may be unknown, wrong or missing."""
    try:
        codec = codecs.lookup(charset.strip().strip("'\"") or "ascii").name.replace("-", "_")
        if codec not in _UNSAFE_CODECS:
            return content.decode(_WIDER.get(codec, codec)).lstrip("\ufeff")
    except (LookupError, ValueError, TypeError):
        pass
    return _guess(content)


def eight_bit(value: str) -> str:
    """A header with raw eight-bit bytes in it (the parser keeps them as surrogates), read as what they most likely are."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return _guess(value.encode("utf-8", "surrogateescape"))
    return value


def _guess(content: bytes) -> str:
    """UTF-8; else Chinese where the eight-bit bytes come in pairs and not alone, as accents do; else Western European."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    runs = [len(run) for run in _HAN_RUNS.findall(content)]
    if runs and all(run % 2 == 0 for run in runs) and max(runs) >= 4:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError:
            pass
    return content.decode("cp1252", errors="replace")
