"""What the channels do by themselves: poll accounts, fetch files that hooks named, finish hooks that a dying process left."""

import asyncio
from datetime import timedelta

import structlog
from obstore.exceptions import BaseError
from sqlalchemy.exc import SQLAlchemyError

from activities._kit.errors import NeedsOperator, NotSupported, OutsideError, Rejected
from activities.channels.adapters import Channels
from activities.channels.changes import HookDoors
from activities.channels.port import ChannelAdapter, HasMedia
from activities.channels.receiving import DEFECTS, Receiving
from domain.safe_names import file_name
from playbook.running import RunningPlaybook
from storage import channels as rows
from storage.blobs import BlobMissing, Blobs
from storage.engine import Database
from storage.intake import UnknownStore, receive

POLL_EVERY = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(minutes=15)
LEFT_AFTER = timedelta(minutes=2)
"""A hook that is not finished by then was left by a process that died."""
MEDIA_ATTEMPTS = 12
"""With doubling pauses, a file is given up after some two hours; Meta keeps one for a month."""
_IDLE_SECONDS = 2.0
_OUTAGES = (SQLAlchemyError, BaseError, OSError)
"""Of the database and of the blob store."""

log = structlog.get_logger()


class Pollers:
    """One per worker process; several share the work by skipping what another has locked."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        playbook: RunningPlaybook,
        channels: Channels,
        size_limit: int,
        hook_doors: HookDoors | None = None,
    ) -> None:
        self._hook_doors = hook_doors or {}
        self._database, self._blobs, self._playbook, self._channels = database, blobs, playbook, channels
        self._size_limit = size_limit
        self._receiving = Receiving(database, blobs, playbook)

    async def run(self) -> None:
        """Works until cancelled. An outage of the database is waited out."""
        async with asyncio.TaskGroup() as tasks:
            for (_, account), adapter in self._channels.items():
                tasks.create_task(self._poll_for_ever(adapter, account))
            tasks.create_task(self._tidy_for_ever())

    async def _poll_for_ever(self, adapter: ChannelAdapter, account: str) -> None:
        while True:
            try:
                await self.poll(adapter, account)
            except NotSupported:
                return
            except _OUTAGES as error:
                log.warning("Not polled; trying again.", provider=adapter.name, account=account, error=str(error))
            await asyncio.sleep(_IDLE_SECONDS)

    async def _tidy_for_ever(self) -> None:
        while True:
            try:
                while await self.fetch_media() or await self.finish_left(LEFT_AFTER):
                    pass
            except _OUTAGES as error:
                log.warning("Files and hooks that wait cannot be read; trying again.", error=str(error))
            await asyncio.sleep(_IDLE_SECONDS)

    async def poll(self, adapter: ChannelAdapter, account: str) -> bool:
        """Polls an account if that is due and no other process does. The cursor is stored once all messages are accepted.

        Raises NotSupported where there is nothing to poll.
        """
        async with self._database.begin() as connection:
            row = await rows.own_cursor(connection, adapter.name, account)
            if row is None or not row.is_due:
                return False
            try:
                polled = await adapter.poll(row.cursor)
                for message in polled.messages:
                    await receive(self._database, self._blobs, self._playbook.now, message)
            except NotSupported:
                raise
            except (OutsideError, UnknownStore, *DEFECTS) as error:
                pause = getattr(error, "next_retry_delay", None) or min(POLL_EVERY * 2**row.failures, LONGEST_PAUSE)
                words = f"{type(error).__name__}: {error}"
                log.error("A channel could not be polled.", provider=adapter.name, account=account, error=words)
                failed = {"failures": min(row.failures + 1, 10), "last_error": words}
                await rows.move_cursor(connection, adapter.name, account, pause, **failed)
            else:
                await rows.advance_cursor(connection, adapter.name, account, POLL_EVERY, polled.cursor)
        return True

    async def fetch_media(self) -> bool:
        """Fetches one file whose time has come and attaches it to its message. False where none waits."""
        async with self._database.begin() as connection:
            media = await rows.due_media(connection)
            if media is None:
                return False
            adapter = self._channels.get((media.provider, media.account))
            try:
                if not isinstance(adapter, HasMedia):
                    raise NeedsOperator(f"the {media.provider} account {media.account!r} is not connected")
                content = await adapter.fetch(media.reference, self._size_limit)
            except (OutsideError, *DEFECTS) as error:
                last = isinstance(error, Rejected) or media.attempts + 1 >= MEDIA_ATTEMPTS
                pause = getattr(error, "next_retry_delay", None) or timedelta(seconds=min(2 ** (media.attempts + 2), 900))
                words = f"{type(error).__name__}: {error}"
                log.error("A file could not be fetched.", message_id=str(media.message_id), error=words, given_up=last)
                await rows.put_off(connection, media, words, None if last else pause)
            else:
                name = file_name(media.filename, media.content_type)
                await rows.attach(connection, media, name, await self._blobs.put(content), len(content))
        return True

    async def finish_left(self, age: timedelta) -> bool:
        """Reads one hook that was kept this long ago and never finished. False where there is none."""
        async with self._database.begin() as connection:
            delivery = await rows.left_delivery(connection, age)
        if delivery is None:
            return False
        door = (delivery.provider, delivery.account)
        adapter = self._channels.get(door) or self._hook_doors.get(door)
        error = None if adapter is not None else "the account is not connected any more"
        if adapter is not None:
            try:
                await self._receiving.read_kept(adapter, delivery)
            except BlobMissing as missing:
                error = str(missing)
        if error is not None:
            log.error("A kept hook cannot be read.", delivery=delivery.id, error=error)
            async with self._database.begin() as connection:
                await rows.close_delivery(connection, delivery.id, error)
        return True
