"""One matter over several channels is one ticket, another matter is another, and a merge can be undone and made again."""

from collections.abc import Iterator

import pytest

from tests.stack.clients import NORTHWIND, Api, Document, unique
from tests.stack.running import Running, running_stack, until

EMMA, PRIYA = "emma.hartley@brightwell-construction.example", "priya.shah@brightwell-construction.example"
HARD_MAIL = "Three POs, some problems and a return"

pytestmark = pytest.mark.stack


def hard_mail(api: Api) -> Document:
    """The demo's mail of three purchase orders, five articles and a serial number, once its store has answered."""

    def answered() -> Document | None:
        found = [item for item in api.found('"Three POs"') if HARD_MAIL in item["title"]]
        shown = api.ticket(found[0]["id"]) if found else {}
        return shown if shown.get("orders") and shown["context"]["store_answered"] else None

    return until(answered, "the hard mail is a ticket that knows its orders")


def settled(api: Api, ticket_id: str) -> Document:
    """The ticket that a message ended in: its own, or the one that was merged into."""
    shown = until(lambda: (now := api.ticket(ticket_id)) and now["revision"] and now, "the ticket lives")
    into = shown["merged_into"]
    return api.ticket(into["case_id"]) if into else shown


def with_messages(api: Api, ticket_id: str, count: int) -> Document:
    """The ticket once it has so many messages, and has said so."""

    def shown() -> Document | None:
        ticket = api.ticket(ticket_id)
        return ticket if len(ticket["messages"]) == count else None

    return until(shown, f"{count} messages in the ticket")


@pytest.fixture(scope="module")
def fresh() -> Iterator[Running]:
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def api(fresh: Running) -> Api:
    return Api(fresh.ports)


def test_the_hard_mail_and_its_duplicates_are_one_ticket(api: Api) -> None:
    hard = hard_mail(api)
    references = {(one["kind"], one["value"]): one for one in hard["references"]}
    assert {value for kind, value in references if kind == "purchase_order"} == {"PO-77120", "PO-77121", "PO-77135"}
    assert len([kind for kind, _ in references if kind == "sku"]) == 5
    assert ("serial", "LAS360-2204-00871") in references
    assert set(hard["orders"]) == {"10401", "10402", "10403"}
    assert references["purchase_order", "PO-77120"]["found"]

    chat = api.say("The laser of PO-77121 is broken, where do we send it back?", sender=EMMA, channel="chat")
    colleague = api.say("Order 10401: the guard of the saw is cracked, we want to return it.", sender=PRIYA, channel="portal")
    other = api.say("Where is order 10406? It has not been delivered.", sender=PRIYA, channel="portal")
    for ticket_id in (chat, colleague):
        assert settled(api, ticket_id)["id"] == hard["id"]
    assert settled(api, other)["id"] != hard["id"]
    joined = with_messages(api, hard["id"], 3)
    assert sorted(message["channel"] for message in joined["messages"]) == ["chat", "email", "portal"]
    assert all(message["evidence"] for message in joined["messages"][1:] if message["origin_id"] == hard["id"])

    reason = api.refused(hard["id"], "resolve")
    assert "Still open" in reason
    assert "PO-77135" in reason


def test_a_merge_is_undone_and_made_again(api: Api) -> None:
    word = unique()
    first = api.opened(api.say("Where is order 10411? Not delivered.", subject=f"A {word}"))
    second = api.opened(api.say("Please send the invoice of order 10412.", subject=f"B {word}"))
    before = {one["id"]: _without_log(one) for one in (first, second)}
    api.applied(second["id"], "merge", into=first["number"])
    merged = until(lambda: (now := api.ticket(first["id"])) and now["merged"] and now, "the other ticket has come in")
    assert [ticket["number"] for ticket in merged["merged"]] == [second["number"]]
    assert [message["origin_id"] for message in merged["messages"]] == [first["id"], second["id"]]
    assert api.ticket(second["id"])["status"] == "merged"

    late = api.say("Any news?", subject=f"Re: [#{second['number']}]", sender=second["messages"][0]["sender"]["email"])
    assert late == first["id"], "one hop"
    with_messages(api, first["id"], 3)

    api.applied(second["id"], "unmerge")
    until(lambda: not api.ticket(first["id"])["merged"], "it is out again")
    again = with_messages(api, first["id"], 1)
    assert _without_log(again) == before[first["id"]]
    back = api.ticket(second["id"])
    assert len(back["messages"]) == 2
    # The late message was to this ticket: since then, not since it was opened, has nobody done anything about it.
    assert _untouched_left_out(_without_log(back)) == _untouched_left_out(before[second["id"]])

    api.applied(second["id"], "merge", into=first["number"])
    with_messages(api, first["id"], 3)


def test_a_split_makes_a_ticket_of_its_own(api: Api) -> None:
    sender = f"{unique('buyer-')}@example.com"
    first = api.opened(api.say("Where is order 10411? Not delivered.", sender=sender))
    api.say("And what is the price of 200 clamps?", sender=sender, subject=f"Re: [#{first['number']}]")
    shown = with_messages(api, first["id"], 2)
    moving = shown["messages"][1]["id"]
    until(lambda: api.ticket(first["id"])["timeline"][-1]["message_id"] == moving, "the ticket has heard it")
    api.applied(first["id"], "split", message_ids=[moving])
    (new,) = [one for one in api.listed(store=NORTHWIND, q="clamps") if one["id"] != first["id"]]
    assert [message["id"] for message in api.opened(new["id"])["messages"]] == [moving]
    assert len(api.ticket(first["id"])["messages"]) == 1


def _untouched_left_out(ticket: Document) -> Document:
    return ticket | {"clocks": [clock for clock in ticket["clocks"] if clock["name"] != "stalled"]}


def _without_log(ticket: Document) -> Document:
    clocks = [{name: clock[name] for name in ("name", "due_at", "state")} for clock in ticket["clocks"]]
    kept = ("status", "owner", "queue", "company", "intent", "tier", "tags", "orders")
    return {name: ticket[name] for name in kept} | {"clocks": clocks}
