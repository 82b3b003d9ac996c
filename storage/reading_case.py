"""One case with all that belongs to it, in a fixed number of queries."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import order_records
from storage.cases import WHOLE
from storage.decisions import StoredDecision, of_case
from storage.order_records import StoredOrder
from storage.tables import attachments, cases, contexts, effects, messages, timeline

Row = dict[str, Any]


@dataclass(frozen=True)
class CaseFile:
    """Everything the database knows about a case. `messages` carry their `attachments`; `children` are the returns of a
    ticket, and the tickets that follow it."""

    case: Row
    messages: list[Row] = field(default_factory=list)
    context: Row | None = None
    order_records: dict[str, StoredOrder] = field(default_factory=dict)
    """What is known of its orders, by id."""
    children: list[Row] = field(default_factory=list)
    decisions: list[StoredDecision] = field(default_factory=list)
    timeline: list[Row] = field(default_factory=list)
    effects: list[Row] = field(default_factory=list)


async def find_case(connection: AsyncConnection, case_id: UUID, process: str | None = None) -> Row | None:
    """The row of a case; None where there is none, or where it is of another process."""
    query = sql.select(*WHOLE).where(cases.c.id == case_id)
    if process is not None:
        query = query.where(cases.c.process == process)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def read_case(connection: AsyncConnection, case_id: UUID, process: str | None = None) -> CaseFile | None:
    """The whole file of a case; None where there is none, or where it is of another process."""
    case = await find_case(connection, case_id, process)
    if case is None:
        return None
    return CaseFile(
        case=case,
        messages=await _messages(connection, case_id),
        context=await _context(connection, case_id),
        order_records=await order_records.read(connection, case["store"], case["orders"]),
        children=await _rows(connection, sql.select(*WHOLE).where(cases.c.parent_id == case_id).order_by(cases.c.number)),
        decisions=await of_case(connection, case_id),
        timeline=await _rows(
            connection, sql.select(timeline).where(timeline.c.case_id == case_id).order_by(timeline.c.sequence)
        ),
        effects=await read_effects(connection, [case_id]),
    )


async def read_children(connection: AsyncConnection, case_ids: list[UUID]) -> list[CaseFile]:
    """The files of several cases without their messages: decisions, timeline and effects, three queries for all of them."""
    if not case_ids:
        return []
    found = await _rows(connection, sql.select(*WHOLE).where(cases.c.id.in_(case_ids)).order_by(cases.c.number))
    lines = await _rows(
        connection,
        sql.select(timeline).where(timeline.c.case_id.in_(case_ids)).order_by(timeline.c.case_id, timeline.c.sequence),
    )
    done = await read_effects(connection, case_ids)
    return [
        CaseFile(
            case=case,
            timeline=[line for line in lines if line["case_id"] == case["id"]],
            effects=[effect for effect in done if effect["case_id"] == case["id"]],
        )
        for case in found
    ]


async def read_effects(connection: AsyncConnection, case_ids: list[UUID]) -> list[Row]:
    """What these cases did in the outside world, oldest first."""
    return await _rows(
        connection, sql.select(effects).where(effects.c.case_id.in_(case_ids)).order_by(effects.c.created_at, effects.c.op_key)
    )


async def find_attachment(connection: AsyncConnection, attachment_id: UUID) -> Row | None:
    """Name, type, size and blob of an attachment."""
    found = await _rows(connection, sql.select(attachments).where(attachments.c.id == attachment_id))
    return found[0] if found else None


async def find_message(connection: AsyncConnection, message_id: UUID) -> Row | None:
    """One message with all its text."""
    found = await _rows(connection, sql.select(messages).where(messages.c.id == message_id))
    return found[0] if found else None


async def _messages(connection: AsyncConnection, case_id: UUID) -> list[Row]:
    columns = [column for column in messages.c if column.name != "search"]
    rows = await _rows(
        connection, sql.select(*columns).where(messages.c.case_id == case_id).order_by(messages.c.at, messages.c.created_at)
    )
    files = await _rows(
        connection,
        sql.select(attachments)
        .join(messages, messages.c.id == attachments.c.message_id)
        .where(messages.c.case_id == case_id)
        .order_by(attachments.c.filename, attachments.c.id),
    )
    return [{**row, "attachments": [file for file in files if file["message_id"] == row["id"]]} for row in rows]


async def _context(connection: AsyncConnection, case_id: UUID) -> Row | None:
    found = await _rows(connection, sql.select(contexts).where(contexts.c.case_id == case_id))
    return None if not found else found[0]


async def _rows(connection: AsyncConnection, query: sql.Select[Any]) -> list[Row]:
    return [dict(row) for row in (await connection.execute(query)).mappings()]
