"""Mails in mbox files and `.eml` files, found without holding more than one of them in memory.

mbox: RFC 4155 and the variants mboxo, mboxrd, mboxcl and mboxcl2 (https://doc.dovecot.org, "Mbox Mailbox Format"): a mail
begins with a line `From <sender> <date>`, lines of the text that begin so are quoted with `>`. Lengths in Content-Length are
not believed: programs that edit a mailbox leave wrong ones behind.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from activities.importing.reading import Reading

HEAD_LIMIT = 256 * 1024
"""Bytes of a mail that are searched for its headers."""

_LINE = 64 * 1024
_DAYS = rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATED_MARK = re.compile(rb"From .*" + _DAYS + rb",? +" + _MONTHS + rb" +\d{1,2} \d\d:\d\d(?::\d\d)?.* \d{4}\b")
_LOOSE_MARK = re.compile(rb"From .*\d{4}")
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|>From ")
_QUOTED_MARK = re.compile(rb"^>(>*From )", re.MULTILINE)
_MARK_DATE = re.compile(rb"(" + _MONTHS + rb") +(\d{1,2}) (\d\d:\d\d(?::\d\d)?) (?:([+-]\d{4}) |[A-Z]{1,5} )?(\d{4})")


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a mail lies: `length` bytes of the file from `offset` on. `marked_at` is the date of its `From ` line."""

    file: Path
    offset: int
    length: int
    in_mbox: bool
    marked_at: datetime | None = None

    @property
    def where(self) -> str:
        return f"{self.file.name}, byte {self.offset}" if self.in_mbox else str(self.file)

    def read(self) -> bytes:
        """The mail as it was before it was put into the mailbox."""
        with self.file.open("rb") as file:
            file.seek(self.offset)
            raw = file.read(self.length)
        return _QUOTED_MARK.sub(rb"\1", raw) if self.in_mbox else raw


def looks_like_mail(head: bytes) -> bool:
    """Whether a file begins as a mail does: with header lines, one of which only mails have."""
    lines = head[:32_768].lstrip(b"\xef\xbb\xbf").splitlines()
    if not lines or not _HEADER_LINE.match(lines[0]):
        return False
    names = {line.partition(b":")[0].strip().lower() for line in lines}
    return bool(names & {b"from", b"message-id", b"received", b"return-path", b"delivered-to", b"mime-version"})


def looks_like_mbox(head: bytes) -> bool:
    lines = head.lstrip().splitlines()[:2]
    return len(lines) == 2 and bool(_LOOSE_MARK.match(lines[0])) and bool(_HEADER_LINE.match(lines[1]))


def eml_pieces(files: Iterable[Path], reading: Reading) -> Iterator[tuple[Piece, bytes]]:
    """The one mail of each `.eml` file, and its head."""
    for file in files:
        try:
            with file.open("rb") as opened:
                head = opened.read(HEAD_LIMIT)
            yield Piece(file, 0, file.stat().st_size, in_mbox=False), head
        except OSError as error:
            reading.problem(str(file), "mail", f"cannot be opened: {error.strerror}")


def mbox_pieces(file: Path) -> Iterator[tuple[Piece, bytes]]:
    """Every mail of a mailbox and its head, in the order they lie there."""
    with file.open("rb") as opened:
        marked_at: datetime | None = None
        begin: int | None = None
        head = bytearray()
        candidate = b""  # a line that may begin a mail; the line after it tells
        candidate_at = offset = 0
        line_begins = after_blank = True
        while line := opened.readline(_LINE):
            if candidate:
                if _HEADER_LINE.match(line):
                    if begin is not None:
                        yield Piece(file, begin, candidate_at - begin, True, marked_at), bytes(head)
                    marked_at, begin = _date_of(candidate), offset
                    head.clear()
                elif len(head) < HEAD_LIMIT:
                    head += candidate
                candidate = b""
            if line_begins and line.startswith(b"From ") and _marks(line, after_blank):
                candidate, candidate_at = line, offset
            elif len(head) < HEAD_LIMIT:
                head += line
            after_blank = line_begins and not line.strip()
            line_begins = line.endswith(b"\n")
            offset += len(line)
        if begin is not None:
            yield Piece(file, begin, offset - begin, True, marked_at), bytes(head)


def _marks(line: bytes, after_blank: bool) -> bool:
    return bool(_DATED_MARK.match(line)) or (after_blank and bool(_LOOSE_MARK.match(line)))


def _date_of(mark: bytes) -> datetime | None:
    """The date of a `From ` line; without a zone it is UTC (RFC 4155)."""
    found = _MARK_DATE.search(mark)
    if found is None:
        return None
    month, day, time, zone, year = (group.decode() if group else "" for group in found.groups())
    time = time if time.count(":") == 2 else f"{time}:00"
    try:
        return datetime.strptime(f"{day} {month} {year} {time} {zone or '+0000'}", "%d %b %Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
