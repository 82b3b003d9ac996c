"""Parts are killed at the worst moment. Nothing is lost, and nothing happens twice."""

import smtplib
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage

import psutil
import pytest

from tests.stack.clients import HAMBURG, NORTHWIND, Api, MailDoor, Simulators, unique, write_mail
from tests.stack.goods_back import GoodsBack
from tests.stack.running import Running, until

PAID, UNPAID = 10421, 10406
BURST = 60
HELD_SECONDS = 9
"""So long a provider waits before it carries out a call: time enough to freeze the worker on a slow machine."""

HUNG_SECONDS = 8

pytestmark = pytest.mark.stack


def test_worker_killed_between_commit_and_answer_pays_once(stack: Running, api: Api, simulators: Simulators) -> None:
    """Two returns at once, so that both providers are caught in one death. `slow` holds each call before it is carried out;
    the worker is frozen meanwhile, the providers commit and answer, and the worker dies without having read a byte of it."""
    refunding, crediting = GoodsBack(api, simulators, PAID), GoodsBack(api, simulators, UNPAID)
    for returning in (refunding, crediting):
        returning.approve()
        returning.receive()
    simulators.arm("bigcommerce", "refund", "slow", seconds=HELD_SECONDS)
    simulators.arm("xero", "credit_note", "slow", seconds=HELD_SECONDS)
    with stack.surviving("worker") as worker:
        for returning in (refunding, crediting):
            returning.inspect(wait=0)
        until(lambda: not simulators.armed(), "both calls are with their providers", HELD_SECONDS)
        worker.suspend()
        assert simulators.refunds(PAID) == []
        assert simulators.credit_notes(crediting.number) == []
        until(lambda: simulators.refunds(PAID), "the store has paid back")
        until(lambda: simulators.credit_notes(crediting.number), "the books hold the credit note")
        assert refunding.shown()["stage"] == crediting.shown()["stage"] == "settling"
        worker.kill()

    for returning in (refunding, crediting):
        returning.until_closed(180)
        returning.require_one_credit_note()
        returning.require_label()
    refunding.require_one_refund()
    refunding.require_done("return_label", "refund", "credit_note")
    assert simulators.refunds(UNPAID) == []
    crediting.require_done("return_label", "credit_note")


class Burst(threading.Thread):
    """Sends mails one after another over one connection until it breaks, as a relay with a full queue does."""

    def __init__(self, door: MailDoor, mails: list[EmailMessage]) -> None:
        super().__init__()
        self._door, self._mails = door, mails
        self.accepted: list[str] = []

    def run(self) -> None:
        try:
            with self._door.open() as connection:
                for mail in self._mails:
                    connection.send_message(mail)
                    self.accepted.append(mail["Subject"])
        except (smtplib.SMTPServerDisconnected, ConnectionError):
            return  # the break is what the test is about


def test_mail_accepted_before_the_api_was_killed_is_kept(stack: Running, api: Api, door: MailDoor) -> None:
    word = unique()
    senders = [f"burst{number}@customer.example" for number in range(BURST)]
    mails = [write_mail(f"Mail {n} {word}", f"Mail number {n}.", sender) for n, sender in enumerate(senders)]
    burst = Burst(door, mails)
    with stack.surviving("api") as process:
        burst.start()
        until(lambda: len(burst.accepted) >= 5, "some mails were accepted")
        process.kill()
        burst.join(60)
    assert 5 <= len(burst.accepted) < BURST, "the API was killed in the middle"

    until(lambda: len(api.found(word)) >= len(burst.accepted), "what was accepted is there")
    titles = [item["title"] for item in api.found(word)]
    assert len(titles) == len(set(titles)), "a mail is in two tickets"
    assert set(burst.accepted) <= set(titles)

    # The relay does not know about the mail whose answer it did not get: it sends that one again, and the rest.
    for mail in mails:
        door.send(mail)
    items = api.found(word)
    assert sorted(item["title"] for item in items) == sorted(mail["Subject"] for mail in mails)
    for item in items:
        assert len(api.opened(item["id"])["messages"]) == 1


def test_message_accepted_before_the_api_was_killed_is_kept(stack: Running, api: Api) -> None:
    word = unique()
    body = {"channel": "chat", "store": NORTHWIND, "external_id": word, "sender": {"name": "A"}, "text": f"Hello {word}"}
    with stack.surviving("api") as process:
        first = api.post("/messages", body)
        process.kill()
    assert first.status_code == 202, first.text
    ticket = api.only(word)
    assert ticket["id"] == first.json()["ticket_id"]
    assert [message["id"] for message in ticket["messages"]] == [first.json()["message_id"]]
    again = api.post("/messages", body)
    assert (again.status_code, again.json()) == (200, first.json())


@pytest.fixture
def hung_temporal(stack: Running) -> Iterator[psutil.Process]:
    """Temporal's server, which takes connections and answers nothing until it is resumed."""
    process = stack.part("temporal")
    process.suspend()
    yield process
    process.resume()


def test_messages_are_taken_while_temporal_hangs(api: Api, hung_temporal: psutil.Process) -> None:
    begin = time.monotonic()
    ticket_id = api.say("Where is order 10404?", subject=unique())
    assert time.monotonic() - begin < 3, "a message does not wait for Temporal"
    answer = api.decide(ticket_id, "note", text="While it hangs", wait=1)
    assert answer.status_code == 202
    assert answer.json()["outcome"] == "pending"
    time.sleep(HUNG_SECONDS)
    assert api.ticket(ticket_id)["revision"] == 0, "nobody has worked on it"

    hung_temporal.resume()
    opened = api.opened(ticket_id)
    assert opened["owner"] in HAMBURG
    decided = until(lambda: (now := api.get(f"/decisions/{answer.json()['id']}"))["outcome"] != "pending" and now, "decided")
    assert decided["outcome"] == "applied"
    assert len(api.ticket(ticket_id)["messages"]) == 1


def test_api_answers_while_the_worker_is_down(stack: Running, api: Api) -> None:
    ticket = api.opened(api.say("Where is order 10404?", subject=unique()))
    with stack.surviving("worker") as worker:
        worker.kill()
        answer = api.decide(ticket["id"], "note", text="Nobody works", wait=0)
        assert answer.status_code == 202
    decided = until(lambda: (now := api.get(f"/decisions/{answer.json()['id']}"))["outcome"] == "applied" and now, "applied")
    assert decided["author"] == "admin"
