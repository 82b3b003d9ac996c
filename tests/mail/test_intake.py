"""`accept`: once, whole, and into the right thread."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sql

from domain.messages import Channel, InboundAttachment, InboundMessage, MessageNature, Sender, ThreadHeaders
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import Accepted, UnknownStore, open_case, receive
from storage.tables import attachments, cases, messages, outbox

STORE = "northwind-tools"


def mail(name: str, **changes: Any) -> InboundMessage:
    fields: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "store": STORE,
        "external_id": name,
        "sender": Sender(email="anna@acme.example", name="Anna"),
        "subject": "Where is it?",
        "text": "Order 10452",
        "thread": ThreadHeaders(message_id=f"<{name}@acme.example>"),
        "received_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
    }
    return InboundMessage.model_validate(fields | changes)


class Door:
    """What the tests do at the door, and what they look up behind it."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook) -> None:
        self.database, self.blobs, self.playbook = database, blobs, playbook

    async def receive(self, message: InboundMessage) -> Accepted:
        return await receive(self.database, self.blobs, self.playbook, message)

    async def rows(self, table: sql.Table) -> list[Any]:
        async with self.database.begin() as connection:
            return list((await connection.execute(sql.select(table).order_by(*table.primary_key))).all())

    async def ticket(self, case_id: UUID) -> Any:
        return next(row for row in await self.rows(cases) if row.id == case_id)

    async def close(self, case_id: UUID) -> None:
        async with self.database.begin() as connection:
            await connection.execute(sql.update(cases).where(cases.c.id == case_id).values(status="closed"))


@pytest.fixture
def door(database: Database, blobs: Blobs, playbook: Playbook) -> Door:
    return Door(database, blobs, playbook)


async def test_a_first_message_makes_a_ticket_and_an_outbox_row(door: Door) -> None:
    file = InboundAttachment(filename="photo.jpg", content_type="image/jpeg", content=b"picture")
    accepted = await door.receive(mail("a", attachments=(file,)))
    ticket = await door.ticket(accepted.ticket_id)
    assert accepted.created
    assert (ticket.process, ticket.status, ticket.stage, ticket.title) == ("ticket", "open", "new", "Where is it?")
    assert ticket.workflow_id == f"ticket-{ticket.number}"
    assert ticket.start["case_id"] == str(accepted.ticket_id)
    assert ticket.playbook_version == door.playbook.version
    (waiting,) = await door.rows(outbox)
    assert (waiting.workflow_id, waiting.signal) == (ticket.workflow_id, "message")
    assert waiting.payload == {"message_id": str(accepted.message_id)}
    (filed,) = await door.rows(attachments)
    assert filed.size == 7
    assert await door.blobs.get(filed.blob) == b"picture"


async def test_the_same_message_again_is_the_same_message(door: Door) -> None:
    first = await door.receive(mail("a"))
    again = await door.receive(mail("a", text="changed on the way"))
    assert again == Accepted(first.message_id, first.ticket_id, False)
    assert len(await door.rows(messages)) == len(await door.rows(outbox)) == len(await door.rows(cases)) == 1


async def test_the_same_message_at_the_same_moment_is_one(door: Door) -> None:
    results = await asyncio.gather(*(door.receive(mail("a")) for _ in range(8)))
    assert len({(result.message_id, result.ticket_id) for result in results}) == 1
    assert sum(result.created for result in results) == 1
    assert len(await door.rows(cases)) == len(await door.rows(outbox)) == 1


async def test_the_same_id_on_another_channel_is_another_message(door: Door) -> None:
    first = await door.receive(mail("a"))
    other = await door.receive(mail("a", channel=Channel.CHAT, text="Good morning", thread=ThreadHeaders()))
    assert other.created
    assert other.ticket_id != first.ticket_id


