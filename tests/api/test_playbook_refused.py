"""A changed playbook that is refused: work goes on by the old one, and those who can mend it are told."""

import httpx
import pytest
from fastapi import FastAPI

from domain.people import Role
from playbook.errors import Mistake, PlaybookError
from storage.engine import Database
from storage.people import create_session
from tests.api.conftest import BASE

FIRST = Mistake("queues.yaml", 5, "delivery.owner: there is no person 'Emma Clark'.")
SAID = "queues.yaml:5: delivery.owner: there is no person &#39;Emma Clark&#39;. And 1 more."


@pytest.fixture
def refused(app: FastAPI) -> None:
    app.state.services.playbook.refused = PlaybookError([FIRST, Mistake("rules.yaml", 4, "tickets: this is empty.")])


@pytest.mark.usefixtures("refused")
async def test_the_process_stays_ready_and_its_metric_tells(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/readyz")).status_code == 200
    assert "\ncasework_playbook_refused 1.0\n" in (await stranger.get("/metrics")).text
    app.state.services.playbook.refused = None
    assert "\ncasework_playbook_refused 0.0\n" in (await stranger.get("/metrics")).text


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    ("role", "told"), [(Role.ADMIN, True), (Role.SUPERVISOR, True), (Role.AGENT, False), (Role.FINANCE, False)]
)
async def test_who_can_mend_it_is_told_in_the_inbox(app: FastAPI, database: Database, role: Role, told: bool) -> None:
    async with database.begin() as connection:
        session = await create_session(connection, "Ruth Adler", role)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=BASE, cookies={"casework_session": session}
    ) as browser:
        page = await browser.get("/")
        assert page.status_code == 200
        assert (SAID in page.text) is told
        app.state.services.playbook.refused = None
        assert "is not in use" not in (await browser.get("/")).text


async def test_a_new_playbook_shows_at_once(app: FastAPI, browser: httpx.AsyncClient) -> None:
    running = app.state.services.playbook
    queue = running.now.queues["delivery"].model_copy(update={"title": "Parcels on their way"})
    running.now = running.now.model_copy(update={"queues": {**running.now.queues, "delivery": queue}})
    assert "Parcels on their way" in (await browser.get("/")).text
