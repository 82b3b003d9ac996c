"""Writes what a case publishes: its snapshot, its timeline and the outcomes of its decisions."""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.case import Outcome, Publication, TimelineEvent
from storage import conversations
from storage.tables import cases, decisions, timeline
from storage.training import learn_from

CASE_CHANGED = "case_changed"
"""The NOTIFY channel; its payload is the case id."""

_SHOWN = (
    "status",
    "stage",
    "queue",
    "owner",
    "company",
    "intent",
    "orders",
    "next_due_at",
    "revision",
    "playbook_version",
    "state",
)
_POLICY = sql.func.coalesce(sql.bindparam("policy", type_=JSONB(none_as_null=True)), cases.c.policy, cases.c.state["policy"])
"""As the case was born with it. The last part is for cases that published their whole state each time."""
_SHOW = (
    sql.update(cases)
    .where(cases.c.id == sql.bindparam("case_id"), cases.c.revision <= sql.bindparam("revision"))
    .values({name: sql.bindparam(name) for name in _SHOWN} | {"policy": _POLICY, "updated_at": sql.func.now()})
    .returning(sql.func.pg_notify(CASE_CHANGED, sql.bindparam("notice")))
)
_line = insert(timeline)
_ADD_LINES = _line.on_conflict_do_update(
    index_elements=["case_id", "sequence"],
    set_={column.name: _line.excluded[column.name] for column in timeline.columns if not column.primary_key},
)
_NOTIFY = sql.select(sql.func.pg_notify(sql.bindparam("channel"), sql.bindparam("payload")))
"""They are made once: to make them anew cost as much as to carry them out."""


async def publish(connection: AsyncConnection, publication: Publication) -> None:
    """Stores a publication. An older revision than the stored one changes no state; of one revision the later counts, since a
    workflow task that is repeated publishes again what it had published, and perhaps more."""
    snapshot = publication.snapshot
    notice = {"case_id": str(snapshot.case_id)}
    shown = snapshot.model_dump(include={"case_id", "policy", *_SHOWN}) | {"notice": json.dumps(notice)}
    if (await connection.execute(_SHOW, shown)).one_or_none() is None:
        await notify(connection, CASE_CHANGED, notice)
    if publication.events:
        lines = [_line_of(snapshot.case_id, event) for event in publication.events]
        await connection.execute(_ADD_LINES, lines)
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


def _line_of(case_id: UUID, event: TimelineEvent) -> dict[str, Any]:
    notice = event.notice and event.notice.model_dump(mode="json")
    return {"case_id": case_id, **event.model_dump(exclude={"notice"}), "notice": notice}


async def notify(connection: AsyncConnection, channel: str, payload: dict[str, str]) -> None:
    """Tells the listeners of `channel`, once this transaction commits."""
    await connection.execute(_NOTIFY, {"channel": channel, "payload": json.dumps(payload)})
