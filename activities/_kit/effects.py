"""Look before you repeat: every effect outside happens once, or a person is asked (P3).

One row of the `effects` table per effect:

    intended ── perform ──> sent ── clear answer ──> done
       ^                      │  └── provider's no ──> refused ── next run ──> sent
       └── nothing was sent ──┤
                              └── no clear answer ──> find at every look delay
                                      found            ──> done
                                      still not found  ──> sent once more (repeatable), then looked for again
                                                       ──> unclear: a person looks

The row says `sent` before the call goes out, so whatever dies afterwards leaves a trace that makes the next attempt look.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activities._kit.errors import (
    Ambiguous,
    NeedsOperator,
    NotSupported,
    OpKeyConflict,
    OutsideError,
    Rejected,
    Transient,
    Unclear,
)
from domain.effects import EffectKind, EffectState
from storage import effects as rows
from storage.effects import EffectRow
from storage.engine import Database

LOOK_DELAYS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=60))
PERFORM_LIMIT = timedelta(seconds=25)
"""After this an attempt is cut off: later than any HTTP time-out, sooner than the start-to-close time-out of the activity."""
LEASE = timedelta(seconds=40)
"""So long an attempt that gave no sign may still be sending; longer than PERFORM_LIMIT."""

_REFUSALS = (Rejected, NeedsOperator, NotSupported)


@dataclass(frozen=True)
class Effect:
    """What shall happen once. `request` is the payload the op_key stands for; `attempt` counts the times a person has
    asked for it, and is no part of the payload."""

    op_key: str
    case_id: UUID
    kind: EffectKind
    provider: str
    account: str
    request: dict[str, Any]
    attempt: int = 1

    @property
    def request_hash(self) -> str:
        return hashlib.sha256(json.dumps(self.request, sort_keys=True).encode()).hexdigest()

    def row(self) -> dict[str, Any]:
        """What is written down of it."""
        return {
            "op_key": self.op_key,
            "case_id": self.case_id,
            "kind": self.kind.value,
            "provider": self.provider,
            "account": self.account,
            "request": {**self.request, "attempt": self.attempt},
            "request_hash": self.request_hash,
        }


@dataclass(frozen=True)
class Done:
    """The effect as the provider holds it. `result` is None where a person did it by hand.

    With `skipped` it shall not happen, by a person's decision, and the other fields say nothing.
    """

    provider_id: str
    result: dict[str, Any] | None = None
    amount: Decimal | None = None
    currency: str | None = None
    skipped: bool = False


@dataclass(frozen=True)
class Declined:
    """What `find` returns where the provider took the call and holds it as refused."""

    words: str


@dataclass(frozen=True)
class Unfinished:
    """What `find` returns where the provider holds a part and `perform` goes on from there."""


@dataclass(frozen=True)
class Unconfirmed:
    """What `find` returns where the provider holds it and has not carried it out yet. It is never sent again."""

    words: str


Perform = Callable[[], Awaitable[Done | None]]
"""Sends. Returns what the provider answered, or None to have it read back by `find`.