async def test_a_reply_joins_by_its_headers(door: Door) -> None:
    first = await door.receive(mail("a"))
    by_reply = await door.receive(mail("b", thread=ThreadHeaders(message_id="<b@x>", in_reply_to="<a@acme.example>")))
    by_reference = await door.receive(mail("c", thread=ThreadHeaders(references=("<zzz@x>", "<b@x>", "<lost@x>"))))
    assert first.ticket_id == by_reply.ticket_id == by_reference.ticket_id
    assert len(await door.rows(outbox)) == 3


async def test_the_newest_reference_wins(door: Door) -> None:
    await door.receive(mail("old"))
    newer = await door.receive(mail("new"))
    references = ("<old@acme.example>", "<new@acme.example>")
    assert (await door.receive(mail("c", thread=ThreadHeaders(references=references)))).ticket_id == newer.ticket_id


async def test_a_thread_of_another_store_is_not_joined(door: Door) -> None:
    first = await door.receive(mail("a"))
    other = await door.receive(mail("b", store="casa-lumen", thread=ThreadHeaders(in_reply_to="<a@acme.example>")))
    assert other.ticket_id != first.ticket_id


async def test_equal_subjects_are_two_tickets(door: Door) -> None:
    first, second = mail("a", text="Good morning"), mail("b", text="Good morning")
    assert (await door.receive(first)).ticket_id != (await door.receive(second)).ticket_id


@pytest.mark.parametrize(
    ("first_sender", "second_sender", "joins"),
    [
        ("anna@acme.example", "anna@acme.example", True),
        ("anna@acme.example", "Boss@ACME.example", True),
        ("anna@acme.example", "mallory@evil.example", False),
        ("anna@gmail.com", "mallory@gmail.com", False),
        ("anna@acme.example", None, False),
    ],
)
async def test_a_number_in_the_subject_counts_only_from_who_takes_part(
    door: Door, first_sender: str, second_sender: str | None, joins: bool
) -> None:
    first = await door.receive(mail("a", sender=Sender(email=first_sender)))
    number = (await door.ticket(first.ticket_id)).number
    second = await door.receive(mail("b", sender=Sender(email=second_sender), subject=f"Re: it [#{number}]"))
    assert (second.ticket_id == first.ticket_id) is joins


async def test_a_reply_to_a_closed_ticket_opens_one_linked_ticket(door: Door) -> None:
    first = await door.receive(mail("a"))
    await door.close(first.ticket_id)
    replies = [mail(name, thread=ThreadHeaders(in_reply_to="<a@acme.example>")) for name in "bcde"]
    accepted = await asyncio.gather(*(door.receive(reply) for reply in replies))
    (follower,) = {result.ticket_id for result in accepted}
    assert follower != first.ticket_id
    assert (await door.ticket(follower)).parent_id == first.ticket_id
    await door.close(follower)
    third = await door.receive(mail("f", thread=ThreadHeaders(in_reply_to="<a@acme.example>")))
    assert (await door.ticket(third.ticket_id)).parent_id == follower


@pytest.mark.parametrize("nature", [MessageNature.AUTO_REPLY, MessageNature.BOUNCE, MessageNature.BULK])
async def test_machine_mail_is_kept_but_starts_nothing(door: Door, nature: MessageNature) -> None:
    accepted = await door.receive(mail("a", nature=nature))
    ticket = await door.ticket(accepted.ticket_id)
    assert (ticket.status, ticket.stage) == ("closed", "machine_mail")
    assert await door.rows(outbox) == []
    person = await door.receive(mail("b", thread=ThreadHeaders(in_reply_to="<a@acme.example>")))
    assert (await door.ticket(person.ticket_id)).parent_id == accepted.ticket_id


async def test_machine_mail_joins_its_thread_and_wakes_only_an_open_one(door: Door) -> None:
    first = await door.receive(mail("a"))
    thread = ThreadHeaders(in_reply_to="<a@acme.example>")
    away = await door.receive(mail("b", nature=MessageNature.AUTO_REPLY, thread=thread))
    assert away.ticket_id == first.ticket_id
    assert len(await door.rows(outbox)) == 2
    await door.close(first.ticket_id)
    bounce = await door.receive(mail("c", nature=MessageNature.BOUNCE, thread=thread))
    assert bounce.ticket_id == first.ticket_id
    assert len(await door.rows(outbox)) == 2


