"""How late clocks spoke: the histogram, the report and the page, all from the lines of the timeline."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sql
from fastapi import FastAPI
from lxml import html as markup
from prometheus_client.parser import text_string_to_metric_families

from api.measures import Measures
from domain.case import TimelineEvent
from domain.people import Role
from domain.promises import ClockName
from domain.sla import Notice, NoticeKind
from storage.engine import Database
from storage.people import create_session, create_token
from storage.tables import timeline
from tests.api.conftest import BASE
from tests.api.world import show

NAME = "casework_notice_lateness_seconds"
HOUR = timedelta(hours=1)


def said(sequence: int, kind: str, late: float, ago: timedelta = HOUR, step: int | None = None) -> TimelineEvent:
    """A line that a clock had planned, and that came so many seconds late."""
    at = datetime.now(UTC) - ago
    planned = at - timedelta(seconds=late)
    notice = Notice(clock=ClockName.FIRST_RESPONSE, kind=NoticeKind.ESCALATION, due_at=planned, planned_for=planned, step=step)
    return TimelineEvent(
        sequence=sequence,
        at=at,
        actor="Casework",
        kind=kind,
        text="It is late.",
        planned_for=planned,
        notice=None if kind == "handed_over" else notice,
    )


@pytest.fixture
async def lines(database: Database, ticket_id: UUID) -> None:
    line = TimelineEvent(sequence=1, at=datetime.now(UTC), actor="x", kind="message", text="Nothing was planned.")
    events = (
        line,
        said(2, "warning", 0.05, step=0),
        said(3, "warning", 0.5, step=0),
        said(4, "warning", 90, step=0),
        said(5, "missed", 7),
        said(6, "escalated", 2, step=1),
        said(7, "escalated", 4000, timedelta(days=3), step=2),
        said(8, "handed_over", 0.2, timedelta(days=40)),
    )
    await show(database, ticket_id, events=events)


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """What the histogram says: by kind and bucket, `count` or `sum`."""
    text = (await client.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families[NAME].type == "histogram"
    return {
        (sample.labels["kind"], sample.labels.get("le") or sample.name.rpartition("_")[2]): sample.value
        for sample in families[NAME].samples
    }


async def test_the_histogram_counts_every_notice_of_the_database(stranger: httpx.AsyncClient, lines: None) -> None:
    found = await samples(stranger)
    assert {kind for kind, _ in found} == {"warning", "missed", "escalated", "handed_over"}
    assert [found["warning", bound] for bound in ("0.1", "0.5", "60.0", "300.0", "+Inf", "count")] == [1, 2, 2, 3, 3, 3]
    assert [found["escalated", bound] for bound in ("1.0", "5.0", "3600.0", "+Inf")] == [0, 1, 1, 2]
    assert found["escalated", "sum"] == pytest.approx(4002)
    assert found["handed_over", "count"] == 1


async def test_it_grows_by_what_is_said_and_a_second_process_says_the_same(
    app: FastAPI, stranger: httpx.AsyncClient, database: Database, ticket_id: UUID, lines: None
) -> None:
    before = await samples(stranger)
    assert await samples(stranger) == before, "what is kept is not counted twice"
    await show(database, ticket_id, events=(said(9, "missed", 0.3), said(10, "missed", 30, timedelta(hours=20))))
    after = await samples(stranger)
    assert after["missed", "count"] == before["missed", "count"] + 2
    assert after["missed", "sum"] == pytest.approx(before["missed", "sum"] + 30.3)
    assert {key: value for key, value in after.items() if key[0] != "missed"} == {
        key: value for key, value in before.items() if key[0] != "missed"
    }
    async with database.begin() as connection:
        other = Measures()
        await other.lateness.count(connection)
    text = other.exposition().decode()
    assert f'{NAME}_count{{kind="missed"}} {after["missed", "count"]}' in text


async def test_what_becomes_older_than_a_day_stays_counted(
    stranger: httpx.AsyncClient, database: Database, ticket_id: UUID
) -> None:
    await show(database, ticket_id, events=(said(1, "missed", 5, timedelta(hours=23, minutes=59, seconds=59)),))
    counts = set()
    for _ in range(20):
        counts.add((await samples(stranger))["missed", "count"])
        async with database.begin() as connection:
            assert await connection.scalar(sql.select(sql.func.pg_sleep(0.1))) is not None
    assert counts == {1}


async def test_the_report_gives_median_worst_and_the_latest_late_ones(
    admin: httpx.AsyncClient, ticket_id: UUID, lines: None
) -> None:
    report = (await admin.get("/api/v1/lateness")).json()
    rows = {(row["kind"], row["step"]): row for row in report["items"]}
    assert report["hours"] == 24
    assert set(rows) == {("warning", 1), ("missed", None), ("escalated", 2)}
    warning = rows["warning", 1]
    assert (warning["count"], warning["median"], warning["worst"]) == (3, pytest.approx(0.5), pytest.approx(90))
    assert warning["p95"] == pytest.approx(0.5 + 0.9 * 89.5)
    (late,) = report["late"]
    assert (late["case_id"], late["kind"], late["clock"], late["step"]) == (str(ticket_id), "warning", "first_response", 1)
    assert late["seconds"] == pytest.approx(90)
    week = (await admin.get("/api/v1/lateness?hours=168")).json()
    assert [each["kind"] for each in week["late"]] == ["warning", "escalated"], "the latest first"


async def test_ten_late_ones_are_listed(admin: httpx.AsyncClient, database: Database, ticket_id: UUID) -> None:
    await show(database, ticket_id, events=tuple(said(n, "missed", 60 + n, n * HOUR) for n in range(1, 13)))
    late = (await admin.get("/api/v1/lateness")).json()["late"]
    assert [round(each["seconds"]) for each in late] == list(range(61, 71))


async def test_it_is_for_supervisors(agent: httpx.AsyncClient, stranger: httpx.AsyncClient, database: Database) -> None:
    assert (await stranger.get("/api/v1/lateness")).status_code == 401
    refused = await agent.get("/api/v1/lateness")
    assert (refused.status_code, "needs the role supervisor" in refused.json()["detail"]) == (403, True)
    async with database.begin() as connection:
        token = await create_token(connection, "Ruth Adler", Role.SUPERVISOR)
    as_supervisor = {"Authorization": f"Bearer {token}"}
    assert (await stranger.get("/api/v1/lateness", headers=as_supervisor)).json() == {"hours": 24, "items": [], "late": []}
    for hours in ("0", "x", "999999"):
        assert (await stranger.get(f"/api/v1/lateness?hours={hours}", headers=as_supervisor)).status_code == 422


async def _page(app: FastAPI, database: Database, role: Role, path: str) -> httpx.Response:
    async with database.begin() as connection:
        session = await create_session(connection, "Ruth Adler", role)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    cookies: dict[str, Any] = {"casework_session": session}
    async with httpx.AsyncClient(
        transport=transport, base_url=BASE, headers={"Accept": "text/html"}, cookies=cookies
    ) as client:
        return await client.get(path)


async def test_the_page_links_the_late_ones(app: FastAPI, database: Database, ticket_id: UUID, lines: None) -> None:
    answer = await _page(app, database, Role.SUPERVISOR, "/lateness")
    assert answer.status_code == 200
    page = markup.document_fromstring(answer.text)
    tables = [
        [" ".join(cell.text_content().split()) for cell in row.findall("td")] for row in page.findall(".//table/tbody/tr")
    ]
    assert ["Warning step 1", "3", "0.5 s", "1 min 21 s", "1 min 30 s"] in tables
    assert ["Escalated step 3", "1", "1 h 6 min", "1 h 6 min", "1 h 6 min"] in tables
    links = [link.get("href") for link in page.findall(".//ul[@class='late-notices']//a")]
    assert links == [f"/cases/{ticket_id}"] * 2
    assert (await _page(app, database, Role.SUPERVISOR, links[0] or "")).status_code in (200, 303, 307)


async def test_agents_see_neither_page_nor_link(app: FastAPI, database: Database) -> None:
    assert (await _page(app, database, Role.AGENT, "/lateness")).status_code == 403
    assert 'href="/lateness"' not in (await _page(app, database, Role.AGENT, "/")).text
    assert 'href="/lateness"' in (await _page(app, database, Role.ADMIN, "/")).text


async def test_a_notice_is_stored_with_clock_and_step_and_a_plain_line_without(database: Database, lines: None) -> None:
    async with database.begin() as connection:
        rows = (await connection.execute(sql.select(timeline.c.sequence, timeline.c.notice).order_by("sequence"))).all()
        plain = await connection.scalar(sql.select(sql.func.count()).where(timeline.c.notice.is_(None)))
    assert (rows[1][1]["clock"], rows[1][1]["step"]) == ("first_response", 0)
    assert plain == 2
