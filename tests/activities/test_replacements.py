"""Goods sent again, taken back and put into the stock, against the store's stand-in: what is refused, and with what words."""

from typing import Any
from uuid import UUID

import pytest

from activities._kit.effects import EffectLedger
from activities._kit.errors import Ambiguous, Rejected, Unclear
from activities.bigcommerce.cancelling import Cancelling
from activities.bigcommerce.models import CancelRequest, GoodsLine, ReplacementRequest, RestockRequest
from activities.bigcommerce.replacements import Replacements
from activities.bigcommerce.restocking import Restocking
from activities.bigcommerce.stores import Stores, UnknownOrder
from domain.effects import EffectState
from storage.cases import decide_effect
from storage.engine import Database
from tests.activities.conftest import Outside, as_temporal

pytestmark = pytest.mark.simulators

STORE, ORDER, LINE, SKU = "northwind-tools", "10400", "1040001", "NW-DRL-18V"
ONE = (GoodsLine(line_id=LINE, quantity=1),)


@pytest.fixture
def replacements(ledger: EffectLedger, stores: Stores, outside: Outside) -> Replacements:
    return Replacements(ledger, stores)


@pytest.fixture
def restocking(ledger: EffectLedger, stores: Stores, outside: Outside) -> Restocking:
    return Restocking(ledger, stores)


def goods(case_id: UUID, **changes: Any) -> ReplacementRequest:
    whole = {
        "op_key": "rma-1.replacement.1",
        "case_id": case_id,
        "store": STORE,
        "order_id": ORDER,
        "lines": ONE,
        "note": "RMA-1",
    }
    return ReplacementRequest.model_validate(whole | changes)


def stock(case_id: UUID, **changes: Any) -> RestockRequest:
    whole = {"op_key": "rma-1.restock.1", "case_id": case_id, "store": STORE, "order_id": ORDER, "lines": ONE, "location_id": 1}
    return RestockRequest.model_validate(whole | changes)


def on_hand(outside: Outside) -> int:
    return next(found["inventory_level"] for found in outside.held("bigcommerce", "products") if found["sku"] == SKU)


def made(outside: Outside) -> list[dict[str, Any]]:
    return [order for order in outside.held("bigcommerce", "orders") if order["external_order_id"].startswith("rma-1.")]


async def test_goods_go_to_the_same_address_at_no_price(replacements: Replacements, outside: Outside, case_id: UUID) -> None:
    replacement = await replacements.replace(goods(case_id))
    [order] = made(outside)
    first = next(found for found in outside.held("bigcommerce", "orders") if str(found["id"]) == ORDER)
    assert replacement.order_id == str(order["id"])
    assert order["total_inc_tax"] == "0.0000"
    assert [(line["sku"], line["quantity"], line["price_inc_tax"]) for line in order["products"]] == [(SKU, 1, "0.0000")]
    assert (order["customer_id"], order["company_id"]) == (first["customer_id"], first["company_id"])
    assert order["billing_address"]["street_1"] == first["billing_address"]["street_1"]
    assert (order["status"], order["staff_notes"]) == ("Awaiting Fulfillment", "RMA-1")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"order_id": "999999"}, UnknownOrder, "Order 999999 is not known to Northwind Tools"),
        ({"order_id": "10400/../1"}, UnknownOrder, "is not known"),
        ({"lines": (GoodsLine(line_id="77", quantity=1),)}, Rejected, "Order 10400 has no line 77"),
        ({"lines": (GoodsLine(line_id=LINE, quantity=900),)}, Rejected, "is more than order 10400 has of it"),
    ],
)
async def test_what_the_order_does_not_have_is_not_sent(
    replacements: Replacements, outside: Outside, case_id: UUID, change: dict[str, Any], error: type[Rejected], words: str
) -> None:
    with pytest.raises(error, match=words):
        await replacements.replace(goods(case_id, **change))
    assert made(outside) == []


async def test_a_lost_call_is_for_a_person_who_may_ask_again(
    replacements: Replacements, outside: Outside, case_id: UUID
) -> None:
    outside.arm("bigcommerce", "order_create", "lost_before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: replacements.replace(goods(case_id)))
    assert made(outside) == []
    replacement = await replacements.replace(goods(case_id, attempt=2))
    assert [str(order["id"]) for order in made(outside)] == [replacement.order_id]


async def test_a_person_who_sent_the_goods_gives_the_number(
    replacements: Replacements, outside: Outside, database: Database, case_id: UUID
) -> None:
    outside.arm("bigcommerce", "order_create", "lost_before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: replacements.replace(goods(case_id)))
    async with database.begin() as connection:
        await decide_effect(connection, "rma-1.replacement.1", EffectState.DONE, "90777")
    assert (await replacements.replace(goods(case_id))).order_id == "90777"


async def test_a_replacement_is_taken_back_until_it_has_left(
    replacements: Replacements, ledger: EffectLedger, stores: Stores, outside: Outside, case_id: UUID
) -> None:
    cancelling = Cancelling(ledger, stores)

    def ask(key: str, order: str) -> CancelRequest:
        return CancelRequest(op_key=key, case_id=case_id, store=STORE, order_id=order)

    early = await replacements.replace(goods(case_id))
    assert (await cancelling.cancel_replacement(ask("rma-1.cancel.1", early.order_id))).cancelled
    late = await replacements.replace(goods(case_id, op_key="rma-1.replacement.2"))
    outside.advance(kind="order", id=int(late.order_id), to=2)
    answer = await cancelling.cancel_replacement(ask("rma-1.cancel.2", late.order_id))
    assert (answer.cancelled, answer.words) == (False, f"Order {late.order_id} has left already, at least in part.")
    statuses = {str(order["id"]): order["status"] for order in made(outside)}
    assert statuses == {early.order_id: "Cancelled", late.order_id: "Shipped"}


async def test_accepted_goods_are_in_the_stock_again(restocking: Restocking, outside: Outside, case_id: UUID) -> None:
    before = on_hand(outside)
    assert (await restocking.restock(stock(case_id))).added == {SKU: 1}
    assert on_hand(outside) == before + 1
    await restocking.restock(stock(case_id))
    assert on_hand(outside) == before + 1


async def test_a_stock_that_moved_meanwhile_is_for_a_person(restocking: Restocking, outside: Outside, case_id: UUID) -> None:
    outside.arm("bigcommerce", "inventory_adjustment", "lost_after_commit")
    with pytest.raises(Ambiguous):
        await restocking.restock(stock(case_id))
    await restocking.restock(stock(case_id, op_key="rma-2.restock.1"))
    with pytest.raises(Unclear, match=f"The stock in .* moved meanwhile: {SKU}"):
        await as_temporal(lambda: restocking.restock(stock(case_id)))


async def test_a_location_without_stock_is_named(restocking: Restocking, outside: Outside, case_id: UUID) -> None:
    with pytest.raises(Rejected, match=f"keeps no stock of {SKU} at location 9"):
        await restocking.restock(stock(case_id, location_id=9))
    assert outside.calls("inventory_adjustment") == []
