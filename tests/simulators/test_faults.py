"""Faults: what is cut is cut, what was committed stays, and nothing else is touched."""

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from simulators.app import create_app
from tests.simulators.conftest import Doors, Running, return_label

pytestmark = pytest.mark.simulators

CUT = (httpx.RemoteProtocolError, httpx.ReadError)
ITEM = {"item_type": "PRODUCT", "item_id": 1040001, "quantity": 1, "reason": "op-1"}
REFUND = {"items": [ITEM], "payments": [{"provider_id": "stripe", "amount": 178.8, "offline": False}]}


def test_lost_before_does_nothing_and_cuts(doors: Doors) -> None:
    doors.arm("bigcommerce", "refund", "lost_before")
    with pytest.raises(CUT):
        doors.v3.post("/orders/10400/payment_actions/refunds", json=REFUND)
    assert doors.held("bigcommerce", "refunds") == []
    assert doors.v3.post("/orders/10400/payment_actions/refunds", json=REFUND).status_code == 201


def test_lost_after_commit_commits_and_cuts(doors: Doors) -> None:
    doors.arm("bigcommerce", "refund", "lost_after_commit")
    with pytest.raises(CUT):
        doors.v3.post("/orders/10400/payment_actions/refunds", json=REFUND)
    refunds = doors.v3.get("/orders/10400/payment_actions/refunds").json()["data"]
    assert [refund["items"][0]["reason"] for refund in refunds] == ["op-1"]
    calls = doors.control.get("/_sim/calls").json()
    assert [(c["operation"], c["status"], c["fault"]) for c in calls] == [
        ("refund", None, "lost_after_commit"),
        ("refunds", 200, None),
    ]


async def test_lost_after_commit_cuts_async_clients_with_a_shared_pool(running: Running, doors: Doors) -> None:
    doors.arm("shipstation", "label", "lost_after_commit", 3)
    headers = {"API-Key": "shipstation-demo-key"}
    async with httpx.AsyncClient(base_url=f"{running.url}/shipstation", headers=headers) as client:
        tries = [client.post("/v1/labels", json=return_label(f"key-{n}")) for n in range(3)]
        for outcome in await asyncio.gather(*tries, return_exceptions=True):
            assert isinstance(outcome, CUT)
    assert len(doors.held("shipstation", "labels")) == 3


def test_error_500_comes_before_the_commit(doors: Doors) -> None:
    doors.arm("xero", "credit_note", "error_500")
    assert doors.ledger.put("/CreditNotes", json={}).status_code == 500
    doors.arm("shipstation", "label", "error_500")
    assert doors.carrier.post("/v1/labels", json=return_label("key")).status_code == 500
    assert doors.held("shipstation", "labels") == []


def test_rate_limits_speak_the_providers_language(doors: Doors) -> None:
    for provider in ("bigcommerce", "shipstation", "xero"):
        doors.arm(provider, "*", "rate_limit")
    store = doors.v2.get("/orders/10400")
    assert store.status_code == 429
    assert int(store.headers["X-Rate-Limit-Time-Reset-Ms"]) > 0
    carrier = doors.carrier.get("/v1/carriers")
    assert carrier.status_code == 429
    assert carrier.json()["errors"][0]["error_code"] == "rate_limit_exceeded"
    assert doors.ledger.get("/Contacts").headers["X-Rate-Limit-Problem"] == "minute"
    assert doors.v2.get("/orders/10400").headers["X-Rate-Limit-Requests-Left"].isdigit()


def test_slow_answers_late_and_normally(doors: Doors) -> None:
    doors.arm("bigcommerce", "order", "slow", seconds=0.4)
    with pytest.raises(httpx.ReadTimeout):
        doors.v2.get("/orders/10400", timeout=0.1)
    assert doors.v2.get("/orders/10400").status_code == 200