async def test_a_mail_that_bears_the_id_of_ours_does_not_divert_replies(door: Door) -> None:
    await door.receive(mail("forged", thread=ThreadHeaders(message_id="<ours@x>")))
    first = await door.receive(mail("a"))
    async with door.database.begin() as connection:
        await connection.execute(
            sql.insert(messages).values(
                id=UUID(int=9), case_id=first.ticket_id, origin_id=first.ticket_id, direction="out", channel="email",
                external_id="out", store=STORE,
                sender={}, text="answer", message_id="<ours@x>", nature="person", delivery="sent", at=sql.func.now(),
            )
        )  # fmt: skip
    reply = await door.receive(mail("b", thread=ThreadHeaders(in_reply_to="<ours@x>")))
    assert reply.ticket_id == first.ticket_id


async def test_a_reply_to_a_return_goes_to_its_ticket(door: Door) -> None:
    first = await door.receive(mail("a"))
    async with door.database.begin() as connection:
        opened = await open_case(connection, "rma", STORE, "Return", {"lines": []}, first.ticket_id)
        await connection.execute(
            sql.insert(messages).values(
                id=opened.case_id, case_id=opened.case_id, origin_id=opened.case_id, direction="out", channel="email",
                external_id="out", store=STORE,
                sender={}, text="label", message_id="<label@x>", nature="person", delivery="sent", at=sql.func.now(),
            )
        )  # fmt: skip
    reply = await door.receive(mail("b", thread=ThreadHeaders(in_reply_to="<label@x>")))
    assert reply.ticket_id == first.ticket_id


async def test_a_case_is_opened_once_for_its_id(door: Door) -> None:
    wanted = UUID(int=7)
    opened = []
    for _ in range(2):
        async with door.database.begin() as connection:
            opened.append(await open_case(connection, "rma", STORE, "Return", {"a": 1}, case_id=wanted))
    (case,) = await door.rows(cases)
    (waiting,) = await door.rows(outbox)
    assert opened == [(wanted, case.number)] * 2
    assert (waiting.workflow_id, waiting.signal, case.start) == (f"rma-{case.number}", None, {"a": 1})


async def test_an_unknown_store_is_refused_with_words(door: Door) -> None:
    with pytest.raises(UnknownStore, match=r"'nowhere' is not in the playbook; it has casa-lumen, northwind-tools"):
        await door.receive(mail("a", store="nowhere"))


async def test_what_postgresql_cannot_hold_is_made_to_fit(door: Door) -> None:
    long = "<" + "x" * 5000 + "@acme.example>"
    words = " ".join(f"a{n}-b{n}/c{n}.example" for n in range(200_000))
    message = mail(
        "n" * 5000,
        subject="nul \x00 and \ud800 surrogate " + "s" * 9000,
        text=words,
        sender=Sender(email="a@b.example", name="A\x00nna\r\nBerg"),
        attachments=(InboundAttachment(filename="../\u202e\x00a.pdf", content_type="application/pdf", content=b""),),
        thread=ThreadHeaders(message_id=long),
    )
    accepted = await door.receive(message)
    (stored,) = await door.rows(messages)
    (filed,) = await door.rows(attachments)
    assert (stored.sender["name"], filed.filename) == ("Anna Berg", "a.pdf")
    assert stored.full_text == words
    assert words.startswith(stored.text)
    reply = await door.receive(mail("b", thread=ThreadHeaders(in_reply_to=long)))
    assert reply.ticket_id == accepted.ticket_id
    assert not (await door.receive(message)).created


async def test_nothing_is_half_done_when_the_last_step_fails(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("storage.intake.put_in_outbox", broken)
        with pytest.raises(RuntimeError):
            await door.receive(mail("a"))
    assert await door.rows(cases) == await door.rows(messages) == await door.rows(outbox) == []
    assert (await door.receive(mail("a"))).created
