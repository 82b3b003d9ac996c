"""What a ticket promises, whom it waits for, and who owns it, on skipped time."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from activities.records.models import Ownership
from domain.messages import MessageNature
from domain.promises import ClockName, TargetRule
from domain.service_levels import Aging, Conditions
from tests.workflows.conftest import Stage
from tests.workflows.world import World
from workflows._kit.contract import MessageArrived
from workflows.ticket.contract import Acknowledge, Assign, Note, Reopen, Reply, Resolve, Retag, RosterNews, Wait

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def live(world: World, name: str) -> dict[str, Any]:
    return next(clock for clock in world.shown.state["clocks"] if clock["name"] == name and clock["ended_at"] is None)


def names(world: World) -> list[str]:
    return [clock["name"] for clock in world.shown.state["clocks"] if clock["ended_at"] is None]


async def opened(stage: Stage) -> World:
    await stage.start("ticket", MessageArrived(message_id=stage.world.message_id))
    return stage.world


def elapsed(world: World, *rules: TargetRule) -> None:
    """Promises without hours or ladders, so that a test depends on no time of day."""
    days = {"days": list(range(7)), "opens": "00:00", "closes": "24:00"}
    calendar = type(world.playbook.calendars["berlin-office"]).model_validate(
        {"name": "always", "zone": "UTC", "hours": [days]}
    )
    world.promised |= {"calendars": {"always": calendar}, "calendar": "always", "targets": rules, "shifts": {}}


def rule(clock: ClockName, within: float | timedelta, **more: Any) -> TargetRule:
    """`within` a length, or hours."""
    length = within if isinstance(within, timedelta) else within * HOUR
    return TargetRule(clock=clock, within=length, calendar="always", **more)


async def test_after_the_first_answer_each_question_has_a_promise_of_its_own(stage: Stage) -> None:
    world = await opened(stage)
    assert names(world) == ["first_response", "resolution"]
    await stage.decide(Reply(text="It ships today."))
    assert names(world) == ["resolution"]
    await stage.message()
    await stage.until(lambda: "next_response" in names(world))
    due = live(world, "next_response")["due_at"]
    await stage.message()
    await stage.until(lambda: world.kinds().count("message") == 3)
    assert live(world, "next_response")["due_at"] == due, "the earliest unanswered question counts"
    await stage.decide(Reply(text="It has left us."))
    assert names(world) == ["resolution"]


async def test_an_answer_that_waited_through_an_outage_does_not_make_a_missed_promise_look_kept(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.FIRST_RESPONSE, SECOND), rule(ClockName.RESOLUTION, SECOND))
    world = await opened(stage)
    async with stage.busy(2 * SECOND):
        decision = await stage.send(Resolve(outcome="Told on the telephone."))
    await stage.until(lambda: decision in world.outcomes)
    assert world.kinds()[-3:] == ["missed", "missed", "resolved"]


async def test_no_machine_mail_and_no_reminder_stops_the_first_response(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.FIRST_RESPONSE, 100), rule(ClockName.RESOLUTION, 200))
    world = await opened(stage)
    auto = await stage.message()
    world.natures[auto] = MessageNature.AUTO_REPLY
    await stage.decide(Wait(party="customer", chase_after=HOUR))
    await stage.pass_time(HOUR + timedelta(minutes=1))
    await stage.until(lambda: len(world.mails) == 1)
    assert live(world, "first_response")["state"] == "running"


async def test_the_most_specific_target_holds_and_follows_what_decides_on_it(stage: Stage) -> None:
    gold = Conditions(tier=("gold",))
    elapsed(
        stage.world,
        rule(ClockName.RESOLUTION, 8, when=gold),
        rule(ClockName.RESOLUTION, 24, when=Conditions(tier=("standard",))),
        rule(ClockName.RESOLUTION, 4, when=Conditions(tier=("gold",), queue=("accounts",))),
        rule(ClockName.RESOLUTION, 1, when=Conditions(tag=("recall",), tier=("gold",))),
    )
    world = await opened(stage)
    assert live(world, "resolution")["target"] == "PT8H"
    await stage.decide(Assign(queue="accounts"))
    assert live(world, "resolution")["target"] == "PT4H"
    assert "more specific than tier gold: 8 h" in live(world, "resolution")["because"][-1]
    await stage.decide(Retag(tags=["recall"]))
    assert live(world, "resolution")["target"] == "PT1H"
    await stage.decide(Retag(tags=[], tier="standard"))
    assert live(world, "resolution")["target"] == "P1D"


async def test_a_planned_time_reaches_for_tickets_under_way_only_where_it_says_so(stage: Stage) -> None:
    world = stage.world
    now = await stage.environment.get_current_time()
    begins, ends = now + 2 * HOUR, now + 5 * HOUR
    planned: dict[str, Any] = {"overlay": "Peak", "starts": begins, "ends": ends}
    elapsed(
        world,
        rule(ClockName.RESOLUTION, 20),
        rule(ClockName.RESOLUTION, 40, in_flight=True, **planned),
        rule(ClockName.FIRST_RESPONSE, 10),
        rule(ClockName.FIRST_RESPONSE, 30, **planned),
    )
    await opened(stage)
    assert live(world, "resolution")["target"] == "PT20H"
    await stage.pass_time(3 * HOUR)
    await stage.until(lambda: live(world, "resolution")["target"] == "P1DT16H")
    assert live(world, "first_response")["target"] == "PT10H", "it keeps what it was promised"
    await stage.pass_time(3 * HOUR)
    await stage.until(lambda: live(world, "resolution")["target"] == "PT20H")


async def test_whoever_is_waited_for_is_reminded_and_then_the_ticket_is_back(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.RESOLUTION, 1000))
    world = await opened(stage)
    await stage.decide(Wait(party="finance", chase_after=HOUR))
    waiting = live(world, "waiting")
    assert (waiting["party"], live(world, "resolution")["state"]) == ("finance", "paused")
    await stage.pass_time(timedelta(hours=2, minutes=30))
    await stage.until(lambda: world.kinds().count("chased") == 2)
    assert [notice.person for notice in world.notices] == ["Nadia Haddad"] * 2
    assert world.shown.status == "waiting"
    await stage.pass_time(HOUR)
    await stage.until(lambda: world.shown.status == "open")
    (pause,) = live(world, "resolution")["pauses"]
    assert pause["waiting_for"] == "finance"
    assert live(world, "resolution")["state"] == "running"


async def test_a_missed_promise_is_acknowledged_or_climbs(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.RESOLUTION, 1, ladder="northwind"))
    world = await opened(stage)
    assert "nothing to acknowledge" in await stage.decide(Acknowledge())
    await stage.pass_time(2 * HOUR)
    await stage.until(lambda: world.kinds().count("escalated") == 1)
    assert await stage.decide(Acknowledge(), author="Martin Krause") == "applied"
    await stage.pass_time(timedelta(hours=3, minutes=30))
    assert world.kinds().count("escalated") == 1, "Martin has it in hand"
    await stage.pass_time(HOUR)
    await stage.until(lambda: world.kinds().count("escalated") == 2)


async def test_a_ticket_on_which_nobody_acts_goes_up_its_own_ladder(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.RESOLUTION, 1000))
    stage.world.promised["aging"] = Aging(after=4 * HOUR, ladder="northwind-stalled")
    world = await opened(stage)
    await stage.pass_time(3 * HOUR)
    await stage.decide(Retag(tags=["looked at"]))
    await stage.pass_time(2 * HOUR)
    await stage.decide(Note(text="A note brings nothing forward."))
    assert "stalled" not in world.kinds()
    await stage.pass_time(2 * HOUR + timedelta(minutes=5))
    await stage.until(lambda: "stalled" in world.kinds())
    await stage.pass_time(4 * HOUR)
    await stage.until(lambda: world.shown.owner == "Martin Krause")
    assert world.shown.next_due_at is not None
    assert world.shown.next_due_at.isoformat() > live(world, "stalled")["due_at"], "it is no promise to the customer"


async def test_a_marketplace_sets_a_deadline_of_its_own(stage: Stage) -> None:
    world = stage.world
    world.channel, world.account = "marketplace", "amazon"
    await opened(stage)
    clock = live(world, "channel_response")
    assert (clock["target"], clock["calendar"]) == ("P1D", None)
    assert "Amazon buyer messages: within 24 h" in clock["because"][0]
    await stage.decide(Reply(text="It ships today."))
    assert "channel_response" not in names(world)


async def test_the_window_of_whatsapp_counts_from_the_last_message(stage: Stage) -> None:
    world = stage.world
    world.channel = "whatsapp"
    await opened(stage)
    first = live(world, "channel_response")["due_at"]
    await stage.pass_time(3 * HOUR)
    await stage.message()
    await stage.until(lambda: live(world, "channel_response")["due_at"] > first)


# Ownership


async def test_work_is_handed_over_before_a_duty_ends_and_again_when_the_roster_changes(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.RESOLUTION, 1000))
    world, now = stage.world, await stage.environment.get_current_time()
    world.ownership = Ownership(owner="Jonas Weber", ask_at=now + 2 * HOUR, reason="")
    world.owners = [
        Ownership(owner="Jonas Weber", ask_at=now + 3 * HOUR, reason=""),
        Ownership(owner="Emma Clarke", ask_at=now + 9 * HOUR, reason="Emma Clarke is on duty."),
        Ownership(owner="Martin Krause", ask_at=None, reason="Nobody is on duty."),
    ]
    await opened(stage)
    await stage.pass_time(2 * HOUR + timedelta(minutes=5))
    assert (world.shown.owner, "handed_over" in world.kinds()) == ("Jonas Weber", False)
    await stage.pass_time(HOUR)
    await stage.until(lambda: world.shown.owner == "Emma Clarke")
    line = next(event for event in world.events.values() if event.kind == "handed_over")
    assert (
        "Handed over from Jonas Weber to Emma Clarke. Emma Clarke is on duty. State: awaiting agent; order 10452" in line.text
    )
    assert line.planned_for is not None
    await stage.handle.signal("roster", RosterNews(id=uuid4()))
    await stage.until(lambda: world.shown.owner == "Martin Krause")


async def test_whom_a_person_gave_it_to_keeps_it_and_a_reopened_ticket_asks_anew(stage: Stage) -> None:
    elapsed(stage.world, rule(ClockName.RESOLUTION, 1000))
    world, now = stage.world, await stage.environment.get_current_time()
    world.ownership = Ownership(owner="Jonas Weber", ask_at=None, reason="")
    world.owners = [
        Ownership(owner="Sofia Marin", ask_at=now + 20 * HOUR, reason=""),
        Ownership(owner="Emma Clarke", ask_at=None, reason="Sofia Marin is off duty."),
    ]
    await opened(stage)
    await stage.decide(Assign(owner="Sofia Marin"))
    await stage.until(lambda: len(world.owners_asked) == 1)
    assert (world.owners_asked[0].given, world.owners_asked[0].owner) == (True, "Sofia Marin")
    await stage.decide(Resolve())
    await stage.decide(Reopen())
    await stage.until(lambda: world.shown.owner == "Emma Clarke")
    assert world.owners_asked[1].given is False
