"""Ticket lives a second beside a bare Temporal workflow of the same shape: `python -m bench.life --n 300 --concurrency 30`."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import mean
from typing import Annotated
from uuid import UUID, uuid4

import psutil
import typer
from rich.console import Console
from rich.progress import Progress
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from bench import bare, machine
from bench.bare import BareInput, BareTicket
from bench.crowd import Crowd
from bench.lives import PATIENCE_SECONDS, SHORT_WINDOW_SECONDS, Life, serving
from bench.servers import TemporalServer, temporal_server
from workers.lifecycle import QueueContents, build_worker
from workflows._kit.contract import MessageArrived
from workflows.ticket.contract import Reply, Resolve

GOAL = 0.6
ROUNDS = 6
_WARM_UP = 10
_LOOKED_AT = 10


@dataclass
class Side:
    """One of the two that are compared: what one life is, and what all of them took."""

    name: str
    live: Callable[[], Awaitable[str]]
    lives: int = 0
    seconds: float = 0.0
    worker_seconds: float = 0.0
    server_seconds: float = 0.0
    ids: list[str] = field(default_factory=list)
    events: float = 0.0

    @property
    def rate(self) -> float:
        return self.lives / self.seconds

    def as_document(self) -> dict[str, float]:
        return {
            "lives": self.lives,
            "lives_per_second": round(self.rate, 2),
            "worker_cpu_ms_per_life": round(1000 * self.worker_seconds / self.lives, 1),
            "server_cpu_ms_per_life": round(1000 * self.server_seconds / self.lives, 1),
            "events_per_life": round(self.events, 1),
        }


class BareActivities:
    """Empty, but that who waits for a life is told: by show and send, as a world tells it by what it shows."""

    def __init__(self) -> None:
        self.told: dict[str, asyncio.Queue[None]] = {}

    @activity.defn(name=bare.SHOW)
    async def show(self, case_id: str) -> None:
        self.told[case_id].put_nowait(None)

    @activity.defn(name=bare.SEND)
    async def send(self, case_id: str) -> None:
        self.told[case_id].put_nowait(None)


async def compare(lives: int, concurrency: int, done: Callable[[int], None] = lambda _: None) -> tuple[Side, Side]:
    """Lives of both kinds on one server, in turns, so that noise hits both. Returns the product's side and the bare one."""
    async with temporal_server() as server, serving(server.client, queues=()) as crowd, _serving_bare(server) as bare_life:
        ours, yardstick = Side("ticket", lambda: _live(server.client, crowd)), Side("bare", bare_life)
        for side in (ours, yardstick):
            await _run(side, _WARM_UP, concurrency)
        for number in range(ROUNDS):
            order = (ours, yardstick) if number % 2 == 0 else (yardstick, ours)
            share = lives // ROUNDS + (number < lives % ROUNDS)
            for side in order:
                await _measured(side, share, concurrency, server.process_id)
                done(share)
        for side in (ours, yardstick):
            side.events = await _events(server.client, side.ids[-_LOOKED_AT:])
        return ours, yardstick


async def _measured(side: Side, lives: int, concurrency: int, server_process: int) -> None:
    begin, worker, server = time.perf_counter(), time.process_time(), _processor_seconds(server_process)
    side.ids += await _run(side, lives, concurrency)
    side.seconds += time.perf_counter() - begin
    side.worker_seconds += time.process_time() - worker
    side.server_seconds += _processor_seconds(server_process) - server
    side.lives += lives


async def _run(side: Side, lives: int, concurrency: int) -> list[str]:
    gate = asyncio.Semaphore(concurrency)

    async def one() -> str:
        async with gate:
            return await side.live()

    return await asyncio.gather(*(one() for _ in range(lives)))


async def _live(client: Client, crowd: Crowd) -> str:
    life = Life(client, crowd, "ticket")
    life.world.ticket_policy["reopen_window"] = SHORT_WINDOW_SECONDS
    await life.begin(MessageArrived(message_id=life.world.message_id))
    for decision in (Reply(text="It ships today."), Resolve()):
        said = await life.decide(decision)
        if said != "applied":
            raise RuntimeError(f"{life.workflow_id}: “{decision.kind}” was refused: {said}")
    await life.ended()
    crowd.forget(life.start.case_id)
    return life.workflow_id


@contextlib.asynccontextmanager
async def _serving_bare(server: TemporalServer) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A worker tuned like ours, on a connection with Temporal's own data converter. Yields what lives one bare life."""
    client = await Client.connect(server.address, identity="bare")
    activities = BareActivities()
    contents = QueueContents((BareTicket,), (bare.read, activities.show, activities.send))
    async with build_worker(client, bare.QUEUE, contents, timedelta(seconds=5)):
        yield lambda: _live_bare(client, activities, uuid4())


async def _live_bare(client: Client, activities: BareActivities, case: UUID) -> str:
    case_id, workflow_id = str(case), f"bare-{case}"
    told = activities.told[case_id] = asyncio.Queue()
    async with asyncio.timeout(PATIENCE_SECONDS):
        for word in ("opened", "reply", "resolve"):
            handle = await client.start_workflow(
                "bare",
                BareInput(case_id, SHORT_WINDOW_SECONDS),
                id=workflow_id,
                task_queue=bare.QUEUE,
                task_timeout=timedelta(seconds=5),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="message",
                start_signal_args=[word],
            )
            await told.get()
        await handle.result()
    del activities.told[case_id]
    return workflow_id


def _processor_seconds(process_id: int) -> float:
    """What the server's process and those it started have used."""
    process = psutil.Process(process_id)
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


async def _events(client: Client, ids: list[str]) -> float:
    described = [await client.get_workflow_handle(each).describe() for each in ids]
    return mean(each.history_length for each in described)


def main(
    lives: Annotated[int, typer.Option("--n", min=ROUNDS, help="Lives of each kind.")] = 300,
    concurrency: Annotated[int, typer.Option(min=1, help="Lives at the same time.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare ticket lives a second with a bare workflow of the same shape; fails below 0.6 of it."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("lives of both kinds", total=2 * lives)
        ours, yardstick = asyncio.run(compare(lives, concurrency, lambda count: progress.advance(task, count)))
    ratio = ours.rate / yardstick.rate
    document = {side.name: side.as_document() for side in (ours, yardstick)}
    if as_json:
        typer.echo(json.dumps({"machine": machine.description(), **document, "ratio": round(ratio, 3), "goal": GOAL}, indent=2))
    else:
        typer.echo(f"{machine.description()}; {concurrency} at a time")
        for name, figures in document.items():
            typer.echo(f"{name:6} " + ", ".join(f"{value} {what.replace('_', ' ')}" for what, value in figures.items()))
        typer.echo(f"ratio {ratio:.2f}, goal {GOAL}")
    if ratio < GOAL:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
