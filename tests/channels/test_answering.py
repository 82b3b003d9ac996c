"""From a buyer's message to our answer, over the channel it came by, by the code of the activity and the stand-ins."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sql

from activities._kit.errors import NeedsOperator, OutsideError, Rejected, Unclear
from activities.channels.adapters import Channels
from activities.channels.answering import Answering
from activities.mail.models import OutgoingMail, SentMail
from activities.mail.templates import Templates
from domain.case import Publication, Snapshot
from domain.messages import Channel, InboundMessage, Sender
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import receive
from storage.tables import attachments, cases, decisions, effects, messages
from tests.channels.conftest import Outside, application, rows, serving
from workers.pollers import Pollers

pytestmark = pytest.mark.simulators

STORE = "northwind-tools"
SOON = timedelta(milliseconds=5)
DOORS = [
    ("twilio", "northwind-sms", "body"),
    ("twilio", "northwind-whatsapp", "body"),
    ("whatsapp", "northwind", "body"),
    ("ebay", "northwind", "messageBody"),
    ("tiktok", "northwind", "body"),
]
each = pytest.mark.parametrize(("provider", "account", "field"), DOORS)


class Desk:
    """Tickets that buyers of the stand-ins opened, and the activity that answers them."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook, live: Channels, outside: Outside) -> None:
        self.database, self.blobs, self.playbook, self.live, self.outside = database, blobs, playbook, live, outside
        self.mails: list[OutgoingMail] = []

    def answering(self, channels: Channels | None = None) -> Answering:
        live = self.live if channels is None else channels
        playbook = RunningPlaybook(self.playbook)
        return Answering(self.database, playbook, Templates(playbook), live, self._by_mail, (SOON, SOON, SOON))

    async def _by_mail(self, mail: OutgoingMail) -> SentMail:
        self.mails.append(mail)
        return SentMail(message_id="<mail@test>")

    async def hear(self, provider: str, account: str, **writing: Any) -> UUID:
        """A buyer writes; the ticket once the hook has arrived."""
        before = len(await rows(self.database, messages))
        channel = "whatsapp" if account.endswith("whatsapp") else "sms"
        written = {"text": "Where is 10452? 🚚", "channel": channel} | writing
        await asyncio.to_thread(self.outside.write, provider, **written)
        found = await self.heard(before + 1)
        return found[-1].case_id

    async def heard(self, count: int) -> list[Any]:
        """All messages, once there are so many; a hook arrives when it arrives."""
        for _ in range(1000):
            found = await rows(self.database, messages)
            if len(found) >= count:
                return sorted(found, key=lambda message: message.created_at)
            await asyncio.sleep(0.02)
        raise AssertionError(f"{count} messages did not arrive")

    async def reply(self, ticket: UUID, text: str = "It left on Friday. 周五已发货 🚚", **changes: Any) -> OutgoingMail:
        decision = uuid4()
        async with self.database.begin() as connection:
            values = {"id": decision, "case_id": ticket, "kind": "reply", "author": "Emma", "role": "agent"}
            await connection.execute(sql.insert(decisions).values(**values, payload={"text": text}))
            number = (await connection.execute(sql.select(cases.c.number).where(cases.c.id == ticket))).scalar_one()
        snapshot = Snapshot(
            case_id=ticket, process="ticket", number=number, store=STORE, status="waiting", stage="s", revision=3
        )
        fields: dict[str, Any] = {
            "op_key": f"t.mail.{decision}"[:50],
            "case_id": ticket,
            "store": STORE,
            "language": "en",
            "thread_id": ticket,
            "decision_id": decision,
            "publication": Publication(snapshot=snapshot),
        }
        return OutgoingMail.model_validate(fields | changes)

    async def send(self, mail: OutgoingMail) -> SentMail:
        """As Temporal does: again after an error that may be retried, without the pauses."""
        for _ in range(20):
            try:
                return await self.answering().send_mail(mail)
            except OutsideError as error:
                if error.non_retryable:
                    raise
        raise AssertionError("no end")

    async def ours(self) -> list[Any]:
        return await rows(self.database, messages, messages.c.direction == "out")

    def at_provider(self, provider: str, field: str) -> list[str]:
        """What the provider holds of us."""
        own = {"twilio": ("direction", "outbound-api"), "whatsapp": ("direction", "outbound")}
        own |= {"ebay": ("senderUsername", "northwind_tools")}
        found = self.outside.held(provider)
        if provider == "tiktok":
            return [message[field] for message in found if message["sender"]["role"] != "BUYER"]
        name, value = own[provider]
        return [message[field] for message in found if message[name] == value]