def test_arming_is_checked_and_can_be_cleared(doors: Doors) -> None:
    wrong = (
        {"provider": "nobody", "operation": "order", "fault": "slow"},
        {"provider": "xero", "operation": "refund", "fault": "slow"},
        {"provider": "xero", "operation": "*", "fault": "explode"},
        {"provider": "xero", "operation": "*", "fault": "slow", "count": -1},
    )
    for order in wrong:
        answer = doors.control.post("/_sim/faults", json=order)
        assert answer.status_code == 422
        assert answer.json()["detail"]
    doors.arm("bigcommerce", "order", "error_500", 5)
    listing = doors.control.get("/_sim/faults").json()
    assert listing["armed"][0]["count"] == 5
    assert "refund" in listing["operations"]["bigcommerce"]
    doors.arm("bigcommerce", "order", "error_500", 0)
    assert doors.v2.get("/orders/10400").status_code == 200


def test_webhooks_are_recorded_and_doubled(doors: Doors) -> None:
    doors.arm("bigcommerce", "refund", "duplicate_webhook")
    assert doors.v3.post("/orders/10400/payment_actions/refunds", json=REFUND).status_code == 201
    events = doors.held("webhooks", "events")
    scopes = [event["payload"]["scope"] for event in events]
    assert scopes == ["store/order/refund/created", "store/order/updated", "store/order/statusUpdated"]
    assert {event["fault"] for event in events} == {"duplicate_webhook"}


def a_mail(message_id: str) -> EmailMessage:
    """A mail of the system to a buyer."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "support@northwind-tools.example", "emma.hartley@brightwell-construction.example"
    mail["Subject"], mail["Message-ID"] = "Ihre Rücksendung", message_id
    mail["In-Reply-To"] = "<demo-0001@brightwell-construction.example>"
    mail["References"] = "<a@b.example> <demo-0001@brightwell-construction.example>"
    mail.set_content("Grüße aus Hamburg\n")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="label.pdf")
    return mail


def test_the_mailbox_keeps_mail_and_can_lose_the_answer(running: Running, doors: Doors) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=10) as connection:
        connection.send_message(a_mail("<1@casework.example>"))
    doors.arm("mailbox", "send_mail", "lost_after_commit")
    doors.arm("mailbox", "send_mail", "lost_before")
    for _ in range(2):
        with pytest.raises(smtplib.SMTPServerDisconnected), smtplib.SMTP("127.0.0.1", running.smtp_port) as connection:
            connection.send_message(a_mail("<2@casework.example>"))
    doors.arm("mailbox", "send_mail", "error_500")
    with smtplib.SMTP("127.0.0.1", running.smtp_port) as connection, pytest.raises(smtplib.SMTPDataError):
        connection.send_message(a_mail("<3@casework.example>"))
    mails = doors.control.get("/mailbox", params={"to": "emma.hartley", "subject": "rücksendung"}).json()
    assert [mail["message_id"] for mail in mails] == ["<1@casework.example>", "<2@casework.example>"]
    assert mails[0]["text"] == "Grüße aus Hamburg\n"
    assert mails[0]["references"] == ["<a@b.example>", "<demo-0001@brightwell-construction.example>"]
    assert mails[0]["attachments"] == [{"filename": "label.pdf", "content_type": "application/pdf", "size": 8}]
    assert mails[0]["headers"]["In-Reply-To"] == mails[0]["in_reply_to"]
    assert doors.control.delete("/mailbox").status_code == 204
    assert doors.control.get("/mailbox").json() == []


async def test_without_a_server_a_cut_is_an_error_of_the_transport(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(app=create_app(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://simulators") as client:
        fault = {"provider": "bigcommerce", "operation": "order", "fault": "lost_before", "count": 1}
        assert (await client.post("/_sim/faults", json=fault)).status_code == 200
        with pytest.raises(ConnectionResetError):
            await client.get("/bigcommerce/stores/nwtools1/v2/orders/10400")
