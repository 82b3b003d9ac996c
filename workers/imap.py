"""Polls mailboxes: every mail of a folder is filed once, in order, and one that cannot be filed does not stop the others.

A mail is filed before the position moves on, so that a crash in between files it again, which adds nothing. Looking every
minute is what counts; the server's own notice (IDLE) only makes it sooner.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sql
import structlog
from sqlalchemy.exc import SQLAlchemyError

from activities._kit.accounts import ImapAccount
from activities._kit.errors import NeedsOperator, OutsideError, Transient
from activities.mail.filing import file_mail
from activities.mail.imap import Fetched, Mailbox
from activities.mail.parsing import Envelope
from domain.safe_names import clean
from playbook.running import RunningPlaybook
from storage import mailboxes
from storage.blobs import Blobs
from storage.engine import Database
from storage.mailboxes import LeaseLost, Position, Waiting
from workers.errors import CommandError
from workers.lifecycle import Background

Answer = TypeVar("Answer")

_SIZES_AT_ONCE = 500
_BATCH_MAILS = 50
_BATCH_BYTES = 16 * 1024 * 1024
_WAITING_LIMIT = 50
"""So many mails that cannot be filed say that something is wrong with more than the mails: nothing new is read then."""

_FIRST_PAUSE, _LONGEST_PAUSE, _OPERATOR_PAUSE = 5.0, 300.0, 900.0
_WORDS = 500
_LONGEST_RETRY = timedelta(hours=6)

log = structlog.get_logger()


class Poller:
    """Reads one mailbox for as long as it runs. Of several, on whatever machines, one at a time reads it.

    `interval` is the time between two looks, `lease` how long after the death of one poller the next takes over.
    """

    def __init__(
        self,
        name: str,
        account: ImapAccount,
        database: Database,
        blobs: Blobs,
        playbook: RunningPlaybook,
        interval: timedelta = timedelta(seconds=60),
        lease: timedelta = timedelta(minutes=3),
    ) -> None:
        self._name, self._account = name, account
        self._database, self._blobs, self._playbook = database, blobs, playbook
        self._interval, self._lease = interval.total_seconds(), lease
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"imap {name}")
        self._failures = 0
        self._one_by_one = False
        """Since a server that ended the connection over one of many mails did not say over which."""
        self._unmarked: str | None = None
        """Why filed mails could not be moved or flagged."""

    async def run(self) -> None:
        """Polls until cancelled. What goes wrong is written into the mailbox's row, and tried again after a pause."""
        try:
            while True:
                pause = await self._serve()
                await asyncio.sleep(pause)
        finally:
            self._thread.shutdown(wait=False)
            with contextlib.suppress(SQLAlchemyError):
                async with self._database.begin() as connection:
                    await mailboxes.release(connection, self._name, self._owner)

    async def _serve(self) -> float:
        """One connection, as long as it lasts: look, wait for news, look again. Returns the seconds to the next one."""
        try:
            await self._note()
            async with self._connection() as box:
                while True:
                    await self._look(box)
                    await self._call(box.wait, self._interval)
        except LeaseLost:
            return self._interval
        except (OutsideError, SQLAlchemyError) as error:
            self._failures += 1
            longest = _OPERATOR_PAUSE if isinstance(error, NeedsOperator) else _LONGEST_PAUSE
            pause = min(longest, _FIRST_PAUSE * 2 ** min(self._failures - 1, 10))
            words = clean(error.message if isinstance(error, OutsideError) else str(error))[:_WORDS]
            log.warning("A mailbox cannot be read; trying again.", mailbox=self._name, error=words, seconds=pause)
            with contextlib.suppress(LeaseLost, SQLAlchemyError):
                await self._note(error=words)
            return pause

    async def _look(self, box: Mailbox) -> None:
        """Files what is new and what waits for another try."""
        position = await self._note()
        validity = await self._call(box.select)
        if position.uid_validity != validity:
            # The UIDs mean other mails now: all are filed again, which adds only those that are new.
            position = await self._note(uid_validity=validity, last_uid=0, waiting={})
        for uid in mailboxes.due(position.waiting, datetime.now(UTC)):
            position = await self._take(box, [uid], position)
        async for batch in self._batches(box, await self._call(box.uids_after, position.last_uid)):
            if len(position.waiting) >= _WAITING_LIMIT:
                raise Transient(f"{len(position.waiting)} mails cannot be filed; {_first_error(position)}")
            position = await self._take(box, batch, position)
        waiting = f"{len(position.waiting)} mails wait to be filed; {_first_error(position)}" if position.waiting else None
        await self._note(checked_at=sql.func.now(), error=waiting or self._unmarked)
        self._failures, self._one_by_one, self._unmarked = 0, False, None

    async def _batches(self, box: Mailbox, uids: Sequence[int]) -> AsyncIterator[list[int]]:
        """As many mails at a time as memory should hold."""
        for start in range(0, len(uids), _SIZES_AT_ONCE):
            some = uids[start : start + _SIZES_AT_ONCE]
            sizes = await self._call(box.sizes, some)
            batch: list[int] = []
            for uid in some:
                full = len(batch) == (1 if self._one_by_one else _BATCH_MAILS)
                if batch and (full or sum(sizes.get(other, 0) for other in (*batch, uid)) > _BATCH_BYTES):
                    yield batch
                    batch = []
                batch.append(uid)
            yield batch

    async def _take(self, box: Mailbox, uids: Sequence[int], position: Position) -> Position:
        """Files these mails, then moves the position past them; those that could not be filed are noted beside it."""
        failed: dict[int, str] = {}
        lost: Transient | None = None
        try:
            mails = await self._call(box.fetch, uids)
            missing = await self._call(box.there, [uid for uid in uids if uid not in mails])
            failed.update(dict.fromkeys(missing, "The mail server names this mail and does not hand it out"))
        except Transient as error:
            self._one_by_one = True
            if len(uids) > 1:
                raise
            mails, failed, lost = {}, {uids[0]: error.message}, error
        for uid, mail in sorted(mails.items()):
            trouble = await self._file(mail)
            if trouble is not None:
                failed[uid] = trouble
        if lost is None:
            await self._mark(box, [uid for uid in mails if uid not in failed])
        waiting = {uid: mail for uid, mail in position.waiting.items() if uid not in uids}
        waiting |= {uid: _again(position.waiting.get(uid), trouble) for uid, trouble in failed.items()}
        last_uid = max(position.last_uid, *uids)
        position = await self._note(uid_validity=position.uid_validity, last_uid=last_uid, waiting=waiting)
        if lost is not None:
            raise lost
        return position

    async def _file(self, mail: Fetched) -> str | None:
        """Why the mail could not be filed; None where it is."""
        envelope, door = Envelope(None, (), self._account.store), f"imap:{self._name}"
        try:
            await file_mail(
                self._database, self._blobs, self._playbook.now, mail.raw, envelope, door=door, received_at=mail.arrived_at
            )
        except Exception as error:
            log.exception("A mail of a mailbox could not be filed; it waits.", mailbox=self._name)
            return clean(f"{type(error).__name__}: {error}")[:_WORDS]
        return None

    async def _mark(self, box: Mailbox, uids: Sequence[int]) -> None:
        """Moves or flags filed mails. Where that fails they are filed all the same."""
        try:
            await self._call(box.mark_filed, uids)
        except Transient as error:
            self._unmarked = error.message

    async def _note(self, **columns: Any) -> Position:
        """Takes the mailbox or takes it for longer, and changes its row. Raises LeaseLost where another poller has it."""
        async with self._database.begin() as connection:
            return await mailboxes.note(connection, self._name, self._owner, self._lease, **columns)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Mailbox]:
        box = await self._call(Mailbox, self._account)
        try:
            yield box
        finally:
            box.cut()

    async def _call(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def pollers(
    accounts: Mapping[str, ImapAccount], database: Database, blobs: Blobs, playbook: RunningPlaybook
) -> list[Background]:
    """One poller a mailbox. Raises CommandError where a mailbox is of a store that the playbook does not have."""
    for name, account in accounts.items():
        if account.store not in playbook.now.stores:
            raise CommandError(f"accounts: imap.{name}.store: {account.store!r} is not in the playbook")
    made = {name: Poller(name, account, database, blobs, playbook) for name, account in accounts.items()}
    return [Background(f"mailbox {name}", poller.run) for name, poller in made.items()]


def _again(before: Waiting | None, error: str) -> Waiting:
    """When a mail is tried again: after a minute, then after twice as long each time."""
    tries = before.tries + 1 if before else 1
    pause = min(_LONGEST_RETRY, timedelta(minutes=2 ** min(tries - 1, 10)))
    return Waiting(tries=tries, at=datetime.now(UTC) + pause, error=error)


def _first_error(position: Position) -> str:
    uid, mail = min(position.waiting.items())
    return f"UID {uid}: {mail.error}"
