"""Adapters before the stand-ins: one message at the provider whatever is lost, and a clear word for every refusal."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from activities._kit.accounts import Accounts
from activities._kit.errors import Ambiguous, NeedsOperator, Rejected, Transient
from activities._kit.http import open_client
from activities.channels.adapters import Channels
from activities.channels.limits import content_refusal, length, window_refusal
from activities.channels.port import Limits, Outbound
from tests import specs
from tests.channels.conftest import Outside, connected

pytestmark = pytest.mark.simulators

NUMBER = "+447700900123"
CASES = [
    ("twilio", "northwind-sms", NUMBER, "message", "body"),
    ("twilio", "northwind-whatsapp", NUMBER, "message", "body"),
    ("whatsapp", "northwind", NUMBER, "message", "body"),
    ("ebay", "northwind", "100", "send_message", "messageBody"),
    ("tiktok", "northwind", "100", "message", "body"),
]
each = pytest.mark.parametrize(("provider", "account", "conversation", "operation", "field"), CASES)
TEXT = "It left on Friday. 它周五发出了 🚚 & “quoted” + 100 %"


def answer(conversation: str, account: str, text: str = TEXT, **more: Any) -> Outbound:
    return Outbound(
        "t.mail.1", "northwind-tools", account, conversation, conversation, None, text, (), datetime.now(UTC), **more
    )


def heard(outside: Outside, provider: str, account: str) -> None:
    """A buyer has written, so that there is something to answer."""
    outside.write(provider, text="Hello", channel="whatsapp" if account.endswith("whatsapp") else "sms")


@pytest.fixture
async def judged(live_accounts: Accounts) -> Any:
    """Adapters whose every exchange with Twilio and WhatsApp is judged by the official specification."""
    specs.require()
    http = open_client(specs.JudgedTransport(httpx.AsyncHTTPTransport(retries=0)))
    yield connected(live_accounts, http)
    await http.aclose()


@each
async def test_an_answer_arrives_as_it_was_written(
    live: Channels, outside: Outside, provider: str, account: str, conversation: str, operation: str, field: str
) -> None:
    heard(outside, provider, account)
    receipt = await live[provider, account].send(answer(conversation, account))
    assert [message[field] for message in outside.held(provider)][1:] == [TEXT]
    assert receipt.external_id


@each
async def test_a_lost_answer_is_ambiguous_and_found_where_it_can_be(
    live: Channels, outside: Outside, provider: str, account: str, conversation: str, operation: str, field: str
) -> None:
    heard(outside, provider, account)
    adapter, outbound = live[provider, account], answer(conversation, account)
    earlier = await adapter.send(outbound)
    again = answer(conversation, account, others=frozenset({earlier.external_id}))
    outside.arm(provider, operation, "lost_before")
    with pytest.raises(Ambiguous):
        await adapter.send(again)
    assert await adapter.find(again) is None
    outside.arm(provider, operation, "lost_after_commit")
    with pytest.raises(Ambiguous):
        await adapter.send(again)
    found = await adapter.find(again)
    assert (found is not None) is adapter.limits.can_be_asked
    assert found != earlier


@each
async def test_429_names_its_pause_and_500_is_ambiguous(
    live: Channels, outside: Outside, provider: str, account: str, conversation: str, operation: str, field: str
) -> None:
    heard(outside, provider, account)
    adapter = live[provider, account]
    outside.arm(provider, operation, "rate_limit")
    with pytest.raises(Transient) as waiting:
        await adapter.send(answer(conversation, account))
    assert waiting.value.next_retry_delay is not None
    assert timedelta(seconds=2) <= waiting.value.next_retry_delay < timedelta(seconds=3)
    outside.arm(provider, operation, "error_500")
    with pytest.raises(Ambiguous):
        await adapter.send(answer(conversation, account))
    assert len(outside.held(provider)) == 1


@each
async def test_wrong_credentials_need_an_operator(
    live_accounts: Accounts, http: httpx.AsyncClient, provider: str, account: str, conversation: str, operation: str, field: str
) -> None:
    secret = {"twilio": "token", "whatsapp": "token", "ebay": "refresh_token", "tiktok": "access_token"}[provider]
    held = getattr(live_accounts, provider)
    wrong = live_accounts.model_copy(update={provider: {account: held[account].model_copy(update={secret: "wrong"})}})
    with pytest.raises(NeedsOperator):
        await connected(wrong, http)[provider, account].send(answer(conversation, account))


@each
async def test_what_the_provider_refuses_is_rejected_with_its_words(
    live: Channels, outside: Outside, provider: str, account: str, conversation: str, operation: str, field: str
) -> None:
    heard(outside, provider, account)
    with pytest.raises(Rejected, match=r"characters|character limit"):
        await live[provider, account].send(answer(conversation, account, "x" * 5000))


async def test_whatsapp_outside_the_window_says_template(live: Channels, outside: Outside) -> None:
    with pytest.raises(Rejected, match="use a template"):
        await live["whatsapp", "northwind"].send(answer("+4915112345678", "northwind"))


async def test_twilio_and_whatsapp_are_spoken_to_as_specified(judged: Channels, outside: Outside) -> None:
    for provider, account, conversation, _, _ in CASES[:3]:
        heard(outside, provider, account)
        outbound = answer(conversation, account)
        receipt = await judged[provider, account].send(outbound)
        found = await judged[provider, account].find(outbound)
        assert found == (receipt if provider == "twilio" else None)


@pytest.mark.parametrize("provider", ["twilio", "whatsapp"])
async def test_files_are_fetched_with_credentials_and_within_their_limit(
    live: Channels, live_accounts: Accounts, outside: Outside, provider: str
) -> None:
    import base64

    content = b"\x89PNG" + b"x" * 100_000
    outside.write(provider, file={"content_type": "image/png", "content": base64.b64encode(content).decode()})
    payload = outside.events()[-1]["payload"]
    if provider == "twilio":
        adapter, reference = live["twilio", "northwind-sms"], payload["MediaUrl0"]
    else:
        adapter = live["whatsapp", "northwind"]
        reference = payload["entry"][0]["changes"][0]["value"]["messages"][0]["image"]["id"]
    assert await adapter.fetch(reference, 200_000) == content  # type: ignore[attr-defined]
    with pytest.raises(Rejected, match="more than 1000 bytes"):
        await adapter.fetch(reference, 1000)  # type: ignore[attr-defined]


async def test_credentials_go_to_twilio_alone(live: Channels) -> None:
    with pytest.raises(Rejected, match=r"evil\.example"):
        await live["twilio", "northwind-sms"].fetch("https://evil.example/2010-04-01/x", 1000)  # type: ignore[attr-defined]


async def test_nothing_is_lost_when_many_write_at_once(live: Channels, outside: Outside) -> None:
    heard(outside, "ebay", "northwind")
    adapter = live["ebay", "northwind"]
    await asyncio.gather(*(adapter.send(answer("100", "northwind", f"n {number}")) for number in range(5)))
    assert len(outside.held("ebay", senderUsername="northwind_tools")) == 5


LIMITS = Limits(text_length=100, window=timedelta(hours=24))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("See https://shop.example/x", "links"),
        ("See www.shop.example", "links"),
        ("Write to help@shop.example", "e-mail"),
        ("Call +49 40 555 0100", "telephone"),
        ("电话：021 5555 0100", "telephone"),
        ("x" * 2001, "2001 characters"),
        ("😀" * 1001, "2002 characters"),
    ],
)
def test_marketplaces_forbid_contact_outside_with_words(live: Channels, text: str, words: str) -> None:
    for provider in ("ebay", "tiktok"):
        assert words in (content_refusal(live[provider, "northwind"].limits, text) or "")


def test_numbers_of_orders_and_parcels_are_no_telephone_numbers(live: Channels) -> None:
    text = "Order 12-34567-89012, parcel 1Z999AA10123456784, 00340434161094012345, invoice 2026-10452, 3 x 40 mm at 19,99."
    assert content_refusal(live["ebay", "northwind"].limits, text) is None


def test_a_hostile_text_is_looked_through_at_once(live: Channels) -> None:
    for text in ("a." * 1000, "+1" + " " * 1998, "a@" * 1000, "tel" * 666):
        begin = datetime.now(UTC)
        content_refusal(live["ebay", "northwind"].limits, text)
        assert datetime.now(UTC) - begin < timedelta(seconds=1)


def test_the_window(live: Channels) -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert window_refusal(LIMITS, now - timedelta(hours=24), now) is None
    assert "use a template" in (window_refusal(LIMITS, now - timedelta(hours=24, seconds=1), now) or "")
    assert "never came" in (window_refusal(LIMITS, None, now) or "")
    assert window_refusal(Limits(text_length=1), None, now) is None
    assert length("a😀订") == 4
