"""The world: the demo, replacing it, refusing a bad one, and going on after a restart."""

import json
import smtplib
from pathlib import Path
from typing import Any

import pytest

from simulators.demo_mail import build_mail, demo_mails, send_demo_mails
from simulators.load import DEMO_WORLD, read_world
from tests.simulators.conftest import Doors, Running, start
from tests.simulators.test_rules import refund

pytestmark = pytest.mark.simulators

SMALL: dict[str, Any] = {
    "stores": [{"key": "one", "hash": "one1", "name": "One", "access_token": "t"}],
    "companies": [
        {
            "id": 1,
            "store": "one",
            "name": "Buyer Ltd",
            "email": "books@buyer.example",
            "address": {"street": "1 Road", "city": "Leeds", "postal_code": "LS1", "country": "UK", "country_code": "GB"},
        }
    ],
    "contacts": [{"id": 7, "store": "one", "company": 1, "first_name": "A", "last_name": "B", "email": "a@buyer.example"}],
    "products": [{"id": 3, "store": "one", "sku": "S", "name": "Thing", "price": "10.00"}],
    "orders": [
        {
            "id": 500,
            "store": "one",
            "contact": 7,
            "created": "2026-11-01T10:00:00Z",
            "payment": {"state": "settled"},
            "lines": [{"sku": "S", "quantity": 2}],
        }
    ],
    "invoices": [{"number": "INV-500", "order": 500, "date": "2026-11-01", "due_date": "2026-12-01", "paid": "24.00"}],
}


def test_the_demo_world_is_whole() -> None:
    world = read_world(DEMO_WORLD)
    assert {store.key for store in world.stores} == {"northwind-tools", "casa-lumen"}
    assert len(world.companies) == 6
    assert sum(company.credit.hold for company in world.companies) == 1
    assert sum(company.tax_exempt for company in world.companies) == 1
    assert len(world.orders) == 30
    assert 10452 in {order.id for order in world.orders}
    assert any(len({shipment.carrier for shipment in order.shipments}) == 2 for order in world.orders)
    assert any(quote.order for quote in world.quotes)


def test_books_and_store_agree_to_the_cent(doors: Doors) -> None:
    invoices = {invoice["InvoiceNumber"]: invoice for invoice in doors.held("xero", "invoices")}
    for order in doors.held("bigcommerce", "orders"):
        invoice = invoices.get(f"INV-{order['id']}")
        if invoice is None:
            assert order["payment_status"] == "authorized"
            continue
        assert f"{invoice['Total']:.4f}" == order["total_inc_tax"]
        if order["payment_status"] == "captured":
            assert invoice["Status"] == "PAID"


def test_a_bad_world_is_named_and_leaves_the_old_one(doors: Doors) -> None:
    bad: list[tuple[Any, str]] = [
        ({**SMALL, "orders": [{**SMALL["orders"][0], "contact": 8}]}, "orders.0 (500).contact"),
        ({**SMALL, "orders": [{**SMALL["orders"][0], "lines": [{"sku": "S"}]}]}, "orders.0.lines.0.quantity"),
        ({**SMALL, "moons": 1}, "moons"),
        ({**SMALL, "orders": SMALL["orders"] * 2}, "orders.id: 500 stands 2 times"),
        ({}, "stores"),
    ]
    for document, named in bad:
        answer = doors.control.put("/_sim/world", json=document)
        assert answer.status_code == 422
        assert named in json.dumps(answer.json())
    assert doors.control.put("/_sim/world", content=b"{").status_code == 422
    assert len(doors.held("bigcommerce", "orders")) == 30


def test_a_world_replaces_all(doors: Doors) -> None:
    doors.arm("bigcommerce", "order", "error_500")
    assert doors.control.put("/_sim/world", json=SMALL).status_code == 200
    orders = doors.held("bigcommerce", "orders")
    assert [(order["id"], order["store"], order["total_inc_tax"]) for order in orders] == [(500, "one", "24.0000")]
    assert orders[0]["products"][0]["id"] == 50001
    assert doors.v2.get("/orders/10400").status_code == 404
    assert doors.held("xero", "invoices")[0]["Status"] == "PAID"
    assert doors.control.get("/_sim/faults").json()["armed"] == []
    assert "orders" in doors.control.get("/_sim/world/schema").json()["properties"]


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    first = start(tmp_path)
    doors = Doors(first.url)
    assert refund(doors, 1, 178.8).status_code == 201
    with smtplib.SMTP("127.0.0.1", first.smtp_port) as connection:
        connection.send_message(build_mail(demo_mails()[0]))
    doors.close()
    first.stop()
    second = start(tmp_path)
    doors = Doors(second.url)
    assert [found["total_amount"] for found in doors.held("bigcommerce", "refunds")] == [178.8]
    assert doors.v2.get("/orders/10400").json()["status_id"] == 14
    assert len(doors.control.get("/mailbox").json()) == 1
    assert refund(doors, 1, 178.8).json()["data"]["id"] == 3002
    doors.close()
    second.stop()


def test_an_empty_start_answers(tmp_path: Path) -> None:
    empty = start(tmp_path, empty=True)
    doors = Doors(empty.url)
    assert doors.held("bigcommerce", "orders") == []
    assert doors.control.get("/healthz").json()["status"] == "ok"
    doors.close()
    empty.stop()


def test_demo_mails_arrive(running: Running, doors: Doors) -> None:
    assert send_demo_mails("127.0.0.1", running.smtp_port) == 20
    mails = doors.control.get("/mailbox").json()
    assert len({mail["message_id"] for mail in mails}) == 20
    assert sum(bool(mail["in_reply_to"]) for mail in mails) == 2
    sent = {mail["message_id"]: mail for mail in mails}
    contacts = {customer["email"]: customer["store"] for customer in doors.held("bigcommerce", "customers")}
    support = {"northwind-tools": "support@northwind-tools.example", "casa-lumen": "support@casa-lumen.example"}
    for mail in demo_mails():
        assert sent[mail["message_id"]]["text"].strip() == mail["text"].strip()
        assert mail["to"] == support[contacts[mail["sender"]]]


@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "es", "zh"])
def test_demo_mails_speak_every_language(language: str) -> None:
    assert any(mail["language"] == language for mail in demo_mails())
