"""What the tests of sending stand on: a mail server that can misbehave, and a ticket to answer."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sql
from aiosmtpd.smtp import SMTP, Envelope, Session

from activities.mail.models import OutgoingMail
from activities.mail.relay import Relay
from activities.mail.sending import Mailer
from activities.mail.templates import Templates
from domain.case import Publication, Snapshot, TimelineEvent
from domain.messages import Channel, InboundMessage, Sender, ThreadHeaders
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import Accepted, receive
from storage.tables import decisions, messages

STORE = "northwind-tools"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Sink:
    """A mail server that keeps what it takes. `answers` are given instead of 250, each once, by command."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.answers: dict[str, list[str]] = {}
        self.commands: list[str] = []
        self.cut_after_data = False

    def _next(self, command: str) -> str | None:
        self.commands.append(command)
        waiting = self.answers.get(command)
        return waiting.pop(0) if waiting else None

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return self._next("MAIL") or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return self._next("RCPT") or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self._next("DATA")
        if answer is not None:
            return answer
        content = envelope.original_content or b""
        self.raw.append(content)
        self.mails.append(cast(EmailMessage, message_from_bytes(content, policy=default)))
        self.recipients += envelope.rcpt_tos
        if self.cut_after_data:
            assert server.transport is not None
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK taken"


class World:
    """A ticket with one mail of a customer, and a mailer."""

    def __init__(self, database: Database, blobs: Blobs, playbook: Playbook, sink: Sink, relay: Relay) -> None:
        self.database, self.blobs, self.playbook, self.sink, self.relay = database, blobs, playbook, sink, relay
        self.buyer: tuple[str, str] = ("buyer@acme.example", "Bo Buyer")
        self.mailer = self.make()
        self.ticket = UUID(int=0)

    def make(self, **options: Any) -> Mailer:
        relay = options.pop("relay", self.relay)
        playbook = RunningPlaybook(self.playbook)
        return Mailer(self.database, self.blobs, playbook, relay, Templates(playbook), self._buyer_of, **options)

    async def _buyer_of(self, store: str, order_id: str) -> tuple[str, str]:
        return self.buyer

    async def hear(self, name: str, **changes: Any) -> Accepted:
        fields: dict[str, Any] = {
            "channel": Channel.EMAIL,
            "store": STORE,
            "external_id": name,
            "sender": Sender(email="anna@acme.example", name="Anna Berg"),
            "subject": "Where is it?",
            "text": "10452",
            "thread": ThreadHeaders(message_id=f"<{name}@acme.example>", references=("<first@acme.example>",)),
            "received_at": NOW,
        }
        return await receive(self.database, self.blobs, self.playbook, InboundMessage.model_validate(fields | changes))

    async def decide(self, text: str = "It left on Friday.\n\nBest, Emma") -> OutgoingMail:
        decision = uuid4()
        async with self.database.begin() as connection:
            await connection.execute(
                sql.insert(decisions).values(
                    id=decision, case_id=self.ticket, kind="reply", author="Emma", role="agent", payload={"text": text}
                )
            )
        return OutgoingMail(
            op_key=f"t.mail.{decision}"[:50],
            case_id=self.ticket,
            store=STORE,
            language="en",
            thread_id=self.ticket,
            decision_id=decision,
            publication=self.publication(),
        )

    def publication(self) -> Publication:
        snapshot = Snapshot(
            case_id=self.ticket, process="ticket", number=1, store=STORE, status="waiting", stage="s", revision=3
        )
        return Publication(snapshot=snapshot, events=(TimelineEvent(sequence=1, at=NOW, actor="E", kind="reply", text="x"),))

    async def rows(self, table: sql.Table, *where: sql.ColumnElement[bool]) -> list[Any]:
        async with self.database.begin() as connection:
            return list((await connection.execute(sql.select(table).where(*where))).all())

    async def ours(self) -> list[Any]:
        return await self.rows(messages, messages.c.direction == "out")
