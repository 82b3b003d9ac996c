"""The hook route before a real PostgreSQL: what is stored of a right hook, and that nothing is of a wrong one."""

import asyncio
import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sql
from twilio.request_validator import RequestValidator

from activities._kit.accounts import Accounts
from activities.channels import receiving
from activities.channels.adapters import Channels
from activities.channels.ebay_access import EbayAccess, _public_key
from activities.channels.port import BadSignature
from activities.channels.signatures import hex_digest
from simulators.channels.accounts import EbayWorld
from simulators.channels.signing import ebay_public_key
from storage.blobs import Blobs
from storage.door_tables import awaited_media, hook_deliveries
from storage.engine import Database
from storage.tables import cases, messages, metadata
from tests.channels import hooks
from tests.channels.conftest import PUBLIC_URL, rows
from tests.channels.hooks import Signed

PROVIDERS = ("twilio", "whatsapp", "ebay", "tiktok", "shopify")


@pytest.fixture(autouse=True)
def ebay_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """eBay answers with its key. That it does over the network is tested before the stand-in."""

    async def fetch_key(self: EbayAccess, kid: str) -> None:
        self._keys[kid] = (_public_key({"key": ebay_public_key(EbayWorld().model_dump())}), self._clock() + 60)

    monkeypatch.setattr(EbayAccess, "fetch_key", fetch_key)


def right(provider: str, accounts: Accounts) -> Signed:
    if provider == "twilio":
        return hooks.twilio(accounts, PUBLIC_URL)
    if provider == "whatsapp":
        return hooks.whatsapp(accounts, hooks.whatsapp_value(accounts, hooks.whatsapp_message()))
    if provider == "ebay":
        return hooks.ebay()
    return hooks.tiktok(accounts) if provider == "tiktok" else hooks.shopify(accounts)


async def post(door: httpx.AsyncClient, signed: Signed) -> httpx.Response:
    return await door.post(signed.path, content=signed.body, headers=signed.headers)


async def nothing_stored(database: Database) -> bool:
    async with database.begin() as connection:
        counts = [await connection.scalar(sql.select(sql.func.count()).select_from(table)) for table in metadata.sorted_tables]
    return sum(count or 0 for count in counts) == 0


EXPECTED = {
    "twilio": ("sms", "SM00000000000000000000000000000001", hooks.NUMBER, "Where is my order 10452? 🚚", hooks.NUMBER),
    "whatsapp": ("whatsapp", "wamid.A", "+8613800138000", "订单 10452 在哪里？📦", "+8613800138000"),
    "ebay": (
        "marketplace",
        "ebay:3429373760017",
        "124850576707",
        "Is it the size of 10452? 📏\nhttps://i.ebayimg.com/x.jpg",
        None,
    ),
    "tiktok": ("marketplace", "tiktok:7494560109732334263", "576486316948490001", "Broken on arrival 😢", None),
}


async def test_a_right_hook_is_kept_raw_and_becomes_a_message(
    door: httpx.AsyncClient, accounts: Accounts, database: Database, blobs: Blobs
) -> None:
    for provider in PROVIDERS:
        signed = right(provider, accounts)
        answer = await post(door, signed)
        assert (answer.status_code, answer.content) == (200, b"")
        (delivery,) = await rows(database, hook_deliveries, hook_deliveries.c.provider == provider)
        assert await blobs.get(delivery.raw_blob) == signed.body
        assert (delivery.error, delivery.handled_at is not None) == (None, True)
        found = await rows(database, messages, messages.c.provider == provider)
        bears = [(row.channel, row.external_id, row.conversation, row.text, row.sender.get("phone")) for row in found]
        assert bears == ([EXPECTED[provider]] if provider in EXPECTED else [])
        assert {(row.store, row.direction, row.nature) for row in found} <= {("northwind-tools", "in", "person")}


@pytest.mark.parametrize("change", ["signature", "body", "missing", "foreign", "account"])
async def test_a_wrong_hook_is_401_and_leaves_nothing(
    door: httpx.AsyncClient, accounts: Accounts, database: Database, change: str
) -> None:
    for provider in PROVIDERS:
        signed = right(provider, accounts)
        proof = next(name for name in signed.headers if name.lower() != "content-type")
        value = signed.headers.pop(proof)
        if change == "body":
            signed.body = signed.body.replace(b"1", b"2", 1)
        if change == "account":
            signed.path += "-of-somebody-else"
        given = {
            "signature": value[:-6] + ("AAAAA=" if value[-6:] != "AAAAA=" else "BBBBB="),
            "missing": None,
            "foreign": "é漢",
        }
        if (value := given.get(change, value)) is not None:
            signed.headers[proof] = value
        headers = [(name.encode(), text.encode()) for name, text in signed.headers.items()]
        answer = await door.post(signed.path, content=signed.body, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), provider
    assert await nothing_stored(database)


