"""A stored ticket as routing rules are asked about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cases, contexts, messages
from storage.threads import TICKET

Row = dict[str, Any]

_NUMBER_BITS = 64
"""The column holds no larger number, and the database refuses to compare with one."""


@dataclass(frozen=True)
class StoredTicket:
    """Its row, the message that opened it (None where the customer wrote none), and the store's id of its company."""

    case: Row
    message: Row | None
    company_id: str | None


async def read_ticket(connection: AsyncConnection, ticket_id: UUID) -> StoredTicket | None:
    """The ticket with this id; None where there is none."""
    found = await _read(connection, cases.c.id == ticket_id)
    return found[0] if found else None


async def read_tickets(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, StoredTicket]:
    """The tickets with these numbers, by number and in its order; what is no ticket is left out."""
    fitting = [number for number in numbers if number.bit_length() < _NUMBER_BITS]
    return {ticket.case["number"]: ticket for ticket in await _read(connection, cases.c.number.in_(fitting))}


async def _read(connection: AsyncConnection, wanted: sql.ColumnElement[bool]) -> list[StoredTicket]:
    """The messages of a merged ticket have moved, so that what opened it is found by where messages come from."""
    opening = (
        sql.select(messages.c.id)
        .where(messages.c.origin_id == cases.c.id, messages.c.direction == "in")
        .order_by(messages.c.at, messages.c.created_at)
        .limit(1)
        .scalar_subquery()
    )
    company_id = contexts.c.content["company"]["company_id"].astext
    query = (
        sql.select(cases, opening.label("opening_id"), company_id.label("context_company_id"))
        .outerjoin(contexts, contexts.c.case_id == cases.c.id)
        .where(cases.c.process == TICKET, wanted)
        .order_by(cases.c.number)
    )
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    ids = [row["opening_id"] for row in rows]
    columns = (messages.c.id, messages.c.channel, messages.c.subject, messages.c.text)
    found = await connection.execute(sql.select(*columns).where(messages.c.id.in_(ids)))
    by_id = {row["id"]: dict(row) for row in found.mappings()}
    return [StoredTicket(row, by_id.get(row["opening_id"]), row["context_company_id"] or row["company_id"]) for row in rows]
