"""Messages at orders: told by a hook, found by a poll, mailed by the store, and one all the same."""

import asyncio
import base64
import hashlib
import hmac
import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import BigCommerceAccount
from activities._kit.errors import NeedsOperator, NotSupported, Transient
from activities.channels import bigcommerce_messages
from activities.channels.bigcommerce_messages import BigCommerceMessages, Told
from activities.channels.port import BadHook, BadSignature, Hook, Outbound
from domain.messages import Channel, InboundMessage, Sender
from domain.order_messages import message_identity
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from storage.engine import Database
from storage.intake import accept
from storage.tables import messages
from tests.activities.conftest import Outside
from tests.channels_calls.conftest import Clock, as_json
from tests.doors.letters import parsed
from tests.doors.test_forms import notice

pytestmark = pytest.mark.simulators

SECRET = "northwind-client-secret"
STORE = "northwind-tools"


@pytest.fixture
def account(outside: Outside) -> BigCommerceAccount:
    return BigCommerceAccount(
        api=f"{outside.url}/bigcommerce/stores/nwtools1",
        b2b="",
        store_hash="nwtools1",
        token="northwind-access-token",
        client_secret=SECRET,
    )


@pytest.fixture
def adapter(account: BigCommerceAccount, client: httpx.AsyncClient, clock: Clock) -> BigCommerceMessages:
    return BigCommerceMessages(STORE, account, client, clock)


def hook(body: bytes, secret: str = SECRET, age: timedelta = timedelta()) -> Hook:
    now = datetime.now(UTC)
    moment = str(int((now - age).timestamp()))
    digest = hmac.new(secret.encode(), b"msg_1." + moment.encode() + b"." + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return Hook("POST", f"https://x.example/webhooks/bigcommerce/{STORE}", headers, body, now)


EVENT = {"scope": "store/order/message/created", "data": {"type": "order", "id": 10452, "message": {"order_message_id": 3}}}


def test_a_hook_names_the_order_and_holds_no_words(adapter: BigCommerceMessages) -> None:
    found = hook(as_json(EVENT))
    assert adapter.verify(found) is None
    assert adapter.parse(found) == ()
    assert adapter.told_of(found) == Told("10452", 3)
    assert adapter.told_of(hook(as_json({"scope": "store/order/updated", "data": {"id": 1}}))) is None


def test_a_hook_that_proves_nothing_is_turned_away(adapter: BigCommerceMessages) -> None:
    good = hook(as_json(EVENT))
    wrong = [
        hook(as_json(EVENT), secret="other"),
        hook(as_json(EVENT), age=timedelta(minutes=6)),
        hook(as_json(EVENT), age=-timedelta(minutes=6)),
        Hook(good.method, good.url, {}, good.body, good.received_at),
        Hook(good.method, good.url, good.headers, good.body + b" ", good.received_at),
        Hook(good.method, good.url, {**good.headers, "webhook-id": "msg_2"}, good.body, good.received_at),
        Hook(good.method, good.url, {**good.headers, "webhook-signature": "v1,é"}, good.body, good.received_at),
    ]
    for one in wrong:
        with pytest.raises(BadSignature):
            adapter.verify(one)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"scope": "store/order/message/created", "data": {"id": "x"}}'])
def test_a_signed_hook_that_cannot_be_read_is_said_so(body: bytes, adapter: BigCommerceMessages) -> None:
    with pytest.raises(BadHook):
        adapter.parse(hook(body))


async def test_what_a_buyer_wrote_at_an_order(adapter: BigCommerceMessages, outside: Outside) -> None:
    outside.advance(kind="order_message", id=10452, subject="Rest", message="Where is the rest?")
    outside.advance(kind="order_message", id=10452, message="It left today.", by_staff=True)
    told = [one for one in map(adapter.told_of, hooks_of(outside)) if one and one.order_id == "10452"]
    found = await adapter.read(told[-2])
    assert len(found) == 1
    assert (found[0].channel, found[0].text, found[0].subject) == (Channel.FORM, "Where is the rest?", "Rest")
    assert found[0].sender.email == "tom.okafor@brightwell-construction.example"
    assert found[0].named == (Reference(kind=ReferenceKind.ORDER, value="10452"),)
    assert (found[0].conversation, found[0].account, found[0].provider) == ("10452", STORE, None)
    assert found[0].external_id == message_identity(STORE, "10452", "Where is the rest?")
    assert await adapter.read(told[-1]) == []
    assert await adapter.read(Told("99", 1)) == []


