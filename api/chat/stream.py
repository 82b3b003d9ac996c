"""What a visitor's page is told: the conversation so far, then every answer as it is sent."""

import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from api.services import Services
from storage import chat
from storage.chat import ChatSession, Line

HEARTBEAT_SECONDS = 15.0
LIFE_SECONDS = 600.0
"""Then the page connects again, and shows that its token still holds."""


class ConversationStream:
    """Server-sent events of one page: `line` with a message as JSON.

    An event's id is the place of the message in the conversation and its own id. An answer can be sent later than one that
    was written after it; then places have moved, a page that resumes is told everything, and leaves out what it has.
    """

    def __init__(self, services: Services, session: ChatSession, last_event: str | None, life: float = LIFE_SECONDS) -> None:
        self._services, self._session = services, session
        self._last_event, self._life = last_event, life
        self._told: set[UUID] = set()
        self._last_seen: datetime | None = None

    async def events(self) -> AsyncIterator[str]:
        ends = time.monotonic() + self._life
        cases: frozenset[UUID] = frozenset()
        yield "retry: 2000\n\n"
        while time.monotonic() < ends:
            async with self._services.notifications.subscribe(cases) as changes:
                while (left := ends - time.monotonic()) > 0:
                    lines = await self._look()
                    for event in self._untold(lines):
                        yield event
                    if (now := frozenset(line.case_id for line in lines)) != cases:
                        cases = now  # begun, moved by a merge or a split: heard of under another case from now on
                        break
                    if not await changes.wait(min(HEARTBEAT_SECONDS, left)):
                        yield ": still here\n\n"
                    changes.take()

    async def left(self) -> None:
        """The page is gone."""
        async with self._services.database.begin() as connection:
            await chat.left(connection, self._session.id, self._last_seen)

    async def _look(self) -> Sequence[Line]:
        async with self._services.database.begin() as connection:
            self._last_seen = await chat.seen(connection, self._session.id)
            return await chat.lines(connection, self._session)

    def _untold(self, lines: Sequence[Line]) -> list[str]:
        known = _known(lines, self._last_event)
        self._last_event = None
        self._told.update(line.id for line in lines[:known])
        untold = [(place, line) for place, line in enumerate(lines, 1) if line.id not in self._told]
        self._told.update(line.id for _, line in untold)
        return [f"id: {place}-{line.id}\nevent: line\ndata: {_content(line)}\n\n" for place, line in untold]


def _known(lines: Sequence[Line], last_event: str | None) -> int:
    """How many of the lines a page has that was told this event last; 0 where its lines are no longer the first ones."""
    place, _, identity = (last_event or "").partition("-")
    known = int(place) if place.isascii() and place.isdigit() and len(place) < 10 else 0
    return known if 0 < known <= len(lines) and str(lines[known - 1].id) == identity else 0


def _content(line: Line) -> str:
    """`id` is the one the page itself gave its message."""
    own = line.external_id.rpartition(":")[2]
    shown = {"id": str(line.id) if line.is_ours else own, "from": "us" if line.is_ours else "visitor"}
    return json.dumps(shown | {"name": line.author, "text": line.text, "at": line.at.isoformat()})