async def test_an_old_signature_is_refused(door: httpx.AsyncClient, accounts: Accounts, database: Database) -> None:
    now = datetime.now(UTC)
    for signed in (hooks.ebay(now - timedelta(hours=1)), hooks.tiktok(accounts, now - timedelta(days=5))):
        assert (await post(door, signed)).status_code == 401
    assert await nothing_stored(database)


async def test_a_second_delivery_answers_the_same_and_changes_nothing(
    door: httpx.AsyncClient, accounts: Accounts, database: Database
) -> None:
    for provider in EXPECTED:
        signed = right(provider, accounts)
        at_once = await asyncio.gather(*(post(door, signed) for _ in range(5)))
        assert {answer.status_code for answer in [*at_once, await post(door, signed)]} == {200}
        assert len(await rows(database, messages, messages.c.provider == provider)) == 1
    assert len(await rows(database, cases)) == len(await rows(database, hook_deliveries)) == len(EXPECTED)


async def test_a_repeated_message_in_another_hook_is_the_same_message(
    door: httpx.AsyncClient, accounts: Accounts, database: Database
) -> None:
    first, second = hooks.whatsapp_message(), hooks.whatsapp_message(id="wamid.B")
    await post(door, hooks.whatsapp(accounts, hooks.whatsapp_value(accounts, second)))
    await post(door, hooks.whatsapp(accounts, hooks.whatsapp_value(accounts, first, second)))
    assert sorted(message.external_id for message in await rows(database, messages)) == ["wamid.A", "wamid.B"]


async def test_signed_and_unreadable_is_kept_and_told_to_operators(
    door: httpx.AsyncClient, accounts: Accounts, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = b'{"entry":[{"changes":[{"field":"messages","value":{"messages":[{}]}}]}]}'
    bodies = (b"", b"{", b"[]", b'{"entry": 1}', b"\xff\xfe", b"[" * 50_000, wrong)
    for body in bodies:
        for signed in (hooks.whatsapp(accounts, body=body), hooks.tiktok(accounts, body=body)):
            caplog.clear()
            assert [(await post(door, signed)).status_code for _ in range(2)] == [202, 202]
            assert "was kept and not read" in caplog.text
    kept = await rows(database, hook_deliveries)
    assert [bool(delivery.error) for delivery in kept] == [True] * 2 * len(bodies)
    assert await rows(database, messages) == []


async def test_a_message_for_another_number_or_shop_is_kept_for_operators(
    door: httpx.AsyncClient, accounts: Accounts, database: Database
) -> None:
    value = hooks.whatsapp_value(accounts, hooks.whatsapp_message())
    value["metadata"]["phone_number_id"] = "999"
    assert (await post(door, hooks.whatsapp(accounts, value))).status_code == 202
    assert (await post(door, hooks.twilio(accounts, PUBLIC_URL, To="+15005550006"))).status_code == 202
    errors = [delivery.error for delivery in await rows(database, hook_deliveries)]
    assert ["999" in errors[0], "+15005550006" in errors[1]] == [True, True]


async def test_what_is_no_message_is_acknowledged_without_one(
    door: httpx.AsyncClient, accounts: Accounts, database: Database
) -> None:
    value = hooks.whatsapp_value(accounts)
    value["statuses"] = [{"id": "wamid.X", "status": "delivered"}]
    reaction = hooks.whatsapp_message(type="reaction", reaction={"message_id": "wamid.X", "emoji": "👍"})
    for signed in (
        hooks.whatsapp(accounts, value),
        hooks.whatsapp(accounts, hooks.whatsapp_value(accounts, reaction)),
        hooks.ebay(senderUserName="northwind_tools"),
        hooks.tiktok(accounts, sender={"im_user_id": "1", "role": "CUSTOMER_SERVICE"}),
        hooks.tiktok(accounts, type="BUYER_ENTER_FROM_ORDER"),
    ):
        assert (await post(door, signed)).status_code == 200
    assert await rows(database, messages) == []


async def test_a_body_of_5_mb_is_413(door: httpx.AsyncClient, accounts: Accounts, database: Database) -> None:
    for signed in (hooks.whatsapp(accounts, body=b" " * 5_000_000), hooks.shopify(accounts, b"x" * 5_000_000)):
        assert (await post(door, signed)).status_code == 413
    assert await nothing_stored(database)


async def test_media_are_awaited(door: httpx.AsyncClient, accounts: Accounts, database: Database) -> None:
    image = hooks.whatsapp_message(type="image", image={"id": "111", "mime_type": "image/jpeg", "caption": "坏了"})
    await post(door, hooks.whatsapp(accounts, hooks.whatsapp_value(accounts, image)))
    url = f"{accounts.twilio['northwind-sms'].api}/2010-04-01/Accounts/AC/Messages/MM/Media/ME1"
    await post(door, hooks.twilio(accounts, PUBLIC_URL, Body="", NumMedia="1", MediaUrl0=url, MediaContentType0="image/png"))
    waiting = {media.provider: media.reference for media in await rows(database, awaited_media)}
    assert waiting == {"whatsapp": "111", "twilio": url}
    assert {message.text for message in await rows(database, messages)} == {"坏了", "[image/png]"}


async def test_challenges(door: httpx.AsyncClient, accounts: Accounts, database: Database) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "whatsapp-demo-verify"}
    assert (await door.get("/webhooks/whatsapp/northwind", params=query)).text == "1158201444"
    wrong = await door.get("/webhooks/whatsapp/northwind", params=query | {"hub.verify_token": "x"})
    assert (wrong.status_code, (await door.get("/webhooks/twilio/northwind-sms")).status_code) == (401, 401)
    told = (await door.get("/webhooks/ebay/northwind", params={"challenge_code": "a8628072"})).json()
    plain = f"a8628072{accounts.ebay['northwind'].verification_token}{PUBLIC_URL}/webhooks/ebay/northwind"
    assert told == {"challengeResponse": hashlib.sha256(plain.encode()).hexdigest()}
    assert await nothing_stored(database)


