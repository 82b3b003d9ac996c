"""Hearing of changes: who waits is woken, also after the connection was lost."""

import asyncio
import logging
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sql
from fastapi import FastAPI

from api.pages.events import changes
from api.services import Services
from storage.engine import Database
from storage.notifications import Notifications
from storage.records import CASE_CHANGED, notify
from tests.api.world import show


async def _change(database: Database, case_id: UUID) -> None:
    async with database.begin() as connection:
        await notify(connection, CASE_CHANGED, {"case_id": str(case_id)})


async def test_only_who_waits_for_a_case_is_woken(database: Database) -> None:
    notifications = Notifications(database)
    await notifications.start()
    await notifications.connected.wait()
    case_id, other = uuid4(), uuid4()
    async with (
        notifications.subscribe(frozenset({case_id})) as mine,
        notifications.subscribe(frozenset({other})) as another,
        notifications.subscribe() as everything,
    ):
        await _change(database, case_id)
        assert await mine.wait(5)
        assert mine.take() == (frozenset({case_id}), False)
        assert everything.take()[0] == {case_id}
        assert not await another.wait(0.05)
    await notifications.stop()


async def test_a_lost_connection_is_made_again_and_everybody_looks(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    notifications = Notifications(database)
    await notifications.start()
    await notifications.connected.wait()
    async with notifications.subscribe(frozenset({uuid4()})) as waiting:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        async with database.begin() as connection:
            await connection.execute(sql.text(others + " AND datname = current_database() AND pid <> pg_backend_pid()"))
        assert await waiting.wait(10)
        assert waiting.take()[1], "somebody who waits must look, since a change may have gone unheard"
    assert "lost the connection" in caplog.text
    assert "answers again" in caplog.text
    await notifications.stop()


async def test_the_stream_of_a_ticket_tells_of_it_and_of_nothing_else(
    app: FastAPI, ticket_id: UUID, database: Database
) -> None:
    services: Services = app.state.services
    stream = changes(services, ticket_id, life=5)
    assert await anext(stream) == "retry: 2000\n\n"
    told = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await _change(database, uuid4())
    await asyncio.sleep(0.6)
    assert not told.done()
    await show(database, ticket_id, status="waiting")
    assert await asyncio.wait_for(told, 5) == "event: case\ndata: changed\n\n"
