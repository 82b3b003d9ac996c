"""Fifty of the thousand in a real browser, in one mail: no script runs, nothing is fetched from elsewhere."""

import asyncio

import pytest
from playwright.async_api import BrowserContext, Page, Route

from storage.engine import Database
from tests.api.test_browser import _ticket, context, served  # noqa: F401  fixtures
from tests.mail.hostile.payloads import PAYLOADS

pytestmark = pytest.mark.browser

_WHOLE = (
    "<plaintext",
    "<!--",
    "<xmp",
    "<textarea",
    "<title",
    "<noembed",
    "<noframes",
    "<frameset",
    "<select",
    "<meta",
    "<base",
)
"""These would swallow or leave what follows them, and with it the test."""

_LEFT = [payload for payload in PAYLOADS if len(payload) < 500 and not any(mark in payload.lower() for mark in _WHOLE)]
FIFTY = [_LEFT[number * len(_LEFT) // 50] for number in range(50)]


class Harm:
    """What a page did that it must not."""

    def __init__(self) -> None:
        self.ran, self.fetched = asyncio.Event(), asyncio.Event()

    async def refuse(self, route: Route) -> None:
        self.fetched.set()
        await route.abort()

    async def watch(self, context: BrowserContext) -> Page:  # noqa: F811
        page = await context.new_page()
        await page.route(lambda url: "evil.example" in url, self.refuse)
        await page.expose_function("hit", self.ran.set)
        return page


async def test_they_would_do_harm_if_they_were_not_cleaned(context: BrowserContext) -> None:  # noqa: F811
    """Otherwise the next test would prove nothing."""
    harm = Harm()
    page = await harm.watch(context)
    await page.set_content("\n".join(FIFTY), wait_until="domcontentloaded")
    async with asyncio.timeout(10):
        await harm.ran.wait()
        await harm.fetched.wait()


async def test_cleaned_they_do_nothing(served: str, context: BrowserContext, database: Database) -> None:  # noqa: F811
    harm, asked = Harm(), list[str]()
    page = await harm.watch(context)
    page.on("request", lambda request: asked.append(request.url))
    mail = "\n".join(FIFTY)
    case_id = await _ticket(served, database, subject=FIFTY[0], text=mail, html=mail)
    await page.goto(f"{served}/tickets/{case_id}")
    await page.get_by_text("Formatted mail").click()
    await page.frame_locator("iframe.mail").locator("body").wait_for()
    await page.mouse.move(300, 300)
    await page.keyboard.press("Tab")
    await asyncio.sleep(0.5)
    assert [url for url in asked if not url.startswith(served)] == []
    assert not harm.ran.is_set()
