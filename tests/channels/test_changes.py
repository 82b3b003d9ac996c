"""Hooks that tell of a change: right ones have what is known read again, wrong ones leave nothing."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities.carriers.shipstation import ShipStationClient
from activities.channels.adapters import Channels, hook_doors
from domain.playbook import Playbook
from simulators.shipstation.signing import signed_headers
from storage import order_records
from storage.blobs import Blobs
from storage.door_tables import hook_deliveries
from storage.engine import Database
from storage.order_tables import order_records as table
from storage.tables import cases
from tests.channels.conftest import API_PORT, PUBLIC_URL, Outside, application, rows, serving

STORE, ORDER, PARCEL = "northwind-tools", "10452", "1Z7E42A86810000413"


@pytest.fixture
async def known(database: Database) -> None:
    """An order of an open ticket, read a while ago."""
    async with database.begin() as connection:
        row = {"id": uuid4(), "process": "ticket", "number": 1, "workflow_id": "ticket-1", "title": "Order", "stage": "open"}
        await connection.execute(sql.insert(cases).values(**row, store=STORE, status="open", orders=[ORDER]))
        await order_records.note_orders(connection)
        order = await order_records.take_due(connection)
        assert order is not None
        content = {"parcels": {PARCEL: {}}}
        far = datetime(2027, 1, 1, tzinfo=UTC) - datetime.now(UTC)
        await order_records.keep(connection, STORE, ORDER, content, datetime.now(UTC), far)


@pytest.fixture
async def door(
    database: Database,
    blobs: Blobs,
    playbook: Playbook,
    live: Channels,
    live_accounts: Accounts,
    http: httpx.AsyncClient,
    known: None,
) -> AsyncIterator[httpx.AsyncClient]:
    app = application(database, blobs, playbook, live, hook_doors(live_accounts, http))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as client:
        yield client


class Sent(NamedTuple):
    """A hook on its way."""

    url: str
    body: bytes
    headers: dict[str, str]

    async def to(self, door: httpx.AsyncClient) -> int:
        return (await door.post(self.url, content=self.body, headers=self.headers)).status_code


async def is_stale(database: Database) -> bool:
    async with database.begin() as connection:
        return (await order_records.read(connection, STORE, [ORDER]))[ORDER].stale


def bigcommerce(accounts: Accounts, scope: str, data: dict[str, Any], moment: int | None = None) -> Sent:
    body = json.dumps({"scope": scope, "data": data, "hash": "x", "created_at": 1}).encode()
    at = str(moment or int(time.time()))
    secret = accounts.bigcommerce[STORE].client_secret.encode()
    digest = hmac.new(secret, f"msg_1.{at}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    headers = {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": signature}
    return Sent(f"/webhooks/bigcommerce/{STORE}", body, headers)


def shipstation(number: str = PARCEL, moment: int | None = None) -> Sent:
    """Signed by the stand-in's own module."""
    body = json.dumps({"resource_type": "API_TRACK", "data": {"tracking_number": number}})
    return Sent("/webhooks/shipstation/main", body.encode(), signed_headers(str(moment or int(time.time())), body))


