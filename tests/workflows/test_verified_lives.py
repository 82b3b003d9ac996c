"""What real lives publish agrees with the independent check, notice by notice, and each notice says its clock and step."""

from datetime import timedelta

from domain.promises import ClockName
from domain.verifying import Record, differences
from tests.workflows.conftest import Stage
from tests.workflows.test_ticket import opened
from tests.workflows.test_ticket_promises import elapsed, rule
from tests.workflows.world import World
from workflows.ticket.contract import Acknowledge, Reply, Resolve, Retag, Wait

DAY = timedelta(days=1)


def record(world: World) -> Record:
    lines = [world.events[sequence] for sequence in sorted(world.events)]
    return Record(state=world.stored() or {}, lines=lines, next_due_at=world.shown.next_due_at)


async def test_a_ticket_that_waits_and_is_late_agrees_all_along(stage: Stage) -> None:
    world = await opened(stage)
    assert differences(record(world)) == []
    assert await stage.decide(Wait(party="supplier", chase_after=timedelta(hours=5))) == "applied"
    assert differences(record(world)) == []
    await stage.pass_time(DAY)
    await stage.message()
    await stage.until(lambda: world.shown.status == "open")
    await stage.pass_time(4 * DAY)
    await stage.until(lambda: "missed" in world.kinds())
    assert await stage.decide(Acknowledge()) == "applied"
    assert await stage.decide(Retag(tier="gold")) == "applied"
    await stage.pass_time(10 * DAY)
    assert await stage.decide(Reply(text="It left.")) == "applied"
    assert differences(record(world)) == []
    assert await stage.decide(Resolve(outcome="answered")) == "applied"
    assert differences(record(world)) == []
    said = [line.notice for line in record(world).lines if line.planned_for and line.kind != "handed_over"]
    assert said
    assert {notice.clock for notice in said if notice} >= {ClockName.FIRST_RESPONSE, ClockName.RESOLUTION}
    assert all(notice is not None for notice in said)


async def test_a_return_that_waits_for_approval_too_long_agrees(stage: Stage) -> None:
    await stage.start("rma")
    await stage.pass_time(12 * DAY)
    await stage.until(lambda: "missed" in stage.world.kinds())
    assert differences(record(stage.world)) == []


async def test_a_planned_time_is_late_only_for_tickets_that_were_there_when_it_began(stage: Stage) -> None:
    now = await stage.environment.get_current_time()
    starts, ends = now - DAY, now + DAY
    peak = rule(ClockName.FIRST_RESPONSE, 1, overlay="Peak", starts=starts, ends=ends, in_flight=True)
    elapsed(stage.world, rule(ClockName.FIRST_RESPONSE, 100), rule(ClockName.RESOLUTION, 200), peak)
    world = await opened(stage)
    await stage.pass_time(2 * DAY)
    await stage.until(lambda: world.kinds().count("planned") == 2)
    planned = [line.planned_for for line in record(world).lines if line.kind == "planned"]
    assert planned == [None, ends]
    assert differences(record(world)) == []
