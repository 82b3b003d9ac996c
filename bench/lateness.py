"""How late deadlines are noticed: many in the same second, a steady stream, and after an outage.

`python -m bench lateness` starts a whole stack and has real tickets wait. A deadline is noticed when the ticket's workflow says
`missed`; it is shown when the inbox says so. Both are counted from the moment it was due.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import psutil
import sqlalchemy as sql
import typer
from rich.console import Console
from rich.progress import Progress
from temporalio.client import Client

from bench import machine, waiting
from domain.sla import NoticeKind
from storage.engine import Database, open_database
from storage.tables import cases, timeline
from tests.stack.running import Running, running_stack
from workflows.ticket.state import TicketState

SAME_SECOND_GOAL = 120.0
"""Seconds until the last of the deadlines of one second is noticed."""
STEADY_GOAL = 1.0
"""The lateness in seconds that 99 of a hundred deadlines of a steady stream stay below."""
OUTAGE_GOAL = 1.0
"""Seconds from the worker's readiness after an outage to the first overdue deadline noticed."""

_PATIENCE_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 1.0
_SETTLE_SECONDS = 3.0
"""A notice that came twice would come in this time."""
_WARM_UP = 300
_SPARE = 2.0
"""Tickets are stored this much slower, at the worst, than those of the warm-up."""
_SPARE_SECONDS = 15.0


class Measurement(StrEnum):
    SAME_SECOND = "same-second"
    STEADY = "steady"
    OUTAGE = "outage"


@dataclass(frozen=True)
class Lateness:
    """Of the tickets of one measurement, in seconds from the moment each was due, in the order in which they were noticed."""

    asked: int
    noticed: Sequence[float]
    shown: Sequence[float]
    moments: Sequence[datetime]
    lines: int

    @property
    def is_exactly_once(self) -> bool:
        return len(self.noticed) == self.lines == self.asked

    def figures(self) -> dict[str, Any]:
        return {
            "noticed": f"{len(self.noticed)} of {self.asked}" + ("" if self.is_exactly_once else f" in {self.lines} lines"),
            **{f"noticed_{name}": value for name, value in _percentiles(self.noticed).items()},
            **{f"shown_{name}": value for name, value in _percentiles(self.shown).items()},
        }


class TooSlow(RuntimeError):
    """The tickets were not waiting when the first deadline came."""


class Bench:
    """A running stack with tickets in it."""

    def __init__(self, stack: Running, database: Database, state: TicketState, progress: Progress) -> None:
        self.stack = stack
        self._database = database
        self._state = state
        self._progress = progress
        self._per_second = 0.0

    async def warm_up(self) -> None:
        """Lets some tickets begin to wait, and takes from them how long many will need."""
        begin = time.monotonic()
        await self._wait(_WARM_UP, [datetime.now(UTC) + timedelta(days=1)] * _WARM_UP)
        self._per_second = _WARM_UP / (time.monotonic() - begin)

    async def ready(self, offsets: Sequence[float]) -> tuple[str, datetime]:
        """Has a ticket wait for every offset, in seconds from a moment soon after the last of them is ready. Returns their
        title and that moment. Raises TooSlow."""
        first = datetime.now(UTC) + timedelta(seconds=_SPARE * len(offsets) / self._per_second + _SPARE_SECONDS)
        first = first.replace(microsecond=0)
        title = await self._wait(len(offsets), [first + timedelta(seconds=offset) for offset in offsets])
        if datetime.now(UTC) >= first:
            raise TooSlow(
                "the tickets were not all waiting when the first was due: try again on a quieter machine, or with fewer"
            )
        return title, first

    async def _wait(self, count: int, moments: Sequence[datetime]) -> str:
        title = f"bench {uuid4().hex[:8]}"
        storing, beginning = (self._progress.add_task(words, total=count) for words in ("stored", "waiting"))
        ids = await waiting.store(self._database, self._state, moments, title, lambda n: self._progress.advance(storing, n))
        client = await Client.connect(f"127.0.0.1:{self.stack.ports.temporal}", identity="bench")
        await waiting.until_waiting(self._database, client, ids, lambda n: self._progress.advance(beginning, n))
        for task in (storing, beginning):
            self._progress.remove_task(task)
        return title

    async def noticed(self, title: str, count: int, first: datetime) -> Lateness:
        """What was noticed, once it is all or after ten minutes without anything new."""
        task = self._progress.add_task("noticed", total=count)
        await _until(first)
        last, changed = 0, time.monotonic()
        while last < count and time.monotonic() - changed < _PATIENCE_SECONDS:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            now = len((await self._lateness(title, count)).noticed)
            last, changed = (now, time.monotonic()) if now > last else (last, changed)
            self._progress.update(task, completed=now)
        await asyncio.sleep(_SETTLE_SECONDS)
        self._progress.remove_task(task)
        return await self._lateness(title, count)

    async def _lateness(self, title: str, count: int) -> Lateness:
        due_at = sql.cast(cases.c.state["clocks"][0]["due_at"].astext, sql.DateTime(timezone=True))
        query = (
            sql.select(
                sql.func.min(timeline.c.at),
                sql.func.count(),
                sql.func.extract("epoch", sql.func.min(timeline.c.at) - due_at),
                sql.func.extract("epoch", cases.c.updated_at - due_at),
            )
            .join(cases, cases.c.id == timeline.c.case_id)
            .where(cases.c.title == title, timeline.c.kind == NoticeKind.MISSED.value)
            .group_by(cases.c.id)
            .order_by(sql.func.min(timeline.c.at))
        )
        async with self._database.begin() as connection:
            rows = (await connection.execute(query)).all()
        moments, lines, noticed, shown = zip(*rows, strict=True) if rows else ((), (), (), ())
        return Lateness(count, [float(each) for each in noticed], [float(each) for each in shown], moments, sum(lines))


