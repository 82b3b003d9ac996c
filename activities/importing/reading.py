"""What all readers of exports need: where things go, what could not be read, and files that lie beside an export."""

import mimetypes
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from domain.imported import StoredFile
from domain.playbook import Playbook
from domain.safe_names import clean
from storage.blobs import Blobs

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing a help desk holds is older; what says so has a broken clock."""


class Unusable(ValueError):
    """Nothing of the file can be imported; the message says why on one line."""


@dataclass(frozen=True)
class Problem:
    """Something that could not be read: file and place in it, which record, and why."""

    where: str
    record: str
    why: str


@dataclass
class Reading:
    """One run over one file or folder. `passed` counts the bytes gone through, for the progress bar."""

    playbook: Playbook
    blobs: Blobs
    store: str | None
    size_limit: int
    """Largest mail or attachment, in bytes."""
    imported_at: datetime
    open_since: date | None = None
    """Mails have no status: a thread that a customer wrote last in, on or after this day, is open. None: all is history."""
    passed: int = 0
    problems: list[Problem] = field(default_factory=list)
    unfetched: list[Problem] = field(default_factory=list)
    """Attachments that the export only gives an address of."""

    @property
    def known_store(self) -> str:
        """The store all of an export is for. Raises Unusable where none was named."""
        if self.store is None:
            raise Unusable(f"an export does not say which store it is of: add --store {' or '.join(self.playbook.stores)}")
        return self.store

    def problem(self, where: str, record: str, why: str) -> None:
        self.problems.append(Problem(clean(where), clean(record), clean(why)))

    def plausible(self, instant: datetime) -> bool:
        return EARLIEST <= instant <= self.imported_at + timedelta(days=2)

    async def keep(self, name: str, content_type: str, content: bytes, content_id: str | None = None) -> StoredFile:
        blob = await self.blobs.put(content)
        return StoredFile(filename=name, content_type=content_type, size=len(content), blob=blob, content_id=content_id)

    async def file_beside(self, export: Path, name: str, path: str, where: str, record: str) -> StoredFile | None:
        """The file at `path`, relative to the export. An address is noted and not fetched; nothing outside the export's
        folder is read."""
        if "://" in path:
            self.unfetched.append(Problem(clean(where), clean(record), clean(path)))
            return None
        try:
            return await self._taken(export.parent.resolve(), name, path, where, record)
        except (OSError, ValueError, RuntimeError) as error:  # too long, not ours to read, no text, links in a ring
            self.problem(where, record, f"attachment {path!r} cannot be read: {error}")
            return None

    async def _taken(self, folder: Path, name: str, path: str, where: str, record: str) -> StoredFile | None:
        file = (folder / path.replace("\\", "/")).resolve()
        if not file.is_relative_to(folder):
            self.problem(where, record, f"attachment {path!r} is outside the folder of the export")
        elif not file.is_file():
            self.problem(where, record, f"attachment {path!r} is not there")
        elif file.stat().st_size > self.size_limit:
            self.problem(where, record, f"attachment {path!r} is larger than {self.size_limit} bytes")
        else:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            return await self.keep(clean(name) or file.name, kind, file.read_bytes())
        return None