def qapla(told: dict[str, Any]) -> Sent:
    return Sent("/webhooks/qapla/main", json.dumps(told).encode(), {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("scope", "data"),
    [
        ("store/order/updated", {"type": "order", "id": int(ORDER)}),
        ("store/order/refund/created", {"type": "order", "id": int(ORDER), "refund": {"refund_id": 1}}),
        ("store/shipment/created", {"type": "shipment", "id": 5, "orderId": int(ORDER)}),
    ],
)
async def test_a_hook_of_the_store_has_the_order_read_again(
    door: httpx.AsyncClient, live_accounts: Accounts, database: Database, scope: str, data: dict[str, Any]
) -> None:
    assert not await is_stale(database)
    sent = bigcommerce(live_accounts, scope, data)
    assert [await sent.to(door), await sent.to(door)] == [200, 200]
    assert await is_stale(database)
    async with database.begin() as connection:
        due = await order_records.take_due(connection)
        assert due is not None
        assert due.order_id == ORDER
        assert await order_records.take_due(connection) is None, "told twice, it is read once"


async def test_a_hook_about_anything_else_changes_nothing(
    door: httpx.AsyncClient, live_accounts: Accounts, database: Database
) -> None:
    for scope, data in (
        ("store/order/updated", {"type": "order", "id": 10400}),
        ("store/product/updated", {"type": "product", "id": int(ORDER)}),
    ):
        assert await bigcommerce(live_accounts, scope, data).to(door) == 200
    assert not await is_stale(database)


async def test_parcels_that_move_reach_us_from_the_carrier(
    database: Database,
    blobs: Blobs,
    playbook: Playbook,
    live: Channels,
    live_accounts: Accounts,
    http: httpx.AsyncClient,
    outside: Outside,
    known: None,
) -> None:
    """The stand-in signs with its own key, which is fetched from it, and tells only of parcels it was asked to follow."""
    carrier = ShipStationClient(live_accounts.shipstation["main"], http)
    await carrier.create_hook("track", f"http://127.0.0.1:{API_PORT}/webhooks/shipstation/main")
    await carrier.follow("ups", PARCEL)
    async with serving(application(database, blobs, playbook, live, hook_doors(live_accounts, http))):
        outside.advance(kind="parcel", tracking_number=PARCEL, to="returning")
        for _ in range(100):
            if await is_stale(database):
                break
            await asyncio.sleep(0.05)
    assert await is_stale(database)


async def test_a_hook_of_qapla_is_thanked_as_it_wants_and_kept_without_its_key(
    door: httpx.AsyncClient, live_accounts: Accounts, database: Database, blobs: Blobs
) -> None:
    key = live_accounts.qapla["main"].key
    for told in (
        {"apiKey": key, "trackingNumber": PARCEL, "qaplaStatusID": "99"},
        {"webhookReturnShipments": {"apiKey": key, "returnShipments": []}},
        {"apiKey": key, "trackingNumber": 4711},
    ):
        sent = qapla(told)
        answer = await door.post(sent.url, content=sent.body, headers=sent.headers)
        assert (answer.status_code, answer.json()) == (200, {"result": "OK"})
    assert await is_stale(database)
    kept = await rows(database, hook_deliveries)
    assert [bool(delivery.error) for delivery in kept] == [False, False, True]
    for delivery in kept:
        assert key.encode() not in await blobs.get(delivery.raw_blob)


async def test_a_hook_that_proves_nothing_is_turned_away_and_leaves_nothing(
    door: httpx.AsyncClient, live_accounts: Accounts, database: Database
) -> None:
    order = {"type": "order", "id": int(ORDER)}
    good = bigcommerce(live_accounts, "store/order/updated", order)
    hour_ago = int(time.time()) - 3600
    carrier = shipstation()
    for wrong in (
        good._replace(body=good.body + b" "),
        good._replace(headers={}),
        good._replace(url="/webhooks/bigcommerce/casa-lumen-2"),
        bigcommerce(live_accounts, "store/order/updated", order, hour_ago),
        carrier._replace(body=carrier.body + b" "),
        carrier._replace(headers=carrier.headers | {"x-shipengine-rsa-sha256-key-id": "another"}),
        carrier._replace(headers=carrier.headers | {"x-shipengine-timestamp": str(hour_ago)}),
        carrier._replace(headers={}),
        Sent("/webhooks/xero/main", b"{}", {"x-xero-signature": "AAAA"}),
        Sent("/webhooks/xero/main", b"{}", {}),
        Sent("/webhooks/qapla/main", b"[]", {}),
        Sent("/webhooks/qapla/main", b"not JSON", {}),
        qapla({"apiKey": "another", "trackingNumber": PARCEL}),
        qapla({"apiKey": None, "trackingNumber": PARCEL}),
        qapla({"webhookReturnShipments": {"apiKey": "another"}}),
    ):
        assert await wrong.to(door) == 401, wrong
    assert await rows(database, hook_deliveries) == []
    assert not await is_stale(database)


async def test_xero_learns_whether_we_mean_to_receive(door: httpx.AsyncClient, live_accounts: Accounts) -> None:
    body = b'{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}'
    digest = hmac.new(live_accounts.xero["main"].webhook_key.encode(), body, hashlib.sha256).digest()
    headers = {"x-xero-signature": base64.b64encode(digest).decode()}
    assert (await door.post("/webhooks/xero/main", content=body, headers=headers)).status_code == 200
    assert (await door.post("/webhooks/xero/main", content=body + b" ", headers=headers)).status_code == 401


async def test_a_signed_hook_that_nobody_can_read_is_kept_for_an_operator(
    door: httpx.AsyncClient, live_accounts: Accounts, database: Database
) -> None:
    assert await bigcommerce(live_accounts, "store/order/updated", {"type": "order"}).to(door) == 202
    (delivery,) = await rows(database, hook_deliveries)
    assert "KeyError" in (delivery.error or "")


async def test_what_changes_while_it_is_read_is_read_again(database: Database, known: None) -> None:
    async with database.begin() as connection:
        await order_records.order_changed(connection, STORE, ORDER)
    async with database.begin() as connection:
        taken = await order_records.take_due(connection)
    assert taken is not None
    begun = datetime.now(UTC)
    async with database.begin() as connection:
        await order_records.parcel_changed(connection, PARCEL)
    async with database.begin() as connection:
        await order_records.keep(connection, STORE, ORDER, {"parcels": {}}, begun, begun - datetime(2020, 1, 1, tzinfo=UTC))
    async with database.begin() as connection:
        assert (await order_records.take_due(connection)) is not None
        assert await connection.scalar(sql.select(table.c.failures)) == 0
