"""Decisions as they are taken: stored and put in the outbox in one transaction, then looked up until judged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Role
from storage.intake import put_in_outbox
from storage.tables import cases, decisions

DECISION_SIGNAL = "decision"


@dataclass(frozen=True)
class NewDecision:
    """A decision to be stored: `payload` is whole, `carried` what the workflow is told (no own words)."""

    id: UUID
    case_id: UUID
    kind: str
    author: str
    role: Role
    seen_revision: int | None
    payload: dict[str, Any]
    carried: dict[str, Any]
    taken_at: datetime


@dataclass(frozen=True)
class StoredDecision:
    """A decision as the database has it; `outcome` is None until the workflow has judged it."""

    id: UUID
    case_id: UUID
    process: str
    kind: str
    author: str
    role: str
    seen_revision: int | None
    payload: dict[str, Any]
    created_at: datetime
    outcome: str | None
    reason: str | None
    decided_at: datetime | None
    revision: int | None

    def is_same_as(self, new: NewDecision) -> bool:
        """Whether `new` is this decision sent once more."""
        return (self.case_id, self.kind, self.author, self.seen_revision, self.payload) == (
            new.case_id,
            new.kind,
            new.author,
            new.seen_revision,
            new.payload,
        )


async def store(connection: AsyncConnection, new: NewDecision, workflow_id: str, process: str) -> bool:
    """Stores a decision and has its workflow told. False where a decision of this id is there already: nothing was done."""
    statement = (
        insert(decisions)
        .values(
            id=new.id,
            case_id=new.case_id,
            kind=new.kind,
            author=new.author,
            role=new.role.value,
            seen_revision=new.seen_revision,
            payload=new.payload,
            created_at=new.taken_at,
        )
        .on_conflict_do_nothing(index_elements=[decisions.c.id])
        .returning(decisions.c.id)
    )
    if await connection.scalar(statement) is None:
        return False
    signal = {
        "decision_id": str(new.id),
        "kind": new.kind,
        "author": new.author,
        "role": new.role.value,
        "seen_revision": new.seen_revision,
        "taken_at": new.taken_at.isoformat(),
        "payload": new.carried,
    }
    await put_in_outbox(
        connection,
        workflow_id=workflow_id,
        case_id=new.case_id,
        process=process,
        signal=DECISION_SIGNAL,
        payload=signal,
    )
    return True


async def find(connection: AsyncConnection, decision_id: UUID) -> StoredDecision | None:
    """One decision with its outcome so far."""
    found = await connection.execute(_selection().where(decisions.c.id == decision_id))
    row = found.mappings().one_or_none()
    return None if row is None else StoredDecision(**row)


async def of_case(connection: AsyncConnection, case_id: UUID) -> list[StoredDecision]:
    """All decisions of a case, oldest first."""
    found = await connection.execute(
        _selection().where(decisions.c.case_id == case_id).order_by(decisions.c.created_at, decisions.c.id)
    )
    return [StoredDecision(**row) for row in found.mappings()]


def _selection() -> sql.Select[Any]:
    names = [name for name in StoredDecision.__dataclass_fields__ if name != "process"]
    return sql.select(*(decisions.c[name] for name in names), cases.c.process).join(cases, cases.c.id == decisions.c.case_id)
