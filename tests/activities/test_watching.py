"""The watch of a store: hooks that are missing or off, and what they did not tell of."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, Transient
from activities._kit.models import Watched, WatchRequest
from activities.bigcommerce import watching
from activities.bigcommerce.stores import Stores
from activities.bigcommerce.watching import SCOPES, SECRET_HEADER, StoreWatch, hook_secret
from activities.carriers.watching import CarrierWatch
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage import order_records
from storage.engine import Database
from storage.tables import cases
from tests.activities.conftest import Outside

STORE = "northwind-tools"
DESTINATION = f"https://desk.example/webhooks/bigcommerce/{STORE}"
HOURS_72 = timedelta(hours=72)


@pytest.fixture
def connected(accounts: Accounts) -> Accounts:
    """The stores, with the secret that their hooks are signed with."""
    stores = {key: each.model_copy(update={"client_secret": "signs"}) for key, each in accounts.bigcommerce.items()}
    return accounts.model_copy(update={"bigcommerce": stores})


@pytest.fixture
def watch(
    connected: Accounts, playbook: Playbook, client: httpx.AsyncClient, database: Database, outside: Outside
) -> StoreWatch:
    stores = Stores(connected, RunningPlaybook(playbook), client)
    return StoreWatch(stores, database, "https://desk.example/")


async def test_the_hook_of_a_carrier_account_is_made_once_and_again_where_it_is_gone(
    accounts: Accounts, client: httpx.AsyncClient, outside: Outside
) -> None:
    watch = CarrierWatch(accounts, client, "https://desk.example/")
    request = WatchRequest(account="main", since=datetime.now(UTC))
    assert [(await watch.watch(request)).created for _ in range(2)] == [("track",), ()]
    (hook,) = outside.held("shipstation", "hooks")
    assert hook["url"] == "https://desk.example/webhooks/shipstation/main"
    at, headers = f"{accounts.shipstation['main'].api}/v1/environment/webhooks", {"API-Key": "shipstation-demo-key"}
    assert (await client.delete(f"{at}/{hook['webhook_id']}", headers=headers)).status_code == 204
    assert (await watch.watch(request)).created == ("track",)
    outside.arm("shipstation", "hooks", "error_500")
    with pytest.raises(Transient):
        await watch.watch(request)


async def looked(watch: StoreWatch, since: datetime | None = None) -> Watched:
    return await watch.watch(WatchRequest(account=STORE, since=since or datetime.now(UTC)))


async def test_hooks_are_created_once_with_our_secret(watch: StoreWatch, outside: Outside, connected: Accounts) -> None:
    assert (await looked(watch)).created == SCOPES
    hooks = outside.held("bigcommerce", "hooks")
    assert sorted(hook["scope"] for hook in hooks) == sorted(SCOPES)
    assert {hook["destination"] for hook in hooks} == {DESTINATION}
    secret = hook_secret(connected.bigcommerce[STORE], STORE)
    assert {hook["headers"][SECRET_HEADER] for hook in hooks} == {secret}
    again = await looked(watch)
    assert (again.created, again.switched_on) == ((), ())
    assert len(outside.held("bigcommerce", "hooks")) == len(SCOPES)


async def test_hooks_that_were_switched_off_or_deleted_come_back(
    watch: StoreWatch, outside: Outside, connected: Accounts, client: httpx.AsyncClient
) -> None:
    await looked(watch)
    account = connected.bigcommerce[STORE]
    off, gone = outside.held("bigcommerce", "hooks")[:2]
    at, headers = f"{account.api}/v3/hooks", {"X-Auth-Token": account.token}
    assert (await client.put(f"{at}/{off['id']}", headers=headers, json={"is_active": False})).status_code == 200
    assert (await client.delete(f"{at}/{gone['id']}", headers=headers)).status_code == 200
    found = await looked(watch)
    assert (found.created, found.switched_on) == ((gone["scope"],), (off["scope"],))
    assert all(hook["is_active"] for hook in outside.held("bigcommerce", "hooks"))


async def known(database: Database, *order_ids: str, as_of: datetime) -> None:
    """Orders of an open ticket, read then."""
    async with database.begin() as connection:
        row = {"id": uuid4(), "process": "ticket", "number": 1, "workflow_id": "ticket-1", "title": "Order", "stage": "open"}
        await connection.execute(sql.insert(cases).values(**row, store=STORE, status="open", orders=list(order_ids)))
        await order_records.note_orders(connection)
        for order_id in order_ids:
            await order_records.keep(connection, STORE, order_id, {"parcels": {}}, as_of, timedelta(days=30))


async def due(database: Database) -> set[str]:
    """The orders that are to be read now."""
    found = set()
    while True:
        async with database.begin() as connection:
            order = await order_records.take_due(connection)
        if order is None:
            return found
        found.add(order.order_id)


async def test_72_hours_without_hooks_lose_nothing(watch: StoreWatch, outside: Outside, database: Database) -> None:
    began = datetime.now(UTC)
    await known(database, "10400", "10401", "10452", as_of=began)
    outside.advance(kind="order", id=10452)
    found = await looked(watch, began - HOURS_72)
    assert (found.changed, found.more) == (1, False)
    assert await due(database) == {"10452"}
    assert found.until > began - timedelta(seconds=1)
    async with database.begin() as connection:
        await order_records.keep(connection, STORE, "10452", {"parcels": {}}, datetime.now(UTC) + HOURS_72, timedelta(days=30))
    assert (await looked(watch, began - HOURS_72)).changed == 0, "what was read since is not read again"


async def test_a_store_with_more_changes_than_one_look_takes_is_looked_through_to_the_end(
    watch: StoreWatch, outside: Outside, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=400)
    orders = [str(order["id"]) for order in outside.held("bigcommerce", "orders") if order["store"] == STORE]
    await known(database, *orders, as_of=long_ago)
    monkeypatch.setattr(watching, "_MOST_ORDERS", 5)
    monkeypatch.setattr("activities.bigcommerce.client._PAGE", 5)
    since, looks = long_ago, 0
    while True:
        found = await looked(watch, since)
        since, looks = found.until, looks + 1
        if not found.more:
            break
        assert looks < 50
    assert looks > 1
    assert await due(database) == set(orders)


async def test_a_store_that_is_down_or_refuses_us_says_so(
    watch: StoreWatch, outside: Outside, connected: Accounts, playbook: Playbook, client: httpx.AsyncClient, database: Database
) -> None:
    outside.arm("bigcommerce", "orders", "error_500")
    with pytest.raises(Transient):
        await looked(watch)
    revoked = connected.bigcommerce[STORE].model_copy(update={"token": "revoked"})
    stores = Stores(connected.model_copy(update={"bigcommerce": {STORE: revoked}}), RunningPlaybook(playbook), client)
    with pytest.raises(NeedsOperator):
        await looked(StoreWatch(stores, database, "https://desk.example"))


async def test_without_a_secret_no_hook_is_made_and_the_orders_are_looked_through(
    accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient, database: Database, outside: Outside
) -> None:
    stores = Stores(accounts, RunningPlaybook(playbook), client)
    await known(database, "10452", as_of=datetime.now(UTC) - HOURS_72)
    outside.advance(kind="order", id=10452)
    found = await looked(StoreWatch(stores, database, "https://desk.example"), datetime.now(UTC) - HOURS_72)
    assert (found.created, found.changed) == ((), 1)
    assert outside.held("bigcommerce", "hooks") == []
