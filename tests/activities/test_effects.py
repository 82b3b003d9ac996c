"""The ledger of effects on a real database: whatever dies, whoever comes second, the provider is asked once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sql

from activities._kit.effects import Declined, Done, Effect, EffectLedger, Found, Unconfirmed, Unfinished
from activities._kit.errors import Ambiguous, NeedsOperator, OpKeyConflict, OutsideError, Rejected, Transient, Unclear
from domain.effects import EffectState
from storage.cases import decide_effect
from storage.engine import Database
from storage.tables import effects
from tests.activities.conftest import as_temporal
from tests.activities.provider import DELAYS, Provider, WorkerDied, lease_over, row_of


async def test_once_and_then_from_memory(quick: EffectLedger, effect: Effect, database: Database) -> None:
    provider = Provider()
    first = await quick.once(effect, provider.perform, provider.find)
    second = await quick.once(effect, provider.perform, provider.find)
    assert first == second
    assert (provider.calls, provider.looks) == (1, 0)
    row = await row_of(database, effect)
    assert (row.state, row.calls, row.provider_id, row.error) == (EffectState.DONE, 1, "document-1", None)
    assert row.request == {**effect.request, "attempt": 1}


async def test_another_payload_under_the_same_key_is_never_sent(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider()
    await quick.once(effect, provider.perform, provider.find)
    with pytest.raises(OpKeyConflict):
        await quick.once(replace(effect, request={"order_id": "1"}), provider.perform, provider.find)
    assert provider.calls == 1


async def test_a_lost_answer_is_found_and_not_sent_again(quick: EffectLedger, effect: Effect, database: Database) -> None:
    provider = Provider("lost answer")
    with pytest.raises(Ambiguous) as lost:
        await quick.once(effect, provider.perform, provider.find)
    assert lost.value.next_retry_delay == DELAYS[0]
    assert (await row_of(database, effect)).state is EffectState.SENT
    done = await quick.once(effect, provider.perform, provider.find)
    assert done.provider_id == "document-1"
    assert provider.calls == 1


async def test_a_late_document_is_waited_for(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost answer")
    provider.hidden_for = 2
    pauses = []
    for _ in range(3):
        with pytest.raises(Ambiguous) as still:
            await quick.once(effect, provider.perform, provider.find, repeatable=True)
        pauses.append(still.value.next_retry_delay)
    assert pauses == list(DELAYS)
    assert (await quick.once(effect, provider.perform, provider.find, repeatable=True)).provider_id == "document-1"
    assert (provider.calls, provider.looks) == (1, 3)


async def test_a_crash_before_the_call_repeats_once(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("died before")
    with pytest.raises(WorkerDied):
        await quick.once(effect, provider.perform, provider.find, repeatable=True)
    await lease_over()
    await as_temporal(lambda: quick.once(effect, provider.perform, provider.find, repeatable=True))
    assert (provider.documents, provider.calls, provider.looks) == (["document-2"], 2, 3)


async def test_a_crash_after_the_call_is_found(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("died after")
    with pytest.raises(WorkerDied):
        await quick.once(effect, provider.perform, provider.find)
    done = await quick.once(effect, provider.perform, provider.find)
    assert (done.provider_id, provider.calls) == ("document-1", 1)


async def test_what_must_not_be_repeated_goes_to_a_person(quick: EffectLedger, effect: Effect, database: Database) -> None:
    provider = Provider("lost before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find))
    row = await row_of(database, effect)
    assert (provider.calls, provider.looks, row.state) == (1, 3, EffectState.UNCLEAR)
    assert row.error is not None
    assert "asked 3 times" in row.error


async def test_a_repeat_that_is_lost_as_well_goes_to_a_person(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost before", "lost before", "lost before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find, repeatable=True))
    assert (provider.calls, provider.looks) == (2, 6)


async def test_a_repeat_is_asked_for_only_after_the_last_look(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost before")
    asked: list[int] = []

    async def not_again() -> bool:
        asked.append(provider.looks)
        return False

    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find, not_again))
    assert (asked, provider.calls) == ([3], 1)


async def test_nothing_sent_is_as_if_nothing_had_been_tried(quick: EffectLedger, effect: Effect, database: Database) -> None:
    provider = Provider("not sent", "not sent")
    with pytest.raises(Transient):
        await quick.once(effect, provider.perform, provider.find)
    row = await row_of(database, effect)
    assert (row.state, row.calls, row.error) == (EffectState.INTENDED, 0, "no connection")
    await as_temporal(lambda: quick.once(effect, provider.perform, provider.find))
    assert (len(provider.documents), provider.looks) == (1, 0)


async def test_nothing_sent_at_the_repeat_leaves_the_first_call_unexplained(
    quick: EffectLedger, effect: Effect, database: Database
) -> None:
    provider = Provider("lost before", "not sent")
    for _ in range(3):
        with pytest.raises(Ambiguous):
            await quick.once(effect, provider.perform, provider.find, repeatable=True)
    with pytest.raises(Transient):
        await quick.once(effect, provider.perform, provider.find, repeatable=True)
    assert (await row_of(database, effect)).state is EffectState.SENT
    await quick.once(effect, provider.perform, provider.find, repeatable=True)
    assert (provider.documents, provider.looks) == (["document-3"], 4)


async def test_a_refused_repeat_is_unclear_because_the_first_call_may_have_worked(
    quick: EffectLedger, effect: Effect, database: Database
) -> None:
    provider = Provider("lost before", "refused")
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find, repeatable=True))
    assert (await row_of(database, effect)).state is EffectState.UNCLEAR


@pytest.mark.parametrize(("event", "error"), [("refused", Rejected), ("locked out", NeedsOperator)])
async def test_a_refusal_is_kept_and_the_next_run_may_try_again(
    quick: EffectLedger, effect: Effect, database: Database, event: str, error: type[OutsideError]
) -> None:
    provider = Provider(event)
    with pytest.raises(error) as refused:
        await quick.once(effect, provider.perform, provider.find)
    row = await row_of(database, effect)
    assert (row.state, row.error) == (EffectState.REFUSED, refused.value.message)
    await quick.once(replace(effect, attempt=2), provider.perform, provider.find)
    assert provider.documents == ["document-2"]


async def test_after_unclear_only_a_persons_new_word_sends_again(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find))
    with pytest.raises(Unclear):
        await quick.once(effect, provider.perform, provider.find)
    assert provider.calls == 1
    await quick.once(replace(effect, attempt=2), provider.perform, provider.find)
    assert provider.documents == ["document-2"]


async def test_a_second_word_that_gets_lost_does_not_count_twice(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("refused", "lost before")
    with pytest.raises(Rejected):
        await quick.once(effect, provider.perform, provider.find)
    again = replace(effect, attempt=2)
    for _ in range(2):
        with pytest.raises(Unclear):
            await as_temporal(lambda: quick.once(again, provider.perform, provider.find))
    assert provider.calls == 2


async def test_after_unclear_what_turns_up_is_taken(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost answer")
    provider.hidden_for = 3
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find))
    assert (await quick.once(effect, provider.perform, provider.find)).provider_id == "document-1"
    assert provider.calls == 1


@pytest.mark.parametrize(("decided", "provider_id"), [(EffectState.DONE, "4711"), (EffectState.SKIPPED, None)])
async def test_a_persons_decision_ends_it_without_a_call(
    quick: EffectLedger, effect: Effect, database: Database, decided: EffectState, provider_id: str | None
) -> None:
    provider = Provider("refused")
    with pytest.raises(Rejected):
        await quick.once(effect, provider.perform, provider.find)
    async with database.begin() as connection:
        await decide_effect(connection, effect.op_key, decided, provider_id)
    done = await quick.once(effect, provider.perform, provider.find)
    assert done == Done(provider_id or "", skipped=provider_id is None)
    assert provider.calls == 1


async def test_an_attempt_that_hangs_is_cut_off_before_its_lease_ends(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("slow")
    with pytest.raises(Ambiguous, match="no answer within"):
        await quick.once(effect, provider.perform, provider.find)
    await quick.once(effect, provider.perform, provider.find)
    assert provider.calls == 1


async def test_a_clear_answer_is_read_back(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("taken")
    provider.hidden_for = 1
    with pytest.raises(Ambiguous, match="not shown yet"):
        await quick.once(effect, provider.perform, provider.find)
    await quick.once(effect, provider.perform, provider.find)
    assert (provider.calls, provider.looks) == (1, 2)


async def found_as(what: Found) -> Found:
    return what


@pytest.mark.parametrize("event", ["taken", "lost answer"])
async def test_what_the_provider_holds_as_declined_is_refused(
    quick: EffectLedger, effect: Effect, database: Database, event: str
) -> None:
    provider = Provider(event)
    declined: Callable[[], Any] = lambda: found_as(Declined("the card was declined"))  # noqa: E731
    with pytest.raises(Rejected, match="declined"):
        await as_temporal(lambda: quick.once(effect, provider.perform, declined))
    row = await row_of(database, effect)
    assert (row.state, row.error, provider.calls) == (EffectState.REFUSED, "the card was declined", 1)


async def test_what_is_not_confirmed_is_never_sent_again(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("taken")
    unconfirmed: Callable[[], Any] = lambda: found_as(Unconfirmed("Refund 7 is pending."))  # noqa: E731
    with pytest.raises(Unclear, match=r"Refund 7 is pending\..*still says so"):
        await as_temporal(lambda: quick.once(effect, provider.perform, unconfirmed, repeatable=True))
    assert provider.calls == 1


async def test_what_is_not_confirmed_is_not_sent_again_by_a_persons_word(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost before")
    with pytest.raises(Unclear):
        await as_temporal(lambda: quick.once(effect, provider.perform, provider.find))
    with pytest.raises(Unclear):
        await quick.once(replace(effect, attempt=2), provider.perform, lambda: found_as(Unconfirmed("pending")))
    assert provider.calls == 1


async def test_an_unfinished_effect_is_gone_on_with_at_once(quick: EffectLedger, effect: Effect) -> None:
    provider = Provider("lost answer")

    async def find() -> Found:
        return Done("whole") if provider.calls > 1 else Unfinished()

    await as_temporal(lambda: quick.once(effect, provider.perform, find))
    assert provider.calls == 2


async def test_what_is_written_with_the_end_of_an_effect_is_written_once(
    quick: EffectLedger, effect: Effect, database: Database
) -> None:
    provider, written = Provider(), []

    async def on_done(connection: Any) -> None:
        found = await connection.scalar(sql.select(effects.c.state).where(effects.c.op_key == effect.op_key))
        written.append(found)
        if len(written) == 1:
            raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        await quick.once(effect, provider.perform, provider.find, on_done=on_done)
    assert (await row_of(database, effect)).state is EffectState.SENT
    for _ in range(2):
        await quick.once(effect, provider.perform, provider.find, on_done=on_done)
    assert (written, provider.calls) == (["done", "done"], 1)
