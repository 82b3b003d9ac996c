"""What the tests of the API share: processes without workers, and the publications a worker would make."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sql

from domain.case import DecisionOutcome, Outcome, Publication, Snapshot, TimelineEvent
from storage.engine import Database
from storage.records import publish
from storage.tables import cases
from workflows._kit.process import Process
from workflows.rma import contract as rma
from workflows.ticket import contract as ticket

ADMIN_TOKEN = "an-admin-token-of-tests"
STORE = "northwind-tools"


class NoWorkflow:
    """Stands where a workflow class would; the API never runs one."""


PROCESSES = {
    "rma": Process(
        name="rma",
        title="Return",
        description="Goods that come back.",
        workflow=NoWorkflow,
        decisions=(rma.Approve, rma.Refuse, rma.Receive, rma.Inspect, rma.Settle, rma.Cancel),
        start=rma.StartReturn,
    ),
    "ticket": Process(
        name="ticket",
        title="Ticket",
        description="A customer's matter.",
        workflow=NoWorkflow,
        decisions=ticket.DECISIONS,
    ),
}


def message(external_id: str | None = None, **changes: Any) -> dict[str, Any]:
    """A message as a channel sends it."""
    return {
        "channel": "portal",
        "store": STORE,
        "external_id": external_id or str(uuid4()),
        "sender": {"email": "buyer@example.com", "name": "Ada Buyer"},
        "subject": "Where is order 10452?",
        "text": "Where is my order 10452?",
    } | changes


def clock(due_at: datetime, name: str = "first_response") -> dict[str, Any]:
    return {
        "name": name,
        "target": "PT1H",
        "started_at": (due_at - timedelta(hours=1)).isoformat(),
        "running_since": (due_at - timedelta(hours=1)).isoformat(),
        "due_at": due_at.isoformat(),
        "state": "running",
        "because": ["Tier gold at northwind-tools."],
    }


async def snapshot(database: Database, case_id: UUID, **changes: Any) -> Snapshot:
    """The case as it is, one revision on, with these changes."""
    async with database.begin() as connection:
        row = (await connection.execute(sql.select(cases).where(cases.c.id == case_id))).mappings().one()
    names = set(Snapshot.model_fields) - {"case_id"}
    known = {name: row[name] for name in names if name in row}
    known |= {"state": row["state"] or {}, "orders": tuple(row["orders"]), "revision": row["revision"] + 1}
    return Snapshot.model_validate({"case_id": case_id} | known | changes)


async def show(
    database: Database,
    case_id: UUID,
    events: tuple[TimelineEvent, ...] = (),
    outcomes: tuple[DecisionOutcome, ...] = (),
    **changes: Any,
) -> None:
    """Publishes as the workflow of the case does."""
    publication = Publication(snapshot=await snapshot(database, case_id, **changes), events=events, outcomes=outcomes)
    async with database.begin() as connection:
        await publish(connection, publication)


async def judge(database: Database, case_id: UUID, decision_id: UUID, reason: str | None = None) -> None:
    """Applies a decision, or refuses it where a reason is given."""
    now = datetime.now(UTC)
    outcome = DecisionOutcome(
        decision_id=decision_id,
        outcome=Outcome.REFUSED if reason else Outcome.APPLIED,
        reason=reason,
        decided_at=now,
        revision=(await snapshot(database, case_id)).revision,
    )
    line = TimelineEvent(
        sequence=outcome.revision, at=now, actor="Jonas Weber", kind="decision", text="decided", decision_id=decision_id
    )
    await show(database, case_id, events=(line,), outcomes=(outcome,))
