"""Scripted lives of cases: the real workflows on a real server, driven from outside as the relay and the API drive them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy

from activities.bigcommerce.models import store_queue
from activities.carriers.models import carrier_queue
from activities.finance.models import ledger_queue
from bench.crowd import Crowd, LiveWorld
from domain.calendars import Calendar, Hours
from domain.people import Role
from domain.promises import ClockName, Promises, TargetRule
from playbook.loader import DEFAULT_FOLDER, load
from workers import registry
from workers.lifecycle import QueueContents, build_worker
from workflows._kit.contract import TASK_QUEUE, CaseInput, Decision, DecisionTaken, MessageArrived
from workflows.rma.contract import Approve, Disposition, Inspect, InspectedLine, Receive, ReceivedLine
from workflows.ticket.contract import Reply, Resolve

STORE = "northwind-tools"
PROVIDER_QUEUES = (store_queue(STORE), carrier_queue("main"), ledger_queue("main"))
PATIENCE_SECONDS = 60.0
SHORT_WINDOW_SECONDS = 0.05

ALWAYS_OPEN = Calendar(name="always open", zone="UTC", hours=(Hours(days=tuple(range(7)), opens=time.min, closes=time.max),))
ALL_RECEIVED = Receive(lines=[ReceivedLine(line=1, quantity=1), ReceivedLine(line=2, quantity=2)])
ALL_ACCEPTED = Inspect(
    lines=[
        InspectedLine(line=1, disposition=Disposition.ACCEPTED, quantity=1),
        InspectedLine(line=2, disposition=Disposition.ACCEPTED, quantity=2),
    ]
)


@contextlib.asynccontextmanager
async def serving(client: Client, queues: tuple[str, ...] = PROVIDER_QUEUES) -> AsyncIterator[Crowd]:
    """Workers with Casework's tuning for all processes, whose activities are answered by worlds."""
    crowd = Crowd(load(DEFAULT_FOLDER))
    workflows = [process.workflow for process in registry.discover().values()]
    contents = {TASK_QUEUE: QueueContents(workflows, crowd.activities())}
    contents |= {queue: QueueContents((), crowd.activities()) for queue in queues}
    async with contextlib.AsyncExitStack() as workers:
        for queue, content in contents.items():
            await workers.enter_async_context(build_worker(client, queue, content, timedelta(seconds=5)))
        yield crowd


