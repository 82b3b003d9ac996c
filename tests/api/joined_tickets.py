"""Tickets that were merged, as a workflow publishes them, for pages to show."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import sqlalchemy as sql

from storage.engine import Database
from storage.tables import cases, messages
from tests.api.world import clock, message, show


class Joined(NamedTuple):
    """`survivor` holds the mail of `merged` beside its own; `likely` may be about the same, `stranger` is another company's."""

    survivor: UUID
    merged: UUID
    likely: UUID
    stranger: UUID
    numbers: dict[UUID, int]
    chat_message: UUID
    mail_message: UUID

    def number(self, case_id: UUID) -> int:
        return self.numbers[case_id]


async def joined_tickets(client: httpx.AsyncClient, database: Database, base: str = "") -> Joined:
    async def hear(channel: str, text: str, subject: str, email: str, name: str, **more: Any) -> tuple[UUID, UUID]:
        body = message(channel=channel, text=text, subject=subject, sender={"email": email, "name": name}, **more)
        answer = (await client.post(f"{base}/api/v1/messages", json=body)).json()
        return UUID(answer["ticket_id"]), UUID(answer["message_id"])

    anna = ("anna.keller@baltic-marine.example", "Anna Keller")
    survivor, mail = await hear(
        "email",
        "Dear team, four of ten drills have come. When will the rest ship?\n\nAlso, is serial number SN-4711-X under warranty?",
        "The remaining drills",
        *anna,
    )
    merged, chat = await hear(
        "chat", "hi, any news about the drills? We need them on Friday!", "", "per@baltic-marine.example", "Per Lund"
    )
    likely, _ = await hear(
        "portal", "Status of the drills, please.", "Drills for hall 3", "oda@baltic-marine.example", "Oda Berg"
    )
    stranger, _ = await hear("sms", "Where is my parcel?", "", "joe@elsewhere.example", "Joe Stone")
    now = datetime.now(UTC)
    numbers = await _numbers(database)
    async with database.begin() as connection:
        await connection.execute(
            sql.update(messages)
            .where(messages.c.id == chat)
            .values(case_id=survivor, evidence="same company, order 10452, delivery", provider="widget")
        )
        await connection.execute(
            sql.update(cases).where(cases.c.id == merged).values(survivor_id=survivor, merged_into_id=survivor)
        )
    by = {"by": "Casework", "at": (now - timedelta(minutes=25)).isoformat(), "words": "same company, order 10452, delivery"}
    due_at = now + timedelta(hours=2)
    company = {"company": "Baltic Marine Works", "orders": ("10452",), "next_due_at": due_at, "intent": "wismo"}
    state = {
        "tier": "gold",
        "language": "en",
        "tags": [],
        "clocks": [clock(due_at)],
        "references": [
            _reference("order", "10452", "open", mail, "order of Baltic Marine Works, partially shipped", 100),
            _reference("purchase_order", "PO-77120", "answered", mail, "purchase order of order 10452", 95, "subject"),
            _reference("serial", "SN-4711-X", "open", mail, "drill of order 10398, under warranty", 90),
            _reference("invoice", "INV-10406", "waived", chat, None, 0, "quoted"),
        ],
        "merged": [{"case_id": str(merged), "number": numbers[merged], **by}],
        "duplicates": [{"case_id": str(likely), "number": numbers[likely], "words": "same company, order 10452"}],
    }
    await show(database, survivor, state=state, owner="Emma Clarke", queue="delivery", **company)
    into = {"case_id": str(survivor), "number": numbers[survivor], **by}
    await show(database, merged, status="merged", stage="merged", state={"merged_into": into}, **company)
    await show(database, likely, state={}, **company)
    await show(database, stranger, state={}, company="Elsewhere Ltd", orders=("10900",))
    return Joined(survivor, merged, likely, stranger, numbers, chat, mail)


def _reference(
    kind: str, value: str, state: str, message_id: UUID, found: str | None, score: int, part: str = "text"
) -> dict[str, Any]:
    where = {"part": part, "message_id": str(message_id), "orders": ["10452"]}
    return {"kind": kind, "value": value, "state": state, "found": found, "score": score, **where}


async def _numbers(database: Database) -> dict[UUID, int]:
    async with database.begin() as connection:
        return {row.id: row.number for row in await connection.execute(sql.select(cases.c.id, cases.c.number))}
