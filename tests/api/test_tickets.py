"""The list of tickets and a ticket whole."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sql

from storage.engine import Database
from storage.tables import contexts
from tests.api.world import STORE, clock, message, show

NOW = datetime.now(UTC)
FIELDS = (
    "id number status stage store language intent tier company queue owner references tags clocks revision workflow_id messages"
    " context draft rmas decisions timeline"
).split()


async def _ticket(agent: httpx.AsyncClient, **changes: Any) -> UUID:
    answer = await agent.post("/api/v1/messages", json=message(**changes))
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["ticket_id"])


async def _list(agent: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await agent.get(f"/api/v1/tickets?{query}")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"items", "next_cursor"}
    return [item["id"] for item in answer.json()["items"]]


async def test_the_most_urgent_comes_first_and_pages_meet(agent: httpx.AsyncClient, database: Database) -> None:
    dues = [None, NOW + timedelta(hours=2), NOW - timedelta(hours=1), None, NOW + timedelta(hours=2)]
    ids = [await _ticket(agent, subject=f"t{position}", text="Good morning") for position in range(len(dues))]
    for case_id, due in zip(ids, dues, strict=True):
        await show(database, case_id, next_due_at=due)
    wanted = [str(ids[position]) for position in (2, 1, 4, 0, 3)]
    assert await _list(agent) == wanted
    walked, cursor = [], ""
    for _ in range(10):
        page = (await agent.get(f"/api/v1/tickets?limit=1{cursor}")).json()
        walked += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert walked == wanted


async def test_every_filter_narrows(agent: httpx.AsyncClient, database: Database) -> None:
    mine = await _ticket(agent, subject="A drill, broken")
    other = await _ticket(agent, subject="Something else", store="casa-lumen", text="lampada rotta 100%")
    await show(
        database,
        mine,
        status="waiting",
        queue="delivery",
        owner="Emma Clarke",
        company="Baltic Marine Works",
        intent="wismo",
        orders=("10452",),
        next_due_at=NOW,
    )
    number = (await agent.get(f"/api/v1/tickets/{mine}")).json()["number"]
    later = (NOW + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    hits = [
        "status=waiting",
        "status=waiting,closed",
        f"store={STORE}",
        "queue=delivery",
        "owner=Emma%20Clarke",
        "intent=wismo",
        "company=Baltic%20Marine%20Works",
        "order=10452",
        f"due_before={later}",
        "q=drill",
        "q=10452",
        "q=%2310452",
        f"q=%23{number}",
        "q=drill%20-lampada",
    ]
    for query in hits:
        assert await _list(agent, query) == [str(mine)], query
    assert await _list(agent, "q=rotta") == await _list(agent, "q=100%25") == [str(other)]
    assert await _list(agent, "q=nothing-of-this-kind") == await _list(agent, "status=closed") == []
    assert len(await _list(agent, "q=%20")) == 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "due_before=tomorrow", "cursor=nonsense", "cursor=W10", "q=%00", "order=%00"]
)
async def test_a_wrong_query_is_a_problem(agent: httpx.AsyncClient, query: str) -> None:
    answer = await agent.get(f"/api/v1/tickets?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text


@pytest.mark.parametrize("words", ["'", '"', "%", "_", "\\", "a & | ! b", "(((", "-", "<script>", "9" * 40, "\u202e", "🛠"])
async def test_any_words_may_be_searched(agent: httpx.AsyncClient, ticket_id: UUID, words: str) -> None:
    assert (await agent.get("/api/v1/tickets", params={"q": words})).status_code == 200


async def test_a_ticket_seconds_old_has_every_field(agent: httpx.AsyncClient, ticket_id: UUID) -> None:
    ticket = (await agent.get(f"/api/v1/tickets/{ticket_id}")).json()
    assert set(FIELDS) <= set(ticket)
    assert ticket["workflow_id"] == f"ticket-{ticket['number']}"
    assert (ticket["clocks"], ticket["context"], ticket["draft"]) == ([], None, None)


async def test_a_ticket_shows_what_its_workflow_published(
    agent: httpx.AsyncClient, ticket_id: UUID, database: Database
) -> None:
    state = {
        "language": "en",
        "intents": ["wismo"],
        "tier": "gold",
        "tags": ["peak"],
        "references": [{"kind": "order", "value": "10452"}],
        "clocks": [clock(NOW)],
    }
    await show(database, ticket_id, state=state, intent="wismo", owner="Emma Clarke")
    content = {"orders": [], "company": None, "missing": ["Order 10452 is not known."], "as_of": NOW.isoformat()}
    async with database.begin() as connection:
        await connection.execute(sql.insert(contexts).values(case_id=ticket_id, content=content, as_of=NOW))
    begun = await agent.post(
        "/api/v1/rmas",
        json={
            "store": STORE,
            "ticket_id": str(ticket_id),
            "lines": [{"order_id": "10452", "line_id": "1", "quantity": 1, "reason": "damaged"}],
        },
    )
    ticket = (await agent.get(f"/api/v1/tickets/{ticket_id}")).json()
    assert {"name", "due_at", "state", "explanation"} <= set(ticket["clocks"][0])
    assert (ticket["tier"], ticket["language"], ticket["tags"]) == ("gold", "en", ["peak"])
    (reference,) = ticket["references"]
    assert (reference["kind"], reference["value"], reference["state"]) == ("order", "10452", "open")
    assert reference["evidence"] == "Where is order 10452? Where is my order"
    assert ticket["context"]["missing"] == ["Order 10452 is not known."]
    assert [rma["id"] for rma in ticket["rmas"]] == [begun.json()["rma_id"]]
    listed = (await agent.get("/api/v1/tickets")).json()["items"][0]
    assert (listed["tier"], listed["tags"], listed["intent"]) == ("gold", ["peak"], "wismo")


@pytest.mark.parametrize("place", ["5f0c3a52-8a53-4f0e-9c55-f2a3a1f4a001", "1001", "%00", "x' or 1=1"])
async def test_an_unknown_ticket_is_not_found(agent: httpx.AsyncClient, place: str) -> None:
    answer = await agent.get(f"/api/v1/tickets/{place}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
