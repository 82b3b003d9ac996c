"""Messages to which an agent gave another intent: what the model of intents learns from beside the playbook's sentences."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.triage import Intent
from storage.tables import cases, decisions, messages, training_rows


@dataclass(frozen=True)
class TrainingRow:
    """An agent's word: this text, in this language, is about that intent."""

    text: str
    language: str
    intent: Intent
    message_id: UUID
    agent: str
    at: datetime


async def insert_training_row(connection: AsyncConnection, row: TrainingRow) -> None:
    """Keeps what the agent said, beside what was said of the same message before."""
    await connection.execute(
        sql.insert(training_rows).values(
            text=row.text,
            language=row.language,
            intent=row.intent.value,
            message_id=row.message_id,
            agent=row.agent,
            at=row.at,
        )
    )


async def learn_from(connection: AsyncConnection, decision_id: UUID) -> None:
    """Keeps what an applied decision says about a ticket's first message, if it names an intent that the model knows."""
    first = (
        sql.select(messages.c.id, messages.c.text, cases.c.state["language"].astext.label("language"), decisions)
        .join(cases, cases.c.id == decisions.c.case_id)
        .join(messages, messages.c.origin_id == cases.c.id)
        .where(
            decisions.c.id == decision_id,
            decisions.c.kind == "retag",
            decisions.c.payload["intent"].astext.in_([intent.value for intent in Intent]),
            messages.c.direction == "in",
            messages.c.nature == "person",
        )
        .order_by(messages.c.at)
        .limit(1)
    )
    row = (await connection.execute(first)).first()
    if row is not None and row.language:
        said = TrainingRow(row.text, row.language, Intent(row.payload["intent"]), row[0], row.author, row.decided_at)
        await insert_training_row(connection, said)


async def list_training_rows(connection: AsyncConnection) -> tuple[TrainingRow, ...]:
    """The last word about each message, the oldest message first."""
    last = (
        sql.select(training_rows)
        .ext(distinct_on(training_rows.c.message_id))
        .order_by(training_rows.c.message_id, training_rows.c.at.desc(), training_rows.c.id.desc())
        .subquery()
    )
    found = await connection.execute(sql.select(last).order_by(last.c.at, last.c.id))
    return tuple(
        TrainingRow(row.text, row.language, Intent(row.intent), row.message_id, row.agent, row.at) for row in found.all()
    )