@asynccontextmanager
async def _prepared(stack: Running, progress: Progress) -> AsyncIterator[Bench]:
    database = open_database(stack.database_url)
    try:
        bench = Bench(stack, database, await waiting.opened_ticket(stack, database), progress)
        await bench.warm_up()
        yield bench
    finally:
        await database.close()


async def _same_second(bench: Bench, count: int) -> tuple[dict[str, Any], bool]:
    title, first = await bench.ready([0.0] * count)
    await _until(first)
    before, all_before, begin = _processor_seconds(bench.stack), machine.busy_seconds(), time.monotonic()
    found = await bench.noticed(title, count, first)
    taken, all_used = time.monotonic() - begin, machine.busy_seconds() - all_before
    used = {name: now - before[name] for name, now in _processor_seconds(bench.stack).items()}
    figures = {
        "deadlines": f"{count} in one second",
        **found.figures(),
        "a_second": round(len(found.noticed) / max(found.noticed), 1),
        "processor_ms_each": {name: round(1000 * each / count, 1) for name, each in used.items()},
        "processors_of_others": round((all_used - sum(used.values())) / taken, 2),
        "worker_MB": round(bench.stack.part("worker").memory_info().rss / 1e6),
    }
    return figures, found.is_exactly_once and max(found.noticed) <= SAME_SECOND_GOAL


async def _steady(bench: Bench, rate: float, seconds: float) -> tuple[dict[str, Any], bool]:
    count = round(rate * seconds)
    title, first = await bench.ready([number / rate for number in range(count)])
    found = await bench.noticed(title, count, first)
    figures = {"deadlines": f"{rate:g} a second for {seconds:g} s", **found.figures()}
    return figures, found.is_exactly_once and _percentiles(found.noticed)["p99_s"] <= STEADY_GOAL


async def _outage(bench: Bench, count: int, seconds: float) -> tuple[dict[str, Any], bool]:
    """Everything is killed before the first deadline, and started again after the last."""
    title, first = await bench.ready([seconds * number / count for number in range(count)])
    stack = bench.stack
    await _until(first - timedelta(seconds=1))
    stack.kill()
    await asyncio.sleep(seconds + 1)
    await asyncio.to_thread(stack.start)
    ready = datetime.fromtimestamp((stack.data / "worker-ready").stat().st_mtime, UTC)
    found = await bench.noticed(title, count, first)
    after = [(moment - ready).total_seconds() for moment in found.moments]
    figures = {
        "deadlines": f"{count} while all was down for {seconds:g} s",
        "noticed": found.figures()["noticed"],
        "first_after_ready_s": round(after[0], 2),
        "last_after_ready_s": round(after[-1], 2),
    }
    return figures, found.is_exactly_once and after[0] <= OUTAGE_GOAL


async def _until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at = {"p50_s": 0.5, "p99_s": 0.99, "max_s": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) for name, share in at.items()}


def _processor_seconds(stack: Running) -> dict[str, float]:
    """What each part has used so far. PostgreSQL works in many processes."""
    return {
        "worker": _used(stack.part("worker")),
        "temporal": _used(stack.part("temporal")),
        "postgres": sum(_used(each) for each in (stack.part("postgres"), *stack.part("postgres").children(recursive=True))),
    }


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main(
    only: Annotated[list[Measurement] | None, typer.Argument(help="What to measure; all when none is named.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Deadlines of the same second.")] = 10_000,
    rate: Annotated[float, typer.Option(min=0.1, help="Deadlines a second of the steady stream.")] = 30,
    seconds: Annotated[float, typer.Option(min=1, help="Length of the steady stream.")] = 300,
    overdue: Annotated[int, typer.Option(min=1, help="Deadlines during the outage.")] = 2000,
    down: Annotated[float, typer.Option(min=1, help="Seconds of the outage.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Measure how late deadlines are noticed; fails where one is lost, comes twice, or is later than the goal."""
    wanted = only or list(Measurement)
    figures: dict[str, Any] = {}
    kept = True

    async def measure(stack: Running, progress: Progress) -> None:
        nonlocal kept
        async with _prepared(stack, progress) as bench:
            for name, run in (
                (Measurement.SAME_SECOND, lambda: _same_second(bench, count)),
                (Measurement.STEADY, lambda: _steady(bench, rate, seconds)),
                (Measurement.OUTAGE, lambda: _outage(bench, overdue, down)),
            ):
                if name in wanted:
                    found, good = await run()
                    figures[name.value] = {"machine": machine.description(), **found, "goal": "kept" if good else "missed"}
                    kept = kept and good

    with running_stack() as stack, Progress(console=Console(stderr=True), transient=True) as progress:
        try:
            asyncio.run(measure(stack, progress))
        except TooSlow as error:
            typer.echo(f"lateness: {error}", err=True)
            kept = False
    typer.echo(json.dumps(figures, indent=2) if as_json else _as_text(figures))
    if not kept:
        raise typer.Exit(1)


def _as_text(figures: dict[str, Any]) -> str:
    blocks = ["\n".join([name, *(f"  {key}: {value}" for key, value in found.items())]) for name, found in figures.items()]
    return "\n".join(blocks)


if __name__ == "__main__":
    typer.run(main)
