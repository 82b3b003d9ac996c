"""Chromium as an agent sits before it: signed in by the link, and nothing wrong in the console."""

import contextlib
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, sync_playwright

from tests.stack.running import ADMIN_TOKEN, Running

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 30_000
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`));
"""


class Complaints(list[str]):
    """What pages said in their consoles or died of."""

    def watch(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", self._died)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.append(f"{message.type}: {message.text} ({message.location})")

    def _died(self, error: Error) -> None:
        self.append(f"uncaught: {error}")


@contextlib.contextmanager
def signed_in(stack: Running) -> Iterator[Page]:
    """A page signed in by the link that `casework up` prints. At the end its console must be clean."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; `make chromium` installs it")
    complaints = Complaints()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.add_init_script(WATCH_POLICY)
        context.on("page", complaints.watch)
        page = context.new_page()
        address = f"http://127.0.0.1:{stack.ports.http}"
        assert f"{address}/sign-in?token={ADMIN_TOKEN}" in stack.said()
        page.goto(f"{address}/sign-in?token={ADMIN_TOKEN}")
        assert page.url == f"{address}/", "the token leaves the address"
        yield page
        browser.close()
    assert not complaints, "\n".join(complaints)
