"""Which ticket a message joins when no header says so: same party, same order, same matter; never the sender alone."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sql

from domain.messages import Channel, Sender, ThreadHeaders
from domain.references import Reference, ReferenceKind
from domain.threading import reply_token
from storage import merging
from storage.contacts import contact_of, writes_for
from storage.intake import Accepted
from storage.secrets import secret
from storage.tables import cases, conversation_keys, messages, outbox
from storage.threads import REPLY_TOKEN
from tests.mail.test_intake import STORE, Door, door, mail

__all__ = ["door"]

WISMO = "Where is our order 10452? It should have been delivered."
TOM = Sender(email="tom@brightwell.example", name="Tom")
EMMA = Sender(email="emma@brightwell.example", name="Emma")


def said(name: str, text: str = WISMO, **changes: Any) -> Any:
    fields = {"subject": "", "text": text, "sender": TOM, "thread": ThreadHeaders()}
    return mail(name, **(fields | changes))


async def colleagues(door: Door) -> None:
    async with door.database.begin() as connection:
        for person in (TOM, EMMA):
            contact = await contact_of(connection, STORE, person.model_dump())
            assert contact is not None
            await writes_for(connection, contact.id, STORE, "7", "Brightwell", mail("x").received_at)


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [
        (WISMO, "order 10452: has it been shipped yet?", True),
        (WISMO, "Bestellung 10452: wo bleibt die Lieferung?", True),
        (WISMO, "订单10452什么时候到货？", True),
        (WISMO, "Where is our order 10453? It should have been delivered.", False),
        (WISMO, "Please send the invoice of order 10452.", False),
        (WISMO, "Where is everything?", False),
        (WISMO, "Order 10452. Thanks.", False),
        ("The drill NW-DRL-18 of order 10452 is broken.", "NW-DRL-18 from order 10452 is defective.", True),
        ("The drill NW-DRL-18 of order 10452 is broken.", "The saw NW-SAW-185 of order 10452 is broken.", False),
        ("The drill NW-DRL-18 of order 10452 is broken.", "Order 10452 arrived damaged.", True),
        ("PO-77120: where is it?", "When will PO 77120 be delivered?", True),
        (WISMO, "Where are orders 10452 and 10453? They should have been delivered.", False),
        ("Where are orders 10452 and 10453? Not delivered.", WISMO, True),
    ],
)
async def test_the_same_person_joins_by_order_and_matter(door: Door, first: str, second: str, joins: bool) -> None:
    one = await door.receive(said("a", first))
    other = await door.receive(said("b", second, channel=Channel.CHAT))
    assert (one.ticket_id == other.ticket_id) is joins


async def test_a_join_says_why(door: Door) -> None:
    await door.receive(said("a"))
    joined = await door.receive(said("b", channel=Channel.CHAT))
    (row,) = [row for row in await door.rows(messages) if row.id == joined.message_id]
    assert row.evidence == "the same person, order 10452, delivery"


async def test_colleagues_join_and_strangers_do_not(door: Door) -> None:
    await colleagues(door)
    one = await door.receive(said("a"))
    colleague = await door.receive(said("b", sender=EMMA, channel=Channel.PORTAL))
    stranger = await door.receive(said("c", sender=Sender(email="mallory@evil.example")))
    assert colleague.ticket_id == one.ticket_id != stranger.ticket_id


async def test_a_message_long_after_begins_anew(door: Door) -> None:
    one = await door.receive(said("a"))
    window = door.playbook.tickets.merge_window
    within = await door.receive(said("b", received_at=mail("x").received_at + window))
    late = await door.receive(said("c", received_at=mail("x").received_at + 2 * window + timedelta(minutes=1)))
    assert within.ticket_id == one.ticket_id != late.ticket_id


async def test_what_the_channel_itself_names_counts(door: Door) -> None:
    one = await door.receive(said("a"))
    order = Reference(kind=ReferenceKind.ORDER, value="10452")
    chat = await door.receive(said("b", "Where is it? Not delivered yet.", channel=Channel.CHAT, named=(order,)))
    assert chat.ticket_id == one.ticket_id


async def test_a_session_goes_on_until_it_names_another_order(door: Door) -> None:
    session = {"channel": Channel.SMS, "provider": "twilio", "account": "main", "conversation": "+4930555", "sender": TOM}
    one = await door.receive(said("a", **session))
    async with door.database.begin() as connection:
        await connection.execute(sql.update(cases).values(orders=["10452"]))
    more = await door.receive(said("b", "Any news?", **session))
    other = await door.receive(said("c", "And where is order 10999?", **session))
    assert more.ticket_id == one.ticket_id != other.ticket_id


@pytest.mark.parametrize(
    ("sender", "joins"), [("tom@brightwell.example", True), ("emma@brightwell.example", True), ("x@evil.example", False)]
)
async def test_our_reply_address_joins_for_people_of_the_thread(door: Door, sender: str, joins: bool) -> None:
    one = await door.receive(said("a", "Good morning"))
    ticket = await door.ticket(one.ticket_id)
    async with door.database.begin() as connection:
        key = await secret(connection, REPLY_TOKEN)
    token = reply_token(ticket.number, key)
    answer = said("b", "Thanks", sender=Sender(email=sender), thread=ThreadHeaders(reply_token=token))
    assert ((await door.receive(answer)).ticket_id == one.ticket_id) is joins
    forged = said("c", "Thanks", sender=TOM, thread=ThreadHeaders(reply_token=token[:-1] + "a7"[token[-1] == "a"]))
    assert (await door.receive(forged)).ticket_id != one.ticket_id


async def test_somebody_of_another_company_is_a_stranger_whatever_the_domain(door: Door) -> None:
    await colleagues(door)
    one = await door.receive(said("a"))
    ticket = await door.ticket(one.ticket_id)
    async with door.database.begin() as connection:
        await connection.execute(sql.update(cases).values(company_id="7"))
        other = await contact_of(connection, STORE, {"email": "zoe@brightwell.example"})
        assert other is not None
        await writes_for(connection, other.id, STORE, "8", "Brightwell Rentals", ticket.created_at)
    subject = f"Re: [#{ticket.number}]"
    zoe = await door.receive(said("b", "Hello", subject=subject, sender=Sender(email="zoe@brightwell.example")))
    emma = await door.receive(said("c", "Hello", subject=subject, sender=EMMA))
    assert zoe.ticket_id != one.ticket_id == emma.ticket_id


@pytest.mark.exhaustive
@pytest.mark.parametrize("rounds", [1_000])
async def test_two_messages_at_the_same_instant_never_make_two_tickets(door: Door, rounds: int) -> None:
    async def both(number: int) -> tuple[Accepted, Accepted]:
        text = f"Where is our order {20_000 + number}? It should have been delivered."
        chat = said(f"chat {number}", text, channel=Channel.CHAT)
        return tuple(await asyncio.gather(door.receive(said(f"mail {number}", text)), door.receive(chat)))  # type: ignore[return-value]

    for number in range(0, rounds, 4):
        for one, other in await asyncio.gather(*(both(number + each) for each in range(4))):
            assert one.ticket_id == other.ticket_id
    assert len(await door.rows(cases)) == rounds
    assert len(await door.rows(messages)) == 2 * rounds


# What a merge does to the tables


async def merged(door: Door, case_id: UUID, into: UUID) -> None:
    number = (await door.ticket(into)).number
    async with door.database.begin() as connection:
        await merging.merge(connection, case_id, number)


async def where(door: Door) -> dict[str, UUID]:
    return {row.external_id: row.case_id for row in await door.rows(messages)}


async def three(door: Door) -> list[UUID]:
    texts = [WISMO, "Where is our order 10453? Not delivered.", "Where is our order 10454? Not delivered."]
    return [(await door.receive(said(f"m{number}", text))).ticket_id for number, text in enumerate(texts)]


async def test_messages_move_and_later_ones_follow_in_one_hop(door: Door) -> None:
    a, b, c = await three(door)
    await merged(door, a, b)
    await merged(door, b, c)
    assert set((await where(door)).values()) == {c}
    assert (await door.ticket(a)).survivor_id == c
    by_header = await door.receive(said("h", "Hm", thread=ThreadHeaders(in_reply_to="<none@x>", references=())))
    by_key = await door.receive(said("k", WISMO))
    assert by_key.ticket_id == c != by_header.ticket_id
    (row,) = [row for row in await door.rows(messages) if row.external_id == "k"]
    assert row.origin_id == c, "what it holds moved with the merge, so that a new message began there"


async def test_a_reply_to_a_merged_ticket_keeps_its_origin(door: Door) -> None:
    a, b, _ = await three(door)
    await merged(door, a, b)
    number = (await door.ticket(a)).number
    late = await door.receive(said("late", "Hello", subject=f"Re: [#{number}]"))
    (row,) = [row for row in await door.rows(messages) if row.id == late.message_id]
    assert (row.case_id, row.origin_id) == (b, a)
    async with door.database.begin() as connection:
        await merging.unmerge(connection, a)
    assert {name: case_id for name, case_id in (await where(door)).items() if name != "m2"} == {"m0": a, "m1": b, "late": a}


async def test_taking_the_middle_out_of_a_chain_takes_its_own_along(door: Door) -> None:
    a, b, c = await three(door)
    await merged(door, a, b)
    await merged(door, b, c)
    async with door.database.begin() as connection:
        await merging.unmerge(connection, b)
    assert await where(door) == {"m0": b, "m1": b, "m2": c}
    assert ((await door.ticket(a)).survivor_id, (await door.ticket(b)).survivor_id) == (b, None)
    told = [row for row in await door.rows(outbox) if row.signal == "merging" and row.payload["kind"] == "release"]
    assert [(row.case_id, set(row.payload["family"])) for row in told] == [(c, {str(a), str(b)})]
    held = {row.reference: row.case_id for row in await door.rows(conversation_keys)}
    assert held == {"order:10452": b, "order:10453": b, "order:10454": c}


async def test_two_tickets_merged_into_each_other_at_once_become_one(door: Door) -> None:
    a, b, _ = await three(door)
    outcomes = await asyncio.gather(merged(door, a, b), merged(door, b, a), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Refusal"]
    assert len({(await where(door))["m0"], (await where(door))["m1"]}) == 1


async def test_another_company_or_store_is_refused_in_words(door: Door) -> None:
    a, b, c = await three(door)
    async with door.database.begin() as connection:
        for case_id, company in ((a, "7"), (b, "8")):
            named = {"company_id": company, "company": f"Company {company}"}
            await connection.execute(sql.update(cases).where(cases.c.id == case_id).values(**named))
        await connection.execute(sql.update(cases).where(cases.c.id == c).values(store="casa-lumen"))
    with pytest.raises(merging.Refusal, match="of another company: Company 8"):
        await merged(door, a, b)
    with pytest.raises(merging.Refusal, match="belongs to another store"):
        await merged(door, a, c)


async def test_a_split_moves_messages_once(door: Door) -> None:
    one = await door.receive(said("a"))
    second = await door.receive(said("b"))
    new = UUID(int=77)
    for _ in range(2):
        async with door.database.begin() as connection:
            assert (await merging.split(connection, one.ticket_id, [second.message_id], new)).case_id == new
    assert await where(door) == {"a": one.ticket_id, "b": new}
    async with door.database.begin() as connection:
        with pytest.raises(merging.Refusal, match="must stay"):
            await merging.split(connection, new, [second.message_id], UUID(int=78))
