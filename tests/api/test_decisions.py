"""A decision: stored once, judged by its workflow, answered with the one outcome it had."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sql

from storage.engine import Database
from storage.tables import decisions, outbox
from tests.api.world import STORE, judge

PROBLEM = "application/problem+json"


def _path(ticket_id: UUID, wait: float = 0) -> str:
    return f"/api/v1/tickets/{ticket_id}/decisions?wait={wait}"


async def _judge_soon(database: Database, ticket_id: UUID, decision_id: UUID, reason: str | None = None) -> None:
    """Waits for the decision to be stored, then judges it as the workflow would."""
    for _ in range(200):
        async with database.begin() as connection:
            if await connection.scalar(sql.select(decisions.c.id).where(decisions.c.id == decision_id)):
                break
        await asyncio.sleep(0.02)
    await judge(database, ticket_id, decision_id, reason)


async def _signals(database: Database) -> list[dict[str, Any]]:
    async with database.begin() as connection:
        rows = await connection.scalars(sql.select(outbox.c.payload).where(outbox.c.signal == "decision"))
        return list(rows)


async def test_an_applied_decision_is_answered_as_soon_as_it_is_judged(
    agent: httpx.AsyncClient, ticket_id: UUID, database: Database
) -> None:
    identity = uuid4()
    body = {"id": str(identity), "kind": "note", "text": "The buyer called.", "seen_revision": 0}
    begin = asyncio.get_running_loop().time()
    answer, _ = await asyncio.gather(agent.post(_path(ticket_id, 20), json=body), _judge_soon(database, ticket_id, identity))
    assert answer.status_code == 200, answer.text
    assert asyncio.get_running_loop().time() - begin < 5
    assert (answer.json()["outcome"], answer.json()["revision"], answer.json()["id"]) == ("applied", 1, str(identity))
    found = await agent.get(f"/api/v1/decisions/{identity}")
    assert found.json()["author"] == "Jonas Weber"
    assert found.json()["payload"] == {"text": "The buyer called."}


async def test_the_workflow_is_told_all_but_the_persons_own_words(
    agent: httpx.AsyncClient, ticket_id: UUID, database: Database
) -> None:
    identity = str(uuid4())
    body = {"id": identity, "kind": "reply", "text": "A secret of the buyer", "close": True, "seen_revision": 3}
    assert (await agent.post(_path(ticket_id), json=body)).status_code == 202
    (signal,) = await _signals(database)
    assert "secret" not in json.dumps(signal)
    assert signal["payload"] == {"close": True, "answers": []}
    assert (signal["decision_id"], signal["kind"], signal["author"], signal["role"], signal["seen_revision"]) == (
        identity,
        "reply",
        "Jonas Weber",
        "agent",
        3,
    )


async def test_a_refused_decision_is_409_with_the_reason(agent: httpx.AsyncClient, ticket_id: UUID, database: Database) -> None:
    identity = uuid4()
    body = {"id": str(identity), "kind": "resolve"}
    answer, _ = await asyncio.gather(
        agent.post(_path(ticket_id, 20), json=body),
        _judge_soon(database, ticket_id, identity, "Emma Clarke resolved it at 10:04"),
    )
    assert (answer.status_code, answer.headers["content-type"]) == (409, PROBLEM)
    assert answer.json()["reason"] == "Emma Clarke resolved it at 10:04"
    again = await agent.post(_path(ticket_id, 0), json=body)
    assert (again.status_code, again.json()["reason"]) == (409, answer.json()["reason"])


async def test_without_an_outcome_in_time_it_is_pending(agent: httpx.AsyncClient, ticket_id: UUID) -> None:
    answer = await agent.post(_path(ticket_id, 0.2), json={"kind": "note", "text": "x"})
    assert (answer.status_code, answer.json()["outcome"]) == (202, "pending")
    found = await agent.get(f"/api/v1/decisions/{answer.json()['id']}")
    assert found.json()["outcome"] == "pending"


async def test_the_same_decision_again_acts_once(agent: httpx.AsyncClient, ticket_id: UUID, database: Database) -> None:
    identity = uuid4()
    body = {"id": str(identity), "kind": "note", "text": "x"}
    both = await asyncio.gather(*(agent.post(_path(ticket_id), json=body) for _ in range(8)))
    assert {answer.status_code for answer in both} == {202}
    await judge(database, ticket_id, identity)
    later = await agent.post(_path(ticket_id), json=body)
    assert (later.status_code, later.json()["outcome"]) == (200, "applied")
    assert len(await _signals(database)) == 1


async def test_the_same_id_with_something_else_is_409(
    agent: httpx.AsyncClient, admin: httpx.AsyncClient, ticket_id: UUID, database: Database
) -> None:
    body = {"id": str(uuid4()), "kind": "note", "text": "x"}
    await agent.post(_path(ticket_id), json=body)
    for client, other in ((agent, {"text": "y"}), (agent, {"kind": "reply"}), (admin, {}), (agent, {"seen_revision": 9})):
        answer = await client.post(_path(ticket_id), json=body | other)
        assert (answer.status_code, "used before" in answer.json()["reason"]) == (409, True), answer.text
    assert len(await _signals(database)) == 1


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"kind": "no-such-kind"}, "kind", "reply, note, assign"),
        ({}, "kind", "is missing"),
        ({"kind": ["note"]}, "kind", "is not a decision"),
        ({"kind": "reply"}, "text", "required"),
        ({"kind": "reply", "text": ""}, "text", "at least 1"),
        ({"kind": "note", "text": "x", "extra": 1}, "extra", "not permitted"),
        ({"kind": "note", "text": "a\x00b"}, "text", "NUL"),
        ({"kind": "note", "text": "\ud800"}, "text", "surrogate"),
        ({"kind": "note", "\ud800": "x"}, "\ud800", "surrogate"),
        ({"kind": "note", "text": "x", "id": "7"}, "id", "UUID"),
        ({"kind": "note", "text": "x", "seen_revision": "soon"}, "seen_revision", "integer"),
        ({"kind": "note", "text": "x", "seen_revision": 10**12}, "seen_revision", "out of range"),
        ({"kind": "assign"}, "", "name an owner"),
        ({"kind": "wait", "party": "carrier", "chase_after": "soon"}, "chase_after", "duration"),
        ({"kind": "snooze", "until": "2026-01-01T10:00:00"}, "until", "timezone"),
    ],
)
async def test_a_wrong_decision_names_its_field_and_is_not_stored(
    agent: httpx.AsyncClient, ticket_id: UUID, database: Database, body: dict[str, Any], field: str, says: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await agent.post(_path(ticket_id), content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM), answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert says in answer.json()["errors"][0]["message"]
    assert await _signals(database) == []


async def test_a_decision_about_nothing_is_404(agent: httpx.AsyncClient, ticket_id: UUID) -> None:
    note = {"kind": "note", "text": "x"}
    assert (await agent.post(_path(uuid4()), json=note)).status_code == 404
    assert (await agent.post(f"/api/v1/rmas/{ticket_id}/decisions", json={"kind": "approve"})).status_code == 404
    assert (await agent.get(f"/api/v1/decisions/{uuid4()}")).status_code == 404


async def test_returns_are_begun_shown_and_decided(agent: httpx.AsyncClient, ticket_id: UUID, database: Database) -> None:
    line = {"order_id": "10452", "line_id": "301", "quantity": 2, "reason": "damaged", "serial": "SN-1"}
    body = {"store": STORE, "ticket_id": str(ticket_id), "lines": [line], "wish": "refund"}
    begun = await agent.post("/api/v1/rmas", json=body, headers={"Idempotency-Key": "k1"})
    again = await agent.post("/api/v1/rmas", json=body, headers={"Idempotency-Key": "k1"})
    other = await agent.post("/api/v1/rmas", json=body | {"wish": "credit_note"}, headers={"Idempotency-Key": "k1"})
    assert (begun.status_code, again.json(), other.status_code) == (202, begun.json(), 409)
    shown = (await agent.get(f"/api/v1/rmas/{begun.json()['rma_id']}")).json()
    for field in "id number stage store ticket_id lines approvals label effects clocks timeline workflow_id".split():
        assert field in shown
    assert shown["title"] == "Return of 1 line of order 10452"
    assert {"line", "order_id", "line_id", "sku", "quantity", "reason", "serial", "received", "accepted", "outcome"} <= set(
        shown["lines"][0]
    )
    decided = await agent.post(f"/api/v1/rmas/{shown['id']}/decisions?wait=0", json={"kind": "approve"})
    assert decided.status_code == 202
    assert (await agent.get(f"/api/v1/rmas/{shown['id']}/label")).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"store": "nowhere"}, "store"),
        ({"store": "casa-lumen"}, "store"),
        ({"ticket_id": str(uuid4())}, "ticket_id"),
        ({"lines": []}, "lines"),
        ({"wish": "gold"}, "wish"),
    ],
)
async def test_a_return_that_cannot_be_names_its_field(
    agent: httpx.AsyncClient, ticket_id: UUID, change: dict[str, Any], field: str
) -> None:
    line = {"order_id": "10452", "line_id": "301", "quantity": 2, "reason": "damaged"}
    answer = await agent.post("/api/v1/rmas", json={"store": STORE, "ticket_id": str(ticket_id), "lines": [line]} | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_processes_show_their_schemas_and_can_be_begun(agent: httpx.AsyncClient) -> None:
    listed = {entry["name"]: entry for entry in (await agent.get("/api/v1/processes")).json()["items"]}
    assert set(listed) == {"rma", "ticket"}
    assert listed["ticket"]["start"] is None
    assert "lines" in listed["rma"]["start"]["properties"]
    kinds = {decision["kind"]: decision for decision in listed["ticket"]["decisions"]}
    assert "text" in kinds["reply"]["schema"]["properties"]
    assert "unblock" in kinds
    line = {"order_id": "10452", "line_id": "301", "quantity": 2, "reason": "damaged"}
    begun = await agent.post("/api/v1/processes/rma", json={"store": STORE, "lines": [line]})
    assert begun.status_code == 202
    shown = await agent.get(f"/api/v1/processes/rma/{begun.json()['id']}")
    assert shown.json()["workflow_id"] == begun.json()["workflow_id"]
    assert (await agent.post("/api/v1/processes/ticket", json={})).status_code == 409
    assert (await agent.get(f"/api/v1/processes/none/{uuid4()}")).status_code == 404
    path = f"/api/v1/processes/rma/{begun.json()['id']}/decisions?wait=0"
    assert (await agent.post(path, json={"kind": "refuse", "reason": "too late"})).status_code == 202
