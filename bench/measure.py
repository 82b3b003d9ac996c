"""What a life costs: the server's own counter of billed actions, the history by event type, and a formula beside both."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from bench.crowd import Crowd
from bench.lives import Life, patient_ticket_life, return_life, serving, slow_return_life, ticket_life
from bench.servers import TemporalServer, temporal_server


@dataclass(frozen=True)
class Budget:
    actions: int
    events: int


@dataclass(frozen=True)
class Script:
    """A life to measure. Without a budget it is printed for comparison only."""

    name: str
    process: str
    title: str
    live: Callable[[Life], Awaitable[None]]
    budget: Budget | None


SCRIPTS = (
    Script("ticket", "ticket", "Ticket: message, reply, resolve, close", ticket_life, Budget(9, 31)),
    Script("rma", "rma", "Return: approve, receive, inspect, close", return_life, Budget(14, 45)),
    Script("ticket-week", "ticket", "Ticket closing long after its first timer", patient_ticket_life, Budget(9, 31)),
    Script("rma-slow", "rma", "Return with each step close to its deadline", slow_return_life, None),
)


@dataclass(frozen=True)
class Cost:
    """What one life came to. `formula` is worked out from the history alone and must agree with the counter."""

    script: Script
    actions: Counter[str]
    events: Counter[str]
    formula: int

    @property
    def is_within_budget(self) -> bool:
        budget = self.script.budget
        return budget is None or (self.actions.total() <= budget.actions and self.events.total() <= budget.events)

    def as_text(self) -> str:
        """The table: totals against the budget, then every kind of action and of event."""
        budget = self.script.budget
        limits = f" (at most {budget.actions} actions, {budget.events} events)" if budget else ""
        lines = [
            f"{self.script.title}: {self.actions.total()} actions, {self.events.total()} events{limits}; "
            f"by the formula {self.formula} actions"
        ]
        for heading, counted in (("actions", self.actions), ("events", self.events)):
            lines.append(f"  {heading}")
            lines += [f"    {count:3} {kind}" for kind, count in sorted(counted.items())]
        return "\n".join(lines)


async def measure(names: Iterable[str], done: Callable[[Cost], None] = lambda _: None) -> list[Cost]:
    """Lives the named scripts one after the other on a server of their own. `done` is told of each."""
    wanted = set(names)
    costs: list[Cost] = []
    async with temporal_server() as server, serving(server.client) as crowd:
        for script in SCRIPTS:
            if script.name in wanted:
                costs.append(await _cost(server, crowd, script))
                done(costs[-1])
    return costs


async def _cost(server: TemporalServer, crowd: Crowd, script: Script) -> Cost:
    before = await server.actions()
    life = Life(server.client, crowd, script.process)
    await script.live(life)
    counted = await server.actions()
    counted.subtract(before)
    history = list((await server.client.get_workflow_handle(life.workflow_id).fetch_history()).events)
    return Cost(script, +counted, Counter(_kind(event) for event in history), formula(history))


def formula(history: list[HistoryEvent]) -> int:
    """Actions of one run by the rules of the bill: start, signals, timers, attempts of activities, tasks with markers and
    upserts of search attributes. A start that carries a signal is one action with it."""
    kinds = Counter(_kind(event) for event in history)
    attempts = sum(
        event.activity_task_started_event_attributes.attempt
        for event in history
        if event.HasField("activity_task_started_event_attributes")
    )
    tasks_with_markers = {
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history
        if event.HasField("marker_recorded_event_attributes")
    }
    signal_with_start = _kind(history[1]) == "WorkflowExecutionSignaled"
    return (
        1
        + kinds["WorkflowExecutionSignaled"]
        - signal_with_start
        + kinds["TimerStarted"]
        + attempts
        + len(tasks_with_markers)
        + kinds["UpsertWorkflowSearchAttributes"]
    )


def _kind(event: HistoryEvent) -> str:
    words = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").split("_")
    return "".join(word.capitalize() for word in words)
