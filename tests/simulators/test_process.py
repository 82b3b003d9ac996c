"""The stand-ins as a process of their own: durable against kill -9, and with words for a wrong start."""

import asyncio
import base64
import hashlib
import hmac
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.app import create_app
from tests import specs
from tests.simulators.conftest import STORE_TOKEN, Doors, Running, free_port, start

pytestmark = pytest.mark.simulators

ITEM = {"item_type": "PRODUCT", "item_id": 1040001, "quantity": 1, "reason": "op-1"}
REFUND = {"items": [ITEM], "payments": [{"provider_id": "stripe", "amount": 178.8, "offline": False}]}


def launch(data: Path, *more: str) -> tuple[subprocess.Popen[bytes], Doors]:
    """Start the command and wait until it answers."""
    port = free_port()
    command = [sys.executable, "-m", "simulators", "--port", str(port), "--smtp-port", str(free_port())]
    process = subprocess.Popen([*command, "--data", str(data), *more])
    doors = Doors(f"http://127.0.0.1:{port}")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if doors.control.get("/healthz").status_code == 200:
                return process, doors
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    raise AssertionError("the command did not start")


def test_a_commit_survives_kill_9(tmp_path: Path) -> None:
    process, doors = launch(tmp_path)
    doors.arm("bigcommerce", "refund", "lost_after_commit")
    with pytest.raises(httpx.TransportError):
        doors.v3.post("/orders/10400/payment_actions/refunds", json=REFUND)
    process.kill()
    process.wait(timeout=10)
    doors.close()
    process, doors = launch(tmp_path)
    assert [refund["total_amount"] for refund in doors.held("bigcommerce", "refunds")] == [178.8]
    process.terminate()
    assert process.wait(timeout=10) in (0, -15)
    doors.close()


def test_help_and_a_bad_world(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-m", "simulators", "--help"], capture_output=True, text=True, check=True)
    assert "--smtp-port" in told.stdout
    bad = tmp_path / "world.json"
    bad.write_text('{"stores": []}')
    command = [sys.executable, "-m", "simulators", "--world", str(bad), "--port", str(free_port())]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "stores" in refused.stderr


async def test_webhooks_are_sent_signed_and_twice(tmp_path: Path) -> None:
    received: list[tuple[str, dict[str, str], bytes]] = []

    async def take(request: Request) -> Response:
        received.append((request.url.path, dict(request.headers), await request.body()))
        return Response(status_code=200)

    port = free_port()
    taker = Starlette(routes=[Route("/webhooks/{provider}/{account}", take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(taker, port=port, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    running = await asyncio.to_thread(start, tmp_path, webhook_url=f"http://127.0.0.1:{port}")
    doors = Doors(running.url)
    doors.arm("bigcommerce", "refund", "duplicate_webhook")
    await asyncio.to_thread(doors.v3.post, "/orders/10400/payment_actions/refunds", json=REFUND)
    for _ in range(100):
        if len(received) >= 6:
            break
        await asyncio.sleep(0.05)
    assert len(received) == 6, "three events, each twice"
    path, headers, body = received[0]
    assert path == "/webhooks/bigcommerce/northwind-tools"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"northwind-client-secret", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    doors.close()
    await asyncio.to_thread(running.stop)
    server.should_exit = True
    await serving


async def test_a_judged_transport_refuses_a_wrong_request(running: Running, tmp_path: Path) -> None:
    specs.require()
    transport = specs.JudgedTransport(httpx.ASGITransport(app=create_app(tmp_path / "judged")))
    headers = {"X-Auth-Token": STORE_TOKEN, "Accept": "application/json"}
    base = "http://provider.example/bigcommerce/stores/nwtools1"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as client:
        assert (await client.get("/v2/orders/10400")).json()["id"] == 10400
        claim = {"permission_set": "app_only", "namespace": "n", "key": "k", "value": "v"}
        assert (await client.post("/v3/orders/10400/metafields", json=claim)).status_code == 200
        with pytest.raises(AssertionError, match="in no specification"):
            await client.get("/v2/orders/10400/no_such_part")
        shipment = {"order_address_id": 104121, "items": [{"order_product_id": 1041201, "quantity": 1}], "comments": 5}
        with pytest.raises(AssertionError, match="5 is not of type 'string'"):
            await client.post("/v2/orders/10412/shipments", json=shipment)
