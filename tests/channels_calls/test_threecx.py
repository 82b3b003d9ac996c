"""Calls by 3CX, polled; each exchange judged by its official specification where that is there."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from activities._kit.accounts import ThreeCxAccount
from activities._kit.errors import NeedsOperator, NotSupported, Transient
from activities.channels.port import BadSignature, Hook, Outbound
from activities.channels.threecx import ThreeCx
from domain.messages import Channel, MessageNature
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from simulators.calls import threecx as provider
from tests import specs
from tests.activities.conftest import Outside
from tests.channels_calls.conftest import Clock

pytestmark = pytest.mark.simulators

CALLER = "+441614960112"
LONG_AGO = timedelta(minutes=10)


@pytest.fixture
def account(outside: Outside) -> ThreeCxAccount:
    return ThreeCxAccount(
        api=f"{outside.url}/threecx",
        client_id=provider.CLIENT_ID,
        client_secret=provider.CLIENT_SECRET,
        store="northwind-tools",
        stores={"202": "casa-lumen"},
    )


@pytest.fixture
def adapter(account: ThreeCxAccount, playbook: Playbook, client: httpx.AsyncClient, clock: Clock) -> ThreeCx:
    return ThreeCx("pbx", account, RunningPlaybook(playbook), client, clock)


async def begun(adapter: ThreeCx, clock: Clock) -> str:
    """A cursor of ten minutes ago."""
    clock.ahead = -LONG_AGO
    cursor = (await adapter.poll(None)).cursor
    clock.ahead = timedelta()
    return cursor


def call(outside: Outside, clock: Clock, ago: timedelta = timedelta(minutes=5), **more: Any) -> None:
    at = (clock() - ago).isoformat()
    outside.advance(kind="call", system="threecx", **{"number": CALLER, "name": "Emma Hartley", "at": at, **more})


async def test_a_missed_call_is_a_message(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    cursor = await begun(adapter, clock)
    call(outside, clock, end="missed", called="101")
    call(outside, clock, end="answered", called="101")
    polled = await adapter.poll(cursor)
    (message,) = polled.messages
    assert (message.channel, message.nature, message.store) == (Channel.PHONE, MessageNature.PERSON, "northwind-tools")
    assert (message.sender.phone, message.sender.name) == (CALLER, "Emma Hartley")
    assert message.text == f"Missed call from {CALLER}"
    assert (message.provider, message.account, message.conversation) == ("threecx", "pbx", CALLER)
    assert (await adapter.poll(polled.cursor)).messages == []
    assert [one.external_id for one in (await adapter.poll(cursor)).messages] == [message.external_id]


async def test_voicemail_withheld_numbers_and_stores(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    cursor = await begun(adapter, clock)
    call(outside, clock, end="voicemail", seconds=65)
    call(outside, clock, end="missed", number="", name="Anonymous")
    call(outside, clock, end="missed", number="06 5550177", called="202")
    voicemail, withheld, italian = (await adapter.poll(cursor)).messages
    assert voicemail.text == f"Missed call, taken by the voicemail, of 1:05 from {CALLER}"
    assert (withheld.sender.phone, withheld.sender.name, withheld.conversation) == (None, None, None)
    assert (italian.store, italian.sender.phone) == ("casa-lumen", "+39065550177")


async def test_a_call_going_on_is_told_when_it_is_over(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    """The first leg is in the history while the caller still waits: that is no missed call yet."""
    cursor = await begun(adapter, clock)
    call(outside, clock, end="ringing")
    (active,) = outside.held("threecx", "active_calls")
    polled = await adapter.poll(cursor)
    assert polled.messages == []
    call(outside, clock, end="answered", id=str(active["Id"]), ago=timedelta(minutes=4))
    polled = await adapter.poll(polled.cursor)
    assert polled.messages == []
    assert json.loads(polled.cursor)["seen"] != {}


async def test_a_call_that_just_ended_may_go_on(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    cursor = await begun(adapter, clock)
    call(outside, clock, end="missed", ago=timedelta(seconds=30))
    polled = await adapter.poll(cursor)
    assert polled.messages == []
    clock.ahead = timedelta(minutes=1)
    assert len((await adapter.poll(polled.cursor)).messages) == 1


async def test_a_history_of_many_pages(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    cursor = await begun(adapter, clock)
    for number in range(260):
        call(outside, clock, end="missed", number=f"+4930{number:07d}")
    assert len({message.external_id for message in (await adapter.poll(cursor)).messages}) == 260


async def test_faults_are_told_apart(adapter: ThreeCx, outside: Outside, clock: Clock) -> None:
    cursor = await begun(adapter, clock)
    call(outside, clock, end="missed")
    for operation in ("call_history", "active_calls"):
        for fault in ("error_500", "rate_limit", "lost_before", "lost_after_commit"):
            outside.arm("threecx", operation, fault)
            with pytest.raises(Transient):
                await adapter.poll(cursor)
    assert len((await adapter.poll(cursor)).messages) == 1


async def test_refused_credentials_need_somebody(
    account: ThreeCxAccount, playbook: Playbook, client: httpx.AsyncClient
) -> None:
    with pytest.raises(NeedsOperator):
        await ThreeCx("pbx", account.model_copy(update={"client_secret": "wrong"}), RunningPlaybook(playbook), client).poll(
            None
        )


async def test_it_has_no_hooks_and_no_answers(adapter: ThreeCx, clock: Clock) -> None:
    with pytest.raises(BadSignature):
        adapter.verify(Hook("POST", "https://x.example", {}, b"", clock()))
    with pytest.raises(NotSupported, match="calling back"):
        await adapter.send(Outbound("op", "northwind-tools", "pbx", CALLER, None, None, "Hello"))


def test_every_answer_of_the_stand_in_keeps_to_the_specification(outside: Outside, clock: Clock) -> None:
    specs.require()
    for end in ("missed", "answered", "voicemail", "ringing"):
        call(outside, clock, end=end)
    headers = {"Authorization": f"Bearer {provider.TOKEN}"}
    with httpx.Client(base_url=f"{outside.url}/threecx/xapi/v1", headers=headers) as client:
        for path, params in (
            ("/CallHistoryView", {"$filter": "SegmentStartTime ge 2024-01-01T00:00:00Z", "$top": "2"}),
            ("/CallHistoryView", {"$filter": "nonsense"}),
            ("/ActiveCalls", {}),
        ):
            answer = client.get(path, params=params)
            specs.judge(answer.request, answer)
        history = client.get("/CallHistoryView")
        (specification,) = specs.specifications("threecx")
        schema = specification.document["components"]["schemas"]["Pbx.CallHistoryView"]
        assert specs.absent(specification, schema, history.json()["value"][0]) == set()
    with httpx.Client(base_url=f"{outside.url}/threecx/xapi/v1") as stranger:
        answer = stranger.get("/ActiveCalls")
        assert answer.status_code == 401
