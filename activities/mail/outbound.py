"""Mails of ours as rows of `messages`: written once before the first attempt, so that every attempt sends the same mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.mail.composing import Letter
from activities.mail.models import MailAttachment
from domain.attachment_kind import AttachmentKind
from domain.messages import Channel, DeliveryState, MessageNature
from storage.tables import attachments, cases, decisions, messages


@dataclass(frozen=True)
class ThreadEnd:
    """Where a thread stands: who wrote last, and the mail that an answer answers."""

    email: str | None
    name: str | None
    subject: str
    message_id: str | None
    references: tuple[str, ...]
    words: str
    """Subject and text of what they wrote."""


@dataclass(frozen=True)
class CaseHead:
    number: int
    title: str
    store: str


async def thread_of(connection: AsyncConnection, case_id: UUID) -> UUID:
    """Where the thread of a ticket is: in the ticket itself, or in the one it was merged into."""
    survivor = await connection.scalar(sql.select(cases.c.survivor_id).where(cases.c.id == case_id))
    return survivor or case_id


async def named_order(connection: AsyncConnection, case_id: UUID) -> str | None:
    """The order that the channel of the newest message itself named, such as the one a form was opened from."""
    named = await connection.scalar(
        sql.select(messages.c.named)
        .where(messages.c.case_id == case_id, messages.c.direction == "in")
        .order_by(messages.c.at.desc(), messages.c.created_at.desc())
        .limit(1)
    )
    return next((each["value"] for each in named or () if each["kind"] == "order"), None)


async def case_head(connection: AsyncConnection, case_id: UUID) -> CaseHead | None:
    found = await connection.execute(sql.select(cases.c.number, cases.c.title, cases.c.store).where(cases.c.id == case_id))
    row = found.one_or_none()
    return None if row is None else CaseHead(row.number, row.title, row.store)


async def decision_text(connection: AsyncConnection, decision_id: UUID) -> str | None:
    """What the agent wrote; None where there is no such decision or it has no text."""
    payload = await connection.scalar(sql.select(decisions.c.payload).where(decisions.c.id == decision_id))
    text = payload.get("text") if isinstance(payload, dict) else None
    return text if isinstance(text, str) and text.strip() else None


async def thread_end(connection: AsyncConnection, case_id: UUID) -> ThreadEnd | None:
    """The newest message that a person sent from a mail address; None where there is none.

    The mail to answer is that one, or where it came by another channel the newest mail of the thread.
    """
    newest = (messages.c.at.desc(), messages.c.created_at.desc())
    found = await connection.execute(
        sql.select(messages)
        .where(
            messages.c.case_id == case_id,
            messages.c.direction == "in",
            messages.c.nature == MessageNature.PERSON.value,
            messages.c.sender["email"].astext != "",
        )
        .order_by(*newest)
        .limit(1)
    )
    last = found.one_or_none()
    if last is None:
        return None
    parent = last
    if not last.message_id:
        others = sql.select(messages).where(messages.c.case_id == case_id, messages.c.message_id.is_not(None))
        parent = (await connection.execute(others.order_by(*newest).limit(1))).one_or_none() or last
    chain = tuple(parent.references) or ((parent.in_reply_to,) if parent.in_reply_to else ())
    return ThreadEnd(
        last.sender["email"], last.sender.get("name"), last.subject, parent.message_id, chain, f"{last.subject}\n{last.text}"
    )


async def stored_letter(connection: AsyncConnection, op_key: str) -> tuple[Letter, str] | None:
    """The mail written under this op_key, and its delivery state. Attachments' contents are not part of it."""
    found = await connection.execute(sql.select(messages).where(_is(op_key)))
    row = found.one_or_none()
    if row is None:
        return None
    letter = Letter(
        message_id=row.message_id,
        sender_name=row.sender["name"],
        sender=row.sender["email"],
        recipient=row.recipient,
        subject=row.subject,
        text=row.text,
        at=row.at,
        automatic=None if row.nature == MessageNature.PERSON.value else "auto-replied",
        in_reply_to=row.in_reply_to,
        references=tuple(row.references),
    )
    return letter, row.delivery


async def store_letter(
    connection: AsyncConnection,
    letter: Letter,
    *,
    op_key: str,
    case_id: UUID,
    store: str,
    decision_id: UUID | None,
    files: Sequence[tuple[MailAttachment, int]],
    state: DeliveryState,
) -> bool:
    """Writes the mail with its files and their sizes in bytes. False where one stands under this op_key: it stays as it is."""
    statement = insert(messages).values(
        id=uuid4(),
        case_id=case_id,
        origin_id=case_id,
        direction="out",
        channel=Channel.EMAIL.value,
        external_id=op_key,
        store=store,
        sender={"email": letter.sender, "name": letter.sender_name},
        recipient=letter.recipient,
        subject=letter.subject,
        text=letter.text,
        message_id=letter.message_id,
        in_reply_to=letter.in_reply_to,
        references=list(letter.references),
        nature=(MessageNature.AUTO_REPLY if letter.automatic else MessageNature.PERSON).value,
        delivery=state.value,
        decision_id=decision_id,
        at=letter.at,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["channel", "external_id"]).returning(messages.c.id)
    message = await connection.scalar(statement)
    if message is None or not files:
        return message is not None
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "message_id": message,
            "filename": file.filename,
            "content_type": file.content_type,
            "size": size,
            "blob": file.blob,
            "kind": AttachmentKind.DOCUMENT.value,
        }
        for file, size in files
    ]
    await connection.execute(sql.insert(attachments), rows)
    return True


async def mark(connection: AsyncConnection, op_key: str, state: DeliveryState) -> None:
    """Notes how far a mail has come; one that is sent stays sent."""
    columns: dict[str, Any] = {"delivery": state.value}
    if state is DeliveryState.SENT:
        columns["at"] = datetime.now(UTC)
    await connection.execute(
        sql.update(messages).where(_is(op_key), messages.c.delivery != DeliveryState.SENT.value).values(**columns)
    )


def _is(op_key: str) -> sql.ColumnElement[bool]:
    return sql.and_(messages.c.channel == Channel.EMAIL.value, messages.c.external_id == op_key, messages.c.direction == "out")
