"""What the database knows of the promises of cases: their clocks, and what messages and case file say beside them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import TimelineEvent
from domain.verifying import Record
from storage.cases import STATE
from storage.tables import cases, messages, timeline

_NUMBER_BITS = 64
"""The column holds no larger number, and the database refuses to compare with one."""


class StoredPromises(NamedTuple):
    workflow_id: str
    title: str
    record: Record


async def read_case_numbers(connection: AsyncConnection) -> list[int]:
    """The numbers of all cases, in order."""
    return list((await connection.execute(sql.select(cases.c.number).order_by(cases.c.number))).scalars())


async def read_promises(connection: AsyncConnection, numbers: Sequence[int]) -> dict[int, StoredPromises]:
    """The cases with these numbers, by number; what there is none of is left out. Begins the transaction and sees
    all at one moment: a case that goes on meanwhile would seem to differ from its own file."""
    await connection.execute(sql.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    fitting = [number for number in numbers if number.bit_length() < _NUMBER_BITS]
    columns = (
        cases.c.id,
        cases.c.number,
        cases.c.workflow_id,
        cases.c.title,
        STATE,
        cases.c.start,
        cases.c.next_due_at,
    )
    found = (await connection.execute(sql.select(*columns).where(cases.c.number.in_(fitting)))).mappings().all()
    ids = [row["id"] for row in found]
    lines: dict[UUID, list[TimelineEvent]] = {}
    told = sql.select(timeline).where(timeline.c.case_id.in_(ids)).order_by(timeline.c.case_id, timeline.c.sequence)
    for row in (await connection.execute(told)).mappings():
        lines.setdefault(row["case_id"], []).append(TimelineEvent.model_validate(dict(row)))
    times: dict[UUID, dict[UUID, datetime]] = {}
    filed = sql.select(messages.c.case_id, messages.c.id, messages.c.at).where(messages.c.case_id.in_(ids))
    for case_id, message_id, at in await connection.execute(filed):
        times.setdefault(case_id, {})[message_id] = at
    return {
        row["number"]: StoredPromises(
            row["workflow_id"],
            row["title"],
            Record(
                state=row["state"] or {},
                lines=lines.get(row["id"], []),
                message_times=times.get(row["id"], {}),
                counts_from=_imported_at(row["start"]),
                next_due_at=row["next_due_at"],
            ),
        )
        for row in found
    }


def _imported_at(start: dict[str, Any] | None) -> datetime | None:
    imported_at = (start or {}).get("imported_at")
    return None if imported_at is None else datetime.fromisoformat(imported_at)
