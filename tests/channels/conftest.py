"""The channels' stand-ins, the accounts of the demo world, the product's adapters, and the API that takes hooks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sql
import uvicorn
from fastapi import FastAPI

from activities._kit.accounts import Accounts, ShopifyAccount, load_accounts
from activities._kit.http import open_client
from activities.channels.adapters import Channels, adapters
from activities.channels.changes import HookDoors
from api.app import create_app
from api.options import ApiOptions
from domain.playbook import Playbook
from playbook.loader import DEFAULT_FOLDER, load
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database, open_database
from tests.simulators.conftest import Running, free_port, start
from workers.settings import load_settings
from workers.stack import write_demo_accounts

API_PORT = free_port()
PUBLIC_URL = f"http://127.0.0.1:{API_PORT}"


@pytest.fixture(scope="session")
def simulators() -> Iterator[Running]:
    """One process of stand-ins, in memory, which sends its hooks to PUBLIC_URL."""
    running = start(None, webhook_url=PUBLIC_URL)
    yield running
    running.stop()


class Outside:
    """The stand-ins as an operator and as buyers see them."""

    def __init__(self, url: str) -> None:
        self._control = httpx.Client(base_url=url, timeout=10)

    def arm(self, provider: str, operation: str, fault: str, count: int = 1, **more: Any) -> None:
        order = {"provider": provider, "operation": operation, "fault": fault, "count": count, **more}
        answer = self._control.post("/_sim/faults", json=order)
        assert answer.status_code == 200, answer.text

    def advance(self, **step: Any) -> None:
        answer = self._control.post("/_sim/advance", json=step)
        assert answer.status_code == 200, answer.text

    def write(self, provider: str, **writing: Any) -> dict[str, Any]:
        answer = self._control.post(f"/_sim/{provider}/write", json=writing)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def held(self, provider: str, **where: Any) -> list[dict[str, Any]]:
        found = self._control.get(f"/_sim/{provider}/messages").json()
        return [message for message in found if all(message.get(name) == value for name, value in where.items())]

    def events(self) -> list[dict[str, Any]]:
        """The hooks that went out."""
        return self._control.get("/_sim/webhooks/events").json()

    def reset(self) -> None:
        """The demo world, nothing armed, nothing written."""
        self._control.delete("/_sim/faults")
        world = (Path(__file__).parents[2] / "simulators" / "demo_world.json").read_bytes()
        assert self._control.put("/_sim/world", content=world).status_code == 200

    def close(self) -> None:
        self._control.close()


@pytest.fixture
def outside(simulators: Running) -> Iterator[Outside]:
    found = Outside(simulators.url)
    found.reset()
    yield found
    found.close()


def demo_accounts(folder: Path, simulator_port: int) -> Accounts:
    """What `casework up` writes for the demo world, and a shop of Shopify."""
    settings = load_settings(data=folder, accounts=folder / "accounts.yaml", simulator_port=simulator_port)
    write_demo_accounts(settings)
    shopify = {"shop": ShopifyAccount(client_secret="shopify-secret", store="northwind-tools")}
    return load_accounts(settings.accounts_file).model_copy(update={"shopify": shopify})


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Accounts whose stand-ins need not run."""
    return demo_accounts(tmp_path, 9)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    client = open_client()
    yield client
    await client.aclose()


def connected(accounts: Accounts, http: httpx.AsyncClient) -> Channels:
    """All adapters; the chat's has no database behind it."""
    return adapters(
        accounts, RunningPlaybook(load(DEFAULT_FOLDER)), open_database("postgresql://nobody@127.0.0.1:1/none"), http
    )


@pytest.fixture
def channels(accounts: Accounts, http: httpx.AsyncClient) -> Channels:
    return connected(accounts, http)


@pytest.fixture
def live_accounts(simulators: Running, tmp_path: Path) -> Accounts:
    return demo_accounts(tmp_path, int(simulators.url.rpartition(":")[2]))


@pytest.fixture
def live(live_accounts: Accounts, http: httpx.AsyncClient) -> Channels:
    """Adapters before the running stand-ins."""
    return connected(live_accounts, http)


def application(
    database: Database, blobs: Blobs, playbook: Playbook, channels: Channels, doors: HookDoors | None = None
) -> FastAPI:
    return create_app(database, blobs, RunningPlaybook(playbook), {}, ApiOptions(public_url=PUBLIC_URL), channels, doors)


@pytest.fixture
async def door(database: Database, blobs: Blobs, playbook: Playbook, channels: Channels) -> AsyncIterator[httpx.AsyncClient]:
    """A provider's way in."""
    transport = httpx.ASGITransport(application(database, blobs, playbook, channels), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
        yield client


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[None]:
    """The application on the port that the stand-ins send their hooks to."""
    server = uvicorn.Server(uvicorn.Config(app, port=API_PORT, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the API did not start"
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


async def rows(database: Database, table: sql.Table, *where: sql.ColumnElement[bool]) -> list[Any]:
    async with database.begin() as connection:
        return list((await connection.execute(sql.select(table).where(*where))).all())
