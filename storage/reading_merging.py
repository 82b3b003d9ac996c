"""What a person looks at before one ticket is merged into another."""

from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cases, messages

Row = dict[str, Any]

_SUGGESTED = 30


async def read_candidates(connection: AsyncConnection, ticket: Row) -> list[tuple[int, str]]:
    """Number and title of the unsettled tickets of the same company, or about one of the same orders; those about the same
    orders first."""
    about = cases.c.orders.overlap(ticket["orders"])
    alike = [about] if ticket["company"] is None else [about, cases.c.company == ticket["company"]]
    query = (
        sql.select(cases.c.number, cases.c.title)
        .where(
            cases.c.process == ticket["process"],
            cases.c.status.in_(("open", "waiting", "resolved")),
            cases.c.store == ticket["store"],
            cases.c.id != ticket["id"],
            sql.or_(*alike),
        )
        .order_by(about.desc(), cases.c.number.desc())
        .limit(_SUGGESTED)
    )
    return [(row.number, row.title) for row in await connection.execute(query)]


async def find_ticket(connection: AsyncConnection, number: int) -> Row | None:
    """The ticket of a number, or None; of a merged one, the ticket it was merged into at last."""
    asked = cases.alias()
    query = (
        sql.select(cases)
        .join(asked, sql.func.coalesce(asked.c.survivor_id, asked.c.id) == cases.c.id)
        .where(asked.c.number == number, asked.c.process == "ticket")
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else dict(row)


async def read_thread(connection: AsyncConnection, case_id: UUID) -> list[Row]:
    """The messages of a thread, oldest first, without their formatted text."""
    names = ("id", "sender", "channel", "direction", "nature", "at", "subject", "text", "origin_id")
    query = sql.select(*(messages.c[name] for name in names)).where(messages.c.case_id == case_id)
    found = await connection.execute(query.order_by(messages.c.at, messages.c.created_at))
    return [dict(row) for row in found.mappings()]


async def read_numbers(connection: AsyncConnection, case_ids: set[UUID]) -> dict[UUID, int]:
    found = await connection.execute(sql.select(cases.c.id, cases.c.number).where(cases.c.id.in_(case_ids)))
    return {row.id: row.number for row in found}
