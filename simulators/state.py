"""What the stand-in providers hold: documents in memory, written through to one SQLite file.

A provider answers only after `transaction` has committed, so what it has answered survives a kill of the process.
"""

import copy
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Moment = dict[str, dict[str, Document]]
"""Everything that stood at one moment: documents by collection and key. Documents are replaced and never changed."""

_seen: ContextVar[Moment | None] = ContextVar("seen", default=None)


class Transaction:
    """Changes that become durable and visible together when the `with` block ends without an error."""

    def __init__(self, state: "State") -> None:
        self._state = state
        self.changes: list[tuple[str, str | None, Document | None]] = []
        self._numbers: dict[str, int] = {}

    def put(self, collection: str, key: str | int, document: Document) -> None:
        """Insert or replace one document."""
        self.changes.append((collection, str(key), copy.deepcopy(document)))

    def delete(self, collection: str, key: str | int) -> None:
        """Remove one document; a missing one is no error."""
        self.changes.append((collection, str(key), None))

    def clear(self, collection: str) -> None:
        """Remove every document of a collection."""
        self.changes.append((collection, None, None))

    def next_number(self, sequence: str, first: int = 1) -> int:
        """The next number of a sequence, starting at `first`; given out once, also over a restart."""
        held = self._state.get("sequences", sequence)
        last = self._numbers.get(sequence, held["last"] if held else first - 1)
        self._numbers[sequence] = last + 1
        self.put("sequences", sequence, {"last": last + 1})
        return last + 1


class State:
    """Collections of JSON documents by key, in the order in which they were first written."""

    def __init__(self, file: Path | None = None) -> None:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(":memory:" if file is None else file, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS documents (collection TEXT, key TEXT, body TEXT NOT NULL,"
            " PRIMARY KEY (collection, key))"
        )
        self._collections: dict[str, dict[str, Document]] = {}
        for collection, key, body in self._database.execute("SELECT collection, key, body FROM documents ORDER BY rowid"):
            self._collections.setdefault(collection, {})[key] = json.loads(body)

    def is_empty(self) -> bool:
        """True for a data folder that was never filled."""
        return not self._collections

    def get(self, collection: str, key: str | int) -> Document | None:
        """A copy of one document, free to be changed, or None."""
        return copy.deepcopy(self._readable.get(collection, {}).get(str(key)))

    def all(self, collection: str) -> list[Document]:
        """Every document of a collection, oldest first; to be read, not changed."""
        return list(self._readable.get(collection, {}).values())

    def moment(self) -> Moment:
        """What stands now, to be read later by `as_of`."""
        return {collection: dict(documents) for collection, documents in self._collections.items()}

    @contextmanager
    def as_of(self, moment: Moment) -> Iterator[None]:
        """Within the block this task reads what stood then, as a replica does that has fallen behind."""
        token = _seen.set(moment)
        try:
            yield
        finally:
            _seen.reset(token)

    def collections(self) -> list[str]:
        """The names of the collections that hold something."""
        return list(self._collections)

    @property
    def _readable(self) -> Moment:
        seen = _seen.get()
        return self._collections if seen is None else seen

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Collect changes; on leaving, commit them to disk and only then show them."""
        transaction = Transaction(self)
        yield transaction
        with self._database:
            for collection, key, document in transaction.changes:
                self._write(collection, key, document)
        for collection, key, document in transaction.changes:
            if key is None:
                self._collections.pop(collection, None)
            elif document is None:
                self._collections.get(collection, {}).pop(key, None)
            else:
                self._collections.setdefault(collection, {})[key] = document

    def _write(self, collection: str, key: str | None, document: Document | None) -> None:
        if key is None:
            self._database.execute("DELETE FROM documents WHERE collection = ?", (collection,))
        elif document is None:
            self._database.execute("DELETE FROM documents WHERE collection = ? AND key = ?", (collection, key))
        else:
            self._database.execute(
                "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
                (collection, key, json.dumps(document, ensure_ascii=False)),
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()
