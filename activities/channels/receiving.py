"""A verified hook becomes messages in tickets: kept as it came first, so that nothing signed is ever lost (P1)."""

import logging
from collections.abc import Sequence
from enum import Enum

from activities.channels.changes import HookDoor, TellsChanges, note
from activities.channels.port import BadHook, ChannelAdapter, HasMedia, Hook, Media
from domain.messages import InboundMessage
from playbook.running import RunningPlaybook
from storage import channels as rows
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import UnknownStore, receive

DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading something unexpected ends in. It must not make the provider give up calling, nor a worker end."""

log = logging.getLogger(__name__)


class Taken(Enum):
    """What became of a hook: its messages are in tickets, or it is kept for an operator to look at."""

    ACCEPTED = "accepted"
    UNREADABLE = "unreadable"


class Receiving:
    """Takes hooks of all adapters. The same body again is the same delivery."""

    def __init__(self, database: Database, blobs: Blobs, playbook: RunningPlaybook) -> None:
        self._database, self._blobs, self._playbook = database, blobs, playbook

    async def take(self, adapter: HookDoor, account: str, hook: Hook) -> Taken:
        """Keeps the hook, accepts its messages, and only then returns. Whatever database and blob store raise goes on to the
        provider, which calls again."""
        blob = await self._blobs.put(hook.body)
        async with self._database.begin() as connection:
            delivery = await rows.keep_delivery(
                connection,
                provider=adapter.name,
                account=account,
                delivery_id=blob,
                content_type=hook.headers.get("content-type", ""),
                raw_blob=blob,
                received_at=hook.received_at,
            )
        if delivery.handled_at is not None:
            return Taken.ACCEPTED
        return await self._read(adapter, account, hook, delivery.id)

    async def read_kept(self, adapter: HookDoor, delivery: rows.Delivery) -> Taken:
        """Reads a hook that was kept and not finished."""
        body = await self._blobs.get(delivery.raw_blob)
        headers = {"content-type": delivery.content_type}
        hook = Hook("POST", "", headers, body, delivery.received_at)
        return await self._read(adapter, delivery.account, hook, delivery.id)

    async def _read(self, adapter: HookDoor, account: str, hook: Hook, delivery: int) -> Taken:
        error = None
        try:
            if isinstance(adapter, TellsChanges):
                async with self._database.begin() as connection:
                    await note(connection, adapter.changes(hook))
            if isinstance(adapter, ChannelAdapter):
                files = adapter.media(hook) if isinstance(adapter, HasMedia) else ()
                await self._accept(adapter.name, account, adapter.parse(hook), files)
        except (BadHook, UnknownStore) as wrong:
            error = str(wrong)
        except DEFECTS as wrong:
            log.exception("the adapter of %s cannot read a hook; that is a defect of ours", adapter.name)
            error = f"{type(wrong).__name__}: {wrong}"
        if error is not None:
            log.error("signed hook %s of %s for %s was kept and not read: %s", delivery, adapter.name, account, error)
        async with self._database.begin() as connection:
            await rows.close_delivery(connection, delivery, error)
        return Taken.UNREADABLE if error else Taken.ACCEPTED

    async def _accept(self, provider: str, account: str, messages: Sequence[InboundMessage], files: Sequence[Media]) -> None:
        ids = {}
        for message in messages:
            accepted = await receive(self._database, self._blobs, self._playbook.now, message)
            ids[message.external_id] = accepted.message_id
        awaited = [
            {
                "message_id": ids[file.message],
                "position": file.position,
                "provider": provider,
                "account": account,
                "reference": file.reference,
                "filename": file.filename,
                "content_type": file.content_type,
            }
            for file in files
            if file.message in ids
        ]
        if awaited:
            async with self._database.begin() as connection:
                await rows.await_media(connection, awaited)
