"""The stand-ins, the adapters before them, and a clock that a test sets."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from activities._kit.http import open_client
from tests import specs
from tests.activities.conftest import Outside
from tests.simulators.conftest import Running, start


class Clock:
    """Now, and whatever a test adds to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class WhereSpecified(httpx.AsyncBaseTransport):
    """Judges the calls that an official specification covers: those of the XAPI and of BigCommerce."""

    def __init__(self) -> None:
        self._plain = httpx.AsyncHTTPTransport(retries=0)
        self._judged = specs.JudgedTransport(self._plain)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        covered = "/xapi/v1/" in request.url.path or request.url.path.startswith("/bigcommerce/")
        return await (self._judged if covered else self._plain).handle_async_request(request)

    async def aclose(self) -> None:
        await self._plain.aclose()


@pytest.fixture(scope="session")
def simulators() -> Iterator[Running]:
    running = start(None)
    yield running
    running.stop()


@pytest.fixture
def outside(simulators: Running) -> Iterator[Outside]:
    """The demo world, nobody having called or written."""
    found = Outside(simulators.url)
    found.reset()
    yield found
    found.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    found = open_client(WhereSpecified())
    yield found
    await found.aclose()


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()
