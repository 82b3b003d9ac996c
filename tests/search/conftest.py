"""A desk with tickets that are searched: messages come in by the one door, what a workflow would publish is published."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sql

from domain.messages import Channel, InboundAttachment, InboundMessage, Sender
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import receive
from storage.reading import CaseFilter, list_cases
from storage.tables import cases
from tests.api.world import show

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class Desk:
    """Tickets by a name of the test, and what a search finds of them."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook) -> None:
        self.database = database
        self._blobs = blobs
        self._playbook = playbook
        self.ids: dict[str, UUID] = {}

    async def hear(self, name: str, text: str, subject: str = "", **more: Any) -> UUID:
        """A message that makes a ticket of that name, or joins the one there is."""
        files = tuple(
            InboundAttachment(filename=file, content_type="application/pdf", content=b"x") for file in more.pop("files", ())
        )
        message = InboundMessage(
            **{"channel": Channel.CHAT, "store": "northwind-tools", "sender": Sender(email="x@example.com")}
            | {"external_id": str(uuid4()), "text": text, "subject": subject, "received_at": NOW, "attachments": files}
            | more
        )
        accepted = await receive(self.database, self._blobs, self._playbook, message)
        self.ids[name] = accepted.ticket_id
        return accepted.message_id

    async def change(self, name: str, **columns: Any) -> None:
        await show(self.database, self.ids[name], **columns)

    async def write(self, statement: sql.Executable) -> None:
        async with self.database.begin() as connection:
            await connection.execute(statement)

    async def number(self, name: str) -> int:
        async with self.database.begin() as connection:
            found = await connection.execute(sql.select(cases.c.number).where(cases.c.id == self.ids[name]))
        return found.scalar_one()

    async def find(self, typed: str, limit: int = 50) -> list[str]:
        """The names of the tickets found, in order, read page by page."""
        names = {case_id: name for name, case_id in self.ids.items()}
        found: list[str] = []
        cursor: str | None = None
        while True:
            async with self.database.begin() as connection:
                page = await list_cases(connection, CaseFilter(words=typed), limit, cursor)
            found += [names[row["id"]] for row in page.items]
            if page.next_cursor is None:
                return found
            cursor = page.next_cursor


@pytest.fixture
def desk(database: Database, blobs: Blobs, playbook: Playbook) -> Desk:
    return Desk(database, blobs, playbook)


@pytest.fixture
def due() -> Callable[[int], datetime]:
    return lambda hours: NOW + timedelta(hours=hours)
