"""The inbox in a real browser: what an agent does all day, and what a hostile mail does not."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import BrowserContext, Page, async_playwright

from api.app import create_app
from api.options import ApiOptions
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from tests.api.joined_tickets import joined_tickets
from tests.api.test_decisions import _judge_soon
from tests.api.test_mail_html import HOSTILE
from tests.api.world import ADMIN_TOKEN, PROCESSES, clock, message, show

pytestmark = pytest.mark.browser


@pytest.fixture
async def served(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[str]:
    """The application on a port of its own."""
    options = ApiOptions(public_url="http://127.0.0.1", admin_token=ADMIN_TOKEN)
    app: FastAPI = create_app(database, blobs, RunningPlaybook(playbook), PROCESSES, options)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    for _ in range(500):
        if server.started:
            break
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


@pytest.fixture
async def context(served: str, tmp_path: Path) -> AsyncIterator[BrowserContext]:
    """A browser that is signed in."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed; `apt-get install chromium` brings it")
    async with async_playwright() as play:
        made = await play.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
            viewport={"width": 1280, "height": 900},
        )
        page = await made.new_page()
        await page.goto(f"{served}/sign-in?token={ADMIN_TOKEN}")
        assert page.url == f"{served}/"
        await page.close()
        yield made
        await made.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that is not allowed to complain: a refused script or a policy broken is an error in its console."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


async def _ticket(served: str, database: Database, **changes: str) -> UUID:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as client:
        answer = await client.post(f"{served}/api/v1/messages", json=message(None) | changes)
    case_id = UUID(answer.json()["ticket_id"])
    due_at = datetime.now(UTC) + timedelta(hours=3)
    await show(database, case_id, state={"clocks": [clock(due_at)], "tier": "gold"}, next_due_at=due_at)
    return case_id


async def test_from_the_list_to_an_answer_with_the_keyboard(served: str, page: Page, database: Database) -> None:
    case_id = await _ticket(served, database, subject="Drills for the crew")
    await page.goto(served)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/tickets/{case_id}")
    clock_shown = page.locator("details.clock").first
    assert not await clock_shown.locator("ol").is_visible()
    await clock_shown.locator("summary").click()
    assert await clock_shown.get_by_text("Tier gold at northwind-tools.").is_visible()
    await page.keyboard.press("r")
    await page.keyboard.type("Dear buyer, it left on Monday.")
    form = page.locator(".reply form")
    identity = UUID(await form.locator("input[name=id]").input_value())
    judged = asyncio.create_task(_judge_soon(database, case_id, identity))
    await form.get_by_role("button").click()
    await page.get_by_text("Done.").wait_for()
    await judged
    await show(database, case_id, owner="Another Owner")
    await page.locator("span", has_text="Another Owner").first.wait_for(timeout=5000)
    assert await page.get_by_text("Done.").is_visible(), "the answer to a decision outlives the next change"
    assert await clock_shown.locator("ol").is_visible(), "what was unfolded stays so when the page is refreshed"


async def test_a_change_is_seen_without_losing_place_or_words(served: str, page: Page, database: Database) -> None:
    first = await _ticket(served, database, subject="The first")
    await page.goto(served)
    await page.keyboard.press("j")
    await asyncio.sleep(0.5)
    await _ticket(served, database, subject="The second", text="Good morning")
    await page.get_by_text("The second").wait_for(timeout=5000)
    assert await page.evaluate("document.activeElement.textContent") == "The first"
    await page.goto(f"{served}/tickets/{first}")
    reply = page.locator(".reply textarea")
    await reply.fill("Half a sen")
    await asyncio.sleep(0.5)
    for owner, leave in (("First Owner", False), ("Second Owner", True)):
        if leave:
            await reply.blur()
        await show(database, first, owner=owner)
        await page.locator("span", has_text=owner).first.wait_for(timeout=5000)
        assert await reply.input_value() == "Half a sen"
    assert await page.locator(".reply input[name=seen_revision]").input_value() == "1", "the version the words answer"


async def test_a_likely_duplicate_is_compared_and_merged_with_the_keyboard(served: str, page: Page, database: Database) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}) as client:
        tickets = await joined_tickets(client, database, served)
    number = tickets.number(tickets.likely)
    await page.goto(f"{served}/tickets/{tickets.survivor}")
    await page.locator(".why").last.focus()
    assert await page.get_by_role("tooltip", name="").last.is_visible()
    assert await page.locator("svg.icon").first.evaluate("icon => icon.getBBox().width") > 0, "the picture is there"
    await page.get_by_text("Compare and merge…").focus()
    await page.keyboard.press("Enter")
    form = page.locator(f"#form-merge-{tickets.number(tickets.survivor)}")
    await form.get_by_text("In common: company Baltic Marine Works, order 10452.").wait_for()
    await form.get_by_label("Ticket number").fill(str(tickets.number(tickets.stranger)))
    await form.get_by_text("Nothing in common").wait_for()
    await form.get_by_label("Ticket number").fill(f"#{number}")
    await form.get_by_text("In common").wait_for()
    await show(database, tickets.survivor, owner="Another Owner")
    await page.locator("span", has_text="Another Owner").first.wait_for(timeout=5000)
    assert await form.get_by_text("In common").is_visible(), "a change of the ticket leaves the comparison alone"
    identity = UUID(await form.locator("input[name=id]").input_value())
    judged = asyncio.create_task(_judge_soon(database, tickets.survivor, identity))
    await form.get_by_label("Ticket number").press("Enter")
    await page.get_by_text("Done.").wait_for()
    await judged


async def test_hostile_mail_runs_nothing_and_loads_nothing(served: str, context: BrowserContext, database: Database) -> None:
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    mail = "\n".join(part for part in HOSTILE if len(part) < 1000)
    case_id = await _ticket(served, database, subject="<img src=x onerror=alert(1)>", text=mail, html=mail)
    await page.goto(f"{served}/tickets/{case_id}")
    await page.get_by_text("Formatted mail").click()
    await page.frame_locator("iframe.mail").locator("body").wait_for()
    await asyncio.sleep(0.5)
    assert [url for url in asked if not url.startswith(served)] == []


@pytest.mark.parametrize("width", [1280, 400])
async def test_nothing_is_wider_than_the_screen(served: str, page: Page, database: Database, width: int) -> None:
    case_id = await _ticket(served, database, subject="W" * 150, text="x" * 400)
    await page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/tickets/{case_id}", "/returns", "/people", "/lateness"):
        await page.goto(served + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
