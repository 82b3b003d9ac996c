"""Delivers the outbox to Temporal: each row becomes a start or a signal-with-start of its case's workflow.

A row is delivered at least once; the workflow knows the ids it has handled. Woken by a notification, and by a look every
second for what a crash or an outage left.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
import sqlalchemy as sql
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.service import RPCError

from storage.engine import Database
from storage.intake import OUTBOX_CHANGED
from storage.tables import cases, outbox
from workers.search_attributes import PROCESS, STORE
from workflows._kit.contract import TASK_QUEUE, CaseInput

_BATCH = 50
_SWEEP_SECONDS = 1.0
_CALL_LIMIT_SECONDS = 10.0
_TASK_TIMEOUT = timedelta(seconds=5)
"""A worker that died with a workflow task is noticed after this."""

log = structlog.get_logger()
Row = Mapping[str, Any]


class Relay:
    """One per worker process; several share the outbox by skipping what another has locked."""

    def __init__(self, database: Database, client: Client) -> None:
        self._database = database
        self._client = client
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Delivers until cancelled. An outage of Temporal or of the database is waited out."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._deliver_for_ever())

    async def _deliver_for_ever(self) -> None:
        while True:
            try:
                while await self.deliver_waiting():
                    pass
            except OperationalError as error:
                log.warning("The outbox cannot be read; trying again.", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _SWEEP_SECONDS)
            self._woken.clear()

    async def _listen(self) -> None:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._database.driver_url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {OUTBOX_CHANGED}")
                    async for _ in connection.notifies():
                        self._woken.set()
            except psycopg.OperationalError as error:
                log.warning("No notifications from the database; the sweep goes on.", error=str(error))
                await asyncio.sleep(_SWEEP_SECONDS)

    async def deliver_waiting(self) -> int:
        """Delivers one batch, in order within each case. Returns how many rows were delivered."""
        async with self._database.begin() as connection:
            rows = await _waiting(connection)
            by_workflow: dict[str, list[Row]] = {}
            for row in rows:
                by_workflow.setdefault(row["workflow_id"], []).append(row)
            delivered = await asyncio.gather(*(self._deliver_case(each) for each in by_workflow.values()))
            outcomes = [outcome for case in delivered for outcome in case]
            for row_id, error in outcomes:
                values = {"attempts": outbox.c.attempts + 1, "last_error": error}
                if error is None:
                    values["delivered_at"] = sql.func.now()
                await connection.execute(sql.update(outbox).where(outbox.c.id == row_id).values(**values))
        return sum(error is None for _, error in outcomes)

    async def _deliver_case(self, rows: list[Row]) -> list[tuple[int, str | None]]:
        outcomes: list[tuple[int, str | None]] = []
        for row in rows:
            try:
                await asyncio.wait_for(self._deliver(row), _CALL_LIMIT_SECONDS)
            except (RPCError, TimeoutError) as error:
                log.warning("Not delivered; trying again.", workflow_id=row["workflow_id"], error=str(error) or "time-out")
                outcomes.append((row["id"], str(error) or "no answer in time"))
                break
            outcomes.append((row["id"], None))
        return outcomes

    async def _deliver(self, row: Row) -> None:
        attributes = [SearchAttributePair(PROCESS, row["process"]), SearchAttributePair(STORE, row["store"])]
        signal: dict[str, Any] = {}
        if row["signal"] is not None:
            signal = {"start_signal": row["signal"], "start_signal_args": [row["payload"]]}
        await self._client.start_workflow(
            row["process"],
            CaseInput(case_id=row["case_id"], number=row["number"], store=row["store"]),
            id=row["workflow_id"],
            task_queue=TASK_QUEUE,
            task_timeout=_TASK_TIMEOUT,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes(attributes),
            static_summary=f"{row['process']} {row['number']} of {row['store']}",
            **signal,
        )


async def _waiting(connection: AsyncConnection) -> list[Row]:
    query = (
        sql.select(outbox, cases.c.number, cases.c.store)
        .join(cases, cases.c.id == outbox.c.case_id)
        .where(outbox.c.delivered_at.is_(None))
        .order_by(outbox.c.id)
        .limit(_BATCH)
        .with_for_update(of=outbox, skip_locked=True)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]