class Life:
    """One case and its world. `workflow_id` is given where a recorded history needs a name."""

    def __init__(self, client: Client, crowd: Crowd, process: str, workflow_id: str | None = None) -> None:
        self.client = client
        self.process = process
        self.start = CaseInput(case_id=uuid4(), number=uuid4().int % 10**8, store=STORE)
        self.workflow_id = workflow_id or f"{process}-{self.start.number}"
        self.world: LiveWorld = crowd.world(self.start.case_id)
        self.handle: WorkflowHandle[Any, Any]

    async def begin(self, signal: MessageArrived | None = None) -> None:
        """Starts the workflow and waits until it shows itself."""
        self.handle = await self.deliver("message" if signal else None, signal)
        await self.until(lambda: bool(self.world.snapshots))

    async def deliver(self, signal: str | None, argument: Any) -> WorkflowHandle[Any, Any]:
        """What the relay does: start, or signal-with-start, whether the workflow runs, has ended or never was."""
        return await self.client.start_workflow(
            self.process,
            self.start,
            id=self.workflow_id,
            task_queue=TASK_QUEUE,
            task_timeout=timedelta(seconds=5),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=signal,
            start_signal_args=[argument] if signal else [],
        )

    async def message(self) -> UUID:
        """A message of the customer arrives."""
        arrived = MessageArrived(message_id=uuid4())
        await self.deliver("message", arrived)
        return arrived.message_id

    async def send(
        self, decision: Decision, author: str = "Jonas Weber", role: Role = Role.AGENT, decision_id: UUID | None = None
    ) -> UUID:
        """A decision is taken; its outcome may come later."""
        taken = DecisionTaken(
            decision_id=decision_id or uuid4(),
            kind=decision.kind,
            author=author,
            role=role,
            taken_at=datetime.now(UTC),
            payload=decision.carried(),
        )
        await self.deliver("decision", taken)
        return taken.decision_id

    async def decide(self, decision: Decision, author: str = "Jonas Weber", role: Role = Role.AGENT) -> str:
        """Takes a decision and waits for its outcome: `applied`, or the reason it was refused."""
        decision_id = await self.send(decision, author, role)
        await self.until(lambda: decision_id in self.world.outcomes)
        outcome = self.world.outcomes[decision_id]
        return outcome.reason or outcome.outcome.value

    async def apply(self, decision: Decision, author: str = "Martin Krause", role: Role = Role.SUPERVISOR) -> None:
        """Takes a decision at a quiet moment; it must be applied.

        Raises RuntimeError where it is refused.
        """
        await self.at_rest()
        said = await self.decide(decision, author, role)
        if said != "applied":
            raise RuntimeError(f"{self.workflow_id}: “{decision.kind}” was refused: {said}")

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits for something that comes true when the case shows itself.

        Raises TimeoutError with what it shows.
        """
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    stirred = self.world.stirred
                    if holds():
                        return
                    await stirred.wait()
        except TimeoutError:
            shown = self.world.shown.model_dump_json(exclude={"state"}) if self.world.snapshots else "nothing"
            raise TimeoutError(f"{self.workflow_id} never came to it; it shows {shown}") from None

    async def ended(self) -> Any:
        """Waits for the end of the workflow and returns what it returned."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.client.get_workflow_handle(self.workflow_id).result()

    async def at_rest(self) -> None:
        """Waits until nothing is under way: people act seconds apart, and what comes at once shares a workflow task."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                now = (await self.client.get_workflow_handle(self.workflow_id).describe()).raw_description
                if not now.pending_activities and not now.HasField("pending_workflow_task"):
                    return
                await asyncio.sleep(0.05)

    async def timers_fired(self, count: int) -> None:
        """Waits until that many timers of the case have fired."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._fired() < count:  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.2)

    async def _fired(self) -> int:
        history = await self.client.get_workflow_handle(self.workflow_id).fetch_history()
        return sum(event.HasField("timer_fired_event_attributes") for event in history.events)


async def ticket_life(life: Life, window_seconds: float = SHORT_WINDOW_SECONDS) -> None:
    """A message opens a ticket whose order is known; an agent replies and resolves; nobody writes; it closes."""
    life.world.ticket_policy["reopen_window"] = window_seconds
    await life.begin(MessageArrived(message_id=life.world.message_id))
    await life.apply(Reply(text="It ships today."))
    await life.apply(Resolve())
    await life.ended()


async def patient_ticket_life(life: Life) -> None:
    """The same in the order of a real week: the first deadline's timer would fire long before the reopen window ends."""
    lengths = {ClockName.FIRST_RESPONSE: 6, ClockName.RESOLUTION: 7}
    targets = tuple(
        TargetRule(clock=clock, within=timedelta(seconds=seconds), calendar=ALWAYS_OPEN.name)
        for clock, seconds in lengths.items()
    )
    life.world.ticket_policy["promises"] = Promises(calendars={ALWAYS_OPEN.name: ALWAYS_OPEN}, targets=targets)
    await ticket_life(life, window_seconds=9.0)


async def return_life(life: Life) -> None:
    """A return is approved, received and accepted whole within hours; store, books and customer follow; it closes."""
    await life.begin()
    await life.apply(Approve())
    await life.until(lambda: "label" in life.world.kinds())
    await life.apply(ALL_RECEIVED)
    await life.apply(ALL_ACCEPTED)
    await life.ended()


async def slow_return_life(life: Life) -> None:
    """The same, but each step comes shortly before its deadline, so that each deadline has a timer of its own."""
    life.world.return_rules |= {
        "approval_deadline": timedelta(seconds=4),
        "parcel_deadline": timedelta(seconds=9),
        "inspection_deadline": timedelta(seconds=60),
    }
    await life.begin()
    await life.apply(Approve())
    await life.until(lambda: "label" in life.world.kinds())
    await life.timers_fired(1)
    await life.apply(ALL_RECEIVED)
    await life.timers_fired(2)
    await life.apply(ALL_ACCEPTED)
    await life.ended()
