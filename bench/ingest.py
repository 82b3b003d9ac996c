"""Mail through the whole stack: acknowledged over SMTP, opened as tickets, and in exactly one thread whatever is killed.

`python -m bench ingest` sends 100 mails a second, then a burst; `--kills` has parts of the stack killed while it sends.
"""

import json
import random
import smtplib
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Annotated
from uuid import uuid4

import psutil
import psycopg
import typer
from rich.console import Console
from rich.progress import Progress

from bench import machine
from tests.stack.running import Running, running_stack

STORE_ADDRESS = "support@northwind-tools.example"
_SENTENCES = (
    "where is our order {order}? It should have been delivered last week.",
    "one machine of order {order} arrived broken, please send a replacement.",
    "please send the invoice for order {order} again.",
    "wir warten noch auf die Lieferung der Bestellung {order}.",
    "我们的订单 {order} 什么时候到货？",
)
_RETRIES = 60
_RETRY_SECONDS = 0.5
_KILLED = ("worker", "api", "temporal")


@dataclass
class Sent:
    """What the sender knows: the ids acknowledged with 250, and the seconds each took."""

    acknowledged: set[str] = field(default_factory=set)
    latencies: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def mail(run: str, number: int) -> EmailMessage:
    """Every mail is about an order of its own, every fifth answers the one before it. No two runs have an order in common: the
    later would only join the tickets of the earlier."""
    made, order = EmailMessage(), 100_000 + int(run.removeprefix("run"), 16) % 80_000 * 10_000 + number
    made["From"] = f"buyer{number % 97}@customer{number % 13}.example"
    made["To"] = STORE_ADDRESS
    made["Subject"] = f"Order {order} {run}"
    made["Message-ID"] = f"<{run}.{number}@bench.example>"
    if number % 5 == 4:
        made["In-Reply-To"] = f"<{run}.{number - 1}@bench.example>"
    made.set_content("Hello,\n\n" + _SENTENCES[number % len(_SENTENCES)].format(order=order) + "\n\nRegards\n")
    return made


class Sender(threading.Thread):
    """One connection that sends its share at the given moments, and sends again what was not acknowledged."""

    def __init__(self, port: int, run: str, numbers: range, due: Callable[[int], float], sent: Sent, done: Callable[[], None]):
        super().__init__(daemon=True)
        self._port, self._run, self._numbers, self._due, self._sent, self._done = port, run, numbers, due, sent, done
        self._connection: smtplib.SMTP | None = None

    def run(self) -> None:
        for number in self._numbers:
            time.sleep(max(0.0, self._due(number) - time.perf_counter()))
            self._deliver(number)
            self._done()
        if self._connection is not None:
            self._connection.close()

    def _deliver(self, number: int) -> None:
        message, begin = mail(self._run, number), time.perf_counter()
        for _ in range(_RETRIES):
            try:
                if self._connection is None:
                    self._connection = smtplib.SMTP("127.0.0.1", self._port, timeout=60)
                self._connection.send_message(message)
            except (OSError, smtplib.SMTPException):
                self._connection = None
                time.sleep(_RETRY_SECONDS)
                continue
            with self._sent.lock:
                self._sent.acknowledged.add(str(message["Message-ID"]))
                self._sent.latencies.append(time.perf_counter() - begin)
            return


