"""Polling of eBay, its keys over the network, and hooks that a dying process left."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sql

from activities._kit.accounts import Accounts
from activities.channels.adapters import Channels
from activities.channels.port import BadSignature, FetchesKeys
from domain.playbook import Playbook
from playbook.running import RunningPlaybook
from simulators.channels.accounts import EbayWorld
from storage.blobs import Blobs
from storage.channels import keep_delivery
from storage.door_tables import hook_deliveries, poll_cursors
from storage.engine import Database
from storage.tables import messages
from tests.channels import hooks
from tests.channels.conftest import PUBLIC_URL, Outside, rows
from workers.pollers import Pollers

pytestmark = pytest.mark.simulators


@pytest.fixture
def pollers(database: Database, blobs: Blobs, playbook: Playbook, live: Channels) -> Pollers:
    return Pollers(database, blobs, RunningPlaybook(playbook), live, 10_000)


async def due(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(sql.update(poll_cursors).values(next_at=sql.func.now()))


async def poll(pollers: Pollers, live: Channels) -> bool:
    return await pollers.poll(live["ebay", "northwind"], "northwind")


async def test_what_buyers_wrote_since_the_account_was_connected(
    pollers: Pollers, live: Channels, outside: Outside, database: Database
) -> None:
    assert await poll(pollers, live)
    assert await rows(database, messages) == []
    for number in range(60):
        outside.write("ebay", text=f"n {number} 你好 👋", conversation=str(number % 3))
    assert not await poll(pollers, live)
    await due(database)
    assert await poll(pollers, live)
    found = await rows(database, messages)
    assert sorted(message.text for message in found) == sorted(f"n {number} 你好 👋" for number in range(60))
    assert {message.conversation for message in found} == {"0", "1", "2"}
    (cursor,) = await rows(database, poll_cursors)
    assert (cursor.failures, cursor.last_error, cursor.polled_at is not None) == (0, None, True)
    await due(database)
    await poll(pollers, live)
    assert len(await rows(database, messages)) == 60


async def test_a_failed_poll_is_told_and_backs_off_and_loses_nothing(
    pollers: Pollers, live: Channels, outside: Outside, database: Database
) -> None:
    await poll(pollers, live)
    outside.write("ebay", text="hello")
    waits = []
    for fault in ("rate_limit", "error_500", "lost_before"):
        await due(database)
        outside.arm("ebay", "conversations", fault)
        assert await poll(pollers, live)
        async with database.begin() as connection:
            waits.append(await connection.scalar(sql.select(poll_cursors.c.next_at - sql.func.now())))
        (cursor,) = await rows(database, poll_cursors)
        assert cursor.last_error
    assert cursor.failures == 3
    assert waits[0] < timedelta(seconds=3) < timedelta(seconds=100) < waits[1] < waits[2]
    await due(database)
    await poll(pollers, live)
    (cursor,) = await rows(database, poll_cursors)
    assert (cursor.failures, cursor.last_error, len(await rows(database, messages))) == (0, None, 1)


async def test_the_cursor_stays_where_a_message_could_not_be_accepted(
    database: Database, blobs: Blobs, playbook: Playbook, live: Channels, outside: Outside
) -> None:
    without = playbook.model_copy(update={"stores": {"casa-lumen": playbook.stores["casa-lumen"]}})
    strange = Pollers(database, blobs, RunningPlaybook(without), live, 10_000)
    await poll(strange, live)
    (before,) = await rows(database, poll_cursors)
    outside.write("ebay", text="hello")
    await due(database)
    await poll(strange, live)
    (after,) = await rows(database, poll_cursors)
    assert (after.cursor, "northwind-tools" in after.last_error) == (before.cursor, True)
    await due(database)
    await poll(Pollers(database, blobs, RunningPlaybook(playbook), live, 10_000), live)
    assert len(await rows(database, messages)) == 1


async def test_a_defect_of_an_adapter_is_told_in_the_row(
    pollers: Pollers, live: Channels, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trips(cursor: str | None) -> None:
        raise KeyError("messages")

    monkeypatch.setattr(live["ebay", "northwind"], "poll", trips)
    await poll(pollers, live)
    (cursor,) = await rows(database, poll_cursors)
    assert (cursor.last_error, cursor.failures) == ("KeyError: 'messages'", 1)


async def test_one_owner_at_a_time(
    database: Database, blobs: Blobs, playbook: Playbook, live: Channels, outside: Outside
) -> None:
    several = [Pollers(database, blobs, RunningPlaybook(playbook), live, 10_000) for _ in range(4)]
    await poll(several[0], live)
    await due(database)
    outside.arm("ebay", "conversations", "slow", seconds=0.5)
    assert sum(await asyncio.gather(*(poll(each, live) for each in several))) == 1


async def test_a_poll_and_a_hook_bring_one_message(
    pollers: Pollers, live: Channels, outside: Outside, database: Database, door: httpx.AsyncClient
) -> None:
    await poll(pollers, live)
    written = outside.write("ebay", text="hello")
    signed = hooks.ebay(messageId=written["messageId"], messageBody="hello", messageMedia=[])
    adapter = live["ebay", "northwind"]
    (told,) = adapter.parse(signed.hook(PUBLIC_URL))
    await due(database)
    await poll(pollers, live)
    (polled,) = await rows(database, messages)
    assert (polled.external_id, polled.text) == (told.external_id, told.text)


async def test_the_key_is_fetched_by_its_id_and_once(live: Channels, live_accounts: Accounts, outside: Outside) -> None:
    adapter, hook = live["ebay", "northwind"], hooks.ebay().hook(PUBLIC_URL)
    assert isinstance(adapter, FetchesKeys)
    with pytest.raises(BadSignature, match="not fetched"):
        adapter.verify(hook)
    await adapter.fetch_key(hook)
    assert adapter.verify(hook) is None
    outside.arm("ebay", "public_key", "error_500", count=5)
    await adapter.fetch_key(hook)
    assert adapter.verify(hook) is None


async def test_a_key_that_ebay_does_not_know_is_a_bad_signature(
    live: Channels, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.channels.hooks.EbayWorld", lambda: EbayWorld(key_id="00000000-0000-0000-0000-000000000000"))
    adapter = live["ebay", "northwind"]
    assert isinstance(adapter, FetchesKeys)
    with pytest.raises(BadSignature, match="knows no key"):
        await adapter.fetch_key(hooks.ebay().hook(PUBLIC_URL))


async def test_a_hook_that_a_dying_process_left_is_finished(
    pollers: Pollers, live_accounts: Accounts, database: Database, blobs: Blobs
) -> None:
    signed = hooks.twilio(live_accounts, PUBLIC_URL)
    hook = signed.hook(PUBLIC_URL)
    kept: dict[str, Any] = {"provider": "twilio", "account": "northwind-sms", "content_type": hooks.FORM}
    async with database.begin() as connection:
        blob = await blobs.put(signed.body)
        await keep_delivery(connection, **kept, delivery_id=blob, raw_blob=blob, received_at=hook.received_at)
    assert not await pollers.finish_left(timedelta(minutes=2))
    assert await pollers.finish_left(timedelta(0))
    assert not await pollers.finish_left(timedelta(0))
    assert len(await rows(database, messages)) == 1
    (delivery,) = await rows(database, hook_deliveries)
    assert delivery.handled_at is not None