@pytest.fixture
async def desk(database: Database, blobs: Blobs, playbook: Playbook, live: Channels, outside: Outside) -> AsyncIterator[Desk]:
    async with serving(application(database, blobs, playbook, live)):
        yield Desk(database, blobs, playbook, live, outside)


@each
async def test_an_answer_goes_back_over_its_channel_once(desk: Desk, provider: str, account: str, field: str) -> None:
    ticket = await desk.hear(provider, account)
    mail = await desk.reply(ticket)
    sent = await desk.send(mail)
    assert await desk.send(mail) == sent
    (text,) = desk.at_provider(provider, field)
    signed = provider in ("ebay", "tiktok")
    assert text.startswith("It left on Friday. 周五已发货 🚚")
    assert ("Kind regards" in text) is signed
    (row,) = await desk.ours()
    (heard,) = await rows(desk.database, messages, messages.c.direction == "in")
    assert (row.text, row.delivery, row.external_id) == (text, "sent", sent.message_id)
    copied = ("channel", "provider", "account", "conversation", "case_id", "store")
    assert [getattr(row, name) for name in copied] == [getattr(heard, name) for name in copied]
    assert (row.recipient or "") in (heard.sender.get("phone"), heard.sender.get("name"), "")
    assert [case.status for case in await rows(desk.database, cases)] == ["waiting"]
    assert desk.mails == []


@each
async def test_a_lost_answer_leaves_one_message_at_the_provider(desk: Desk, provider: str, account: str, field: str) -> None:
    ticket = await desk.hear(provider, account)
    mail = await desk.reply(ticket)
    operation = "send_message" if provider == "ebay" else "message"
    desk.outside.arm(provider, operation, "lost_after_commit")
    if provider == "whatsapp":
        with pytest.raises(Unclear):
            await desk.send(mail)
    else:
        await desk.send(mail)
    assert len(desk.at_provider(provider, field)) == 1
    (row,) = await desk.ours()
    assert row.delivery == ("unclear" if provider == "whatsapp" else "sent")


async def test_what_was_never_sent_is_sent_again_where_the_provider_can_be_asked(desk: Desk) -> None:
    ticket = await desk.hear("twilio", "northwind-sms")
    desk.outside.arm("twilio", "message", "lost_before")
    await desk.send(await desk.reply(ticket))
    assert len(desk.at_provider("twilio", "body")) == 1
    ticket = await desk.hear("whatsapp", "northwind", text="Where is 10411?")
    desk.outside.arm("whatsapp", "message", "lost_before")
    with pytest.raises(Unclear):
        await desk.send(await desk.reply(ticket))
    assert desk.at_provider("whatsapp", "body") == []


async def test_too_long_and_forbidden_texts_are_rejected_with_words(desk: Desk) -> None:
    sms, shop = await desk.hear("twilio", "northwind-sms"), await desk.hear("ebay", "northwind")
    with pytest.raises(Rejected, match=r"1601 characters and this channel takes 1600"):
        await desk.send(await desk.reply(sms, "x" * 1601))
    with pytest.raises(Rejected, match="no links"):
        await desk.send(await desk.reply(shop, "See https://shop.example"))
    assert [row.delivery for row in await desk.ours()] == ["failed", "failed"]
    assert [row.state for row in await rows(desk.database, effects)] == ["refused", "refused"]
    await desk.send(await desk.reply(sms, "x" * 1600))
    assert desk.at_provider("twilio", "body") == ["x" * 1600]


