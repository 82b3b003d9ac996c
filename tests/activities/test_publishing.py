"""What a case publishes: the newest state is kept, no line is lost, and whoever watches is told each time."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import sqlalchemy as sql

from domain.case import Publication, Snapshot, TimelineEvent
from storage import records
from storage.cases import read_birth
from storage.engine import Database
from storage.tables import cases, timeline

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def publication(case_id: UUID, revision: int, text: str, **shown: Any) -> Publication:
    """One line and a state, both told by `text`; the line's number is that of the revision."""
    facts = {"process": "ticket", "number": 1, "store": "northwind-tools", "status": "open", "stage": "awaiting_agent"}
    snapshot = Snapshot.model_validate(facts | {"case_id": case_id, "revision": revision, "state": {"said": text}} | shown)
    return Publication(snapshot=snapshot, events=(TimelineEvent(sequence=revision, at=AT, actor="A", kind="note", text=text),))


async def case(database: Database) -> UUID:
    case_id = uuid4()
    begun = {"process": "ticket", "number": 1, "workflow_id": "ticket-1", "store": "northwind-tools", "title": "Order"}
    async with database.begin() as connection:
        await connection.execute(sql.insert(cases).values(id=case_id, status="open", stage="new", **begun))
    return case_id


async def publish(database: Database, *publications: Publication) -> None:
    for each in publications:
        async with database.begin() as connection:
            await records.publish(connection, each)


async def lines(database: Database) -> list[str]:
    async with database.begin() as connection:
        return list(await connection.scalars(sql.select(timeline.c.text).order_by(timeline.c.sequence)))


async def row(database: Database) -> Any:
    async with database.begin() as connection:
        return (await connection.execute(sql.select(cases))).one()


async def test_everything_shown_is_stored(database: Database) -> None:
    case_id = await case(database)
    shown = {"queue": "delivery", "owner": "Emma Clarke", "orders": ("10452", "10453"), "next_due_at": AT}
    await publish(database, publication(case_id, 1, "opened", **shown))
    stored = await row(database)
    assert (stored.revision, stored.stage, stored.queue, stored.owner) == (1, "awaiting_agent", "delivery", "Emma Clarke")
    assert (stored.orders, stored.next_due_at, stored.state) == (["10452", "10453"], AT, {"said": "opened"})


async def test_the_rules_of_its_birth_are_published_once_and_kept(database: Database) -> None:
    case_id = await case(database)
    await publish(database, publication(case_id, 1, "opened", policy={"promised": [None, 1]}), publication(case_id, 2, "read"))
    async with database.begin() as connection:
        whole = (await read_birth(connection, case_id))["state"]
    assert whole == {"said": "read", "policy": {"promised": [None, 1]}}


async def test_a_case_that_published_its_rules_each_time_keeps_them(database: Database) -> None:
    case_id = await case(database)
    before = publication(case_id, 1, "opened", state={"said": "opened", "policy": {"promised": 1}})
    await publish(database, before, publication(case_id, 2, "read"))
    async with database.begin() as connection:
        whole = (await read_birth(connection, case_id))["state"]
    assert whole == {"said": "read", "policy": {"promised": 1}}


async def test_an_older_revision_changes_no_state_and_keeps_its_line(database: Database) -> None:
    case_id = await case(database)
    await publish(database, publication(case_id, 2, "second"), publication(case_id, 1, "first"))
    assert (await row(database)).state == {"said": "second"}
    assert await lines(database) == ["first", "second"]


async def test_of_one_revision_the_later_counts(database: Database) -> None:
    case_id = await case(database)
    await publish(database, publication(case_id, 1, "once"), publication(case_id, 1, "again"))
    assert (await row(database)).state == {"said": "again"}
    assert await lines(database) == ["again"]


async def test_who_watches_is_told_of_each_publication(database: Database) -> None:
    case_id = await case(database)
    async with await psycopg.AsyncConnection.connect(database.driver_url, autocommit=True) as watcher:
        await watcher.execute(f"LISTEN {records.CASE_CHANGED}".encode())
        await publish(database, publication(case_id, 2, "second"), publication(case_id, 1, "first"))
        told = [json.loads(notice.payload) async for notice in watcher.notifies(timeout=10, stop_after=2)]
    assert told == [{"case_id": str(case_id)}] * 2
