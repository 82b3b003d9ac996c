"""Returns through the whole stack while the providers fail: `python -m bench returns`.

Each return is requested, approved, received, inspected and settled over the API. Meanwhile answers of store, carrier and ledger
are lost before and after they were carried out, or are errors. In the end store, books and returns must say the same.
"""

import itertools
import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import Progress

from bench import machine, worlds
from tests.stack.clients import Api, Simulators
from tests.stack.goods_back import GoodsBack
from tests.stack.running import running_stack, until

_AT_ONCE = 6
_PATIENCE_SECONDS = 900
_LABEL_SECONDS = 300
"""A label whose purchase was lost is looked for three times, over 85 seconds, before it is bought again."""
_STRIKES = [
    (provider, operation, fault)
    for provider, operation in (("bigcommerce", "refund"), ("xero", "credit_note"), ("shipstation", "label"))
    for fault in ("lost_before", "lost_after_commit", "error_500", "rate_limit")
]
_EVERY = 3
"""Each third return has a fault armed before it goes on."""


def _one(api: Api, simulators: Simulators, order_id: int, strike: tuple[str, str, str] | None) -> GoodsBack:
    """One return up to the end of what people do, or to where one has to look for a label first: twice struck it is bought no
    third time."""
    goods = GoodsBack(api, simulators, order_id, lines=1)
    if strike is not None:
        simulators.arm(*strike)
    goods.say_yes()
    until(lambda: goods.shown()["label"] or goods.is_with_a_person, "a label, or a person's task", _LABEL_SECONDS)
    if not goods.shown()["label"]:
        return goods
    goods.receive()
    if strike is not None:
        simulators.arm(*strike)
    goods.inspect(wait=0)
    return goods


def _judged(goods: GoodsBack, refunds: dict[str, list[Decimal]], notes: dict[str, list[Decimal]], labels: Counter[str]) -> str:
    """`agreed`, `with a person`, or what differs."""
    shown = goods.shown()
    worth, order = goods.worth, str(goods.order["id"])
    found = (refunds.get(order, []), notes.get(f"RMA-{goods.number}", []), labels[f"RMA-{goods.number}"])
    if shown["stage"] == "closed":
        return "agreed" if found == ([worth], [worth], 1) else f"closed, and differs: {found}"
    if max(len(found[0]), len(found[1]), found[2]) > 1:
        return f"open, and more than one: {found}"
    return "with a person" if goods.is_with_a_person else f"open at {shown['stage']} with nobody"


def _amounts(documents: list[dict[str, Any]], key: str, amount: str) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = {}
    for document in documents:
        found.setdefault(str(document.get(key)), []).append(Decimal(str(document[amount])).quantize(Decimal("0.01")))
    return found


def _run(number: int, seed: int, progress: Progress) -> tuple[Counter[str], float]:
    chance = random.Random(seed)
    with running_stack() as stack:
        address = f"http://127.0.0.1:{stack.ports.simulators}/_sim/world"
        httpx.put(address, json=worlds.with_paid_orders(number), timeout=120).raise_for_status()
        api, simulators = Api(stack.ports), Simulators(stack.ports)
        strikes = (chance.choice(_STRIKES) if each % _EVERY == 0 else None for each in itertools.count())
        begun, closed = progress.add_task("inspected", total=number), progress.add_task("settled", total=number)
        begin = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = [
                pool.submit(_one, api, simulators, order_id, strike)
                for order_id, strike in zip(worlds.order_ids(number), strikes, strict=False)
            ]
            goods = []
            for future in futures:
                goods.append(future.result())
                progress.advance(begun)
        left, until = list(goods), time.monotonic() + _PATIENCE_SECONDS
        while left and time.monotonic() < until:
            still = [each for each in left if each.shown()["stage"] != "closed"]
            progress.advance(closed, len(left) - len(still))
            left = still
            if left:
                time.sleep(3)
        taken = time.monotonic() - begin
        refunds = _amounts(simulators.held("bigcommerce/refunds"), "order_id", "total_amount")
        kept = [note for note in simulators.held("xero/credit_notes") if note["Status"] not in ("DELETED", "VOIDED")]
        notes = _amounts(kept, "Reference", "Total")
        labels = Counter(label["rma_number"] for label in simulators.held("shipstation/labels") if not label["voided"])
        return Counter(_judged(each, refunds, notes, labels) for each in goods), taken


def main(
    number: Annotated[int, typer.Option(min=1, help="Returns.")] = 200,
    seed: Annotated[int, typer.Option(help="Chooses the faults.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Take returns to their end while providers fail; fails where store, books and returns disagree."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        judged, taken = _run(number, seed, progress)
    figures = {"machine": machine.description(), "returns": number, "seconds": round(taken), **judged}
    typer.echo(json.dumps(figures, indent=2) if as_json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    if judged["agreed"] + judged["with a person"] != number:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
