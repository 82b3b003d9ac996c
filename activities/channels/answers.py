"""Answers over channels as rows of `messages`: written once before the first attempt, so that every attempt sends the same."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import DeliveryState, MessageNature
from storage.tables import messages


@dataclass(frozen=True)
class Answer:
    """One answer as the first attempt wrote it down. `in_reply_to` is the external id of the message it answers."""

    id: UUID
    provider: str
    account: str
    conversation: str | None
    recipient: str | None
    in_reply_to: str | None
    text: str
    at: datetime


def answer_id(case_id: UUID, op_key: str) -> UUID:
    """The id of the row, the same at every attempt."""
    return uuid5(case_id, op_key)


async def stored_answer(connection: AsyncConnection, answer: UUID) -> Answer | None:
    columns = (messages.c[name] for name in Answer.__dataclass_fields__)
    found = await connection.execute(sql.select(*columns).where(messages.c.id == answer))
    row = found.mappings().one_or_none()
    return None if row is None else Answer(**row)


async def heard_last(connection: AsyncConnection, case_id: UUID) -> sql.Row[Any] | None:
    """The newest message of a person in a thread: the one that is answered."""
    found = await connection.execute(
        sql.select(messages)
        .where(
            messages.c.case_id == case_id,
            messages.c.direction == "in",
            messages.c.nature == MessageNature.PERSON.value,
        )
        .order_by(messages.c.at.desc(), messages.c.created_at.desc())
        .limit(1)
    )
    return found.one_or_none()


async def store_answer(
    connection: AsyncConnection,
    answer: UUID,
    heard: sql.Row[Any],
    *,
    op_key: str,
    text: str,
    sender: str,
    decision_id: UUID | None,
) -> None:
    """Writes the answer to `heard`, queued. One that stands under this id stays as it is."""
    person = heard.sender
    statement = insert(messages).values(
        id=answer,
        case_id=heard.case_id,
        origin_id=heard.case_id,
        direction="out",
        channel=heard.channel,
        external_id=op_key,
        store=heard.store,
        sender={"name": sender},
        recipient=person.get("phone") or person.get("email") or person.get("name"),
        text=text,
        in_reply_to=heard.external_id,
        nature=(MessageNature.PERSON if decision_id else MessageNature.AUTO_REPLY).value,
        delivery=DeliveryState.QUEUED.value,
        decision_id=decision_id,
        conversation=heard.conversation,
        provider=heard.provider,
        account=heard.account,
        at=datetime.now(UTC),
    )
    await connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


async def mark_answer(connection: AsyncConnection, answer: UUID, state: DeliveryState, external_id: str | None = None) -> None:
    """Notes how far an answer has come, and under which id the provider holds it; one that is sent stays sent."""
    columns: dict[str, Any] = {"delivery": state.value}
    if state is DeliveryState.SENT:
        columns["at"] = datetime.now(UTC)
    if external_id:
        other = messages.alias()
        taken = sql.exists().where(other.c.channel == messages.c.channel, other.c.external_id == external_id)
        columns["external_id"] = sql.case((taken, messages.c.external_id), else_=external_id)
    await connection.execute(
        sql.update(messages).where(messages.c.id == answer, messages.c.delivery != DeliveryState.SENT.value).values(**columns)
    )


async def heard_at(connection: AsyncConnection, answer: Answer) -> datetime | None:
    """When the buyer last wrote in the conversation of an answer."""
    newest = sql.select(sql.func.max(messages.c.at)).where(*_in_conversation_of(answer), messages.c.direction == "in")
    return await connection.scalar(newest)


async def other_answers(connection: AsyncConnection, answer: Answer) -> frozenset[str]:
    """The external ids of our other answers in the conversation."""
    ours = (*_in_conversation_of(answer), messages.c.direction == "out", messages.c.id != answer.id)
    return frozenset(await connection.scalars(sql.select(messages.c.external_id).where(*ours)))


def _in_conversation_of(answer: Answer) -> tuple[sql.ColumnElement[bool], ...]:
    return tuple(messages.c[name] == getattr(answer, name) for name in ("provider", "account", "conversation"))