Raises Transient only where nothing was sent, and does everything that can fail before it sends.
"""
Found = Done | Declined | Unfinished | Unconfirmed | None
Find = Callable[[], Awaitable[Found]]
"""Looks the effect up at the provider by its op_key. Changes nothing."""
Repeatable = bool | Callable[[], Awaitable[bool]]
"""Whether it may be sent again although an earlier call was never found: a second one would do no harm, or be refused."""
OnDone = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True)
class _Sending:
    """The right to send: `row` as marked, and as it was `before`. `again` says that an earlier call is still unexplained."""

    row: EffectRow
    before: EffectRow
    again: bool = False


class EffectLedger:
    """Does effects once. Several attempts, on several machines, may work on one op_key at the same time.

    `look_delays` are the pauses before each look; the ledger raises Ambiguous in between, so Temporal does the waiting.
    """

    def __init__(
        self,
        database: Database,
        look_delays: Sequence[timedelta] = LOOK_DELAYS,
        perform_limit: timedelta = PERFORM_LIMIT,
        lease: timedelta = LEASE,
    ) -> None:
        if not look_delays or lease <= perform_limit:
            raise ValueError("at least one look is needed, and a lease longer than the limit of one attempt")
        self._database = database
        self._look_delays = tuple(look_delays)
        self._perform_limit = perform_limit
        self._lease = lease

    async def once(
        self, effect: Effect, perform: Perform, find: Find, repeatable: Repeatable = False, on_done: OnDone | None = None
    ) -> Done:
        """The effect, done: by this call, by an earlier one, or by hand.

        `on_done` writes more into the transaction that marks it done; it runs once per effect.

        Raises OpKeyConflict for another payload under the same op_key, Ambiguous where the next attempt has to look,
        Unclear where looking did not help, and what `perform` and `find` raise. After Rejected and NeedsOperator the next run
        sends again; after Unclear it looks, and sends again if `attempt` has risen: a person has asked for it.
        """
        step = await self._begin(effect)
        if isinstance(step, EffectRow):
            found = await find()
            step = await self._judge(effect, step, found, repeatable, on_done)
        if isinstance(step, _Sending):
            return await self._send(step, perform, find, on_done)
        return step

    async def _begin(self, effect: Effect) -> Done | _Sending | EffectRow:
        """What is known: the end of it, the right to send, or a row that has to be looked for."""
        async with self._database.begin() as connection:
            await rows.write_intent(connection, **effect.row())
        async with self._database.begin() as connection:
            row = await _locked(connection, effect.op_key)
            if row.request_hash != effect.request_hash:
                raise OpKeyConflict(f"{effect.op_key} stands for another request; nothing was sent")
            if row.state in (EffectState.DONE, EffectState.SKIPPED):
                return _stored(row)
            if row.state is not EffectState.UNCLEAR and effect.attempt > row.request["attempt"]:
                row = await _note_attempt(connection, row, effect.attempt)
            if row.state in (EffectState.INTENDED, EffectState.REFUSED):
                return await _mark_sent(connection, row)
            return row

    async def _judge(
        self,
        effect: Effect,
        seen: EffectRow,
        found: Found,
        repeatable: Repeatable,
        on_done: OnDone | None,
    ) -> Done | _Sending:
        """What follows from a look."""
        if isinstance(found, Done):
            return await self._finish(seen.op_key, found, on_done)
        last_look = seen.state is EffectState.SENT and seen.looks + 1 == len(self._look_delays)
        may_repeat = found is None and last_look and (repeatable if isinstance(repeatable, bool) else await repeatable())
        async with self._database.begin() as connection:
            row = await _locked(connection, seen.op_key)
            if row.state in (EffectState.DONE, EffectState.SKIPPED):
                return _stored(row)
            if row.updated_at != seen.updated_at or self._in_flight(row):
                raise Ambiguous(f"{row.op_key}: another attempt is at work", retry_after=self._pause(row))
            if isinstance(found, Declined):
                await rows.change(connection, row.op_key, state=EffectState.REFUSED.value, error=found.words)
                refusal = found.words
            elif isinstance(found, Unfinished):
                return await _mark_sent(connection, row, looks=row.looks + 1)
            elif row.state is EffectState.UNCLEAR:
                if found is None and effect.attempt > row.request["attempt"]:
                    return await _mark_sent(connection, await _note_attempt(connection, row, effect.attempt))
                refusal = None
            elif may_repeat:
                return await _mark_sent(connection, row, looks=row.looks + 1, again=True)
            else:
                refusal = None
                row = await self._count_look(connection, row, found)
        if refusal is not None:
            raise Rejected(refusal)
        raise _doubt(row, self._pause(row))

    async def _count_look(self, connection: AsyncConnection, row: EffectRow, found: Found) -> EffectRow:
        looks, rounds = row.looks + 1, len(self._look_delays)
        words = found.words if isinstance(found, Unconfirmed) else row.error or "The provider gave no answer."
        # A repeated call is looked for as often as the first one; `looks` runs on through both rounds.
        if looks != rounds and looks < 2 * rounds:
            return await rows.change(connection, row.op_key, looks=looks, error=words)
        shown = "still says so" if isinstance(found, Unconfirmed) else "shows nothing of it"
        words = f"{words} {row.provider} was asked {looks} times and {shown}; please look there."
        return await rows.change(connection, row.op_key, state=EffectState.UNCLEAR.value, looks=looks, error=words)

    async def _send(self, sending: _Sending, perform: Perform, find: Find, on_done: OnDone | None) -> Done:
        op_key = sending.row.op_key
        try:
            async with asyncio.timeout(self._perform_limit.total_seconds()):
                answer = await perform()
        except Transient as error:
            await self._take_back(sending, error)
            raise
        except _REFUSALS as error:
            await self._refuse(sending, error)
            raise
        except (Ambiguous, TimeoutError) as error:
            words = getattr(error, "message", f"no answer within {self._perform_limit.total_seconds():g} s")
            row = await self._change_own(sending, error=words)
            raise Ambiguous(words, retry_after=self._pause(row)) from error
        if answer is None:
            row = await self._change_own(sending, error="The provider took the call and has not shown its result yet.")
            found = await find()
            if not isinstance(found, Done):
                if isinstance(found, Declined):
                    await self._change_own(sending, state=EffectState.REFUSED.value, error=found.words)
                    raise Rejected(found.words)
                raise Ambiguous(f"{op_key}: sent, not shown yet", retry_after=self._pause(row))
            answer = found
        return await self._finish(op_key, answer, on_done)

    async def _take_back(self, sending: _Sending, error: Transient) -> None:
        """Nothing was sent: the row is what it was."""
        before, again = sending.before, sending.again
        state = EffectState.SENT if again else EffectState.INTENDED
        await self._change_own(sending, state=state.value, looks=before.looks, calls=before.calls, error=error.message)

    async def _refuse(self, sending: _Sending, error: OutsideError) -> None:
        if not sending.again:
            await self._change_own(sending, state=EffectState.REFUSED.value, error=error.message)
            return
        # The repeated call was refused, perhaps because the first one had worked after all.
        await self._change_own(sending, state=EffectState.UNCLEAR.value, error=error.message)
        raise Unclear(f"An earlier call got no answer, and the next was refused: {error.message}") from error

    async def _change_own(self, sending: _Sending, **columns: Any) -> EffectRow:
        """Changes the row unless somebody else has meanwhile: a person, or an attempt that found this one too slow."""
        async with self._database.begin() as connection:
            row = await _locked(connection, sending.row.op_key)
            if row.state is not EffectState.SENT or row.calls != sending.row.calls:
                return row
            return await rows.change(connection, row.op_key, **columns)

    async def _finish(self, op_key: str, done: Done, on_done: OnDone | None) -> Done:
        async with self._database.begin() as connection:
            row = await _locked(connection, op_key)
            if row.state is EffectState.DONE:
                return _stored(row)
            await rows.change(
                connection,
                op_key,
                state=EffectState.DONE.value,
                provider_id=done.provider_id,
                amount=done.amount,
                currency=done.currency,
                result=done.result,
                error=None,
            )
            if on_done is not None:
                await on_done(connection)
        return done

    def _in_flight(self, row: EffectRow) -> bool:
        """Whether an attempt may still be sending: it has neither reported nor outlived its lease."""
        return row.state is EffectState.SENT and row.error is None and row.age < self._lease

    def _pause(self, row: EffectRow) -> timedelta:
        """Until the next look."""
        return self._look_delays[row.looks % len(self._look_delays)]


async def _locked(connection: AsyncConnection, op_key: str) -> EffectRow:
    row = await rows.lock(connection, op_key)
    if row is None:
        raise LookupError(f"effect {op_key} is gone; rows of this table are never deleted")
    return row


async def _note_attempt(connection: AsyncConnection, row: EffectRow, attempt: int) -> EffectRow:
    return await rows.change(connection, row.op_key, request={**row.request, "attempt": attempt})


async def _mark_sent(connection: AsyncConnection, row: EffectRow, looks: int = 0, again: bool = False) -> _Sending:
    sent = await rows.change(connection, row.op_key, state=EffectState.SENT.value, calls=row.calls + 1, looks=looks, error=None)
    return _Sending(sent, row, again)


def _stored(row: EffectRow) -> Done:
    return Done(row.provider_id or "", row.result, row.amount, row.currency, skipped=row.state is EffectState.SKIPPED)


def _doubt(row: EffectRow, pause: timedelta) -> OutsideError:
    if row.state is EffectState.UNCLEAR:
        return Unclear(row.error or "It cannot be told whether this happened.")
    return Ambiguous(row.error or "The provider gave no answer.", retry_after=pause)
