"""A ticket with a long life continues as new: nothing is lost, nothing happens twice, time goes on."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bench.lives import Life, serving
from bench.servers import temporal_server
from domain.people import Role
from workflows._kit.contract import MessageArrived
from workflows.ticket.contract import Note, Retag, Snooze

SUGGESTED_AFTER = 30
"""Events of one run; a real server suggests it after thousands."""

MESSAGES = 40
SNOOZED = timedelta(seconds=15)

pytestmark = pytest.mark.stack


@pytest.fixture
async def life() -> AsyncIterator[Life]:
    """An open ticket at a server that suggests early to continue as new."""
    early = {"limit.historyCount.suggestContinueAsNew": SUGGESTED_AFTER}
    async with temporal_server(early) as server, serving(server.client, queues=()) as crowd:
        opened = Life(server.client, crowd, "ticket")
        await opened.begin(MessageArrived(message_id=opened.world.message_id))
        yield opened


async def run_id(life: Life) -> str:
    """The run that lives now."""
    return (await life.client.get_workflow_handle(life.workflow_id).describe()).run_id


def lines(life: Life, kind: str) -> list[UUID | None]:
    """What the lines of that kind in the case file are about, in order."""
    events = [life.world.events[number] for number in sorted(life.world.events)]
    return [event.message_id or event.decision_id for event in events if event.kind == kind]


def clock(life: Life, name: str) -> dict[str, object]:
    return next(each for each in life.world.shown.state["clocks"] if each["name"] == name)


async def test_forty_messages_and_the_decisions_between_them_are_all_kept(life: Life) -> None:
    first_run, first_deadline = await run_id(life), clock(life, "first_response")["due_at"]
    sent = [life.world.message_id]
    decided: list[UUID] = []
    for number in range(MESSAGES):
        sent.append(await life.message())
        if number % 5 == 0:
            decided.append(await life.send(Note(text="between them")))
    await life.until(lambda: len(lines(life, "message")) >= len(sent) and set(decided) <= set(life.world.outcomes))
    assert await run_id(life) != first_run, "it never continued as new"
    assert lines(life, "message") == sent, "every message once, in the order in which they came"
    assert lines(life, "note") == decided
    assert Counter(life.world.shown.state["seen"]) == Counter(str(each) for each in (*sent, *decided))
    assert sorted(life.world.events) == list(range(1, len(life.world.events) + 1)), "a number of the case file is missing"
    assert clock(life, "first_response")["due_at"] == first_deadline


async def test_a_decision_sent_again_to_a_later_run_is_applied_once(life: Life) -> None:
    first_run = await run_id(life)
    decision_id = await life.send(Retag(tags=["vip"]))
    while await run_id(life) == first_run:
        await life.apply(Note(text="one more"))
    await life.send(Retag(tags=["vip"]), decision_id=decision_id)
    await life.apply(Note(text="after it"))
    assert lines(life, "retagged") == [decision_id]
    assert life.world.outcomes[decision_id].outcome.value == "applied"


async def test_a_timer_outlives_the_run_that_started_it(life: Life) -> None:
    await life.apply(Snooze(until=datetime.now(UTC) + SNOOZED), role=Role.AGENT)
    snoozed, asleep_in = clock(life, "snooze"), await run_id(life)
    while await run_id(life) == asleep_in:
        await life.apply(Note(text="one more"))
    assert life.world.shown.status == "waiting"
    assert clock(life, "snooze") == snoozed
    await life.until(lambda: life.world.shown.status == "open")
    assert len(lines(life, "reopened")) == 1
    assert datetime.now(UTC) >= datetime.fromisoformat(str(snoozed["due_at"]))
