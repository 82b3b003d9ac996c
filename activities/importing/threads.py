"""Mails of an archive as tickets: a thread is what In-Reply-To and References tie together, in whichever order they lie."""

import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import blake2b

from activities.importing.mailbox import Piece, looks_like_mail
from activities.importing.reading import Reading
from activities.mail.mime import PARSER_FAILURES
from activities.mail.parsing import Envelope, UnknownRecipient, parse_mail, store_of
from domain.imported import Direction, ImportedMessage, ImportedTicket, Origin, System
from domain.messages import MessageNature
from domain.playbook import Playbook

_IDS = re.compile(r"<[^<>\s]{1,900}>")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_REFERENCES = 200
"""References of one mail that tie it to others; the newest stand last."""


@dataclass(slots=True)
class _Entry:
    """A mail to be read: where it lies, when it was sent, and who it says it is from."""

    piece: Piece
    at: datetime
    sender: str


class _Threads:
    """Which mails belong together. Message-IDs are kept as 64 bits each: a mailbox has hundreds of thousands."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}
        self._entries: dict[int, list[_Entry]] = {}

    def add(self, entry: _Entry, ids: list[str]) -> None:
        keys = [_key(found) for found in ids] or [_key(f"{entry.piece.file}\n{entry.piece.offset}")]
        for key in keys[1:]:
            self._join(keys[0], key)
        self._entries.setdefault(keys[0], []).append(entry)

    def oldest_first(self) -> list[list[_Entry]]:
        gathered: dict[int, list[_Entry]] = {}
        for key, entries in self._entries.items():
            gathered.setdefault(self._root(key), []).extend(entries)
        threads = [sorted(entries, key=lambda entry: entry.at) for entries in gathered.values()]
        return sorted(threads, key=lambda thread: thread[0].at)

    def _join(self, one: int, other: int) -> None:
        one, other = self._root(one), self._root(other)
        if one != other:
            self._above[other] = one

    def _root(self, key: int) -> int:
        while (above := self._above.get(key, key)) != key:
            self._above[key] = self._above.get(above, above)  # shortens the way for the next one
            key = above
        return key


async def read_mails(reading: Reading, found: Iterable[tuple[Piece, bytes]]) -> AsyncIterator[ImportedTicket]:
    """Goes over all mails once for their heads, then reads thread by thread. Every byte counts twice in `passed`."""
    threads = _Threads()
    for piece, head in found:
        _index(reading, threads, piece, head)
    for entries in threads.oldest_first():
        by_store: dict[str, list[ImportedMessage]] = {}
        for entry in entries:
            message = await _read(reading, entry)
            if message is not None:
                by_store.setdefault(message.message.store, []).append(message)
        for store, messages in by_store.items():
            yield _ticket(reading, store, messages)


def _index(reading: Reading, threads: _Threads, piece: Piece, head: bytes) -> None:
    reading.passed += piece.length
    if not looks_like_mail(head):
        why = "is no mail: it has no mail headers"
    elif piece.length > reading.size_limit:
        why = f"is larger than {reading.size_limit} bytes ({piece.length})"
    else:
        headers = BytesHeaderParser(policy=compat32).parsebytes(_HEAD_END.split(head, maxsplit=1)[0])
        own = _IDS.findall(str(headers.get("message-id", "")))[:1]
        answered = _IDS.findall(str(headers.get("in-reply-to", "")))[:1]
        references = _IDS.findall(str(headers.get("references", "")))[-_REFERENCES:]
        at = _date(reading, piece, _values(headers, "date"), _values(headers, "received"))
        if at is not None:
            threads.add(_Entry(piece, at, parseaddr(str(headers.get("from", "")))[1]), [*own, *answered, *references])
            return
        why = "has no date that can be read"
    reading.passed += piece.length
    reading.problem(piece.where, "mail", why)


def _values(headers: Message, name: str) -> list[str]:
    return [str(value) for value in headers.get_all(name, [])]


def _date(reading: Reading, piece: Piece, dates: list[str], received: list[str]) -> datetime | None:
    """When a mail was sent: its Date, else when the last server had it, else the date of its `From ` line."""
    for text in dates + [line.rpartition(";")[2] for line in received[:1]]:
        try:
            at = parsedate_to_datetime(text.strip())
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if reading.plausible(at):
            return at
    return piece.marked_at if piece.marked_at and reading.plausible(piece.marked_at) else None


async def _read(reading: Reading, entry: _Entry) -> ImportedMessage | None:
    piece, playbook = entry.piece, reading.playbook
    reading.passed += piece.length
    try:
        raw = piece.read()
    except OSError as error:
        reading.problem(piece.where, "mail", f"cannot be read: {error.strerror}")
        return None
    recipients = [entry.sender] if entry.sender else []
    if reading.store is not None:
        recipients.append(playbook.stores[reading.store].address)
    key = await reading.blobs.put(raw)
    try:
        message = parse_mail(raw, Envelope(None, recipients), playbook, entry.at, key)
    except UnknownRecipient:
        reading.problem(piece.where, "mail", "no address of a store is in it: add --store to say whose mails these are")
        return None
    except (*PARSER_FAILURES, OverflowError) as error:  # one mail that the parser trips over stops no others
        reading.problem(piece.where, "mail", f"cannot be parsed: {error}")
        return None
    files = [
        await reading.keep(file.filename, file.content_type, file.content, file.content_id) for file in message.attachments
    ]
    direction = Direction.OUT if _is_ours(message.sender.email, playbook) else Direction.IN
    return ImportedMessage(direction=direction, message=message.model_copy(update={"attachments": ()}), files=tuple(files))


def _is_ours(address: str | None, playbook: Playbook) -> bool:
    """Whether a mail is from a support address or from a person of the playbook."""
    if not address:
        return False
    people = {person.email.lower() for person in playbook.people}
    return address.lower() in people or store_of([address], playbook) is not None


def _ticket(reading: Reading, store: str, messages: list[ImportedMessage]) -> ImportedTicket:
    first, last = messages[0].message, messages[-1]
    waits = last.direction is Direction.IN and last.message.nature is MessageNature.PERSON
    since = reading.open_since
    return ImportedTicket(
        origin=Origin(system=System.MAIL, account=store, id=first.external_id),
        store=store,
        subject=first.subject,
        is_open=since is not None and waits and last.message.received_at.date() >= since,
        created_at=first.received_at,
        messages=tuple(messages),
    )


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest())
