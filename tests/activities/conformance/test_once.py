"""Every write of every adapter under every fault and every kill: in the end one document, or one person's task. Never two, and
never none without anybody being told."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities._kit.effects import EffectLedger
from activities._kit.errors import OutsideError
from activities._kit.http import open_client
from activities.finance.xero_access import XeroAccess
from domain.effects import EffectState
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage import effects as rows
from storage.blobs import Blobs
from storage.engine import Database
from storage.tables import effects
from tests import specs
from tests.activities.conformance.writes import WRITES, Asked, Means, Write
from tests.activities.conftest import MOST_ATTEMPTS, SOON, Outside

pytestmark = pytest.mark.simulators

STORM = 8
"""Refusals in a row."""
STALE = 3
"""Reads in a row that tell what was true before."""
SLOW = 1.5
CUT_OFF = timedelta(seconds=1)
EVERY_WRITE = pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)


@pytest.fixture
def means(
    ledger: EffectLedger,
    accounts: Accounts,
    playbook: Playbook,
    blobs: Blobs,
    client: httpx.AsyncClient,
    database: Database,
    outside: Outside,
) -> Means:
    access = XeroAccess(database, None, client)
    return Means(ledger, accounts, RunningPlaybook(playbook), blobs, client, access, outside)


async def asked_for(write: Write, means: Means, case_id: UUID, number: int = 1) -> Asked:
    subject = await write.prepare(means, case_id) if write.prepare else ""
    means.outside.disarm()
    return Asked(means, f"rma-{case_id.hex[:8]}.{number}", case_id, subject)


async def to_the_end(write: Write, asked: Asked, between: Callable[[], None] = lambda: None) -> OutsideError | None:
    """Runs the write as Temporal does, with `between` in every pause; returns what it ends with."""
    for _ in range(MOST_ATTEMPTS):
        try:
            await write.ask(asked)
        except OutsideError as error:
            if error.non_retryable:
                return error
            between()
            continue
        return None
    raise AssertionError(f"no end after {MOST_ATTEMPTS} attempts")


async def assert_once(write: Write, asked: Asked, database: Database, error: OutsideError | None) -> None:
    async with database.begin() as connection:
        row = await rows.lock(connection, asked.op_key)
    made = write.made(asked)
    assert row is not None
    if error is None:
        assert made == 1
        assert row.state is EffectState.DONE
        return
    assert row.state is EffectState.UNCLEAR, f"{row.state}: {error.message}"
    assert made <= 1
    assert row.error


@EVERY_WRITE
@pytest.mark.parametrize(
    ("fault", "count"),
    [
        ("lost_before", 1),
        ("lost_before", 3),
        ("lost_after_commit", 1),
        ("error_500", 1),
        ("error_500_after_commit", 1),
        ("rate_limit", STORM),
    ],
)
async def test_once_whatever_becomes_of_the_call(
    write: Write, fault: str, count: int, means: Means, database: Database, case_id: UUID
) -> None:
    asked = await asked_for(write, means, case_id)
    means.outside.arm(write.provider, write.operation, fault, count)
    error = await to_the_end(write, asked)
    await assert_once(write, asked, database, error)
    if fault in ("lost_after_commit", "error_500_after_commit", "rate_limit"):
        assert error is None, "what the provider holds is found, and what it turned away is sent again"


@EVERY_WRITE
@pytest.mark.parametrize("fault", ["lost_after_commit", "error_500_after_commit"])
async def test_once_although_the_provider_reads_what_was_true_before(
    write: Write, fault: str, means: Means, database: Database, case_id: UUID
) -> None:
    asked = await asked_for(write, means, case_id)
    means.outside.arm(write.provider, write.operation, fault)
    means.outside.arm(write.provider, write.read, "stale_read", STALE)
    error = await to_the_end(write, asked)
    assert sum(fault["count"] for fault in means.outside.armed()) < STALE, "nothing was read while it was stale"
    await assert_once(write, asked, database, error)


@EVERY_WRITE
async def test_once_where_the_answer_comes_too_late(write: Write, means: Means, database: Database, case_id: UUID) -> None:
    asked = await asked_for(write, means, case_id)
    hasty = EffectLedger(database, (SOON,) * 3, perform_limit=CUT_OFF, lease=CUT_OFF + SOON)
    means.outside.arm(write.provider, write.operation, "slow", seconds=SLOW)

    def until_it_has_answered() -> None:
        patience = time.monotonic() + 30
        while not means.outside.armed() and not means.outside.calls(write.operation):
            assert time.monotonic() < patience, "the slow call never came to its end"
            time.sleep(0.05)

    error = await to_the_end(write, replace(asked, means=replace(means, ledger=hasty)), until_it_has_answered)
    await assert_once(write, asked, database, error)


class _Killed(httpx.AsyncBaseTransport):
    """The process dies at its n-th call, before it goes out or once it is answered."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, answered: bool) -> None:
        self._inner, self._at, self._answered, self._calls = inner, at, answered, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._calls += 1
        dies = self._calls == self._at
        if dies and not self._answered:
            raise asyncio.CancelledError
        response = await self._inner.handle_async_request(request)
        if dies:
            raise asyncio.CancelledError
        return response


async def _age(database: Database, op_key: str) -> None:
    """A minute passes: the attempt that died counts as dead."""
    async with database.begin() as connection:
        older = effects.c.updated_at - timedelta(minutes=1)
        await connection.execute(sql.update(effects).where(effects.c.op_key == op_key).values(updated_at=older))


@EVERY_WRITE
@pytest.mark.parametrize("answered", [False, True], ids=["before the call", "after the answer"])
async def test_once_wherever_the_worker_dies(
    write: Write, answered: bool, means: Means, database: Database, case_id: UUID
) -> None:
    for call in range(1, 40):
        asked = await asked_for(write, means, case_id, call)
        client = open_client(_Killed(specs.JudgedTransport(httpx.AsyncHTTPTransport(retries=0)), call, answered))
        try:
            await write.ask(replace(asked, means=replace(means, http=client)))
        except asyncio.CancelledError:
            await _age(database, asked.op_key)
        else:
            assert call > 1
            return
        finally:
            await client.aclose()
        error = await to_the_end(write, asked)
        await assert_once(write, asked, database, error)
        means.outside.reset()
    raise AssertionError("the write never came to its end")
