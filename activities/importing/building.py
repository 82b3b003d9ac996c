"""From the fields of an export to messages and tickets, alike for every help desk."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from activities.importing.fields import Fields, Name, Person, reason
from activities.importing.reading import Reading
from activities.mail.html_text import html_text
from domain.imported import Direction, ImportedMessage, ImportedNote, ImportedTicket, Origin, StoredFile
from domain.messages import Channel, InboundMessage, Sender, ThreadHeaders
from domain.references import Reference


class FileFields(Fields):
    """An attachment. Only a path within the export's folder can be taken; an address is not fetched."""

    file_name: str | None = None
    name: str | None = None
    path: str | None = None
    local_path: str | None = None
    content_url: str | None = None
    attachment_url: str | None = None
    url: str | None = None
    id: Name | None = None

    @property
    def shown(self) -> str:
        return self.file_name or self.name or ""

    @property
    def place(self) -> str | None:
        return self.path or self.local_path or self.content_url or self.attachment_url or self.url


@dataclass
class Building:
    """A ticket that is being put together. What cannot be read of it is reported, the rest is kept."""

    reading: Reading
    export: Path
    where: str
    origin: Origin
    subject: str
    channel: Channel
    support: str
    """The store's support address: the recipient of what came in."""
    messages: list[ImportedMessage] = field(default_factory=list)
    notes: list[ImportedNote] = field(default_factory=list)

    @property
    def record(self) -> str:
        return f"ticket {self.origin.id}"

    def external_id(self, kind: str, number: str) -> str:
        return f"{self.origin.system.value}:{self.origin.account}:{kind}:{number}"

    def trouble(self, why: str) -> None:
        self.reading.problem(self.where, self.record, why)

    async def note(self, at: datetime, author: Person, text: str, files: list[Any]) -> None:
        """A note of people among themselves. The case file has no place for files, so theirs are named."""
        if not self.reading.plausible(at):
            self.trouble(f"a note is dated {at.isoformat()}")
            return
        names = [name for name in (_file(item).shown for item in files if isinstance(item, dict)) if name]
        if names:
            self.trouble(f"files of a note are not taken: {', '.join(names)}")
            text = f"{text}\n[files, not imported: {', '.join(names)}]"
        self.notes.append(ImportedNote(at=at, author=author.name or author.email or "unknown", text=text))

    async def message(
        self,
        external_id: str,
        direction: Direction,
        at: datetime,
        author: Person,
        *,
        text: str,
        html: str = "",
        recipient: str | None = None,
        files: Iterable[Any] = (),
        message_id: str | None = None,
        named: tuple[Reference, ...] = (),
        channel: Channel | None = None,
    ) -> None:
        if not self.reading.plausible(at):
            self.trouble(f"a message is dated {at.isoformat()}")
            return
        came_in = direction is Direction.IN
        message = InboundMessage(
            channel=channel or self.channel,
            store=self.reading.known_store,
            external_id=external_id,
            sender=Sender(email=author.email, name=author.name, phone=author.phone),
            to=self.support if came_in else recipient,
            subject=self.subject,
            text=text.strip() or html_text(html),
            html=html or None,
            thread=ThreadHeaders(message_id=message_id),
            named=named,
            received_at=at,
        )
        kept = tuple([file async for file in self._files(files)])
        self.messages.append(ImportedMessage(direction=direction, message=message, files=kept))

    async def _files(self, items: Iterable[Any]) -> AsyncIterator[StoredFile]:
        for item in items:
            try:
                file = FileFields.model_validate(item)
            except ValidationError as error:
                self.trouble(f"an attachment cannot be read: {reason(error)}")
                continue
            if not file.place:
                self.trouble(f"attachment {file.shown or file.id or ''} names no file")
                continue
            kept = await self.reading.file_beside(self.export, file.shown, file.place, self.where, self.record)
            if kept is not None:
                yield kept

    def ticket(
        self,
        *,
        is_open: bool,
        created_at: datetime,
        company: str | None = None,
        tags: Iterable[str] = (),
        merged_into: str | None = None,
        follows: str | None = None,
    ) -> ImportedTicket:
        dates = [item.message.received_at for item in self.messages] + [note.at for note in self.notes]
        if not self.reading.plausible(created_at) and dates:
            self.trouble(f"is dated {created_at.isoformat()}; the date of its first message is taken")
            created_at = min(dates)
        return ImportedTicket(
            origin=self.origin,
            store=self.reading.known_store,
            subject=self.subject,
            is_open=is_open,
            created_at=created_at,
            company=company,
            tags=tuple(tags),
            merged_into=merged_into,
            follows=follows,
            messages=tuple(sorted(self.messages, key=lambda item: item.message.received_at)),
            notes=tuple(sorted(self.notes, key=lambda note: note.at)),
        )


def _file(item: dict[str, Any]) -> FileFields:
    try:
        return FileFields.model_validate(item)
    except ValidationError:
        return FileFields(name="a file")
