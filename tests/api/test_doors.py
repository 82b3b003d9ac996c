"""Who may come in, what every failure looks like, and the document that describes it all."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sql
from fastapi import FastAPI
from openapi_spec_validator import validate

from domain.people import Role
from storage.engine import Database
from storage.people import Purpose, create_session, create_token, look_up, revoke
from storage.tables import cases, messages, outbox, tokens
from tests.api.world import ADMIN_TOKEN, message
from workflows._kit.contract import Decision
from workflows.ticket.contract import Resolve

PROBLEM = "application/problem+json"
OPEN = ("/healthz", "/readyz", "/metrics")


def _operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, what) for path, methods in app.openapi()["paths"].items() for method, what in methods.items()]


async def test_the_document_is_valid_openapi(app: FastAPI) -> None:
    validate(app.openapi())


async def test_every_route_is_described_with_examples_and_a_401(app: FastAPI) -> None:
    for path, method, what in _operations(app):
        place = f"{method} {path}"
        assert what["summary"], place
        assert len(what["description"]) > 20, place
        assert path in OPEN or "401" in what["responses"], place
        good = [answer for status, answer in what["responses"].items() if status < "300"]
        assert "204" in what["responses"] or any(_has_example(app, answer) for answer in good), place
        for body in what.get("requestBody", {}).get("content", {}).values():
            assert "examples" in body or "example" in body or _schema_has_example(app, body["schema"]), place


def _has_example(app: FastAPI, answer: dict[str, Any]) -> bool:
    return any("example" in kind or _schema_has_example(app, kind.get("schema", {})) for kind in answer["content"].values())


def _schema_has_example(app: FastAPI, schema: dict[str, Any]) -> bool:
    """The schema has an example, or some of its fields have."""
    if "$ref" in schema:
        schema = app.openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return True
    parts = [*schema.get("properties", {}).values(), schema.get("items", {})]
    return any(_schema_has_example(app, part) for part in parts if isinstance(part, dict) and part)


async def test_every_route_asks_for_a_token(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    for path, method, _ in _operations(app):
        if path in OPEN:
            continue
        address = path.replace("{name}", "rma").replace("{provider}", "xero")
        for part in ("ticket_id", "decision_id", "rma_id", "case_id", "attachment_id", "account"):
            address = address.replace(f"{{{part}}}", str(uuid4()))
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {ADMIN_TOKEN}"}):
            answer = await stranger.request(method, address, headers=headers, json={})
            assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM), f"{method} {address}"
            assert answer.json()["status"] == 401


@pytest.mark.parametrize("provider", ["bigcommerce", "shipstation", "xero", "anything"])
async def test_a_hook_is_turned_away_and_leaves_nothing(stranger: httpx.AsyncClient, database: Database, provider: str) -> None:
    answer = await stranger.post(f"/webhooks/{provider}/northwind-tools", json={"forged": True})
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)
    async with database.begin() as connection:
        for table in (cases, messages, outbox):
            assert await connection.scalar(sql.select(sql.func.count()).select_from(table)) == 0


async def test_unknown_addresses_and_methods_are_problems(stranger: httpx.AsyncClient) -> None:
    unknown = await stranger.get("/no/such/place")
    method = await stranger.put("/api/v1/messages", json={})
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, PROBLEM)
    assert (method.status_code, method.headers["content-type"]) == (405, PROBLEM)


async def test_a_role_without_authority_is_403(
    app: FastAPI, agent: httpx.AsyncClient, admin: httpx.AsyncClient, ticket_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: type[Decision] = Resolve
    monkeypatch.setattr(model, "authority", Role.SUPERVISOR)
    path = f"/api/v1/tickets/{ticket_id}/decisions?wait=0"
    answer = await agent.post(path, json={"kind": "resolve"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert "supervisor" in answer.json()["detail"]
    assert (await admin.post(path, json={"kind": "resolve"})).status_code == 202


async def test_a_token_is_stored_as_a_hash_and_can_end(database: Database) -> None:
    async with database.begin() as connection:
        token = await create_token(connection, "Ruth Adler", Role.ADMIN)
        session = await create_session(connection, "Ruth Adler", Role.ADMIN)
        kept = (await connection.execute(sql.select(tokens))).mappings().all()
        assert token not in str(kept)
        found = await look_up(connection, token, Purpose.API)
        assert found is not None
        assert (found.user, found.role) == ("Ruth Adler", Role.ADMIN)
        assert await look_up(connection, token, Purpose.SESSION) is None
        assert await look_up(connection, session, Purpose.SESSION) is not None
        await connection.execute(sql.update(tokens).values(expires_at=sql.func.now()))
        assert await look_up(connection, session, Purpose.SESSION) is None
        await connection.execute(sql.update(tokens).values(expires_at=None))
        await revoke(connection, token)
        assert await look_up(connection, token, Purpose.API) is None


async def test_health_says_what_is_wrong(stranger: httpx.AsyncClient, database: Database) -> None:
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}
    assert (await stranger.get("/readyz")).json()["status"] == "ready"
    async with database.begin() as connection:
        await connection.execute(sql.text("UPDATE alembic_version SET version_num = 'older'"))
    behind = await stranger.get("/readyz")
    assert (behind.status_code, "casework migrate" in behind.json()["reason"]) == (503, True)


async def test_metrics_count_requests_decisions_and_the_outbox(
    agent: httpx.AsyncClient, stranger: httpx.AsyncClient, ticket_id: UUID
) -> None:
    await agent.post(f"/api/v1/tickets/{ticket_id}/decisions?wait=0", json={"kind": "note", "text": "x"})
    text = (await stranger.get("/metrics")).text
    assert 'casework_http_requests_total{method="POST",route="/api/v1/messages",status="202"} 1.0' in text
    assert 'casework_decisions_total{kind="note",outcome="pending",process="ticket"} 1.0' in text
    assert "casework_outbox_waiting 2.0" in text
    assert "casework_listening 1.0" in text


async def test_a_defect_is_a_problem_without_its_secrets(
    app: FastAPI, agent: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("api.routes.messages.receive", broken)
    answer = await agent.post("/api/v1/messages", json=message())
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "hunter2" not in answer.text
