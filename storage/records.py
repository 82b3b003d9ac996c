"""Writes what a case publishes: its snapshot, its timeline and the outcomes of its decisions."""

import json

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import Outcome, Publication
from storage import conversations
from storage.tables import cases, decisions, timeline
from storage.training import learn_from

CASE_CHANGED = "case_changed"
"""The NOTIFY channel; its payload is the case id."""


async def publish(connection: AsyncConnection, publication: Publication) -> None:
    """Stores a publication. An older revision than the stored one changes no state; of one revision the later counts, since a
    workflow task that is repeated publishes again what it had published, and perhaps more."""
    snapshot = publication.snapshot
    columns = snapshot.model_dump(exclude={"case_id", "process", "number", "orders", "state"})
    await connection.execute(
        sql.update(cases)
        .where(cases.c.id == snapshot.case_id, cases.c.revision <= snapshot.revision)
        .values(**columns, orders=list(snapshot.orders), state=snapshot.state, updated_at=sql.func.now())
    )
    if publication.events:
        lines = [{"case_id": snapshot.case_id, **event.model_dump()} for event in publication.events]
        statement = insert(timeline).values(lines)
        later = {column.name: statement.excluded[column.name] for column in timeline.columns if not column.primary_key}
        await connection.execute(statement.on_conflict_do_update(index_elements=["case_id", "sequence"], set_=later))
    for outcome in publication.outcomes:
        judged = await connection.execute(
            sql.update(decisions)
            .where(decisions.c.id == outcome.decision_id, decisions.c.outcome.is_(None))
            .values(**outcome.model_dump(exclude={"decision_id"}))
        )
        if judged.rowcount and outcome.outcome is Outcome.APPLIED:
            await learn_from(connection, outcome.decision_id)
    if snapshot.status == "closed":
        await conversations.release(connection, snapshot.case_id)
    await notify(connection, CASE_CHANGED, {"case_id": str(snapshot.case_id)})


async def notify(connection: AsyncConnection, channel: str, payload: dict[str, str]) -> None:
    """Tells the listeners of `channel`, once this transaction commits."""
    await connection.execute(sql.select(notifying(channel, payload)))


def notifying(channel: str, payload: dict[str, str]) -> sql.ColumnElement[None]:
    """The same, as a part of another statement: what a statement RETURNS, it does."""
    return sql.func.pg_notify(channel, json.dumps(payload))
