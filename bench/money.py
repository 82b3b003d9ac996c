"""Money moves once: as many refunds and credit notes as are wanted, every answer lost after the provider has carried it out.

`python -m bench money` runs the product's own activities against the stand-ins over HTTP and a real PostgreSQL, tries again as
Temporal does, and then compares what store and ledger hold with what was decided.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sql
import typer
from rich.console import Console
from rich.progress import Progress

from activities._kit.accounts import Accounts, BigCommerceAccount, XeroAccount
from activities._kit.effects import EffectLedger
from activities._kit.errors import OutsideError
from activities._kit.http import open_client
from activities.bigcommerce.models import RefundLine, RefundRequest
from activities.bigcommerce.refunds import Refunds
from activities.bigcommerce.stores import Stores
from activities.finance.credit_notes import CreditNotes
from activities.finance.ledger import Ledger
from activities.finance.models import CreditLine, CreditNoteRequest
from activities.finance.xero_access import XeroAccess
from bench import machine, worlds
from bench.servers import postgres_database
from playbook.loader import DEFAULT_FOLDER, load
from playbook.running import RunningPlaybook
from storage.engine import Database
from storage.tables import cases, effects
from tests.simulators.conftest import start

_LOOK_DELAYS = (timedelta(milliseconds=5), timedelta(milliseconds=20), timedelta(milliseconds=60))
_AT_ONCE = 8
_MOST_ATTEMPTS = 30
_ARMED = 10
"""Strikes armed for each write, more than it takes tries."""
_ACCOUNT = "main"
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Books:
    """What the providers hold in the end, by order: amounts of refunds, totals of notes."""

    refunds: dict[str, list[Decimal]]
    notes: dict[str, list[Decimal]]


async def _as_temporal(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Again after what may be tried again, without the pauses."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            return await attempt()
        except OutsideError as error:
            if error.non_retryable:
                raise
    raise RuntimeError(f"no end after {_MOST_ATTEMPTS} attempts")


class _Settling:
    """The activities of the product before the stand-ins."""

    def __init__(self, database: Database, accounts: Accounts, client: httpx.AsyncClient) -> None:
        self._database = database
        ledger = EffectLedger(database, _LOOK_DELAYS)
        self._refunds = Refunds(ledger, Stores(accounts, RunningPlaybook(load(DEFAULT_FOLDER)), client))
        self._notes = CreditNotes(ledger, Ledger(accounts, client, XeroAccess(database, None, client)))

    async def settle(self, order_id: int) -> Decimal:
        """One piece of the order's line, paid back and credited. Returns the amount decided."""
        case_id = await self._case()
        refund = RefundRequest(
            op_key=f"bench.refund.{order_id}",
            case_id=case_id,
            store=worlds.STORE,
            order_id=str(order_id),
            lines=(RefundLine(line_id=worlds.line_id(order_id), quantity=1),),
            reason="bench",
        )
        paid = await _as_temporal(lambda: self._refunds.refund(refund))
        note = CreditNoteRequest(
            op_key=f"bench.note.{order_id}",
            case_id=case_id,
            account=_ACCOUNT,
            number=f"CN-{order_id}",
            invoice_number=f"INV-{order_id}",
            lines=(CreditLine(sku=worlds.SKU, quantity=1),),
            expected_total=paid.amount,
            refunded=True,
            reference=str(order_id),
            reason="bench",
        )
        await _as_temporal(lambda: self._notes.credit_note(note))
        return paid.amount

    async def _case(self) -> UUID:
        case_id = uuid4()
        row = {"process": "rma", "workflow_id": f"rma-{case_id}", "store": worlds.STORE, "title": "Return"}
        async with self._database.begin() as connection:
            await connection.execute(sql.insert(cases).values(id=case_id, status="open", stage="settling", **row))
        return case_id


