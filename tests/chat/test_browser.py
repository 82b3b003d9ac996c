"""The widget in a real browser, on the shop's own pages, whose policy allows no inline script and no inline style."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import BrowserContext, Page, Route, async_playwright

from activities.channels.chat import find_mail_fallback
from api.app import create_app
from api.options import ApiOptions
from domain.calendars import Calendar, Hours, SpecialHours
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from simulators.app import create_app as create_simulators
from storage.blobs import Blobs
from storage.engine import Database
from tests.api.world import PROCESSES, STORE
from tests.chat.conftest import ORDER, answer, rows

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
EMAIL = "emma.hartley@brightwell-construction.example"
WIDGET_LIMIT = 25_000


@contextlib.asynccontextmanager
async def _serving(app: Any, listening: socket.socket) -> AsyncIterator[uvicorn.Server]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    for _ in range(500):
        if server.started:
            break
        await asyncio.sleep(0.02)
    yield server
    server.should_exit = True
    await task


@dataclass
class Places:
    """Where the shop, another site with the same pages, and Casework are."""

    shop: str
    foreign: str
    casework: str
    server: uvicorn.Server

    def cut_all_connections(self) -> None:
        """As a router that restarts does, between the pages and Casework."""
        for connection in list(self.server.server_state.connections):
            transport: Any = getattr(connection, "transport")  # noqa: B009 (both of uvicorn's protocols have it, their base does not say so)
            transport.abort()


def _hours(playbook: Playbook, *, is_open: bool) -> Playbook:
    """The playbook with a desk that is always there, or not for the time being."""
    always = Hours(days=tuple(range(7)), opens=time.min, closes=time.min)
    today = datetime.now(UTC).date()
    away = SpecialHours(on=today, until=today + timedelta(days=2), reason="Nobody is there")
    calendars = {
        key: Calendar(name=found.name, zone="UTC", hours=(always,), exceptions=() if is_open else (away,))
        for key, found in playbook.calendars.items()
    }
    return playbook.model_copy(update={"calendars": calendars})


@contextlib.asynccontextmanager
async def _places(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[Places]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        shop, foreign, casework = (f"http://127.0.0.1:{found.getsockname()[1]}" for found in sockets)
        options = ApiOptions(public_url=casework, chat_origins={STORE: [shop]})
        app = create_app(database, blobs, RunningPlaybook(playbook), PROCESSES, options)
        async with (
            _serving(app, sockets[2]) as server,
            _serving(create_simulators(webhook_url=casework), sockets[0]),
            _serving(create_simulators(webhook_url=casework), sockets[1]),
        ):
            yield Places(shop, foreign, casework, server)


@pytest.fixture
async def places(database: Database, blobs: Blobs, playbook: Playbook) -> AsyncIterator[Places]:
    async with _places(database, blobs, _hours(playbook, is_open=True)) as found:
        yield found


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[BrowserContext]:
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
        made.set_default_timeout(15_000)
        yield made
        await made.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that may not complain, except of connections that a test cuts."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [words for words in complaints if "net::ERR_" not in words] == []


async def _open(page: Page, address: str) -> None:
    await page.goto(address)
    await page.get_by_role("button", name="Chat with us").click()


async def _write(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.get_by_role("button", name="Send").click()


async def _is_answered_by_mail(database: Database, conversation: str) -> bool:
    async with database.begin() as connection:
        return await find_mail_fallback(connection, conversation) is not None


async def test_a_question_from_the_tracking_page_and_its_answer(places: Places, page: Page, database: Database) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{places.shop}/shop/{STORE}/orders/{ORDER}")
    await page.get_by_role("button", name="Chat with us").wait_for()
    assert [url for url in asked if "/chat/" in url] == [f"{places.casework}/chat/widget.js"], "nothing before it is opened"
    await page.get_by_role("button", name="Chat with us").click()
    await page.get_by_text("We are at the desk").wait_for()
    await page.get_by_label("Name").fill("Emma Hartley")
    await page.get_by_label("E-mail").fill(EMAIL)
    await _write(page, "Where is the rest?")
    await page.get_by_text("Sent ·").wait_for()
    assert not await page.get_by_label("E-mail").is_visible(), "asked once"
    (row,) = await rows(database)
    assert row.named == [{"kind": "order", "value": ORDER}]
    assert row.sender == {"email": EMAIL, "name": "Emma Hartley"}
    await answer(database, row.conversation, "It leaves on Monday.")
    await page.get_by_text("It leaves on Monday.").wait_for()
    for elsewhere in (f"/shop/{STORE}", f"/shop/{STORE}/landing"):
        await page.goto(places.shop + elsewhere)
        await page.get_by_text("It leaves on Monday.").wait_for()
        assert not await _is_answered_by_mail(database, row.conversation)
        assert await page.locator(".log li .text").all_text_contents() == [
            "Hello! What can we do for you?",
            "Where is the rest?",
            "It leaves on Monday.",
        ]
    assert await page.context.cookies() == []
    await page.goto("about:blank")
    for _ in range(100):
        if await _is_answered_by_mail(database, row.conversation):
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("nobody listens any more, and still the answer would not go by mail")


async def test_a_lost_answer_is_asked_for_again_and_the_message_stays_one(
    places: Places, page: Page, database: Database
) -> None:
    await _open(page, f"{places.shop}/shop/{STORE}")
    await page.get_by_text("We are at the desk").wait_for()
    lost = 0

    async def lose_the_answer(route: Route) -> None:
        nonlocal lost
        if route.request.method == "POST" and lost < 2:
            lost += 1
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/chat/messages", lose_the_answer)
    await _write(page, "Only once, please")
    await page.get_by_role("button", name="Not sent – try again").click()
    await page.get_by_text("Sent ·").wait_for()
    assert lost == 2
    assert [row.text for row in await rows(database)] == ["Only once, please"]
    assert await page.get_by_text("Only once, please").count() == 1


async def test_words_written_without_a_connection_outlive_the_page(places: Places, page: Page, database: Database) -> None:
    address = f"{places.shop}/shop/{STORE}"
    await _open(page, address)
    await page.get_by_text("We are at the desk").wait_for()
    await page.route("**/chat/messages", lambda route: route.abort())
    await _write(page, "First")
    await _write(page, "Second")
    await page.get_by_role("button", name="Not sent – try again").first.wait_for()
    await page.get_by_text("No connection at the moment").wait_for()
    assert await rows(database) == []
    await page.unroute("**/chat/messages")
    await page.goto(address)
    await page.get_by_text("Sent ·").nth(1).wait_for()
    assert [row.text for row in await rows(database)] == ["First", "Second"]


async def test_a_stream_that_was_cut_goes_on_where_it_was(places: Places, page: Page, database: Database) -> None:
    asked: list[str | None] = []
    page.on("request", lambda sent: asked.append(sent.headers.get("last-event-id")) if "/events" in sent.url else None)
    await _open(page, f"{places.shop}/shop/{STORE}")
    await _write(page, "Hello")
    await page.get_by_text("Sent ·").wait_for()
    session = (await rows(database))[0].conversation
    await answer(database, session, "Good morning")
    await page.get_by_text("Good morning").wait_for()
    places.cut_all_connections()
    await answer(database, session, "Said meanwhile")
    await page.get_by_text("Said meanwhile").wait_for()
    assert await page.locator(".log li.us, .log li.visitor").count() == 3
    first, *again = asked
    assert first is None
    assert again
    assert str(again[0]).startswith("2-"), "it names the second line as what it heard last"


async def test_with_the_keyboard_alone(places: Places, page: Page, database: Database) -> None:
    await page.goto(f"{places.shop}/shop/{STORE}")
    await page.get_by_role("button", name="Chat with us").focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("We are at the desk").wait_for()
    await page.keyboard.type("Emma")
    await page.keyboard.press("Tab")
    await page.keyboard.type("emma@nowhere")
    await page.keyboard.press("Tab")
    await page.keyboard.type("One line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("and another")
    await page.keyboard.press("Enter")
    await page.get_by_text("This e-mail address does not look right.").wait_for()
    await page.keyboard.type(".example")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.get_by_text("Sent ·").wait_for()
    (row,) = await rows(database)
    assert (row.text, row.sender) == ("One line\nand another", {"name": "Emma", "email": "emma@nowhere.example"})
    await page.keyboard.press("Escape")
    launch = page.get_by_role("button", name="Chat with us")
    assert await launch.get_attribute("aria-expanded") == "false"
    await answer(database, row.conversation, "Something new")
    await page.get_by_role("button", name="New messages: 1").wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_text("Something new").wait_for()
    assert await page.get_by_role("button", name="New messages").count() == 0


async def test_hostile_words_stay_words(places: Places, page: Page, database: Database) -> None:
    await _open(page, f"{places.shop}/shop/{STORE}")
    await page.get_by_label("Name").fill(HOSTILE[:100])
    await _write(page, HOSTILE)
    await page.get_by_text("Sent ·").wait_for()
    await answer(database, (await rows(database))[0].conversation, f"Answer {HOSTILE}")
    await page.get_by_text("Answer <img").wait_for()
    assert await page.get_by_text(HOSTILE, exact=True).count() == 1
    assert await page.locator("casework-chat img, casework-chat script").count() == 0
    assert await page.title() != "owned"


async def test_another_site_cannot_use_it(places: Places, context: BrowserContext, database: Database) -> None:
    page = await context.new_page()
    await _open(page, f"{places.foreign}/shop/{STORE}")
    await page.get_by_text("No connection at the moment").or_(page.get_by_text("does not work on this page")).wait_for()
    await _write(page, "Let me in")
    await page.get_by_role("button", name="Not sent – try again").wait_for()
    assert await rows(database) == []


async def test_nobody_at_the_desk(database: Database, blobs: Blobs, playbook: Playbook, page: Page) -> None:
    async with _places(database, blobs, _hours(playbook, is_open=False)) as places:
        await _open(page, f"{places.shop}/shop/{STORE}")
        await page.get_by_text("Nobody is at the desk now; leave your question and we answer by mail.").wait_for()
        await page.get_by_label("E-mail").fill(EMAIL)
        await _write(page, "Until tomorrow then")
        await page.get_by_text(f"Our answer goes to {EMAIL}.").wait_for()
        assert len(await rows(database)) == 1
        await page.goto("about:blank")


async def test_it_speaks_the_language_of_the_page_and_fits_a_telephone(places: Places, page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 640})
    await page.emulate_media(reduced_motion="reduce")
    for language, words in {
        "de": "Wir sind da und antworten hier.",
        "fr": "Nous sommes là et répondons ici.",
        "it": "Siamo qui e rispondiamo in chat.",
        "es": "Estamos aquí y respondemos en este chat.",
        "zh": "客服在线，会在这里回复您。",
        "xx": "We are at the desk and answer here.",
    }.items():
        await page.goto(f"{places.shop}/shop/{STORE}?language={language}")
        await page.locator("casework-chat .launch").click()
        await page.get_by_text(words).wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        panel = await page.locator("casework-chat .panel").bounding_box()
        assert panel is not None
        assert (round(panel["x"]), round(panel["y"]), round(panel["width"]), round(panel["height"])) == (0, 0, 360, 640)
        await page.keyboard.press("Escape")


def test_it_is_small_and_needs_no_policy_relaxed() -> None:
    script = (Path(__file__).parents[2] / "api/static/chat_widget.js").read_bytes()
    assert len(script) < WIDGET_LIMIT
    for forbidden in (b"innerHTML", b"insertAdjacentHTML", b"outerHTML", b"eval(", b"new Function", b"document.cookie"):
        assert forbidden not in script
