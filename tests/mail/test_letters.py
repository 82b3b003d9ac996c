"""What is in our mails and whom they go to."""

from datetime import timedelta

import pytest

from activities._kit.errors import NeedsOperator, Rejected
from activities.mail.models import MailAttachment, OutgoingMail, StaffNotice
from domain.messages import Channel, MessageNature, Sender, ThreadHeaders
from storage.blobs import Blobs
from storage.tables import attachments, cases
from tests.mail.post_office import NOW, STORE, World


async def test_an_agents_reply_in_its_thread(world: World) -> None:
    mail = await world.decide()
    sent = await world.mailer.send(mail)
    (number,) = [row.number for row in await world.rows(cases)]
    (out,) = world.sink.mails
    assert out["From"] == "Northwind Tools <support@northwind-tools.example>"
    assert out["To"] == "anna@acme.example"
    assert out["Subject"] == f"Re: Where is it? [#{number}]"
    assert out["In-Reply-To"] == "<m1@acme.example>"
    assert out["References"] == "<first@acme.example> <m1@acme.example>"
    assert out["Message-ID"] == sent.message_id
    assert out["Auto-Submitted"] is None
    assert (
        out.get_content().replace("\r\n", "\n")
        == "It left on Friday.\n\nBest, Emma\n\nKind regards\nNorthwind Tools customer service\n"
    )
    (row,) = await world.ours()
    assert (row.delivery, row.message_id, row.recipient) == ("sent", sent.message_id, "anna@acme.example")
    assert (row.decision_id, row.nature, row.case_id) == (mail.decision_id, "person", world.ticket)


async def test_a_reply_to_our_mail_comes_back_into_the_thread(world: World) -> None:
    sent = await world.mailer.send(await world.decide())
    back = await world.hear("m2", thread=ThreadHeaders(in_reply_to=sent.message_id))
    assert back.ticket_id == world.ticket


async def test_it_goes_to_the_person_who_wrote_last(world: World) -> None:
    thread = ThreadHeaders(message_id="<b@acme.example>", in_reply_to="<m1@acme.example>")
    await world.hear("m2", sender=Sender(email="boss@acme.example"), thread=thread, received_at=NOW + timedelta(hours=1))
    away = thread.model_copy(update={"message_id": "<c@acme.example>"})
    robot = Sender(email="robot@acme.example")
    later = NOW + timedelta(hours=2)
    await world.hear("m3", sender=robot, nature=MessageNature.AUTO_REPLY, thread=away, received_at=later)
    await world.mailer.send(await world.decide())
    assert world.sink.recipients == ["boss@acme.example"]
    assert world.sink.mails[0]["In-Reply-To"] == "<b@acme.example>"


@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "es", "zh"])
async def test_a_text_of_the_playbook_with_its_label(world: World, blobs: Blobs, language: str) -> None:
    label = MailAttachment(filename="label.pdf", content_type="application/pdf", blob=await blobs.put(b"%PDF"))
    lines = [{"sku": "NT-1", "name": "Drill", "quantity": 2, "reason": "damaged"}]
    facts = {"rma_number": "1007", "order_id": "10452", "lines": lines, "days": 14}
    mail = OutgoingMail(
        op_key=f"rma.{language}", case_id=world.ticket, store=STORE, language=language, thread_id=world.ticket,
        template="return_label", facts=facts,
    )  # fmt: skip
    await world.mailer.send(mail, [label])
    (out,) = world.sink.mails
    body = out.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "Anna Berg" in text
    assert "2 × Drill" in text
    assert "14" in text
    assert out["Auto-Submitted"] == "auto-replied"
    assert out["X-Auto-Response-Suppress"] == "All"
    (file,) = out.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("label.pdf", b"%PDF")
    (stored,) = await world.rows(attachments)
    assert (stored.filename, stored.size) == ("label.pdf", 4)


