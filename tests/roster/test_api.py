"""People, teams, absences and extra shifts over the API and on the page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sql
from lxml import html as markup

from domain.people import Role
from storage.engine import Database
from storage.people import create_token
from storage.roster_tables import absences, presence
from tests.api.test_pages import _require_clean
from tests.roster.conftest import Owned

JONAS, EMMA = "Jonas Weber", "Emma Clarke"
NOW = datetime.now(UTC).replace(microsecond=0)


def address(name: str, kind: str = "absences", identity: object = None) -> str:
    return f"/api/v1/people/{quote(name)}/{kind}" + (f"/{identity}" if identity else "")


def span(starts: timedelta = timedelta(days=1), ends: timedelta = timedelta(days=3), **changes: Any) -> dict[str, Any]:
    return {"starts": (NOW + starts).isoformat(), "ends": (NOW + ends).isoformat(), "why": "Holiday"} | changes


async def person(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/people")
    assert answer.status_code == 200, answer.text
    return next(entry for entry in answer.json()["items"] if entry["name"] == name)


async def test_people_are_shown_with_duty_load_and_presence(agent: httpx.AsyncClient, owned: Owned) -> None:
    await owned(EMMA, "delivery")
    martin, emma, jonas = [await person(agent, name) for name in ("Martin Krause", EMMA, JONAS)]
    assert (martin["on_duty"], martin["duty_ends"], martin["teams"], martin["zone"]) == (True, None, [], "UTC")
    assert (emma["open_tickets"], emma["present"], emma["teams"], emma["role"]) == (1, False, ["hamburg"], "agent")
    assert (jonas["open_tickets"], jonas["present"], jonas["zone"]) == (0, True, "Europe/Berlin")
    for entry in (emma, jonas):
        assert entry["on_duty"] == (entry["next_duty"] is None) == (entry["duty_ends"] is not None)


async def test_teams_name_their_members_and_queues(agent: httpx.AsyncClient) -> None:
    hamburg = (await agent.get("/api/v1/teams")).json()["items"][0]
    assert hamburg == {
        "key": "hamburg",
        "title": "Hamburg",
        "members": [JONAS, EMMA],
        "lead": "Martin Krause",
        "manager": "Ruth Adler",
        "queues": ["delivery", "returns", "triage"],
    }


async def test_an_extra_shift_and_an_absence_change_duty_at_once(agent: httpx.AsyncClient) -> None:
    now = span(timedelta(hours=-1), timedelta(days=2))
    shift = await agent.post(address(JONAS, "shifts"), json=now)
    assert shift.status_code == 201, shift.text
    jonas = await person(agent, JONAS)
    assert jonas["on_duty"]
    assert datetime.fromisoformat(jonas["duty_ends"]) >= NOW + timedelta(days=2)
    entered = jonas["extra_shifts"][0]
    assert (entered["id"], entered["why"], entered["author"]) == (shift.json()["id"], "Holiday", JONAS)
    absence = await agent.post(address(JONAS), json=now)
    assert absence.status_code == 201, absence.text
    assert not (await person(agent, JONAS))["on_duty"]
    assert (await agent.delete(address(JONAS, "absences", absence.json()["id"]))).status_code == 204
    assert (await person(agent, JONAS))["on_duty"]
    again = await agent.delete(address(JONAS, "absences", absence.json()["id"]))
    assert (again.status_code, "perhaps it was removed already" in again.json()["detail"]) == (404, True)


async def test_agents_enter_their_own_and_supervisors_anybodys(
    agent: httpx.AsyncClient, admin: httpx.AsyncClient, database: Database
) -> None:
    refused = await agent.post(address(EMMA), json=span())
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "only a supervisor may change the absences of somebody else; you are signed in as Jonas Weber",
    )
    entered = await admin.post(address(EMMA), json=span())
    assert entered.status_code == 201
    assert (await agent.delete(address(EMMA, "absences", entered.json()["id"]))).status_code == 403
    async with database.begin() as connection:
        token = await create_token(connection, "Martin Krause", Role.SUPERVISOR)
    agent.headers["Authorization"] = f"Bearer {token}"
    assert (await agent.delete(address(EMMA, "absences", entered.json()["id"]))).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (span(timedelta(days=3), timedelta(days=1)), 422, "ends: must be after the start"),
        (span(timedelta(days=1), timedelta(days=1)), 422, "ends: must be after the start"),
        (span(starts=timedelta(days=-400)), 422, "ends: an absence may last a year at most; is the year right?"),
        (span(timedelta(days=800), timedelta(days=801)), 422, "starts: is more than two years away; is the year right?"),
        (span(ends=timedelta(days=3), starts=timedelta(days=1), why=" "), 422, "why: String should have at least 1 character"),
        (span(why="a\x00b"), 422, "why: holds a NUL character, which cannot be stored"),
        (span() | {"starts": "2026-03-02T08:00:00"}, 422, "starts: Input should have timezone info"),
        ({"starts": "9999-12-31T23:00:00-05:00", "ends": "9999-12-31T23:59:00-12:00", "why": "x"}, 422, "starts: "),
        ({"starts": "0001-01-01T00:00:00+05:00", "ends": "0001-01-01T00:01:00Z", "why": "x"}, 422, "starts: "),
    ],
)
async def test_bad_input_is_refused_in_words(
    agent: httpx.AsyncClient, database: Database, body: dict[str, Any], status: int, words: str
) -> None:
    answer = await agent.post(address(JONAS), json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].startswith(words)
    async with database.begin() as connection:
        assert (await connection.execute(sql.select(absences))).all() == []


async def test_overlaps_and_strangers_are_refused(agent: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    assert (await agent.post(address(JONAS), json=span())).status_code == 201
    again = await agent.post(address(JONAS), json=span(timedelta(days=2), timedelta(days=4)))
    assert again.status_code == 409
    assert again.json()["detail"].startswith("Jonas Weber is absent already, ")
    nobody = await agent.post(address("Nobody"), json=span())
    assert (nobody.status_code, nobody.json()["detail"]) == (404, "there is no person called Nobody")
    assert (await agent.post(address(JONAS, "sundays"), json=span())).status_code == 404
    assert (await stranger.post(address(JONAS), json=span())).status_code == 401
    assert (await stranger.get("/api/v1/people")).status_code == 401


async def test_presence_is_of_people_only(
    agent: httpx.AsyncClient, browser: httpx.AsyncClient, admin: httpx.AsyncClient, database: Database
) -> None:
    async def noted() -> dict[str, datetime]:
        async with database.begin() as connection:
            return {name: at for name, at in await connection.execute(sql.select(presence.c.person, presence.c.seen_at))}

    async with database.begin() as connection:
        program = await create_token(connection, "warehouse-program", Role.AGENT)
    await admin.get("/api/v1/teams")
    await agent.get("/api/v1/teams", headers={"Authorization": f"Bearer {program}"})
    await agent.get("/api/v1/teams", headers={"Authorization": "Bearer wrong"})
    assert await noted() == {}
    await agent.get("/api/v1/teams")
    first = await noted()
    assert list(first) == [JONAS]
    await browser.get("/people")
    assert await noted() == first
    async with database.begin() as connection:
        await connection.execute(sql.update(presence).values(seen_at=sql.func.now() - timedelta(minutes=6)))
    assert (await browser.get("/people")).status_code == 200
    assert (await noted())[JONAS] > first[JONAS] - timedelta(minutes=1), "a page counts as well"


async def test_an_extra_shift_for_somebody_always_on_duty_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(address("Martin Krause", "shifts"), json=span())
    assert (answer.status_code, "is always on duty" in answer.json()["detail"]) == (409, True)
    assert (await admin.post(address("Martin Krause"), json=span())).status_code == 201


def shown(answer: httpx.Response) -> str:
    return " ".join(markup.document_fromstring(answer.text).text_content().split())


async def test_the_page_enters_refuses_and_removes(browser: httpx.AsyncClient, owned: Owned) -> None:
    await owned(JONAS, "returns")
    page = await browser.get("/people")
    _require_clean(page)
    assert "Hamburg" in shown(page)
    assert "1 open ticket" in shown(page)
    assert f"/people/{quote(EMMA)}/absences" not in page.text, "an agent has no form for others"
    soon = (NOW + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M")
    later = (NOW + timedelta(days=21)).strftime("%Y-%m-%dT%H:%M")
    where, why = f"/people/{quote(JONAS)}/absences", "Dentist <b>now</b>"
    wrong = await browser.post(where, data={"f.starts": later, "f.ends": soon, "f.why": why})
    assert (wrong.status_code, "ends: must be after the start" in shown(wrong)) == (422, True)
    assert markup.document_fromstring(wrong.text).xpath(f"//input[@name='f.why' and @value='{why}']"), "what was typed stays"
    entered = await browser.post(where, data={"f.starts": soon, "f.ends": later, "f.why": why})
    assert (entered.status_code, entered.headers["location"]) == (303, "/people")
    page = await browser.get("/people")
    _require_clean(page)
    local = datetime.fromisoformat(soon)
    assert f"{local:%-d %b}" in shown(page)
    assert f"{local:%H:%M}" in shown(page), "times are the person's local time, there and back"
    assert why in shown(page)
    removing = markup.document_fromstring(page.text).xpath("//form[contains(@action, '/remove')]/@action")
    assert len(removing) == 1
    stolen = await browser.post(removing[0], headers={"Origin": "https://elsewhere.example"})
    assert stolen.status_code == 403
    assert (await browser.post(removing[0])).status_code == 303
    assert why not in shown(await browser.get("/people"))
    forbidden = await browser.post(f"/people/{quote(EMMA)}/absences/{uuid4()}/remove")
    assert forbidden.status_code == 403
