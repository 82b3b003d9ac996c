"""Where a ticket goes, and what it does when the store's record says another tier, on skipped time."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from activities._kit.errors import Transient
from activities.records.models import FILL_CONTEXT, ContextFacts
from domain.routing import Routed
from tests.workflows.conftest import Stage
from tests.workflows.world import ORDER, World
from workflows._kit.contract import MessageArrived
from workflows.ticket.contract import Assign, Retag

BRANDT = "Brandt Werkzeuge GmbH"
KEY_ACCOUNT = Routed(queue="sales", owner="Ruth Adler", tags=("key", "b2b"), rule="key", reason="Rule “key”: tier silver.")


async def opened(stage: Stage) -> World:
    await stage.start("ticket", MessageArrived(message_id=stage.world.message_id))
    return stage.world


async def written(stage: Stage, **said: Any) -> None:
    """The customer writes again, and this is found out about it."""
    message_id = uuid4()
    stage.world.said[message_id] = said
    lines = stage.world.kinds().count("message")
    await stage.message(message_id)
    await stage.until(lambda: stage.world.kinds().count("message") > lines)


async def store_is_silent(stage: Stage, later: ContextFacts) -> World:
    """A ticket is opened while the store does not answer; in the end it says `later`."""
    stage.world.context = ContextFacts(missing=("The store did not answer.",), store_answered=False)
    stage.world.later = later
    stage.world.fail[FILL_CONTEXT] = [Transient("503") for _ in range(3)]
    return await opened(stage)


async def answered(stage: Stage) -> None:
    await stage.pass_time(timedelta(minutes=2))
    await stage.until(lambda: "context" in stage.world.kinds())


def targets(world: World) -> list[str]:
    """What the open clocks allow, in business time."""
    return [clock["target"] for clock in world.shown.state["clocks"]]


def line(world: World, kind: str) -> str:
    (text,) = [event.text for event in world.events.values() if event.kind == kind]
    return text


async def test_a_rule_gives_queue_owner_and_tags_and_says_why(stage: Stage) -> None:
    stage.world.routed = KEY_ACCOUNT
    world = await opened(stage)
    assert (world.shown.queue, world.shown.owner, world.shown.state["tags"]) == ("sales", "Ruth Adler", ["b2b", "key"])
    assert "Queue sales, owner Ruth Adler. Rule “key”: tier silver." in line(world, "triaged")


async def test_a_history_without_rules_finds_its_queue_by_intent(stage: Stage) -> None:
    stage.world.routed = None
    stage.world.intent_queues = {"wismo": "orders"}
    world = await opened(stage)
    assert (world.shown.queue, world.shown.owner) == ("orders", "Giulia Conti")


async def test_a_later_message_shows_another_tier(stage: Stage) -> None:
    world = await opened(stage)
    assert targets(world) == ["PT1H", "PT8H"]
    await written(stage, company=BRANDT, tier="standard")
    assert world.shown.state["tier"] == "standard"
    assert targets(world) == ["PT4H", "P1D"]
    assert line(world, "tier") == f"Tier gold → standard, by the record of {BRANDT}; the open deadlines are planned anew."
    await written(stage, company=BRANDT, tier="standard")
    assert world.kinds().count("tier") == 1


async def test_another_company_in_a_message_says_nothing_about_the_ticket(stage: Stage) -> None:
    world = await opened(stage)
    await written(stage, company="Somebody else Ltd", tier="standard")
    await written(stage, company=BRANDT, tier="a tier of a later playbook")
    assert (world.shown.company, world.shown.state["tier"]) == (BRANDT, "gold")
    assert "tier" not in world.kinds()


async def test_a_later_message_tells_the_company(stage: Stage) -> None:
    stage.world.context = ContextFacts()
    world = await opened(stage)
    assert (world.shown.company, world.shown.state["tier"]) == (None, "standard")
    await written(stage, company=BRANDT, tier="gold")
    assert (world.shown.company, world.shown.state["tier"]) == (BRANDT, "gold")


async def test_the_tier_an_agent_said_stays(stage: Stage) -> None:
    world = await store_is_silent(stage, ContextFacts(company=BRANDT, tier="silver", orders=(ORDER,)))
    assert await stage.decide(Retag(tier="gold")) == "applied"
    await answered(stage)
    await written(stage, company=BRANDT, tier="standard")
    assert (world.shown.company, world.shown.state["tier"]) == (BRANDT, "gold")
    assert "tier" not in world.kinds()


async def test_a_retag_of_the_intent_says_nothing_about_the_tier(stage: Stage) -> None:
    world = await opened(stage)
    assert await stage.decide(Retag(intent="quote")) == "applied"
    await written(stage, company=BRANDT, tier="silver")
    assert world.shown.state["tier"] == "silver"


async def test_the_rules_are_asked_again_once_the_store_answers(stage: Stage) -> None:
    later = ContextFacts(company=BRANDT, tier="silver", orders=(ORDER,), routed=KEY_ACCOUNT)
    world = await store_is_silent(stage, later)
    assert (world.shown.queue, world.shown.owner) == ("delivery", "Emma Clarke")
    await answered(stage)
    assert (world.shown.queue, world.shown.owner, world.shown.state["tags"]) == ("sales", "Ruth Adler", ["b2b", "key"])
    assert line(world, "routed") == "Moved to queue sales, owner Ruth Adler. Rule “key”: tier silver."


async def test_a_ticket_that_a_person_moved_stays_where_it_is(stage: Stage) -> None:
    later = ContextFacts(company=BRANDT, tier="silver", orders=(ORDER,), routed=KEY_ACCOUNT)
    world = await store_is_silent(stage, later)
    assert await stage.decide(Assign(queue="orders")) == "applied"
    await answered(stage)
    assert (world.shown.queue, world.shown.owner) == ("orders", "Giulia Conti")
    assert "routed" not in world.kinds()


async def test_a_queue_of_a_later_playbook_is_not_for_this_ticket(stage: Stage) -> None:
    world = await store_is_silent(stage, ContextFacts(company=BRANDT, routed=Routed(queue="new-queue", reason="Rule “new”.")))
    await answered(stage)
    assert (world.shown.queue, world.shown.owner) == ("delivery", "Emma Clarke")
