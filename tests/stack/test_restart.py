"""Ctrl-C and a new start on the same folder: everything is there, and goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.clients import Api, MailDoor, Simulators, unique, write_mail
from tests.stack.goods_back import GoodsBack
from tests.stack.running import Running, running_stack, until
from workers.settings import PLAYBOOK_FOLDER

ORDER = 10400
REOPEN_WINDOW_SECONDS = 2

pytestmark = pytest.mark.stack


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Running]:
    """A stack of this test alone, whose playbook closes a resolved ticket after seconds in place of days."""
    playbook = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK_FOLDER, playbook)
    rules = playbook / "rules.yaml"
    hurried = rules.read_text().replace("reopen_window: 7d", f"reopen_window: PT{REOPEN_WINDOW_SECONDS}S")
    assert hurried != rules.read_text()
    rules.write_text(hurried)
    with running_stack(CASEWORK_PLAYBOOK=str(playbook)) as running:
        yield running


def test_everything_is_there_after_a_stop_and_a_start(own_stack: Running) -> None:
    api, simulators, door = Api(own_stack.ports), Simulators(own_stack.ports), MailDoor(own_stack.ports)
    word, buyer = unique(), f"{unique('buyer')}@customer.example"
    door.send(write_mail(f"Where is order 10404? {word}", "It is late.", buyer))
    ticket = until(lambda: (now := api.only(word)) and now["orders"] and now, "the ticket knows its order")
    api.applied(ticket["id"], "reply", text="It comes on Monday.")
    ours = until(lambda: simulators.mails(buyer), "the reply is in the mailbox")[0]
    returning = GoodsBack(api, simulators, ORDER)
    returning.approve()
    closed = api.opened(api.say("Please close my account.", subject=unique()))
    api.applied(closed["id"], "resolve", outcome="done")
    until(lambda: api.ticket(closed["id"])["status"] == "closed", "the reopen window is over")
    before = [api.ticket(ticket["id"]), returning.shown(), api.ticket(closed["id"])]
    label = api.download(returning.shown()["label"]["url"])

    own_stack.stop()
    own_stack.start()
    assert "demo mails" not in own_stack.said(), "the demo mails are sent once a folder"
    after = [api.ticket(ticket["id"]), returning.shown(), api.ticket(closed["id"])]
    assert after == before
    assert api.download(returning.shown()["label"]["url"]) == label
    assert {clock["name"] for clock in after[0]["clocks"] if clock["state"] == "running"} == {"resolution", "stalled"}

    api.applied(ticket["id"], "reply", text="It is at your door.", seen_revision=after[0]["revision"])
    until(lambda: len(simulators.mails(buyer)) == 2, "the second reply is in the mailbox")
    door.send(write_mail("Re: it", "Thank you!", buyer, in_reply_to=ours["message_id"]))
    until(lambda: len(api.ticket(ticket["id"])["messages"]) == 4, "the customer's answer joined")
    returning.receive()
    returning.inspect()
    returning.until_closed()
    returning.require_one_refund()
    returning.require_one_credit_note()
    returning.require_label()

    assert "The ticket is closed; reopen it first." in api.refused(closed["id"], "reply", text="One more thing")
    api.applied(closed["id"], "reopen")
    assert api.ticket(closed["id"])["status"] == "open"


@pytest.fixture
def bare_stack() -> Iterator[Running]:
    """A stack of this test alone without the demo world."""
    with running_stack("--no-demo") as running:
        yield running


def test_timer_that_ran_out_while_all_was_stopped_fires_after_the_start(bare_stack: Running) -> None:
    api = Api(bare_stack.ports)
    ticket = api.opened(api.say("Please call me.", subject=unique()))
    api.applied(ticket["id"], "wait", party="the carrier", chase_after="PT6S")
    assert api.ticket(ticket["id"])["status"] == "waiting"
    bare_stack.stop()
    bare_stack.start()
    woken = until(lambda: (now := api.ticket(ticket["id"])) and now["status"] == "open" and now, "the wait is over")
    assert any("waited long enough" in line["text"] for line in woken["timeline"])