def hooks_of(outside: Outside) -> list[Hook]:
    return [hook(event["body"].encode()) for event in outside.held("webhooks", "events") if event["provider"] == "bigcommerce"]


async def test_the_same_words_again_are_another_message(adapter: BigCommerceMessages, outside: Outside) -> None:
    for _ in range(2):
        outside.advance(kind="order_message", id=10400, message="Any news?")
    found = await adapter.read(Told("10400", 900_001))
    assert [one.external_id[-2:] for one in found] == ["#1", "#2"]


async def test_a_poll_comes_round_to_every_recent_order(
    adapter: BigCommerceMessages, outside: Outside, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigcommerce_messages, "_SWEPT_ORDERS", 5)
    first = await adapter.poll(None)
    assert first.messages == ()
    earliest = clock() - timedelta(days=59)
    orders = {
        order["id"]
        for order in outside.held("bigcommerce", "orders")
        if order["store"] == STORE and parsedate_to_datetime(order["date_created"]) > earliest
    }
    for order in orders:
        outside.advance(kind="order_message", id=order, message=f"about {order}")
    cursor, found = first.cursor, set()
    for _ in range(len(orders) // 5 + 2):
        polled = await adapter.poll(cursor)
        found |= {message.text for message in polled.messages}
        cursor = polled.cursor
    assert {f"about {order}" for order in orders} == found


async def test_a_poll_reads_orders_that_changed_first(adapter: BigCommerceMessages, outside: Outside) -> None:
    cursor = (await adapter.poll(None)).cursor
    outside.advance(kind="order", id=10400, to=10)
    outside.advance(kind="order_message", id=10400, message="now")
    assert "now" in [message.text for message in (await adapter.poll(cursor)).messages]


async def test_faults_are_told_apart(adapter: BigCommerceMessages, outside: Outside, account: BigCommerceAccount) -> None:
    for fault in ("error_500", "rate_limit", "lost_before"):
        outside.arm("bigcommerce", "order_messages", fault)
        with pytest.raises(Transient):
            await adapter.read(Told("10452", 0))
    assert await adapter.read(Told("10452", 0))
    async with httpx.AsyncClient() as plain:
        stranger = BigCommerceMessages(STORE, account.model_copy(update={"token": "wrong"}), plain)
        with pytest.raises(NeedsOperator):
            await stranger.read(Told("10452", 0))


async def test_answers_go_by_mail(adapter: BigCommerceMessages) -> None:
    with pytest.raises(NotSupported, match="by mail to the buyer"):
        await adapter.send(Outbound("op", STORE, STORE, "10452", None, None, "Hello"))


PAIRS = 1_000


async def test_a_thousand_pairs_in_any_order_are_a_thousand_messages(
    adapter: BigCommerceMessages, database: Database, playbook: Playbook
) -> None:
    """Four at a time, in an order that chance makes; then some of them again. The texts differ in escapes and white space."""
    chance = random.Random(7)
    deliveries: list[InboundMessage] = []
    pairs = []
    for number in range(PAIRS):
        order = str(20_000 + number // 2)
        words = f"Message {number}: where is “the rest” of it & when?\n\nI wait since {number % 28 + 1} May.\nEmma"
        document = {
            "id": number,
            "order_id": int(order),
            "message": words.replace("&", "&amp;"),
            "subject": "",
            "date_created": "Wed, 04 Mar 2026 09:30:00 +0000",
        }
        told = adapter._message(document, document["message"], 1, Sender(email="emma@b.example"))
        mailed = parsed(notice(chance.choice(["en", "de", "fr", "it", "es", "zh"]), words, order), playbook)
        assert (mailed.channel, mailed.conversation, mailed.account) == (told.channel, told.conversation, told.account)
        pairs.append((told, mailed))
    for pair in pairs:
        deliveries += pair
    chance.shuffle(deliveries)

    async def deliver(message: InboundMessage) -> None:
        async with database.begin() as connection:
            await accept(connection, message, (), playbook)

    for start in range(0, len(deliveries), 4):
        await asyncio.gather(*map(deliver, deliveries[start : start + 4]))
    await asyncio.gather(*(deliver(message) for pair in pairs[:50] for message in pair))
    async with database.begin() as connection:
        rows = (await connection.execute(sql.select(messages.c.external_id, messages.c.case_id))).all()
    assert len(rows) == PAIRS
    assert {row.external_id for row in rows} == {told.external_id for told, _ in pairs}