async def test_a_hook_is_answered_only_once_its_message_is_in_a_ticket(
    door: httpx.AsyncClient, accounts: Accounts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: Any) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(receiving, "receive", down)
        assert (await post(door, right("tiktok", accounts))).status_code == 500
    (delivery,) = await rows(database, hook_deliveries)
    assert (delivery.handled_at, delivery.error) == (None, None)
    assert (await post(door, right("tiktok", accounts))).status_code == 200
    assert len(await rows(database, messages)) == 1


async def test_a_defect_of_an_adapter_loses_no_hook_and_is_no_500(
    door: httpx.AsyncClient, accounts: Accounts, channels: Channels, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trips(hook: object) -> None:
        raise KeyError("conversation")

    monkeypatch.setattr(channels["tiktok", "northwind"], "parse", trips)
    assert (await post(door, right("tiktok", accounts))).status_code == 202
    (delivery,) = await rows(database, hook_deliveries)
    assert delivery.error == "KeyError: 'conversation'"


def test_the_signature_of_tiktok_is_the_documented_one(accounts: Accounts, channels: Channels) -> None:
    """The example of partner.tiktokshop.com/docv2/page/tts-webhooks-overview."""
    body = (
        b'{"type":1,"tts_notification_id":"7380066284010030890","shop_id":"7495540735365777507","timestamp":1718305585,'
        b'"data":{"is_on_hold_order":true,"order_id":"576653688135258178","order_status":"UNPAID","update_time":1718305585}}'
    )
    assert hex_digest("123", b"abcdef" + body) == "5dec0f11ec2f6783b8deee53c9ffbf8d024302f7c7e7fa55a35d17629031ac05"


def test_twilio_signs_json_by_the_hash_in_the_address(accounts: Accounts, channels: Channels) -> None:
    adapter, body = channels["twilio", "northwind-sms"], b'{"x": 1}'
    url = f"{PUBLIC_URL}/webhooks/twilio/northwind-sms?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(accounts.twilio["northwind-sms"].token).compute_signature(url, {})
    headers = {"content-type": "application/json", "X-Twilio-Signature": signature}
    hook = dataclasses.replace(Signed("", headers, body).hook(PUBLIC_URL), url=url)
    assert adapter.verify(hook) is None
    with pytest.raises(BadSignature):
        adapter.verify(dataclasses.replace(hook, body=b'{"x": 2}'))


def test_an_order_card_names_its_order(accounts: Accounts, channels: Channels) -> None:
    signed = hooks.tiktok(accounts, type="ORDER_CARD", content=json.dumps({"order_id": "576653688135258178"}))
    (message,) = channels["tiktok", "northwind"].parse(signed.hook(PUBLIC_URL))
    assert [(reference.kind, reference.value) for reference in message.named] == [("order", "576653688135258178")]
