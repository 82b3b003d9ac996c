"""Alerts by webhook, before a real receiver on this machine."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import httpx
import pytest

from activities._kit import http
from activities._kit.accounts import Accounts, AlertAccount
from activities._kit.effects import EffectLedger
from activities._kit.errors import NeedsOperator, OpKeyConflict, Rejected, Transient
from activities.alerts.models import Alert, Told
from activities.alerts.telling import Alerts, signed
from domain.effects import EffectKind, EffectState
from domain.promises import ClockName
from domain.sla import NoticeKind
from storage import effects as rows
from storage.engine import Database
from tests.activities.conftest import as_temporal
from tests.activities.provider import lease_over

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DUE = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Receiver:
    """Keeps what is posted to it. `answers` are given in turn, then 204; none is given while `answering` is clear."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, str, dict[str, str]]] = []
        self.arrived = threading.Event()
        self.answering = threading.Event()
        self.answering.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
                receiver.arrived.set()
                receiver.answering.wait(10)
                status, words, headers = receiver.answers.pop(0) if receiver.answers else (204, "", {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test's output clean."""

        return Handler


def verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """What a receiver does, written from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    content = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(signature) == hmac.new(key, content, hashlib.sha256).digest()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.answering.set()
    found.server.shutdown()
    found.server.server_close()
    thread.join()


@pytest.fixture
async def outgoing() -> AsyncIterator[httpx.AsyncClient]:
    async with http.open_client() as client:
        yield client


@pytest.fixture
def alerts(quick: EffectLedger, receiver: Receiver, outgoing: httpx.AsyncClient) -> Alerts:
    accounts = Accounts(alerts={"pager": AlertAccount(url=receiver.url, secret=SECRET)})
    return Alerts(quick, accounts, outgoing, "https://casework.example")


@pytest.fixture
def alert(case_id: UUID) -> Alert:
    return Alert(
        op_key="ticket-1007.alert.0f3a",
        case_id=case_id,
        account="pager",
        case="Ticket 1007: wismo, order 10452, Brandt Präzision GmbH",
        number=1007,
        store="northwind-tools",
        clock=ClockName.FIRST_RESPONSE,
        kind=NoticeKind.ESCALATION,
        due_at=DUE,
        planned_for=DUE,
        owner=None,
        text="Ticket 1007: first response was missed.",
    )


def test_the_published_example_of_standard_webhooks() -> None:
    key = AlertAccount(url="https://pager.example/", secret=SECRET).key
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}') == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


async def test_one_signed_post_and_then_from_memory(
    alerts: Alerts, alert: Alert, receiver: Receiver, database: Database
) -> None:
    assert await alerts.tell(alert) == await alerts.tell(alert) == Told(status=204)
    ((headers, body),) = receiver.posts
    verify(SECRET, headers, body)
    assert headers["webhook-id"] == alert.op_key
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "id": "ticket-1007.alert.0f3a",
        "case": "Ticket 1007: wismo, order 10452, Brandt Präzision GmbH",
        "number": 1007,
        "store": "northwind-tools",
        "clock": "first_response",
        "kind": "escalation",
        "due_at": "2026-03-02T10:00:00Z",
        "planned_for": "2026-03-02T10:00:00Z",
        "owner": None,
        "text": "Ticket 1007: first response was missed.",
        "link": f"https://casework.example/cases/{alert.case_id}",
    }
    async with database.begin() as connection:
        row = await rows.lock(connection, alert.op_key)
    assert row is not None
    assert (row.state, row.kind, row.provider, row.account) == (EffectState.DONE, EffectKind.ALERT, "webhook", "pager")


async def test_the_same_key_for_another_alert_is_never_posted(alerts: Alerts, alert: Alert, receiver: Receiver) -> None:
    await alerts.tell(alert)
    with pytest.raises(OpKeyConflict):
        await alerts.tell(alert.model_copy(update={"owner": "Emma Clarke"}))
    assert len(receiver.posts) == 1


async def test_a_secret_of_another_form_signs_as_it_is(
    quick: EffectLedger, alert: Alert, receiver: Receiver, outgoing: httpx.AsyncClient
) -> None:
    secret = "a secret of our own making"
    accounts = Accounts(alerts={"pager": AlertAccount(url=receiver.url, secret=secret)})
    await Alerts(quick, accounts, outgoing, "https://casework.example").tell(alert)
    verify(secret, *receiver.posts[0])


async def test_errors_of_the_receiver_are_tried_again_under_the_same_id(
    alerts: Alerts, alert: Alert, receiver: Receiver
) -> None:
    receiver.answers = [(500, "oh", {}), (503, "not yet", {}), (429, "slowly", {"Retry-After": "7"})]
    with pytest.raises(Transient, match=r"Webhook pager \(500\): oh"):
        await alerts.tell(alert)
    with pytest.raises(Transient):
        await alerts.tell(alert)
    with pytest.raises(Transient) as slowly:
        await alerts.tell(alert)
    assert slowly.value.next_retry_delay is not None
    assert slowly.value.next_retry_delay.total_seconds() >= 7
    assert await alerts.tell(alert) == Told(status=204)
    assert len(receiver.posts) == 4
    assert {headers["webhook-id"] for headers, _ in receiver.posts} == {alert.op_key}
    assert len({body for _, body in receiver.posts}) == 1
    for headers, body in receiver.posts:
        verify(SECRET, headers, body)


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (400, {}, Rejected),
        (404, {}, Rejected),
        (410, {}, Rejected),
        (401, {}, NeedsOperator),
        (307, {"Location": "/elsewhere"}, NeedsOperator),
    ],
)
async def test_a_refusal_is_final_until_a_person_asks_again(
    alerts: Alerts, alert: Alert, receiver: Receiver, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    receiver.answers = [(status, "no", headers)]
    with pytest.raises(error, match=rf"Webhook pager \({status}\): no"):
        await as_temporal(lambda: alerts.tell(alert))
    assert len(receiver.posts) == 1, "neither repeated nor redirected"
    assert await alerts.tell(alert.model_copy(update={"attempt": 2})) == Told(status=204)


async def test_a_worker_that_dies_while_it_posts(alerts: Alerts, alert: Alert, receiver: Receiver) -> None:
    """Nobody knows whether the receiver took it; it gets the same id again and knows."""
    receiver.answering.clear()
    dying = asyncio.create_task(alerts.tell(alert))
    assert await asyncio.to_thread(receiver.arrived.wait, 10)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    receiver.answering.set()
    await lease_over()
    assert await alerts.tell(alert) == Told(status=204)
    assert [headers["webhook-id"] for headers, _ in receiver.posts] == [alert.op_key, alert.op_key]


async def test_nobody_listens(quick: EffectLedger, alert: Alert, receiver: Receiver, outgoing: httpx.AsyncClient) -> None:
    gone = Receiver()
    gone.server.server_close()
    accounts = Accounts(alerts={"pager": AlertAccount(url=gone.url, secret=SECRET)})
    with pytest.raises(Transient, match="Webhook pager: ConnectError"):
        await Alerts(quick, accounts, outgoing, "https://casework.example").tell(alert)


async def test_an_account_that_is_gone_is_named(alerts: Alerts, alert: Alert, receiver: Receiver) -> None:
    with pytest.raises(NeedsOperator, match="no 'old-pager' under alerts"):
        await alerts.tell(alert.model_copy(update={"account": "old-pager"}))
    assert receiver.posts == []
