"""Opening a return: what may come back, of which orders, in what time, against PostgreSQL and stand-ins."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities.bigcommerce.stores import Stores
from activities.carriers.tracking import Tracking
from activities.records.models import CaseReference, OpenedReturn
from activities.records.order_reading import OrderReading
from activities.records.returns import ReturnRecords
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.engine import Database
from storage.order_tables import order_records
from storage.tables import cases
from tests.activities.conftest import Outside

NORTHWIND = "northwind-tools"


@pytest.fixture(autouse=True)
def _world(outside: Outside) -> None:
    """Every test of this module has the demo world."""


async def opened_return(
    database: Database, playbook: Playbook, stores: Stores, *lines: tuple[str, str, int], stage: str = "requested"
) -> OpenedReturn:
    """A return of these lines: order, line and quantity of each."""
    case_id = uuid4()
    asked = [
        {"order_id": order_id, "line_id": line_id, "quantity": quantity, "reason": "damaged"}
        for order_id, line_id, quantity in lines
    ]
    row = {
        "id": case_id,
        "process": "rma",
        "workflow_id": f"rma-{case_id}",
        "store": NORTHWIND,
        "title": "Return",
        "status": "open",
        "stage": stage,
        "start": {"lines": asked, "wish": "refund"},
    }
    async with database.begin() as connection:
        await connection.execute(sql.insert(cases).values(row))
    reference = CaseReference(case_id=case_id, store=NORTHWIND)
    return await ReturnRecords(database, RunningPlaybook(playbook), stores).open_return(reference)


async def test_a_return_asks_the_rules_too(database: Database, playbook: Playbook, stores: Stores) -> None:
    opened = await opened_return(database, playbook, stores, ("10452", "1", 1))
    assert opened.policy is not None
    assert (opened.policy.queue, opened.policy.owner) == ("returns", "Jonas Weber")


async def test_a_return_over_orders_of_one_company(database: Database, playbook: Playbook, stores: Stores) -> None:
    orders = ("10400", "1040001", 1), ("10401", "1040101", 2), ("10400", "1040002", 1)
    opened = await opened_return(database, playbook, stores, *orders)
    assert opened.problems == ()
    assert [(order.order_id, order.is_paid, order.invoice_number) for order in opened.returned_orders] == [
        ("10400", True, "INV-10400"),
        ("10401", False, "INV-10401"),
    ]
    assert [(line.order_id, line.sku != "", line.price > 0) for line in opened.lines] == [
        (order_id, True, True) for order_id, _, _ in orders
    ]


async def test_what_other_returns_ask_back_is_not_asked_back_again(
    database: Database, playbook: Playbook, stores: Stores, outside: Outside
) -> None:
    bought = next(order for order in outside.held("bigcommerce", "orders") if order["id"] == 10400)["products"][0]["quantity"]
    await opened_return(database, playbook, stores, ("10400", "1040001", bought), ("10401", "1040101", 1))
    again = await opened_return(database, playbook, stores, ("10401", "1040102", 1), ("10400", "1040001", 1))
    assert again.problems == (f"Line 2: 1 asked back, {bought} bought, {bought} of them returned already.",)


async def test_orders_that_cannot_come_back_together(database: Database, playbook: Playbook, stores: Stores) -> None:
    opened = await opened_return(database, playbook, stores, ("10400", "1040001", 1), ("10408", "1040801", 1), ("99", "1", 1))
    assert any("one customer or company" in words for words in opened.problems)
    assert "Order 99 is not known to the store." in opened.problems


async def test_a_line_past_its_window_is_an_exception(
    database: Database, playbook: Playbook, stores: Stores, accounts: Accounts, client: httpx.AsyncClient
) -> None:
    record = await OrderReading(stores, Tracking(accounts, client)).read(NORTHWIND, "10400", None)
    (number,) = record.parcels
    long_ago = datetime.now(UTC) - timedelta(days=100)
    come = record.parcels[number].model_copy(update={"delivered_at": long_ago})
    record = record.model_copy(update={"parcels": {number: come}})
    row = {"store": NORTHWIND, "order_id": "10400", "content": record.model_dump(mode="json")}
    async with database.begin() as connection:
        now = datetime.now(UTC)
        await connection.execute(sql.insert(order_records).values(**row, as_of=now, next_look_at=now, changed_at=now))
    opened = await opened_return(database, playbook, stores, ("10400", "1040001", 1), ("10401", "1040101", 1))
    assert [line.exception for line in opened.lines] == [
        f"delivered {long_ago:%Y-%m-%d}, 41 days past its 60 days",
        None,
    ]
    assert opened.problems == ()