def send(port: int, count: int, rate: float, connections: int, done: Callable[[], None]) -> tuple[str, Sent]:
    """Sends `count` mails, `rate` a second over so many connections. Returns the run's word and what was acknowledged."""
    run, sent, begin = f"run{uuid4().hex[:8]}", Sent(), time.perf_counter() + 0.2
    senders = [
        Sender(port, run, range(first, count, connections), lambda number: begin + number / rate, sent, done)
        for first in range(connections)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return run, sent


def stored(url: str, run: str) -> tuple[int, int, int]:
    """Of a run: messages stored, messages stored twice, and messages whose ticket no workflow has opened yet."""
    query = """
        SELECT count(*), count(*) - count(DISTINCT message_id),
               count(*) FILTER (WHERE cases.revision = 0)
        FROM messages JOIN cases ON cases.id = messages.case_id WHERE message_id LIKE %s
    """
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query, (f"<{run}.%",)).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def drained(url: str, run: str, count: int, limit: float = 600.0) -> float | None:
    """Seconds until every ticket of the run is open; None where that takes longer than `limit`."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < limit:
        messages, _, waiting = stored(url, run)
        if messages >= count and not waiting:
            return time.perf_counter() - begin
        time.sleep(0.5)
    return None


def kill_at_random(stack: Running, kills: int, seed: int, stop: threading.Event) -> list[str]:
    """Kills one part after another, each once the one before is back; stops early with `stop`."""
    chance, killed = random.Random(seed), []
    while len(killed) < kills and not stop.wait(chance.uniform(0.5, 4.0)):
        name = chance.choice(_KILLED)
        try:
            with stack.surviving(name) as process:
                process.kill()
        except psutil.NoSuchProcess:
            continue
        killed.append(name)
    return killed


def main(
    steady: Annotated[int, typer.Option(min=1, help="Mails at the steady rate.")] = 2000,
    rate: Annotated[float, typer.Option(min=1, help="Mails a second at the steady rate.")] = 100,
    burst: Annotated[int, typer.Option(min=1, help="Mails of the burst, sent within ten seconds.")] = 2000,
    connections: Annotated[int, typer.Option(min=1, help="SMTP connections.")] = 8,
    kills: Annotated[
        int, typer.Option(min=0, help="Kill worker, API or Temporal so many times, sending --replayed mails.")
    ] = 0,
    replayed: Annotated[int, typer.Option(min=1, help="Mails sent while parts are killed.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Chooses what is killed and when.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Send mail to a whole stack and look for every acknowledged one afterwards; fails when one is lost or there twice."""
    figures: dict[str, object] = {"machine": machine.description()}
    with running_stack() as stack, Progress(console=Console(stderr=True), transient=True) as progress:
        if kills:
            figures |= _killed(stack, kills, replayed, connections, seed, progress)
        else:
            figures |= _steady(stack, steady, rate, connections, progress)
            figures |= _burst(stack, burst, connections, progress)
    typer.echo(json.dumps(figures, indent=2) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items()))
    if figures["lost"] or figures["twice"]:
        raise typer.Exit(1)


def _steady(stack: Running, count: int, rate: float, connections: int, progress: Progress) -> dict[str, object]:
    task = progress.add_task("steady", total=count)
    run, sent = send(stack.ports.smtp, count, rate, connections, lambda: progress.advance(task))
    messages, twice, _ = stored(stack.database_url, run)
    return {
        "steady": f"{count} mails, {rate:g} a second, {connections} connections",
        "acknowledged": len(sent.acknowledged),
        "lost": len(sent.acknowledged) - messages,
        "twice": twice,
        "p50_ms": round(1000 * sent.percentile(0.5), 1),
        "p99_ms": round(1000 * sent.percentile(0.99), 1),
        "steady_drained_s": _rounded(drained(stack.database_url, run, len(sent.acknowledged))),
    }


def _burst(stack: Running, count: int, connections: int, progress: Progress) -> dict[str, object]:
    task = progress.add_task("burst", total=count)
    begin = time.perf_counter()
    run, sent = send(stack.ports.smtp, count, count / 10, connections, lambda: progress.advance(task))
    taken = time.perf_counter() - begin
    left = drained(stack.database_url, run, len(sent.acknowledged))
    return {
        "burst": f"{count} mails acknowledged in {taken:.1f} s",
        "burst_drained_s": _rounded(None if left is None else taken + left),
    }


def _killed(stack: Running, kills: int, count: int, connections: int, seed: int, progress: Progress) -> dict[str, object]:
    task, stop = progress.add_task("mails while parts are killed", total=count), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill_at_random, stack, kills, seed, stop)
        run, sent = send(stack.ports.smtp, count, 1000, connections, lambda: progress.advance(task))
        stop.set()
        killed = killing.result()
    left = drained(stack.database_url, run, len(sent.acknowledged), 1800)
    messages, twice, waiting = stored(stack.database_url, run)
    return {
        "killed": {name: killed.count(name) for name in _KILLED},
        "acknowledged": len(sent.acknowledged),
        "lost": len(sent.acknowledged) - messages,
        "twice": twice,
        "not_opened": waiting,
        "drained_s": _rounded(left),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


if __name__ == "__main__":
    typer.run(main)
