"""The application over a real database. What a worker would do is done by publications alone: they are the contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.options import ApiOptions
from domain.people import Role
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.people import create_session, create_token
from tests.api.world import ADMIN_TOKEN, PROCESSES, message

BASE = "http://casework.test"


@pytest.fixture
async def app(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[FastAPI]:
    """The application, listening to its database."""
    options = ApiOptions(
        public_url=BASE,
        temporal_ui_url="http://temporal.test:8233",
        admin_token=ADMIN_TOKEN,
        message_size_limit=200_000,
    )
    made = create_app(database, blobs, RunningPlaybook(playbook), PROCESSES, options)
    async with made.router.lifespan_context(made):
        await made.state.services.notifications.connected.wait()
        yield made


@asynccontextmanager
async def _client(app: FastAPI, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, **options) as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with _client(app) as client:
        yield client


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(app, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as client:
        yield client


@pytest.fixture
async def agent(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Jonas Weber, over the API."""
    async with database.begin() as connection:
        token = await create_token(connection, "Jonas Weber", Role.AGENT)
    async with _client(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
async def browser(app: FastAPI, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Jonas Weber, signed in to the pages."""
    async with database.begin() as connection:
        session = await create_session(connection, "Jonas Weber", Role.AGENT)
    headers = {"Accept": "text/html", "Origin": BASE}
    async with _client(app, headers=headers, cookies={"casework_session": session}) as client:
        yield client


@pytest.fixture
async def ticket_id(agent: httpx.AsyncClient) -> UUID:
    """A ticket seconds old."""
    answer = await agent.post("/api/v1/messages", json=message())
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["ticket_id"])
