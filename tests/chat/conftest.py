"""The application with its chat open to one shop, visitors of it, and answers as a channel's sending leaves them."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sql
from fastapi import FastAPI

from api.app import create_app
from api.options import ApiOptions
from domain.messages import DeliveryState
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.tables import messages
from tests.api.world import PROCESSES, STORE, show

ORIGIN = "https://shop.northwind-tools.example"
ORDER = "10452"
OPTIONS = ApiOptions(chat_origins={STORE: [ORIGIN], "casa-lumen": ["https://casa-lumen.example"]})


@pytest.fixture
async def app(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[FastAPI]:
    made = create_app(database, blobs, RunningPlaybook(playbook), PROCESSES, OPTIONS)
    async with made.router.lifespan_context(made):
        await made.state.services.notifications.connected.wait()
        yield made


@dataclass
class Visitor:
    """Somebody on a page of the shop, as the widget speaks for them."""

    client: httpx.AsyncClient
    token: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Origin": ORIGIN})

    async def enter(self, **changes: Any) -> httpx.Response:
        wanted = {"store": STORE, "order": ORDER, "page": f"{ORIGIN}/orders/{ORDER}", "language": "de"} | changes
        answer = await self.client.post("/chat/sessions", json=wanted, headers=self._headers())
        if answer.is_success:
            self.token = answer.json()["token"]
        return answer

    async def write(self, text: str, identity: UUID | None = None, **more: Any) -> httpx.Response:
        body = {"id": str(identity or uuid4()), "text": text} | more
        return await self.client.post("/chat/messages", json=body, headers=self._headers())

    @property
    def session(self) -> str:
        return self.token.partition(".")[0]

    def _headers(self) -> dict[str, str]:
        return self.headers | ({"Authorization": f"Bearer {self.token}"} if self.token else {})


@asynccontextmanager
async def visiting(app: FastAPI, address: str = "203.0.113.7") -> AsyncIterator[Visitor]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://casework.test") as client:
        yield Visitor(client)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[Visitor]:
    """A visitor with a session."""
    async with visiting(app) as made:
        assert (await made.enter()).status_code == 201
        yield made


async def rows(database: Database) -> Sequence[sql.Row[Any]]:
    async with database.begin() as connection:
        return (await connection.execute(sql.select(messages).order_by(messages.c.at))).all()


async def answer(
    database: Database,
    session: str,
    text: str,
    *,
    at: datetime | None = None,
    delivery: DeliveryState = DeliveryState.SENT,
    case_id: UUID | None = None,
) -> UUID:
    """What sending an answer through the chat leaves: its row, and word that the case changed."""
    async with database.begin() as connection:
        mine = sql.select(messages.c.case_id).where(messages.c.conversation == session).limit(1)
        if case_id is None:
            case_id = UUID(str((await connection.execute(mine)).scalar_one()))
        identity = uuid4()
        await connection.execute(
            sql.insert(messages).values(
                id=identity,
                case_id=case_id,
                origin_id=case_id,
                direction="out",
                channel="chat",
                external_id=f"reply-{identity}",
                store=STORE,
                sender={"name": "Northwind Tools"},
                text=text,
                nature="person",
                delivery=delivery.value,
                conversation=session,
                provider="chat",
                account=STORE,
                at=at or datetime.now(UTC),
            )
        )
    await show(database, case_id)
    return identity


def told(event: str) -> tuple[str, dict[str, Any]]:
    """Id and content of a `line` event."""
    fields = dict(part.split(": ", 1) for part in event.strip().split("\n"))
    assert fields["event"] == "line"
    return fields["id"], json.loads(fields["data"])
