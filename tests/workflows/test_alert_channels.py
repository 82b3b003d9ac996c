"""A step of a ladder that goes to a channel brings about what the channel is made for."""

from datetime import timedelta

import pytest

from activities._kit.errors import Rejected
from activities.alerts.models import TELL
from domain.playbook import Playbook
from domain.promises import ClockName
from domain.service_levels import AlertChannel, EscalationStep
from domain.sla import NoticeKind
from tests.workflows.conftest import Stage
from tests.workflows.world import World
from workflows._kit.contract import MessageArrived, Unblock, UnblockAction

PAGER = AlertChannel(title="the pager", webhook="night-watch")
DESK = AlertChannel(title="the desk", mail="desk@northwind-tools.example")
LADDER = (
    EscalationStep(before=timedelta(minutes=30), to="channel:desk"),
    EscalationStep(after=timedelta(0), to="channel:pager"),
    EscalationStep(after=timedelta(hours=4), to="Ruth Adler"),
)


@pytest.fixture
def world(playbook: Playbook) -> World:
    """Every deadline of the first store goes up a ladder with both kinds of channels."""
    ladders = {**playbook.ladders, "northwind": LADDER}
    return World(playbook.model_copy(update={"ladders": ladders, "alert_channels": {"pager": PAGER, "desk": DESK}}))


async def opened(stage: Stage) -> World:
    await stage.start("ticket", MessageArrived(message_id=stage.world.message_id))
    return stage.world


async def test_each_step_goes_its_way_once(stage: Stage) -> None:
    world = await opened(stage)
    await stage.pass_time(timedelta(days=12))
    await stage.until(lambda: len(world.notices) == 4 and len(world.alerts) == 2)
    by_clock = {alert.clock: alert for alert in world.alerts}
    assert set(by_clock) == {ClockName.FIRST_RESPONSE, ClockName.RESOLUTION}
    assert [notice.person for notice in world.notices].count("desk@northwind-tools.example") == 2
    assert [notice.person for notice in world.notices].count("Ruth Adler") == 2
    assert len({told.op_key for told in (*world.alerts, *world.notices)}) == 6
    told = [event.text for event in world.events.values() if event.kind == "escalated"]
    assert "First response missed: the pager was told." in told


async def test_the_alert_says_what_the_clock_says(stage: Stage) -> None:
    world = await opened(stage)
    clock = next(clock for clock in world.shown.state["clocks"] if clock["name"] == "first_response")
    await stage.pass_time(timedelta(days=12))
    await stage.until(lambda: bool(world.alerts))
    alert = world.alerts[0]
    assert (alert.account, alert.store) == ("night-watch", "northwind-tools")
    assert (alert.clock, alert.kind) == (ClockName.FIRST_RESPONSE, NoticeKind.ESCALATION)
    assert f"{alert.due_at:%Y-%m-%dT%H:%M:%S}" == clock["due_at"][:19]
    assert alert.owner == world.shown.owner
    assert alert.planned_for >= alert.due_at
    assert alert.case.startswith(f"Ticket {alert.number}: ")
    assert alert.text == (
        f"{alert.case}: first response was missed; it was due at {alert.due_at:%Y-%m-%d %H:%M} UTC. Owner: {alert.owner}."
    )
    assert len(alert.op_key) <= 50


async def test_a_receiver_that_refuses_waits_for_a_person(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[TELL] = [Rejected("Webhook night-watch (410): Gone")]
    await stage.pass_time(timedelta(days=12))
    await stage.until(lambda: "effect_blocked" in world.kinds())
    blocked = next(effect for effect in world.shown.state["effects"] if effect["status"] == "blocked")
    assert blocked["summary"] == "Tell the pager: first response escalation"
    assert await stage.decide(Unblock(op_key=blocked["op_key"], action=UnblockAction.RETRY)) == "applied"
    attempts = {blocked["op_key"]: 2}
    await stage.until(lambda: attempts.items() <= {alert.op_key: alert.attempt for alert in world.alerts}.items())


async def test_a_return_tells_channels_too(stage: Stage) -> None:
    await stage.start("rma")
    world = stage.world
    await stage.pass_time(timedelta(days=30))
    await stage.until(lambda: bool(world.alerts) and bool(world.notices))
    assert {alert.account for alert in world.alerts} == {"night-watch"}
    assert all(alert.case.startswith("Return ") for alert in world.alerts)
    assert "desk@northwind-tools.example" in {notice.person for notice in world.notices}


async def test_a_channel_the_case_was_born_without_is_refused_as_a_person(stage: Stage) -> None:
    """A case of before there were channels: its ladder may name one that its promises do not hold."""
    world = stage.world
    world.playbook = world.playbook.model_copy(update={"alert_channels": {}})
    await opened(stage)
    await stage.pass_time(timedelta(days=12))
    await stage.until(lambda: any(notice.person == "channel:pager" for notice in world.notices))
    assert world.alerts == []
