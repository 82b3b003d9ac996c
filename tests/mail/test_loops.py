"""Answers find their thread by the reply address, and two machines never answer each other for ever."""

import asyncio
from uuid import uuid4

import pytest
import sqlalchemy as sql

from activities._kit.errors import Rejected
from activities.mail.models import OutgoingMail
from activities.mail.parsing import Envelope, parse_mail
from activities.mail.sending import REPLY_TOKEN
from domain.messages import Sender, ThreadHeaders
from domain.threading import token_number
from storage.secrets import secret
from storage.tables import cases, effects, messages
from tests.mail.post_office import NOW, STORE, World

FACTS = {"rma_number": "1007", "order_id": "10452", "lines": [], "reason": "r", "days": 14}


def automatic(world: World, key: str | None = None, **changes: object) -> OutgoingMail:
    """A mail that a ticket sends by itself. Which text it is does not matter here."""
    fields = {
        "case_id": world.ticket,
        "store": STORE,
        "language": "en",
        "thread_id": world.ticket,
        "template": "return_refused",
    }
    return OutgoingMail.model_validate({"op_key": key or f"a.{uuid4()}"[:50], "facts": FACTS} | fields | changes)


async def test_the_reply_address_names_the_thread(world: World) -> None:
    await world.mailer.send(await world.decide())
    (out,) = world.sink.mails
    (case,) = await world.rows(cases)
    async with world.database.begin() as connection:
        key = await secret(connection, REPLY_TOKEN)
    address = out["Reply-To"].addresses[0].addr_spec
    assert out["From"].addresses[0].addr_spec == "support@northwind-tools.example"
    assert token_number(address, key) == case.number
    answer = f"From: a@b.example\r\nTo: other@c.example\r\nCc: {address.upper()}\r\n\r\nhi".encode()
    read = parse_mail(answer, Envelope(None, ()), world.playbook, NOW, "blob")
    assert read.store == STORE
    assert token_number(read.thread.reply_token or "", key) == case.number


async def test_a_secret_is_made_once(world: World) -> None:
    async def ask() -> bytes:
        async with world.database.begin() as connection:
            return await secret(connection, "x")

    found = await asyncio.gather(*(ask() for _ in range(5)))
    assert len(set(found)) == 1
    assert len(found[0]) == 32


async def test_the_second_automatic_mail_in_a_thread_is_held_back_and_recorded(world: World) -> None:
    assert not (await world.mailer.send(automatic(world))).skipped
    mail = automatic(world)
    for _ in range(2):
        sent = await world.mailer.send(mail)
        assert sent.skipped
    assert len(world.sink.mails) == 1
    (effect,) = await world.rows(effects, effects.c.op_key == mail.op_key)
    assert effect.state == "skipped"
    assert "less than 12 hours ago" in effect.error
    held_back = await world.rows(messages, messages.c.external_id == mail.op_key)
    assert [row.delivery for row in held_back] == ["failed"]
    await world.mailer.send(await world.decide())
    assert len(world.sink.mails) == 2, "a person may write at any time"


async def test_many_at_the_same_moment_are_one(world: World) -> None:
    sent = await asyncio.gather(*(world.make().send(automatic(world)) for _ in range(6)))
    assert [mail.skipped for mail in sent].count(False) == 1
    assert len(world.sink.mails) == 1


async def test_five_threads_of_one_address_are_enough_for_a_day(world: World) -> None:
    fields = {"sender": Sender(email="Anna@Acme.example"), "thread": ThreadHeaders(), "subject": "", "text": "Good morning"}
    tickets = [await world.hear(f"n{n}", **fields) for n in range(6)]
    sent = [await world.mailer.send(automatic(world, case_id=t.ticket_id, thread_id=t.ticket_id)) for t in tickets]
    assert [mail.skipped for mail in sent] == [False] * 5 + [True]


async def test_what_a_return_sends_is_not_held_back(world: World) -> None:
    """A label and an outcome follow from what people decided; no mail provokes them."""
    rma = uuid4()
    async with world.database.begin() as connection:
        row = {"process": "rma", "workflow_id": "rma-1", "store": STORE, "title": "t", "status": "open", "stage": "s"}
        await connection.execute(sql.insert(cases).values(id=rma, **row))
    for _ in range(3):
        assert not (await world.mailer.send(automatic(world, case_id=rma))).skipped
    assert len(world.sink.mails) == 3


async def test_nothing_goes_to_an_address_of_ours(world: World) -> None:
    ours = await world.hear("own", sender=Sender(email="support+t.1042.aaaaaaaa@casa-lumen.example"), thread=ThreadHeaders())
    with pytest.raises(Rejected, match="address of our own"):
        await world.mailer.send(automatic(world, case_id=ours.ticket_id, thread_id=ours.ticket_id))
    assert world.sink.mails == []
