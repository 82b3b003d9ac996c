"""An outside system that does what a script says, and what the tests of the effect ledger share."""

import asyncio
from datetime import timedelta

from activities._kit.effects import Done, Effect, Found
from activities._kit.errors import Ambiguous, NeedsOperator, Rejected, Transient
from storage import effects as rows
from storage.effects import EffectRow
from storage.engine import Database

LEASE = timedelta(milliseconds=250)
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 20, 60))


class WorkerDied(BaseException):
    """The worker is gone: nothing after this line runs in its attempt."""


class Provider:
    """An outside system with one collection. `script` says what each call does; beyond it every call works."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.documents: list[str] = []
        self.calls = self.looks = 0
        self.hidden_for = 0
        self.in_call = asyncio.Event()
        self.go_on = asyncio.Event()

    async def perform(self) -> Done | None:
        self.calls += 1
        event = self.script.pop(0) if self.script else "works"
        if event in ("works", "lost answer", "died after", "taken", "slow"):
            self.documents.append(f"document-{self.calls}")
        match event:
            case "lost answer" | "lost before":
                raise Ambiguous("the connection was cut")
            case "died after" | "died before":
                raise WorkerDied
            case "not sent":
                raise Transient("no connection")
            case "refused":
                raise Rejected("the lines cannot be refunded")
            case "locked out":
                raise NeedsOperator("the token is invalid")
            case "taken":
                return None
            case "slow":
                self.in_call.set()
                await self.go_on.wait()
        return Done(self.documents[-1], {"id": self.documents[-1]})

    async def find(self) -> Found:
        self.looks += 1
        if self.hidden_for:
            self.hidden_for -= 1
            return None
        return Done(self.documents[0], {"id": self.documents[0]}) if self.documents else None


async def row_of(database: Database, effect: Effect) -> EffectRow:
    async with database.begin() as connection:
        row = await rows.lock(connection, effect.op_key)
    assert row is not None
    return row


async def lease_over() -> None:
    await asyncio.sleep(LEASE.total_seconds() + 0.02)
