"""The stand-in providers, started on a free port for the tests of this folder."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from simulators.app import create_app
from tests import specs

STORE_TOKEN = "northwind-access-token"
XERO_HEADERS = {
    "Authorization": "Bearer xero-demo-token",
    "Xero-tenant-id": "7d1f3c52-6c4e-4a7b-9a55-0f6f2f1c9e10",
    "Accept": "application/json",
}
JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


@dataclass
class Running:
    """A running server and where it is."""

    url: str
    smtp_port: int
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        """Stop and wait."""
        self.server.should_exit = True
        self.thread.join(timeout=10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(data: Path | None, **options: Any) -> Running:
    """Start the application in a thread and wait until it answers."""
    port, smtp_port = free_port(), free_port()
    app = create_app(data, smtp_port=smtp_port, **options)
    config = uvicorn.Config(app, port=port, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the simulators did not start"
    return Running(f"http://127.0.0.1:{port}", smtp_port, server, thread)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """The demo world, fresh for each test."""
    found = start(tmp_path / "data")
    yield found
    found.stop()


class Doors:
    """One client a provider, each with the headers that the provider demands."""

    def __init__(self, url: str, judged: bool = False) -> None:
        hooks = {"response": [_judge]} if judged else {}
        store = {**JSON_HEADERS, "X-Auth-Token": STORE_TOKEN}
        options: dict[str, Any] = {"event_hooks": hooks, "timeout": 10}
        self.v2 = httpx.Client(base_url=f"{url}/bigcommerce/stores/nwtools1/v2", headers=store, **options)
        self.v3 = httpx.Client(base_url=f"{url}/bigcommerce/stores/nwtools1/v3", headers=store, **options)
        b2b = {**store, "X-Store-Hash": "nwtools1"}
        self.b2b = httpx.Client(base_url=f"{url}/bigcommerce/b2b/api/v3/io", headers=b2b, **options)
        carrier = {**JSON_HEADERS, "API-Key": "shipstation-demo-key"}
        self.carrier = httpx.Client(base_url=f"{url}/shipstation", headers=carrier, **options)
        self.ledger = httpx.Client(base_url=f"{url}/xero/api.xro/2.0", headers=XERO_HEADERS, **options)
        self.control = httpx.Client(base_url=url, timeout=10)

    def close(self) -> None:
        """Close all."""
        for client in vars(self).values():
            client.close()

    def arm(self, provider: str, operation: str, fault: str, count: int = 1, **more: Any) -> None:
        """Arm a fault."""
        order = {"provider": provider, "operation": operation, "fault": fault, "count": count, **more}
        assert self.control.post("/_sim/faults", json=order).status_code == 200

    def held(self, provider: str, collection: str) -> list[dict[str, Any]]:
        """What a provider holds."""
        return self.control.get(f"/_sim/{provider}/{collection}").json()


def _judge(response: httpx.Response) -> None:
    response.read()
    specs.judge(response.request, response)


@pytest.fixture
def doors(running: Running) -> Iterator[Doors]:
    """Clients of the running stand-ins."""
    found = Doors(running.url)
    yield found
    found.close()


@pytest.fixture
def judged(running: Running) -> Iterator[Doors]:
    """The same, each exchange judged by the official specification; skipped where these are not there."""
    specs.require()
    found = Doors(running.url, judged=True)
    yield found
    found.close()


def return_label(key: str, rma: str = "RMA-1") -> dict[str, Any]:
    """The body of POST /v1/labels for a return from a buyer to the warehouse."""
    buyer = {
        "name": "Emma Hartley",
        "company_name": "Brightwell Construction Ltd",
        "phone": "+44 161 496 0112",
        "address_line1": "22 Canal Street",
        "city_locality": "Manchester",
        "state_province": "Greater Manchester",
        "postal_code": "M1 3HE",
        "country_code": "GB",
        "address_residential_indicator": "no",
    }
    warehouse = {
        "name": "Returns",
        "company_name": "Northwind Tools",
        "phone": "+49 40 555 0100",
        "address_line1": "Hafenstrasse 14",
        "city_locality": "Hamburg",
        "state_province": "Hamburg",
        "postal_code": "20457",
        "country_code": "DE",
        "address_residential_indicator": "no",
    }
    shipment = {
        "carrier_id": "se-ups",
        "service_code": "ups_return_standard",
        "external_shipment_id": key,
        "ship_from": buyer,
        "ship_to": warehouse,
        "packages": [{"weight": {"value": 1900, "unit": "gram"}}],
    }
    return {"shipment": shipment, "is_return_label": True, "rma_number": rma, "charge_event": "on_carrier_acceptance"}
