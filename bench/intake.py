"""Messages accepted a second, durably, by the one way in: `python -m bench.intake`."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import sqlalchemy as sql
import typer
from rich.console import Console
from rich.progress import Progress

from bench import machine
from bench.servers import postgres_database
from domain.messages import Channel, InboundAttachment, InboundMessage, Sender, ThreadHeaders
from domain.playbook import Playbook
from playbook.loader import DEFAULT_FOLDER, load
from storage.blobs import Blobs, open_blobs
from storage.engine import Database
from storage.intake import receive
from storage.tables import messages

STORE = "northwind-tools"
_ANSWER_EVERY = 4
"""Every fourth message answers an earlier one; the others begin tickets."""
_ATTACHMENT_EVERY = 5
_ATTACHMENT_BYTES = 50_000


@dataclass(frozen=True)
class Intake:
    """`latencies` are seconds from the call to the moment the message may be acknowledged."""

    seconds: float
    latencies: list[float]
    stored: int

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Sink:
    """Where a measurement's messages go: the embedded database, a folder of blobs, the shipped playbook."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook) -> None:
        self.database, self.blobs, self.playbook = database, blobs, playbook

    async def take(self, message: InboundMessage) -> float:
        """Accepts one message and returns the seconds that took."""
        begin = time.perf_counter()
        await receive(self.database, self.blobs, self.playbook, message)
        return time.perf_counter() - begin

    async def stored(self) -> int:
        async with self.database.begin() as connection:
            return await connection.scalar(sql.select(sql.func.count()).select_from(messages)) or 0


async def measure(count: int, concurrency: int, rate: float, done: Callable[[], None] = lambda: None) -> Intake:
    """Sends `count` messages: as fast as `concurrency` callers can, or with `rate` so many a second."""
    async with postgres_database() as (database, folder):
        sink = Sink(database, open_blobs(folder / "blobs"), load(DEFAULT_FOLDER))
        warm_up = [await sink.take(message(f"warm-up-{number}", number)) for number in range(5)]
        gate, begin = asyncio.Semaphore(concurrency), time.perf_counter()

        async def one(number: int) -> float:
            if rate:
                await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            async with gate:
                taken = await sink.take(message(str(number), number))
            done()
            return taken

        latencies = await asyncio.gather(*(one(number) for number in range(count)))
        seconds = time.perf_counter() - begin
        return Intake(seconds, list(latencies), await sink.stored() - len(warm_up))


def message(name: str, number: int) -> InboundMessage:
    """A mail as customers write them: some answer an earlier one, some carry a photo."""
    answers = number >= _ANSWER_EVERY and number % _ANSWER_EVERY == 0
    photo = InboundAttachment(
        filename="photo.jpg", content_type="image/jpeg", content=uuid4().bytes * (_ATTACHMENT_BYTES // 16)
    )
    return InboundMessage(
        channel=Channel.EMAIL,
        store=STORE,
        external_id=f"<{name}@customer.example>",
        sender=Sender(email=f"buyer{number % 50}@customer.example", name="Anna Brandt"),
        subject=f"Where is order {10400 + number % 600}?",
        text="Good morning,\n\nwe are still waiting for the second parcel.\n" * 5,
        thread=ThreadHeaders(
            message_id=f"<{name}@customer.example>",
            in_reply_to=f"<{number - 1}@customer.example>" if answers else None,
        ),
        attachments=(photo,) if number % _ATTACHMENT_EVERY == 0 else (),
        received_at=datetime.now(UTC),
    )


def main(
    count: Annotated[int, typer.Option("--n", min=1, help="Messages.")] = 1000,
    concurrency: Annotated[int, typer.Option(min=1, help="Messages being accepted at the same time, at most.")] = 8,
    rate: Annotated[float, typer.Option(min=0, help="Messages a second; 0 is as fast as it goes.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Accept messages into the embedded PostgreSQL, every commit flushed; fails when one is missing afterwards."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("messages", total=count)
        intake = asyncio.run(measure(count, concurrency, rate, lambda: progress.advance(task)))
    figures = {
        "acknowledged": len(intake.latencies),
        "stored": intake.stored,
        "per_second": round(intake.rate, 1),
        **{f"p{share}_ms": round(1000 * intake.percentile(share / 100), 1) for share in (50, 90, 99)},
    }
    if as_json:
        typer.echo(json.dumps({"machine": machine.description(), **figures}, indent=2))
    else:
        typer.echo(f"{machine.description()}; {concurrency} at a time" + (f", {rate:g} a second" if rate else ""))
        typer.echo(", ".join(f"{what.replace('_', ' ')} {value}" for what, value in figures.items()))
    if intake.stored != len(intake.latencies):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
