"""Mail in by SMTP and answers out by SMTP: what becomes of each, and that it happens once."""

import time
from email.message import EmailMessage

import pytest

from tests.stack.clients import HAMBURG, NORTHWIND, NORTHWIND_ADDRESS, Api, MailDoor, Simulators, headers_of, unique, write_mail
from tests.stack.running import until

BUYER = "tom.okafor@brightwell-construction.example"
QUIET_SECONDS = 3
"""So long nothing may happen where nothing must."""

pytestmark = pytest.mark.stack


def _question(word: str) -> EmailMessage:
    """It names no order: what names one joins the ticket that is about it."""
    return write_mail(f"Where is my parcel {word}", "Hello, where is our parcel? We expected it on Monday.", BUYER)


def test_mail_becomes_a_ticket_that_knows_its_order(api: Api, door: MailDoor) -> None:
    word, stranger = unique(), f"{unique('site')}@example.com"
    door.send(write_mail(f"Where is my parcel {word}", "Hello, where is order 10452? We expected it on Monday.", stranger))
    ticket = api.only(word)
    if ticket["context"] is None or not ticket["context"]["store_answered"]:
        ticket = until(lambda: (now := api.ticket(ticket["id"])) and now["context"]["store_answered"] and now, "the order")

    assert [order["order_id"] for order in ticket["context"]["orders"]] == ["10452"]
    lines = {line["sku"]: line for line in ticket["context"]["orders"][0]["lines"]}
    assert (lines["NW-BAT-5A"]["quantity"], lines["NW-BAT-5A"]["quantity_shipped"]) == (24, 18)
    assert ticket["context"]["missing"] == []
    assert (ticket["store"], ticket["queue"]) == (NORTHWIND, "delivery")
    assert ticket["owner"] in HAMBURG, "whoever of the queue's team is on duty at this hour"
    assert (ticket["language"], ticket["intent"]) == ("en", "wismo")
    assert (ticket["company"], ticket["tier"]) == ("Brightwell Construction Ltd", "gold")
    assert ticket["workflow_id"] == f"ticket-{ticket['number']}"
    assert [message["sender"]["email"] for message in ticket["messages"]] == [stranger]
    clocks = {clock["name"]: clock for clock in ticket["clocks"]}
    assert set(clocks) == {"first_response", "resolution", "stalled"}
    for clock in (clocks["first_response"], clocks["resolution"]):
        assert clock["state"] == "running"
        assert any("tier gold" in line.lower() for line in clock["explanation"]), clock
        assert any("business time in calendar Berlin office" in line for line in clock["explanation"]), clock
    assert clocks["first_response"]["due_at"] < clocks["resolution"]["due_at"]


def test_reply_goes_out_once_and_the_answer_comes_back(api: Api, door: MailDoor, simulators: Simulators) -> None:
    word = unique()
    question = _question(word)
    door.send(question)
    ticket = api.only(word)
    text = f"Two parcels are on their way. {unique()}"
    api.applied(ticket["id"], "reply", text=text)

    mail = until(lambda: simulators.mails(BUYER, word), "the reply is in the mailbox")[0]
    headers = headers_of(mail)
    assert mail["subject"] == f"Re: {question['Subject']} [#{ticket['number']}]"
    assert mail["in_reply_to"] == question["Message-ID"]
    assert question["Message-ID"] in mail["references"]
    assert NORTHWIND_ADDRESS in headers["from"]
    assert mail["to"] == [BUYER]
    assert text in mail["text"]
    assert "Kind regards\nNorthwind Tools customer service" in mail["text"]
    replied = api.ticket(ticket["id"])
    assert replied["stage"] == "awaiting_customer"
    assert next(clock for clock in replied["clocks"] if clock["name"] == "first_response")["state"] == "met"

    thread = f"{' '.join(mail['references'])} {mail['message_id']}"
    answer = write_mail("Tracking", f"Thank you! {unique()}", BUYER, in_reply_to=mail["message_id"], references=thread)
    door.send(answer)
    joined = until(lambda: (now := api.ticket(ticket["id"])) and now["stage"] == "awaiting_agent" and now, "the answer")
    assert [message["direction"] for message in joined["messages"]] == ["in", "out", "in"]
    assert joined["messages"][1]["delivery"] == "sent"
    assert len(simulators.mails(BUYER, word)) == 1


def test_same_mail_twice_is_one_message(api: Api, door: MailDoor) -> None:
    word = unique()
    mail = _question(word)
    door.send(mail)
    ticket = api.only(word)
    door.send(mail)
    time.sleep(QUIET_SECONDS)
    again = api.only(word)
    assert again["id"] == ticket["id"]
    assert len(again["messages"]) == 1
    assert sum(line["kind"] == "message" for line in again["timeline"]) == 1


def test_automatic_answer_starts_nothing(api: Api, door: MailDoor, simulators: Simulators) -> None:
    word = unique()
    door.send(_question(word))
    ticket = api.only(word)
    api.applied(ticket["id"], "reply", text="It arrives on Thursday.", close=True)
    mail = until(lambda: simulators.mails(BUYER, word), "the reply is in the mailbox")[0]

    away = {"auto_submitted": "auto-replied", "in_reply_to": mail["message_id"]}
    door.send(write_mail(f"Automatic reply: {word}", "I am on holiday.", BUYER, **away))
    kept = until(lambda: (now := api.ticket(ticket["id"])) and len(now["messages"]) == 3 and now, "the automatic answer")
    time.sleep(QUIET_SECONDS)
    kept = api.ticket(ticket["id"])
    assert kept["messages"][-1]["nature"] == "auto_reply"
    assert kept["status"] == "resolved", "a machine must not open a ticket again"
    assert kept["decisions"][-1]["kind"] == "reply"
    assert len(simulators.mails(BUYER, word)) == 1, "a machine must not be answered"


def test_automatic_mail_without_a_thread_stays_closed(api: Api, door: MailDoor, simulators: Simulators) -> None:
    word, robot = unique(), f"{unique('robot')}@machines.example"
    door.send(write_mail(f"Out of office {word}", "Back on Monday.", robot, auto_submitted="auto-generated"))
    kept = until(lambda: api.found(word), "the mail is kept")
    time.sleep(QUIET_SECONDS)
    assert [(item["status"], item["stage"], item["owner"]) for item in kept] == [("closed", "machine_mail", None)]
    assert simulators.mails(robot) == []


def test_unknown_order_number_is_told(api: Api, door: MailDoor) -> None:
    word = unique()
    door.send(write_mail(f"Where is order 10899? {word}", "Order 10899 has not come.", "nobody@new-customer.example"))
    ticket = api.only(word)
    until(lambda: api.ticket(ticket["id"])["context"]["store_answered"], "the store answered")
    shown = api.ticket(ticket["id"])
    assert shown["context"]["orders"] == []
    assert "Order 10899 is not known to Northwind Tools." in shown["context"]["missing"]
    assert shown["status"] == "open"
    assert shown["clocks"], "it is a ticket like any other"
