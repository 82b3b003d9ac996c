"""Decisions that must not be applied, each answered with what is wrong, and one that is sent twice."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.stack.clients import Api, Simulators, unique
from tests.stack.goods_back import GoodsBack
from tests.stack.running import Running, until

ABOVE_THE_AGENTS_LIMIT = 10413

pytestmark = pytest.mark.stack


@pytest.fixture
def agent(stack: Running) -> Iterator[Api]:
    """The API with the token of an agent, made by the command."""
    client = Api(stack.ports, stack.command("token", "create", "--user", "Jonas Weber", "--role", "agent"))
    yield client
    client.close()


def test_decision_on_a_stale_view_is_refused(api: Api, agent: Api) -> None:
    ticket = api.opened(api.say("Where is order 10404?", subject=unique()))
    agent.applied(ticket["id"], "assign", owner="Martin Krause", seen_revision=ticket["revision"])
    reason = api.refused(ticket["id"], "resolve", seen_revision=ticket["revision"])
    assert "Something happened since you looked: Jonas Weber assigned it to Martin Krause" in reason
    shown = api.ticket(ticket["id"])
    assert (shown["status"], shown["owner"]) == ("open", "Martin Krause")
    refused = next(decision for decision in shown["decisions"] if decision["kind"] == "resolve")
    assert (refused["outcome"], refused["author"]) == ("refused", "admin")
    assert api.applied(ticket["id"], "resolve", seen_revision=shown["revision"])["outcome"] == "applied"


def test_agent_may_not_approve_above_the_limit(api: Api, agent: Api, simulators: Simulators) -> None:
    returning = GoodsBack(agent, simulators, ABOVE_THE_AGENTS_LIMIT, lines=1)
    returning.until_stage("awaiting_approval")
    reason = agent.refused(returning.id, "approve", process="rmas")
    assert "above the limit of 250.00 for the role agent" in reason
    assert "supervisor" in reason
    assert returning.shown()["stage"] == "awaiting_approval"
    assert returning.labels() == []
    agent.applied(returning.id, "refuse", process="rmas", reason="Out of the return window")
    assert "refused" in agent.refused(returning.id, "approve", process="rmas")
    returning.until_stage("refused")
    until(lambda: returning.mails_to_buyer(), "the customer is told")


def test_unknown_token_is_turned_away(stack: Running, api: Api) -> None:
    ticket_id = api.say("Hello", subject=unique())
    stranger = Api(stack.ports, "not-a-token")
    assert stranger.decide(ticket_id, "note", text="x").status_code == 401
    stranger.close()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'{"kind": "reply", ', "body"),
        (b"[]", "must be a JSON object"),
        (b"\xff\xfe", "body"),
        ({"kind": "reply"}, "text"),
        ({"kind": "reply", "text": ""}, "text"),
        ({"kind": "reply", "text": "Hello", "volume": 11}, "volume"),
        ({"kind": "snooze", "until": "tomorrow"}, "until"),
        ({"kind": "refund", "amount": 5}, "kind"),
        ({"kind": "note", "text": "x", "id": "seven"}, "id"),
        ({"kind": "note", "text": "x", "seen_revision": "new"}, "seen_revision"),
    ],
)
def test_wrong_json_is_told_and_changes_nothing(api: Api, body: object, named: str) -> None:
    ticket = api.opened(api.say("A question about my invoice INV-10406", subject=unique()))
    answer = api.post(f"/tickets/{ticket['id']}/decisions", body, wait=5)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.text
    assert api.ticket(ticket["id"])["decisions"] == []


def test_decision_about_nothing_is_404(api: Api) -> None:
    answer = api.decide(str(uuid4()), "note", text="x")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_decision_sent_twice_acts_once(api: Api, simulators: Simulators) -> None:
    sender = f"{unique('twice')}@customer.example"
    ticket = api.opened(api.say("Where is order 10404?", subject=unique(), sender=sender))
    reply = {"id": str(uuid4()), "text": "It comes on Monday."}
    first = api.applied(ticket["id"], "reply", **reply)
    second = api.applied(ticket["id"], "reply", **reply)
    assert first["id"] == second["id"] == reply["id"]
    assert api.decide(ticket["id"], "reply", id=reply["id"], text="It comes on Tuesday.").status_code == 409
    until(lambda: simulators.mails(sender), "the reply is in the mailbox")
    assert len(simulators.mails(sender)) == 1
    assert [message["direction"] for message in api.ticket(ticket["id"])["messages"]] == ["in", "out"]
