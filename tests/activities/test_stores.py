"""What the stores know, whatever state they are in."""

import time
from decimal import Decimal

import httpx
import pytest

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, Transient
from activities.bigcommerce.models import LookUp
from activities.bigcommerce.stores import Stores, UnknownOrder
from activities.bigcommerce.watching import SCOPES
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from tests.activities.conftest import Outside

STORE = "northwind-tools"
READS = ("order", "order_products", "shipments", "b2b_order", "users", "company", "company_credit", "payment_terms")


@pytest.fixture(autouse=True)
def _world(outside: Outside) -> None:
    """Every test of this module has the demo world."""


async def test_an_order_in_three_waves(stores: Stores) -> None:
    order = await stores.order(STORE, "10452")
    assert order is not None
    assert (order.order_id, order.currency, order.is_paid, order.purchase_order) == ("10452", "EUR", True, "PO-77144")
    assert [line.sku for line in order.lines][:2] == ["NW-DRL-18V", "NW-IMP-18V"]
    assert order.lines[0].price == Decimal("178.80")
    assert len(order.shipments) == 3
    assert {shipment.carrier for shipment in order.shipments} == {"ups", "dhl"}
    assert all(shipment.tracking_number and shipment.lines for shipment in order.shipments)
    assert order.placed_at.utcoffset() is not None


async def test_lists_are_read_to_their_end_in_all_three_ways_of_paging(
    stores: Stores, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = stores.client(STORE)
    for destination in ("https://desk.example/a", "https://desk.example/b"):
        for scope in SCOPES:
            await client.create_hook(scope, destination, {})
    skus = [product["sku"] for product in outside.held("bigcommerce", "products") if product["store"] == STORE]
    whole = [
        await client.orders_changed("2020-01-01T00:00:00Z"),
        await client.hooks("https://desk.example/b"),
        await client.stock(skus),
        await stores.client("casa-lumen").quotes_of_company("S"),
    ]
    monkeypatch.setattr("activities.bigcommerce.client._PAGE", 2)
    monkeypatch.setattr("activities.bigcommerce.client._B2B_PAGE", 1)
    paged = [
        await client.orders_changed("2020-01-01T00:00:00Z"),
        await client.hooks("https://desk.example/b"),
        await client.stock(skus),
        await stores.client("casa-lumen").quotes_of_company("S"),
    ]
    assert paged == whole
    assert min(map(len, whole)) > 1


@pytest.mark.parametrize("order_id", ["99", "0", "10452/../10400", "ten", "١٠"])
async def test_an_order_nobody_knows(stores: Stores, order_id: str) -> None:
    assert await stores.order(STORE, order_id) is None
    with pytest.raises(UnknownOrder):
        await stores.buyer_address(STORE, order_id)


async def test_an_order_is_read_although_its_purchase_order_cannot(stores: Stores, outside: Outside) -> None:
    outside.arm("bigcommerce", "b2b_order", "error_500")
    order = await stores.order(STORE, "10452")
    assert order is not None
    assert order.purchase_order is None


async def test_a_store_that_is_down(stores: Stores, outside: Outside) -> None:
    outside.arm("bigcommerce", "*", "error_500", count=50)
    with pytest.raises(Transient):
        await stores.order(STORE, "10452")


async def test_who_bought_and_where(stores: Stores) -> None:
    buyer = await stores.buyer_address(STORE, "10452")
    assert (buyer.name, buyer.company) == ("Tom Okafor", "Brightwell Construction Ltd")
    assert buyer.email == "tom.okafor@brightwell-construction.example"
    assert (buyer.postal_code, buyer.country_code) == ("M1 3HE", "GB")


async def test_a_look_up_by_number(stores: Stores) -> None:
    context = await stores.look_up(LookUp(store=STORE, order_ids=("10452", "10400", "10452")))
    assert [order.order_id for order in context.orders] == ["10452", "10400"]
    assert context.company is not None
    assert (context.company.name, context.company.payment_terms_days) == ("Brightwell Construction Ltd", 30)
    assert (context.company.group_id, context.company.credit_hold) == ("13", False)
    assert (context.missing, context.store_answered) == ((), True)


async def test_a_company_on_credit_hold(stores: Stores) -> None:
    context = await stores.look_up(LookUp(store="casa-lumen", order_ids=("10426",)))
    assert context.company is not None
    assert context.company.credit_hold


async def test_an_order_of_another_store_is_unknown(stores: Stores) -> None:
    context = await stores.look_up(LookUp(store="casa-lumen", order_ids=("10452",)))
    assert context.missing == ("Order 10452 is not known to Casa Lumen.",)
    assert context.store_answered


async def test_a_look_up_by_address(stores: Stores) -> None:
    email = "tom.okafor@brightwell-construction.example"
    context = await stores.look_up(LookUp(store=STORE, email=email.upper()))
    assert context.orders
    assert {order.customer_id for order in context.orders} == {"1002"}
    assert context.orders[0].placed_at >= context.orders[-1].placed_at
    assert context.company is not None


async def test_an_unknown_number_of_a_known_buyer(stores: Stores) -> None:
    email = "tom.okafor@brightwell-construction.example"
    context = await stores.look_up(LookUp(store=STORE, order_ids=("99999",), email=email))
    assert context.orders
    assert context.missing == ("Order 99999 is not known to Northwind Tools.",)


async def test_a_sender_nobody_knows_is_not_named(stores: Stores) -> None:
    context = await stores.look_up(LookUp(store=STORE, email="nobody@nowhere.example"))
    assert (context.orders, context.company) == ((), None)
    assert context.missing == ("The sender is not known to Northwind Tools.",)


@pytest.mark.parametrize("read", READS)
async def test_a_look_up_never_raises(stores: Stores, outside: Outside, read: str) -> None:
    outside.arm("bigcommerce", read, "lost_before" if read in ("order", "users") else "error_500", count=9)
    context = await stores.look_up(LookUp(store=STORE, order_ids=("10452",)))
    if read in ("order", "order_products", "shipments"):
        assert context.missing == ("The store did not answer; order details will follow.",)
        assert not context.store_answered
    else:
        assert context.orders


async def test_a_slow_store_is_not_waited_for(
    accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient, outside: Outside
) -> None:
    outside.arm("bigcommerce", "order", "slow", count=2, seconds=2)
    started = time.monotonic()
    context = await Stores(accounts, RunningPlaybook(playbook), client, look_up_seconds=0.3).look_up(
        LookUp(store=STORE, order_ids=("10452",))
    )
    assert time.monotonic() - started < 1
    assert context.missing == ("The store did not answer; order details will follow.",)
    assert not context.store_answered


async def test_a_store_that_locks_us_out_or_has_no_account(
    accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient
) -> None:
    wrong = accounts.bigcommerce[STORE].model_copy(update={"token": "wrong"})
    stores = Stores(accounts.model_copy(update={"bigcommerce": {STORE: wrong}}), RunningPlaybook(playbook), client)
    with pytest.raises(NeedsOperator, match="Unauthorized"):
        await stores.order(STORE, "10452")
    context = await stores.look_up(LookUp(store=STORE, order_ids=("10452",)))
    assert context.missing == ("Northwind Tools refuses our access; order details will follow once that is mended.",)
    elsewhere = await stores.look_up(LookUp(store="casa-lumen", order_ids=("10426",)))
    assert not elsewhere.store_answered
