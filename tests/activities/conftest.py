"""The outside systems as stand-ins, the product's clients before them, and Temporal's habit of trying again."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts, BigCommerceAccount, QaplaAccount, ShipStationAccount, XeroAccount
from activities._kit.effects import Effect, EffectLedger
from activities._kit.errors import OutsideError
from activities._kit.http import open_client
from activities.bigcommerce.stores import Stores
from domain.effects import EffectKind
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from storage.engine import Database
from storage.tables import cases
from tests import specs
from tests.activities.provider import DELAYS, LEASE
from tests.simulators.conftest import Running, start

Result = TypeVar("Result")

SOON = timedelta(milliseconds=2)
MOST_ATTEMPTS = 60
_DEMO_WORLD = Path(__file__).parents[2] / "simulators" / "demo_world.json"


@pytest.fixture(scope="session")
def simulators() -> Iterator[Running]:
    """One process of stand-ins, in memory; `outside` gives each test a fresh world in it."""
    running = start(None)
    yield running
    running.stop()


class Outside:
    """The stand-ins as an operator sees them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = httpx.Client(base_url=url, timeout=10)

    def arm(self, provider: str, operation: str, fault: str, count: int = 1, **more: Any) -> None:
        order = {"provider": provider, "operation": operation, "fault": fault, "count": count, **more}
        answer = self._control.post("/_sim/faults", json=order)
        assert answer.status_code == 200, answer.text

    def armed(self) -> list[dict[str, Any]]:
        """The faults that have not struck yet."""
        return self._control.get("/_sim/faults").json()["armed"]

    def advance(self, **step: Any) -> None:
        answer = self._control.post("/_sim/advance", json=step)
        assert answer.status_code == 200, answer.text

    def disarm(self) -> None:
        assert self._control.delete("/_sim/faults").status_code < 300

    def held(self, provider: str, collection: str) -> list[dict[str, Any]]:
        return self._control.get(f"/_sim/{provider}/{collection}").json()

    def calls(self, operation: str) -> list[dict[str, Any]]:
        return [call for call in self._control.get("/_sim/calls").json() if call["operation"] == operation]

    def reset(self, change: Callable[[dict[str, Any]], None] | None = None) -> None:
        """The demo world, changed where wanted; nothing armed, no call remembered."""
        world = json.loads(_DEMO_WORLD.read_bytes())
        if change is not None:
            change(world)
        self.disarm()
        self._control.delete("/_sim/calls")
        answer = self._control.put("/_sim/world", json=world)
        assert answer.status_code < 300, answer.text

    def close(self) -> None:
        self._control.close()


@pytest.fixture
def outside(simulators: Running) -> Iterator[Outside]:
    """The demo world as it was at the start, nothing armed."""
    found = Outside(simulators.url)
    found.reset()
    yield found
    found.close()


@pytest.fixture
def accounts(simulators: Running) -> Accounts:
    url = simulators.url
    stores = {
        key: BigCommerceAccount(
            api=f"{url}/bigcommerce/stores/{store_hash}",
            b2b=f"{url}/bigcommerce/b2b/api/v3/io",
            store_hash=store_hash,
            token=token,
        )
        for key, store_hash, token in (
            ("northwind-tools", "nwtools1", "northwind-access-token"),
            ("casa-lumen", "lumen2", "casa-access-token"),
        )
    }
    carrier = ShipStationAccount(api=f"{url}/shipstation", key="shipstation-demo-key")
    ledger = XeroAccount(
        api=f"{url}/xero/api.xro/2.0", token="xero-demo-token", tenant_id="7d1f3c52-6c4e-4a7b-9a55-0f6f2f1c9e10"
    )
    qapla = QaplaAccount(api=f"{url}/qapla", key="qapla-demo-channel-key")
    return Accounts(bigcommerce=stores, shipstation={"main": carrier}, qapla={"main": qapla}, xero={"main": ledger})


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The product's own client; where the official specifications are there they judge each exchange."""
    found = open_client(specs.JudgedTransport(httpx.AsyncHTTPTransport(retries=0)))
    yield found
    await found.aclose()


@pytest.fixture
def stores(accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient) -> Stores:
    return Stores(accounts, RunningPlaybook(playbook), client)


@pytest.fixture
def ledger(database: Database) -> EffectLedger:
    """Looks almost at once; an attempt that gave no sign counts as dead after half a second."""
    return EffectLedger(
        database, (SOON, SOON, SOON), perform_limit=timedelta(seconds=20), lease=timedelta(seconds=20, milliseconds=1)
    )


@pytest.fixture
async def case_id(database: Database) -> UUID:
    """A case that effects can belong to."""
    found = uuid4()
    row = {
        "id": found,
        "process": "rma",
        "workflow_id": f"rma-{found}",
        "store": "northwind-tools",
        "title": "Return",
        "status": "open",
        "stage": "settling",
    }
    async with database.begin() as connection:
        await connection.execute(sql.insert(cases).values(row))
    return found


@pytest.fixture
def quick(database: Database) -> EffectLedger:
    return EffectLedger(database, DELAYS, perform_limit=LEASE - timedelta(milliseconds=10), lease=LEASE)


@pytest.fixture
def patient(database: Database) -> EffectLedger:
    """With the lease of production: nothing outlives it in a test."""
    return EffectLedger(database, DELAYS)


@pytest.fixture
def effect(case_id: UUID) -> Effect:
    request = {"order_id": "10452", "lines": [{"line_id": "1", "quantity": 2}]}
    return Effect("rma-1.refund.10452", case_id, EffectKind.REFUND, "bigcommerce", "northwind-tools", request)


async def as_temporal(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Runs an activity as Temporal does: again after an error that may be retried, without the pauses."""
    for _ in range(MOST_ATTEMPTS):
        try:
            return await attempt()
        except OutsideError as error:
            if error.non_retryable:
                raise
    raise AssertionError(f"no end after {MOST_ATTEMPTS} attempts")
