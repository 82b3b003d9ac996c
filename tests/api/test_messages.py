"""Messages over HTTP: accepted once, or told what is wrong and where."""

import base64
import json
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql

from storage.engine import Database
from storage.tables import attachments, messages, outbox
from tests.api.world import message

PATH = "/api/v1/messages"
PROBLEM = "application/problem+json"


async def _count(database: Database, table: sql.Table) -> int:
    async with database.begin() as connection:
        return await connection.scalar(sql.select(sql.func.count()).select_from(table)) or 0


async def test_the_same_message_again_is_the_same_message(agent: httpx.AsyncClient, database: Database) -> None:
    body = message("portal-1")
    first = await agent.post(PATH, json=body)
    again = await agent.post(PATH, json=body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    assert set(first.json()) == {"message_id", "ticket_id"}
    assert await _count(database, messages) == await _count(database, outbox) == 1


async def test_attachments_come_back_byte_for_byte_and_as_a_download(agent: httpx.AsyncClient) -> None:
    content = bytes(range(256))
    file = {"filename": 'Foto "ü"; x=1.html', "content_type": "text/html", "content": base64.b64encode(content).decode()}
    accepted = await agent.post(PATH, json=message(attachments=[file]))
    assert accepted.status_code == 202, accepted.text
    ticket = (await agent.get(f"/api/v1/tickets/{accepted.json()['ticket_id']}")).json()
    (shown,) = ticket["messages"][0]["attachments"]
    got = await agent.get(shown["url"])
    assert got.content == content
    assert got.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(shown['filename'], safe='')}"
    assert "ü" in shown["filename"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"store": "no-such-store"}, 422, "store"),
        ({"channel": "pigeon"}, 422, "channel"),
        ({"external_id": ""}, 422, "external_id"),
        ({"text": None}, 422, "text"),
        ({"received_at": "2026-01-01T00:00:00"}, 422, "received_at"),
        ({"attachments": [{"filename": "a", "content_type": "b/c", "content": "%%%"}]}, 422, "attachments.0.content"),
        ({"attachments": [{"filename": "a", "content_type": "b/c", "content": "A" * 280_000}]}, 413, "attachments.0"),
        ({"text": "x" * 200_001}, 413, "text"),
        ({"surprise": 1}, 422, "surprise"),
    ],
)
async def test_what_is_wrong_is_named(
    agent: httpx.AsyncClient, database: Database, change: dict[str, object], status: int, field: str
) -> None:
    answer = await agent.post(PATH, json=message() | change)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["detail"].startswith(field)
    assert await _count(database, messages) == await _count(database, attachments) == 0


async def test_a_body_larger_than_any_message_is_refused_before_it_is_read(agent: httpx.AsyncClient) -> None:
    declared = await agent.post(PATH, content=b"x" * 1_000_000)

    async def drip() -> object:
        for _ in range(100):
            yield b"x" * 10_000

    streamed = await agent.post(PATH, content=drip())  # type: ignore[arg-type]
    for answer in (declared, streamed):
        assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM), answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b"[" * 100_000])
async def test_a_body_that_is_no_message_is_a_problem(agent: httpx.AsyncClient, body: bytes) -> None:
    answer = await agent.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == PROBLEM


async def test_what_a_database_cannot_hold_is_no_reason_to_lose_a_message(agent: httpx.AsyncClient) -> None:
    raw = message(str(uuid4()), text="before\x00after \ud83d", subject="\x00")
    answer = await agent.post(PATH, content=json.dumps(raw), headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    ticket = await agent.get(f"/api/v1/tickets/{answer.json()['ticket_id']}")
    assert "before" in ticket.json()["messages"][0]["text"]
