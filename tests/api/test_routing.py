"""The dry run of the routing rules on a stored ticket, over the API and by the command."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from storage.engine import Database
from tests.api.world import message, show
from tests.domain.test_routing_checks import folder_with
from tests.workers.test_command_line import casework, one_line

STATE = {"language": "en", "intents": ["quote", "wismo"], "intent": "quote", "tier": "gold", "tags": []}


async def triaged(agent: httpx.AsyncClient, database: Database, text: str = "A price, please.", **state: Any) -> UUID:
    answer = await agent.post("/api/v1/messages", json=message(text=text, subject="Hello"))
    ticket_id = UUID(answer.json()["ticket_id"])
    shown = STATE | state
    await show(
        database, ticket_id, state=shown, intent=shown["intent"], queue="triage", owner="Martin Krause", company="Vogel GmbH"
    )
    return ticket_id


async def number_of(agent: httpx.AsyncClient, ticket_id: UUID) -> int:
    return (await agent.get(f"/api/v1/tickets/{ticket_id}")).json()["number"]


async def test_it_says_who_takes_a_ticket_and_why_the_others_do_not(agent: httpx.AsyncClient, database: Database) -> None:
    ticket_id = await triaged(agent, database)
    answer = await agent.get(f"/api/v1/tickets/{ticket_id}/routing")
    assert answer.status_code == 200, answer.text
    routing = answer.json()
    assert list(routing) == ["queue", "owner", "tags", "rule", "reason", "tried"]
    assert (routing["queue"], routing["owner"], routing["rule"]) == ("sales", "Martin Krause", "gold quotes")
    assert routing["reason"] == "Rule “gold quotes”: store northwind-tools, intent quote, tier gold."
    assert [(attempt["rule"], attempt["matched"]) for attempt in routing["tried"]] == [
        ("credit hold or reminder", False),
        ("Studio Bellini", False),
        ("damaged with a serial number", False),
        ("gold quotes", True),
    ]
    assert routing["tried"][1]["why"] == "the store is northwind-tools, not casa-lumen"


async def test_it_goes_by_what_an_agent_corrected_and_by_the_opening_message(
    agent: httpx.AsyncClient, database: Database
) -> None:
    asked = f"/api/v1/tickets/{await triaged(agent, database, intent='change_order')}/routing"
    assert (await agent.get(asked)).json()["rule"] == "order changes"
    hold = f"/api/v1/tickets/{await triaged(agent, database, 'Are we on credit hold?')}/routing"
    routing = (await agent.get(hold)).json()
    assert (routing["queue"], routing["owner"], routing["tags"]) == ("accounts", "Nadia Haddad", ["credit"])
    serial = {"kind": "serial", "value": "LAS360-2204-00871"}
    for reference, rule in (
        (serial, "damaged with a serial number"),
        (serial | {"part": "quoted"}, "returns and warranty"),
        (serial | {"message_id": str(uuid4())}, "returns and warranty"),
    ):
        broken = await triaged(agent, database, intent="damaged", references=[reference])
        assert (await agent.get(f"/api/v1/tickets/{broken}/routing")).json()["rule"] == rule


async def test_it_needs_a_token_a_ticket_and_its_triage(
    agent: httpx.AsyncClient, stranger: httpx.AsyncClient, ticket_id: UUID
) -> None:
    assert (await stranger.get(f"/api/v1/tickets/{ticket_id}/routing")).status_code == 401
    assert (await agent.get(f"/api/v1/tickets/{uuid4()}/routing")).status_code == 404
    answer = await agent.get(f"/api/v1/tickets/{ticket_id}/routing")
    assert answer.status_code == 409
    assert "has not been triaged" in answer.json()["detail"]


async def test_the_command_tells_the_same(agent: httpx.AsyncClient, database: Database, database_url: str) -> None:
    ticket_id = await triaged(agent, database)
    number = await number_of(agent, ticket_id)
    result = casework("route", str(number), CASEWORK_DATABASE_URL=database_url)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == f"Ticket {number}: Hello"
    assert lines[2] == "  no   Studio Bellini: the store is northwind-tools, not casa-lumen"
    assert lines[4] == "  yes  gold quotes: store northwind-tools, intent quote, tier gold"
    assert lines[5].startswith("  goes to queue sales, owner Martin Krause. Rule “gold quotes”: ")
    assert lines[6] == "  is today in queue triage, owner Martin Krause"


async def test_the_command_tries_another_playbook_and_tells_every_ticket_it_knows(
    agent: httpx.AsyncClient, database: Database, database_url: str, tmp_path: Path, ticket_id: UUID
) -> None:
    number = await number_of(agent, await triaged(agent, database))
    fresh = await number_of(agent, ticket_id)
    rules = [{"name": "vogel", "when": {"company": ["vogel gmbh"]}, "queue": "orders", "tags": ["a", "b"]}]
    folder = folder_with(tmp_path, "routing.yaml", rules)
    unknown = 10**19
    result = casework(
        "route", "7", str(number), str(unknown), str(fresh), "--playbook", str(folder), CASEWORK_DATABASE_URL=database_url
    )
    assert "goes to queue orders, owner Giulia Conti, tags a, b. Rule “vogel”: company Vogel GmbH." in result.stdout
    said = one_line(result)
    assert f"there is no ticket 7; there is no ticket {unknown}; ticket {fresh} has not been triaged" in said


def test_the_command_refuses_bad_rules_before_it_looks(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "routing.yaml", [{"name": "one", "queue": "nowhere"}])
    said = one_line(casework("route", "1001", "--playbook", str(folder)))
    assert "one.queue: there is no queue 'nowhere'" in said


@pytest.mark.parametrize("arguments", [[], ["x"]])
def test_the_command_wants_numbers(arguments: list[str]) -> None:
    assert casework("route", *arguments).returncode == 2
