"""Calls by RingCentral: told by a hook, found in the log, and one message a call."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activities._kit.accounts import RingCentralAccount
from activities._kit.errors import NeedsOperator, NotSupported, Rejected, Transient
from activities.channels.port import BadHook, BadSignature, Hook, Outbound
from activities.channels.ringcentral import RingCentral
from domain.messages import Channel, MessageNature
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from simulators.calls import ringcentral as provider
from simulators.calls.ringing import RECORDING
from tests.activities.conftest import Outside
from tests.channels_calls.conftest import Clock, as_json
from tests.simulators.conftest import free_port

pytestmark = pytest.mark.simulators

OURS = "a-token-of-our-own-making"
CALLER = "+441614960112"


class Door:
    """What stands for our web door: verifies, answers the handshake, keeps the hooks."""

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.adapter: RingCentral | None = None
        self.port = free_port()
        app = Starlette(routes=[Route("/webhooks/ringcentral/main", self._receive, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/ringcentral/main"

    async def _receive(self, request: Request) -> Response:
        assert self.adapter is not None
        hook = Hook("POST", str(request.url), dict(request.headers), await request.body(), datetime.now(UTC))
        answer = self.adapter.verify(hook)
        if answer is not None:
            return Response(answer.body, answer.status, dict(answer.headers))
        self.hooks.append(hook)
        return Response()

    def wait(self, count: int) -> None:
        until = time.monotonic() + 10
        while len(self.hooks) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.hooks) == count

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.close()


@pytest.fixture
def account(outside: Outside, door: Door) -> RingCentralAccount:
    return RingCentralAccount(
        api=f"{outside.url}/ringcentral",
        client_id=provider.CLIENT_ID,
        client_secret=provider.CLIENT_SECRET,
        jwt=provider.JWT,
        verification_token=OURS,
        hook_url=door.url,
        store="northwind-tools",
        stores={"+39025550100": "casa-lumen"},
    )


@pytest.fixture
def adapter(
    account: RingCentralAccount, door: Door, playbook: Playbook, client: httpx.AsyncClient, clock: Clock
) -> RingCentral:
    found = RingCentral("main", account, RunningPlaybook(playbook), client, clock)
    door.adapter = found
    return found


def hook(body: bytes = b"", **headers: str) -> Hook:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Hook("POST", "https://x.example/webhooks/ringcentral/main", named, body, datetime.now(UTC))


def event(*parties: dict[str, Any], session: str = "s-1", kind: str = "/restapi/v1.0/account/1/telephony/sessions") -> bytes:
    body = {"telephonySessionId": session, "eventTime": "2026-03-04T09:12:40.123Z", "parties": list(parties)}
    return as_json({"uuid": "1", "event": kind, "body": body})


def party(code: str = "Disconnected", missed: bool = True, direction: str = "Inbound", number: str = CALLER) -> dict[str, Any]:
    caller = {"phoneNumber": number, "name": "Emma Hartley"}
    return {
        "direction": direction,
        "missedCall": missed,
        "status": {"code": code},
        "from": caller,
        "to": {"phoneNumber": "+49405550100"},
    }


def test_the_handshake_gives_the_token_back(adapter: RingCentral) -> None:
    for found in (hook(validation_token="abc-123"), hook(validation_token="abc-123", verification_token=OURS)):
        answer = adapter.verify(found)
        assert answer is not None
        assert answer.status == 200
        assert answer.headers == {"Validation-Token": "abc-123"}


@pytest.mark.parametrize(
    "found",
    [
        hook(b"{}"),
        hook(b"{}", verification_token="wrong"),
        hook(b"{}", verification_token="é"),
        hook(b"{}", validation_token="abc"),
        hook(validation_token="abc", verification_token="wrong"),
        hook(validation_token="a b"),
        hook(validation_token="x" * 257),
        hook(),
    ],
)
def test_a_hook_without_our_token_is_turned_away(found: Hook, adapter: RingCentral) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(found)


def test_our_token_proves_a_hook(adapter: RingCentral) -> None:
    assert adapter.verify(hook(b"{}", verification_token=OURS)) is None


def test_a_missed_call_in_a_hook_is_a_message(adapter: RingCentral) -> None:
    (message,) = adapter.parse(hook(event(party())))
    assert (message.channel, message.nature, message.store) == (Channel.PHONE, MessageNature.PERSON, "northwind-tools")
    assert (message.sender.phone, message.sender.name) == (CALLER, "Emma Hartley")
    assert message.text == f"Missed call from {CALLER}"
    assert (message.provider, message.account, message.conversation) == ("ringcentral", "main", CALLER)
    assert message.external_id == "ringcentral:main:s-1"
    assert message.received_at == datetime(2026, 3, 4, 9, 12, 40, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        event(party(missed=False)),
        event(party(code="Answered")),
        event(party(code="VoiceMail")),
        event(party(), party(code="VoiceMail")),
        event(party(direction="Outbound")),
        event(party(), kind="/restapi/v1.0/account/1/extension/2/message-store"),
        event(),
    ],
)
def test_other_events_are_no_message(body: bytes, adapter: RingCentral) -> None:
    assert list(adapter.parse(hook(body))) == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"event": "x/telephony/sessions"}', event({"direction": "Inbound"}), as_json({"event": None})]
)
def test_an_event_that_cannot_be_read_is_said_so(body: bytes, adapter: RingCentral) -> None:
    with pytest.raises(BadHook):
        adapter.parse(hook(body))


def test_a_withheld_number_is_nobodys_conversation(adapter: RingCentral) -> None:
    (message,) = adapter.parse(hook(event(party(number="Anonymous"))))
    assert (message.sender.phone, message.conversation) == (None, None)
    assert message.text == "Missed call from a withheld number"


def call(outside: Outside, **more: Any) -> None:
    outside.advance(kind="call", system="ringcentral", **{"number": CALLER, "name": "Emma Hartley", **more})


async def test_a_call_is_one_message_by_hook_and_log(adapter: RingCentral, outside: Outside, door: Door, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    call(outside, end="missed", at=clock().isoformat())
    call(outside, end="answered", at=clock().isoformat())
    door.wait(2)
    told = [message for one in door.hooks for message in adapter.parse(one)]
    polled = await adapter.poll(cursor)
    assert [one.external_id for one in polled.messages] == [one.external_id for one in told]
    assert [one.text for one in polled.messages] == [f"Missed call from {CALLER}"]
    assert (await adapter.poll(polled.cursor)).messages == []


async def test_a_lost_hook_loses_no_call(adapter: RingCentral, outside: Outside, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    call(outside, end="missed", called="+39 02 5550100", number="06 5550177", at=clock().isoformat())
    (message,) = (await adapter.poll(cursor)).messages
    assert message.store == "casa-lumen"
    assert message.sender.phone == "+39065550177"


async def test_a_voicemail_has_its_words_and_its_recording(
    adapter: RingCentral, outside: Outside, door: Door, clock: Clock
) -> None:
    cursor = (await adapter.poll(None)).cursor
    call(outside, end="voicemail", spoken="Please call back about 10452.", at=clock().isoformat())
    call(outside, end="voicemail", number="", at=clock().isoformat())
    door.wait(2)
    assert [message for one in door.hooks for message in adapter.parse(one)] == []
    found = {message.text: message for message in (await adapter.poll(cursor)).messages}
    assert set(found) == {"Please call back about 10452.", "Voicemail of 0:42 from a withheld number"}
    message = found["Please call back about 10452."]
    assert [(file.filename, file.content_type, file.content) for file in message.attachments] == [
        ("voicemail.wav", "audio/wav", RECORDING)
    ]


async def test_a_transcription_is_waited_for_but_not_for_ever(adapter: RingCentral, outside: Outside, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    call(outside, end="voicemail", transcribing=True, spoken="…", at=clock().isoformat())
    polled = await adapter.poll(cursor)
    assert polled.messages == []
    clock.ahead = timedelta(minutes=6)
    later = await adapter.poll(polled.cursor)
    assert [message.text for message in later.messages] == [f"Voicemail of 0:42 from {CALLER}"]
    clock.ahead = timedelta(hours=3)
    assert (await adapter.poll(later.cursor)).messages == []


async def test_a_call_going_on_is_told_when_it_is_over(adapter: RingCentral, outside: Outside, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    began = clock().isoformat()
    call(outside, end="ringing", id="s-9", at=began)
    clock.ahead = timedelta(hours=2)
    polled = await adapter.poll(cursor)
    call(outside, end="missed", id="s-9", at=began)
    assert len((await adapter.poll(polled.cursor)).messages) == 1


async def test_the_subscription_is_kept_alive(adapter: RingCentral, outside: Outside, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    (made,) = outside.held("ringcentral", "subscriptions")
    assert made["deliveryMode"]["verificationToken"] == OURS
    cursor = (await adapter.poll(cursor)).cursor
    assert outside.held("ringcentral", "subscriptions") == [made]
    clock.ahead = timedelta(days=5, hours=1)
    cursor = (await adapter.poll(cursor)).cursor
    (renewed,) = outside.held("ringcentral", "subscriptions")
    assert (renewed["id"], len(outside.calls("renew"))) == (made["id"], 1)
    lost = json.loads(cursor) | {"subscription": "gone"}
    cursor = (await adapter.poll(json.dumps(lost))).cursor
    assert len(outside.held("ringcentral", "subscriptions")) == 2
    assert json.loads(cursor)["subscription"] not in ("gone", made["id"])


async def test_no_subscription_without_a_handshake(
    account: RingCentralAccount, playbook: Playbook, client: httpx.AsyncClient, clock: Clock
) -> None:
    lost = account.model_copy(update={"hook_url": f"http://127.0.0.1:{free_port()}/"})
    with pytest.raises(Rejected, match="SUB-525"):
        await RingCentral("main", lost, RunningPlaybook(playbook), client, clock).poll(None)


async def test_faults_are_told_apart(adapter: RingCentral, outside: Outside, clock: Clock) -> None:
    cursor = (await adapter.poll(None)).cursor
    call(outside, end="voicemail", at=clock().isoformat())
    for operation in ("subscription", "call_log", "voicemail", "voicemail_content"):
        for fault in ("error_500", "rate_limit", "lost_before", "lost_after_commit"):
            outside.arm("ringcentral", operation, fault)
            with pytest.raises(Transient):
                await adapter.poll(cursor)
    assert len((await adapter.poll(cursor)).messages) == 1


async def test_refused_credentials_need_somebody(
    account: RingCentralAccount, playbook: Playbook, client: httpx.AsyncClient
) -> None:
    wrong = account.model_copy(update={"client_secret": "wrong"})
    with pytest.raises(NeedsOperator):
        await RingCentral("main", wrong, RunningPlaybook(playbook), client).poll(None)
    nowhere = account.model_copy(update={"store": "nowhere"})
    with pytest.raises(NeedsOperator, match="'nowhere'"):
        RingCentral("main", nowhere, RunningPlaybook(playbook), client).parse(hook(event(party())))


async def test_a_call_is_answered_by_calling(adapter: RingCentral) -> None:
    with pytest.raises(NotSupported, match="calling back"):
        await adapter.send(Outbound("op", "northwind-tools", "main", CALLER, None, None, "Hello"))