async def test_outside_the_window_is_rejected_with_words_and_goes_out_once_the_buyer_writes_again(desk: Desk) -> None:
    ticket = await desk.hear("whatsapp", "northwind")
    async with desk.database.begin() as connection:
        await connection.execute(sql.update(messages).values(at=datetime.now(UTC) - timedelta(hours=25)))
    mail = await desk.reply(ticket)
    with pytest.raises(Rejected, match="use a template"):
        await desk.send(mail)
    assert desk.at_provider("whatsapp", "body") == []
    async with desk.database.begin() as connection:
        await connection.execute(sql.update(messages).where(messages.c.direction == "in").values(at=datetime.now(UTC)))
    await desk.send(mail)
    assert len(desk.at_provider("whatsapp", "body")) == 1


async def test_the_newest_message_of_a_person_decides_and_the_first_attempt_keeps_its_way(desk: Desk) -> None:
    ticket = await desk.hear("twilio", "northwind-sms")
    by_sms = await desk.reply(ticket)
    await desk.send(by_sms)
    mail = InboundMessage(
        channel=Channel.EMAIL,
        store=STORE,
        external_id="m1",
        sender=Sender(email="a@b.example"),
        text="By mail now",
        received_at=datetime.now(UTC) + timedelta(minutes=1),
    )
    await receive(desk.database, desk.blobs, desk.playbook, mail)
    async with desk.database.begin() as connection:
        await connection.execute(sql.update(messages).where(messages.c.external_id == "m1").values(case_id=ticket))
    later = await desk.reply(ticket, "By mail")
    await desk.send(later)
    await desk.send(by_sms)
    assert (desk.mails, len(desk.at_provider("twilio", "body"))) == ([later], 1)


async def test_an_account_that_is_gone_needs_an_operator(desk: Desk) -> None:
    ticket = await desk.hear("tiktok", "northwind")
    with pytest.raises(NeedsOperator, match="not connected"):
        await desk.answering({}).send_mail(await desk.reply(ticket))
    assert desk.at_provider("tiktok", "body") == []


async def test_hooks_that_come_twice_late_and_in_the_wrong_order(desk: Desk) -> None:
    desk.outside.arm("whatsapp", "write", "duplicate_webhook")
    await desk.hear("whatsapp", "northwind", text="first")
    desk.outside.arm("whatsapp", "write", "late_webhook", seconds=0.5)
    await asyncio.to_thread(desk.outside.write, "whatsapp", text="second, late")
    await desk.hear("whatsapp", "northwind", text="third")
    found = await desk.heard(3)
    assert sorted(message.text for message in found) == ["first", "second, late", "third"]


@pytest.mark.parametrize(("provider", "account"), [("twilio", "northwind-whatsapp"), ("whatsapp", "northwind")])
async def test_files_are_attached_later_and_a_failing_one_is_tried_again(desk: Desk, provider: str, account: str) -> None:
    content = b"\x89PNG broken drill"
    file = {"content_type": "image/png", "content": base64.b64encode(content).decode()}
    await desk.hear(provider, account, file=file, text="看图")
    pollers = Pollers(desk.database, desk.blobs, RunningPlaybook(desk.playbook), desk.live, 10_000)
    desk.outside.arm(provider, "media", "rate_limit")
    assert await pollers.fetch_media()
    assert await rows(desk.database, attachments) == []
    assert not await pollers.fetch_media()
    async with desk.database.begin() as connection:
        await connection.execute(sql.text("UPDATE awaited_media SET next_at = now()"))
    assert await pollers.fetch_media()
    (attached,) = await rows(desk.database, attachments)
    assert (await desk.blobs.get(attached.blob), attached.content_type) == (content, "image/png")
    assert not await pollers.fetch_media()