def _accounts(url: str) -> Accounts:
    world = json.loads(worlds.DEMO.read_bytes())
    store = next(store for store in world["stores"] if store["key"] == worlds.STORE)
    api = f"{url}/bigcommerce/stores/{store['hash']}"
    held = BigCommerceAccount(api=api, b2b="", store_hash=store["hash"], token=store["access_token"])
    ledger = world["ledger"]
    books = XeroAccount(api=f"{url}/xero/api.xro/2.0", token=ledger["access_token"], tenant_id=ledger["tenant_id"])
    return Accounts(bigcommerce={worlds.STORE: held}, xero={_ACCOUNT: books})


def _held(control: httpx.Client) -> _Books:
    refunds: dict[str, list[Decimal]] = {}
    for refund in json.loads(control.get("/_sim/bigcommerce/refunds").text, parse_float=Decimal):
        refunds.setdefault(str(refund["order_id"]), []).append(Decimal(refund["total_amount"]))
    notes: dict[str, list[Decimal]] = {}
    for note in json.loads(control.get("/_sim/xero/credit_notes").text, parse_float=Decimal):
        if note["Status"] not in ("DELETED", "VOIDED"):
            notes.setdefault(str(note["Reference"]), []).append(Decimal(note["Total"]))
    return _Books(refunds, notes)


def _prepare(control: httpx.Client, number: int) -> None:
    """The orders, and the promise that no answer to a refund or a credit note comes back."""
    control.put("/_sim/world", json=worlds.with_paid_orders(number)).raise_for_status()
    for provider, operation in (("bigcommerce", "refund"), ("xero", "credit_note")):
        fault = {"provider": provider, "operation": operation, "fault": "lost_after_commit", "count": _ARMED * number}
        control.post("/_sim/faults", json=fault).raise_for_status()


async def _measure(number: int, control: httpx.Client, progress: Progress) -> dict[str, Any]:
    task, slots = progress.add_task("refunds and credit notes", total=number), asyncio.Semaphore(_AT_ONCE)
    decided: dict[str, Decimal] = {}
    async with postgres_database() as (database, _), open_client() as client:
        settling = _Settling(database, _accounts(str(control.base_url).rstrip("/")), client)

        async def one(order_id: int) -> None:
            async with slots:
                decided[str(order_id)] = await settling.settle(order_id)
                progress.advance(task)

        begin = time.perf_counter()
        await asyncio.gather(*(one(order_id) for order_id in worlds.order_ids(number)))
        taken = time.perf_counter() - begin
        async with database.begin() as connection:
            states = Counter((await connection.execute(sql.select(effects.c.state))).scalars())
    books = _held(control)
    return {
        "machine": machine.description(),
        "decided": len(decided),
        "answers lost after commit": _struck(control, number),
        "refunds in the store": sum(map(len, books.refunds.values())),
        "credit notes in the ledger": sum(map(len, books.notes.values())),
        "orders that differ": sum(
            books.refunds.get(order) != [amount] or books.notes.get(order) != [amount] for order, amount in decided.items()
        ),
        "effects": dict(states),
        "seconds": round(taken, 1),
    }


def _struck(control: httpx.Client, number: int) -> int:
    """Calls whose answer did not come back: what is left of the faults that were armed for the two providers."""
    return 2 * _ARMED * number - sum(fault["count"] for fault in control.get("/_sim/faults").json()["armed"])


def main(
    number: Annotated[int, typer.Option(min=1, help="Refunds, and as many credit notes.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Refund and credit with every answer lost after commit; fails where books, store and decisions differ."""
    running = start(None)
    control = httpx.Client(base_url=running.url, timeout=120)
    try:
        _prepare(control, number)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            figures = asyncio.run(_measure(number, control, progress))
    finally:
        running.stop()
    typer.echo(json.dumps(figures, indent=2) if as_json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    counts = {figures[name] for name in ("decided", "refunds in the store", "credit notes in the ledger")}
    if figures["orders that differ"] or counts != {number}:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
