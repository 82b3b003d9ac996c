"""What the database announces: one LISTEN connection of a process, handed on to everybody who waits for a change."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import psycopg

from storage.engine import Database
from storage.records import CASE_CHANGED

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.5
RECONNECT_SECONDS_LIMIT = 10.0
_CONNECT_SECONDS = 5


class Subscription:
    """Somebody who waits. Collects the changed cases until they are taken."""

    def __init__(self, case_ids: frozenset[UUID] | None) -> None:
        self._case_ids = case_ids
        self._changed: set[UUID] = set()
        self._missed = False
        self._event = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Waits until something changed, at most so long. True where it did."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        return self._event.is_set()

    def take(self) -> tuple[frozenset[UUID], bool]:
        """The cases changed since the last call, and whether others may have changed unheard."""
        taken = frozenset(self._changed), self._missed
        self._changed.clear()
        self._missed = False
        self._event.clear()
        return taken

    def tell(self, case_id: UUID | None) -> None:
        """A case changed, or (None) any may have."""
        if case_id is None:
            self._missed = True
            self._event.set()
        elif self._case_ids is None or case_id in self._case_ids:
            self._changed.add(case_id)
            self._event.set()


class Notifications:
    """Listens to `case_changed` as long as it runs. A lost connection is made again, and then everybody is told to look."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscriptions: set[Subscription] = set()
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name="notifications")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @asynccontextmanager
    async def subscribe(self, case_ids: frozenset[UUID] | None = None) -> AsyncIterator[Subscription]:
        """Hears of changes from now on: of these cases, or of all."""
        subscription = Subscription(case_ids)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def _listen(self) -> None:
        pause = RECONNECT_SECONDS
        lost = False
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._database.driver_url, autocommit=True, connect_timeout=_CONNECT_SECONDS
                ) as connection:
                    await connection.execute(f"LISTEN {CASE_CHANGED}")
                    pause = RECONNECT_SECONDS
                    self.connected.set()
                    if lost:
                        logger.info("the database answers again: listening to %s", CASE_CHANGED)
                        self._tell(None)
                    async for notice in connection.notifies():
                        self._tell(_case_of(notice.payload))
            except (psycopg.Error, OSError) as error:
                logger.warning("lost the connection that listens to %s, trying again in %.1f s: %s", CASE_CHANGED, pause, error)
            lost = True
            self.connected.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, RECONNECT_SECONDS_LIMIT)

    def _tell(self, case_id: UUID | None) -> None:
        for subscription in self._subscriptions:
            subscription.tell(case_id)


def _case_of(payload: str) -> UUID | None:
    try:
        return UUID(json.loads(payload)["case_id"])
    except (ValueError, KeyError, TypeError):
        logger.warning("%s carried no case id: %r", CASE_CHANGED, payload[:200])
        return None