async def test_without_a_thread_it_goes_to_the_buyer(world: World) -> None:
    facts = {"rma_number": "1007", "order_id": "10452", "lines": [], "reason": "too late {{ 7*7 }}"}
    mail = OutgoingMail(
        op_key="rma.2", case_id=world.ticket, store="casa-lumen", language="pt", order_id="10452",
        template="return_refused", facts=facts,
    )  # fmt: skip
    await world.mailer.send(mail)
    (out,) = world.sink.mails
    assert (out["To"], out["In-Reply-To"]) == ("buyer@acme.example", None)
    assert out["Subject"] == "Il suo reso 1007: non possiamo accettarlo"
    assert "Buongiorno Bo Buyer," in out.get_content()
    assert "too late {{ 7*7 }}" in out.get_content()
    assert "Servizio clienti Casa Lumen" in out.get_content()


@pytest.mark.parametrize("buyer", ["", "support@casa-lumen.example", "a@b.example\r\nBcc: x@y.example", "no address", "a@"])
async def test_where_nobody_can_be_reached_it_is_rejected_with_words(world: World, buyer: str) -> None:
    world.buyer = (buyer, "X")
    mail = OutgoingMail(
        op_key="r", case_id=world.ticket, store=STORE, language="en", order_id="1", template="return_refused",
        facts={"rma_number": "1", "order_id": "1", "lines": [], "reason": "r"},
    )  # fmt: skip
    with pytest.raises(Rejected):
        await world.mailer.send(mail)
    assert world.sink.commands == []


async def test_a_thread_without_address_is_rejected(world: World) -> None:
    chat = await world.hear("c1", channel=Channel.CHAT, sender=Sender(phone="+49301"), thread=ThreadHeaders())
    mail = (await world.decide()).model_copy(update={"thread_id": chat.ticket_id, "publication": None})
    with pytest.raises(Rejected, match="Nobody in this thread has a mail address"):
        await world.mailer.send(mail)


async def test_a_missing_fact_is_named_and_nothing_goes_out(world: World) -> None:
    mail = OutgoingMail(
        op_key="r", case_id=world.ticket, store=STORE, language="en", thread_id=world.ticket, template="return_label"
    )
    with pytest.raises(NeedsOperator, match="'rma_number' is undefined"):
        await world.mailer.send(mail)
    assert world.sink.commands == []


async def test_injected_headers_do_not_get_through(world: World) -> None:
    evil = "x\r\nBcc: victim@x.example\r\n\r\nbody"
    thread = ThreadHeaders(message_id="<evil>\r\nBcc: a@b", in_reply_to="<m1@acme.example>")
    await world.hear("m2", subject=evil, sender=Sender(email="anna@acme.example", name=evil), thread=thread,
                     received_at=NOW + timedelta(hours=1))  # fmt: skip
    await world.mailer.send(await world.decide())
    (out,) = world.sink.mails
    assert out["Bcc"] is None
    assert out["In-Reply-To"] is None
    assert world.sink.recipients == ["anna@acme.example"]


async def test_long_message_ids_are_not_encoded(world: World) -> None:
    long = "<" + "A" * 120 + "@mail.acme.example>"
    await world.hear("m2", thread=ThreadHeaders(message_id=long, in_reply_to="<m1@acme.example>", references=(long,) * 3),
                     received_at=NOW + timedelta(hours=1))  # fmt: skip
    await world.mailer.send(await world.decide("汉字 " * 300))
    (out,) = world.sink.mails
    assert out["In-Reply-To"] == long
    assert f"In-Reply-To: {long}\r\n".encode() in world.sink.raw[0]
    assert b"=?" not in world.sink.raw[0].partition(b"\r\n\r\n")[0]
    assert "汉字" in out.get_content()


async def test_staff_are_told_once_and_outside_the_thread(world: World) -> None:
    facts = {"case": "Ticket 1001", "clock": "first response", "due_at": "2026-03-02 10:00 UTC", "owner": "nobody"}
    notice = StaffNotice(op_key="n", case_id=world.ticket, person="Martin Krause", template="deadline_missed", facts=facts)
    first = await world.mailer.tell_staff(notice)
    assert await world.make().tell_staff(notice) == first
    (out,) = world.sink.mails
    assert out["To"] == "martin.krause@northwind-tools.example"
    assert out["Subject"] == "Ticket 1001: first response was missed"
    assert out["Auto-Submitted"] == "auto-generated"
    assert "Hello Martin Krause," in out.get_content()
    assert await world.ours() == []
    with pytest.raises(Rejected, match="'Nobody' is not in the playbook"):
        await world.mailer.tell_staff(notice.model_copy(update={"person": "Nobody"}))
