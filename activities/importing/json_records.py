"""JSON exports record by record, however large: one document, or one document a line (NDJSON).

Lists may be at the top (`[{…}, {…}]`) or under the names below (`{"tickets": [{…}], "users": [{…}]}`), as an answer of a
help desk's API is. Of one document a line each is read for itself, so that a broken line spoils no other.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from activities.importing.reading import Reading

RECORD_LIMIT = 256 * 1024 * 1024
"""Bytes of one ticket with all its messages."""

_CHUNK = 1024 * 1024
_COLLECTIONS = {
    "tickets": "ticket",
    "users": "user",
    "agents": "agent",
    "contacts": "contact",
    "organizations": "organization",
    "companies": "organization",
}
_TOKEN = re.compile(rb'["{}\[\]]')
_STRING_REST = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BARE_END = re.compile(rb"[\s,\]}]")
_NOT_SPACE = re.compile(rb"[^\s]")

_UNREADABLE = (ValueError, RecursionError)
"""What `json.loads` raises; bytes that are no UTF-8 are a ValueError."""


class Record(NamedTuple):
    """One record: what it is, and where it stands."""

    kind: str
    value: dict[str, Any]
    where: str


class _Broken(ValueError):
    """From here on nothing can be made of the file."""


def records(file: Path, reading: Reading, kind: str = "ticket", *, silent: bool = False) -> Iterator[Record]:
    """Every record of a file. `kind` is what records at the top are; with `silent` what is broken is not reported again."""
    before = len(reading.problems)
    with file.open("rb") as opened:
        found = _lines(opened, file.name, reading, kind) if is_lines(file) else _document(opened, file.name, reading, kind)
        for record in found:
            yield record
            if silent:
                del reading.problems[before:]
    if silent:
        del reading.problems[before:]


def is_lines(file: Path) -> bool:
    """Whether the first line is a whole JSON object, and the next, if there is one, begins another."""
    with file.open("rb") as opened:
        line = _line(opened)
        while line and not line.strip(b"\xef\xbb\xbf \t\r\n"):
            line = _line(opened)
        if not line.lstrip(b"\xef\xbb\xbf").startswith(b"{"):
            return False
        try:
            json.loads(line.decode("utf-8-sig"))
        except _UNREADABLE:
            # A first line that is broken, in a file whose second line is a record of its own.
            return opened.read(1) == b"{"
        return opened.read(64).strip()[:1] in (b"{", b"")


def _line(opened: BinaryIO) -> bytes:
    return opened.readline(RECORD_LIMIT + 1)


def _lines(opened: BinaryIO, name: str, reading: Reading, kind: str) -> Iterator[Record]:
    number = 0
    while line := _line(opened):
        number += 1
        reading.passed += len(line)
        where = f"{name}, line {number}"
        if len(line) > RECORD_LIMIT:
            reading.problem(where, "record", f"is larger than {RECORD_LIMIT} bytes")
            while line and not line.endswith(b"\n"):
                line = opened.readline(_CHUNK)
                reading.passed += len(line)
            continue
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        try:
            value = json.loads(line.decode("utf-8-sig"))
        except _UNREADABLE as error:
            reading.problem(where, "record", f"is not JSON: {error}")
            continue
        yield from _of_value(value, kind, where, reading)


def _of_value(value: Any, kind: str, where: str, reading: Reading) -> Iterator[Record]:
    if not isinstance(value, dict):
        reading.problem(where, "record", "is not a JSON object")
        return
    lists = [name for name in _COLLECTIONS if isinstance(value.get(name), list)]
    if not lists:
        inner = value.get("ticket")
        yield Record(kind, inner if isinstance(inner, dict) else value, where)
    for name in lists:
        for item in value[name]:
            if isinstance(item, dict):
                yield Record(_COLLECTIONS[name], item, where)
            else:
                reading.problem(where, name, "is not a JSON object")


def _document(opened: BinaryIO, name: str, reading: Reading, kind: str) -> Iterator[Record]:
    scanner = _Scanner(opened, reading)
    try:
        while (begins := scanner.peek()) is not None:
            if begins == b"[":
                yield from _elements(scanner, name, reading, kind)
            elif begins == b"{":
                yield from _members(scanner, name, reading, kind)
            else:
                raise _Broken(f"{begins!r} where a list or an object should begin")
    except _Broken as error:
        reading.problem(f"{name}, byte {scanner.offset}", "document", f"breaks off or is no JSON from here on: {error}")
    reading.passed += scanner.unpassed()


def _elements(scanner: "_Scanner", name: str, reading: Reading, kind: str) -> Iterator[Record]:
    scanner.take(b"[")
    while scanner.peek() != b"]":
        where = f"{name}, byte {scanner.offset}"
        raw = scanner.value()
        try:
            value = json.loads(raw)
        except _UNREADABLE as error:
            reading.problem(where, kind, f"is not JSON: {error}")
        else:
            yield from _of_value(value, kind, where, reading)
        if scanner.peek() == b",":
            scanner.take(b",")
        elif scanner.peek() != b"]":
            raise _Broken("a comma is missing in a list")
    scanner.take(b"]")


def _members(scanner: "_Scanner", name: str, reading: Reading, kind: str) -> Iterator[Record]:
    """An object at the top: its lists of records, or, where it has none, itself."""
    where = f"{name}, byte {scanner.offset}"
    scanner.take(b"{")
    own: dict[str, Any] = {}
    has_lists = False
    while scanner.peek() != b"}":
        try:
            key = json.loads(scanner.value())
            scanner.take(b":")
            if key in _COLLECTIONS and scanner.peek() == b"[":
                has_lists = True
                yield from _elements(scanner, name, reading, _COLLECTIONS[key])
            else:
                own[key] = json.loads(scanner.value())
        except _Broken:
            raise
        except (*_UNREADABLE, TypeError) as error:
            raise _Broken(str(error)) from error
        if scanner.peek() == b",":
            scanner.take(b",")
        elif scanner.peek() != b"}":
            raise _Broken("a comma is missing in an object")
    scanner.take(b"}")
    if own and not has_lists:
        yield from _of_value(own, kind, where, reading)


class _Scanner:
    """A window over the bytes of a document that moves forward only."""

    def __init__(self, opened: BinaryIO, reading: Reading) -> None:
        self._opened = opened
        self._reading = reading
        self._window = bytearray()
        self._at = 0
        self._before = 0
        """Bytes of the file that lie before the window."""
        if opened.read(3) == b"\xef\xbb\xbf":
            self._before = 3
        else:
            opened.seek(0)

    @property
    def offset(self) -> int:
        return self._before + self._at

    def unpassed(self) -> int:
        """Bytes that were never read, where reading ended early."""
        return self._opened.seek(0, 2) - self._before - len(self._window)

    def peek(self) -> bytes | None:
        """The next byte that is no white space; None at the end."""
        while (found := _NOT_SPACE.search(self._window, self._at)) is None:
            self._at = len(self._window)
            if not self._fill():
                return None
        self._at = found.start()
        return found.group()

    def take(self, expected: bytes) -> None:
        if self.peek() != expected:
            raise _Broken(f"{expected.decode()!r} is missing")
        self._at += 1

    def value(self) -> bytes:
        """The whole value that begins here."""
        begins = self.peek()
        if begins is None:
            raise _Broken("the file ends too early")
        self._drop()
        end = self._end() if begins in (b"{", b"[", b'"') else self._search(_BARE_END, 0).start()
        if not end:
            raise _Broken(f"{begins!r} where a value should begin")
        self._at = end
        return bytes(self._window[:end])

    def _end(self) -> int:
        """Where the list, object or string at the window's begin ends."""
        depth = position = 0
        while True:
            found = self._search(_TOKEN, position)
            position = found.end()
            if found.group() == b'"':
                while (string := _STRING_REST.match(self._window, position)) is None:
                    self._grow()
                position = string.end()
            else:
                depth += 1 if found.group() in (b"{", b"[") else -1
            if depth <= 0:
                return position

    def _search(self, pattern: re.Pattern[bytes], position: int) -> re.Match[bytes]:
        while (found := pattern.search(self._window, position)) is None:
            position = len(self._window)
            self._grow()
        return found

    def _grow(self) -> None:
        if len(self._window) > RECORD_LIMIT:
            raise _Broken(f"a record is larger than {RECORD_LIMIT} bytes")
        if not self._fill():
            raise _Broken("the file ends too early")

    def _drop(self) -> None:
        """Forgets what lies behind."""
        del self._window[: self._at]
        self._before += self._at
        self._at = 0

    def _fill(self) -> bool:
        chunk = self._opened.read(_CHUNK)
        self._window += chunk
        self._reading.passed += len(chunk)
        return bool(chunk)
