"""Several attempts at one effect at the same time, one of them perhaps taken for dead: it is sent once."""

import asyncio
from typing import Any

import pytest

from activities._kit.effects import Done, Effect, EffectLedger, Found
from activities._kit.errors import Ambiguous
from domain.effects import EffectState
from storage.engine import Database
from tests.activities.conftest import as_temporal
from tests.activities.provider import Provider, lease_over, row_of


async def test_two_attempts_at_once_send_once(patient: EffectLedger, effect: Effect) -> None:
    provider = Provider("slow")
    first = asyncio.create_task(patient.once(effect, provider.perform, provider.find))
    await provider.in_call.wait()
    provider.hidden_for = 1
    with pytest.raises(Ambiguous, match="another attempt is at work"):
        await patient.once(effect, provider.perform, provider.find, repeatable=True)
    found = await patient.once(effect, provider.perform, provider.find, repeatable=True)
    provider.go_on.set()
    assert (await first, provider.calls) == (found, 1)


async def test_the_slower_of_two_attempts_takes_over_what_the_other_stored(patient: EffectLedger, effect: Effect) -> None:
    provider, ends = Provider("slow"), []

    async def on_done(_connection: Any) -> None:
        ends.append("done")

    first = asyncio.create_task(patient.once(effect, provider.perform, provider.find, on_done=on_done))
    await provider.in_call.wait()
    await patient.once(effect, provider.perform, provider.find, on_done=on_done)
    provider.go_on.set()
    await first
    assert ends == ["done"]


async def test_what_another_attempt_finished_during_a_look_counts(patient: EffectLedger, effect: Effect) -> None:
    provider = Provider("slow")
    first = asyncio.create_task(patient.once(effect, provider.perform, provider.find))
    await provider.in_call.wait()

    async def looks_too_early() -> Found:
        provider.go_on.set()
        await first
        return None

    assert (await patient.once(effect, provider.perform, looks_too_early)).provider_id == "document-1"
    assert provider.calls == 1


async def test_two_looks_at_once_count_as_one(patient: EffectLedger, effect: Effect, database: Database) -> None:
    provider, both = Provider("lost before"), asyncio.Barrier(2)
    with pytest.raises(Ambiguous):
        await patient.once(effect, provider.perform, provider.find)

    async def find() -> Found:
        await both.wait()
        return None

    looks = await asyncio.gather(*(patient.once(effect, provider.perform, find) for _ in range(2)), return_exceptions=True)
    assert [type(error) for error in looks] == [Ambiguous, Ambiguous]
    assert (await row_of(database, effect)).looks == 1


async def test_an_attempt_given_up_as_dead_says_nothing_about_the_next(
    patient: EffectLedger, quick: EffectLedger, effect: Effect, database: Database
) -> None:
    late, next_one = asyncio.Event(), Provider("slow")

    async def too_late() -> Done | None:
        await late.wait()
        raise Ambiguous("too late")

    given_up = asyncio.create_task(patient.once(effect, too_late, next_one.find))
    await asyncio.sleep(0.1)
    await lease_over()
    for _ in range(2):
        with pytest.raises(Ambiguous):
            await quick.once(effect, next_one.perform, next_one.find, repeatable=True)
    sending = asyncio.create_task(patient.once(effect, next_one.perform, next_one.find, repeatable=True))
    await next_one.in_call.wait()
    late.set()
    with pytest.raises(Ambiguous, match="too late"):
        await given_up
    row = await row_of(database, effect)
    assert (row.state, row.calls, row.error) == (EffectState.SENT, 2, None)
    next_one.go_on.set()
    assert (await sending).provider_id == "document-1"


async def test_many_attempts_at_once_send_once(patient: EffectLedger, effect: Effect) -> None:
    provider = Provider()

    async def attempt() -> str:
        done = await as_temporal(lambda: patient.once(effect, provider.perform, provider.find, repeatable=True))
        return done.provider_id

    found = await asyncio.gather(*(attempt() for _ in range(12)))
    assert (set(found), provider.calls) == ({"document-1"}, 1)
