"""A ticket's life on skipped time."""

from datetime import timedelta
from uuid import uuid4

from activities._kit.errors import Rejected, Transient
from activities.mail.models import SEND_MAIL, TELL_STAFF
from activities.records.models import FILL_CONTEXT, ContextFacts
from domain.messages import MessageNature
from tests.workflows.conftest import Stage
from tests.workflows.world import World
from workflows._kit.contract import MessageArrived, Unblock, UnblockAction
from workflows.ticket.contract import Assign, Note, Reopen, Reply, Resolve, Retag, Snooze, Wait


async def opened(stage: Stage) -> World:
    await stage.start("ticket", MessageArrived(message_id=stage.world.message_id))
    return stage.world


async def test_a_message_opens_a_ticket_with_owner_and_clocks(stage: Stage) -> None:
    world = await opened(stage)
    assert (world.shown.status, world.shown.queue, world.shown.owner) == ("open", "delivery", "Emma Clarke")
    assert [clock["name"] for clock in world.shown.state["clocks"]] == ["first_response", "resolution"]
    assert world.shown.next_due_at is not None
    assert world.kinds() == ["message", "triaged"]


async def test_a_reply_is_sent_once_and_meets_the_first_response(stage: Stage) -> None:
    world = await opened(stage)
    assert await stage.decide(Reply(text="It ships today.")) == "applied"
    first, resolution = world.shown.state["clocks"]
    assert (first["state"], resolution["state"]) == ("met", "running")
    assert len(world.mails) == 1
    assert "ships" not in str(world.mails[0]), "an agent's words do not travel through histories"


async def test_the_same_decision_twice_is_applied_once(stage: Stage) -> None:
    world = await opened(stage)
    decision_id = uuid4()
    await stage.decide(Reply(text="Once."), decision_id=decision_id)
    await stage.send(Reply(text="Once."), decision_id=decision_id)
    await stage.decide(Note(text="after it"))
    assert len(world.mails) == 1


async def test_a_stale_reply_is_refused_with_what_happened(stage: Stage) -> None:
    world = await opened(stage)
    seen = world.shown.revision
    await stage.message()
    await stage.until(lambda: world.shown.revision > seen)
    refused = await stage.decide(Reply(text="Old news"), seen_revision=seen)
    assert "since you looked: the customer wrote" in refused
    assert not world.mails
    assert await stage.decide(Note(text="a note minds nothing"), seen_revision=seen) == "applied"


async def test_two_agents_at_once_give_one_answer(stage: Stage) -> None:
    world = await opened(stage)
    seen = world.shown.revision
    first = await stage.send(Reply(text="Mine"), author="Emma Clarke", seen_revision=seen)
    second = await stage.send(Reply(text="Mine too"), author="Jonas Weber", seen_revision=seen)
    await stage.until(lambda: {first, second} <= set(world.outcomes))
    assert len(world.mails) == 1
    assert "Emma Clarke replied" in (world.outcomes[second].reason or "")


async def test_warning_then_missed_then_the_ladder_each_once(stage: Stage) -> None:
    world = await opened(stage)
    await stage.pass_time(timedelta(days=12))
    await stage.until(lambda: world.shown.owner == "Ruth Adler")
    for kind, count in (("warning", 2), ("missed", 2), ("escalated", 6)):
        assert world.kinds().count(kind) == count, kind
    assert len({notice.op_key for notice in world.notices}) == len(world.notices) == 8


async def test_promises_are_kept_while_the_mail_server_is_down(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[SEND_MAIL] = [Transient("the mail server does not answer") for _ in range(20)]
    decision_id = await stage.send(Reply(text="Soon"))
    await stage.pass_time(timedelta(days=4))
    assert "missed" in world.kinds()
    await stage.until(lambda: decision_id in world.outcomes)
    assert world.outcomes[decision_id].outcome.value == "applied"
    assert len(world.mails) == 1
    assert sorted(world.events) == list(range(1, len(world.events) + 1)), "no line of the case file is lost"


async def test_what_happens_while_a_reply_is_on_its_way_is_kept(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[SEND_MAIL] = [Transient("the mail server does not answer") for _ in range(5)]
    reply = await stage.send(Reply(text="Soon", close=True))
    assert await stage.decide(Retag(tags=["vip"])) == "applied"
    assert world.shown.status == "open"
    await stage.pass_time(timedelta(minutes=1))
    await stage.until(lambda: reply in world.outcomes)
    await stage.until(lambda: world.shown.status == "resolved")
    assert world.shown.state["tags"] == ["vip"]
    assert world.kinds().count("reply") == 1
    assert await stage.decide(Note(text="after it")) == "applied"
    assert sorted(world.events) == list(range(1, len(world.events) + 1))


async def test_a_reply_does_not_resolve_over_what_the_customer_wrote_meanwhile(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[SEND_MAIL] = [Transient("the mail server does not answer") for _ in range(5)]
    reply = await stage.send(Reply(text="Soon", close=True))
    await stage.until(lambda: len(world.fail[SEND_MAIL]) < 5)
    await stage.message()
    await stage.pass_time(timedelta(minutes=1))
    await stage.until(lambda: reply in world.outcomes and "overtaken" in world.kinds())
    assert (world.shown.status, world.shown.stage) == ("open", "awaiting_agent")
    assert world.shown.state["clocks"][0]["state"] == "met"


async def test_a_rejected_mail_waits_for_a_person_and_goes_out_after(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[SEND_MAIL] = [Rejected("550 no such mailbox")]
    decision_id = await stage.send(Reply(text="Hello"))
    await stage.until(lambda: "effect_blocked" in world.kinds())
    blocked = world.shown.state["effects"][0]
    assert "550 no such mailbox" in blocked["words"]
    assert await stage.decide(Unblock(op_key=blocked["op_key"], action=UnblockAction.RETRY)) == "applied"
    await stage.until(lambda: decision_id in world.outcomes)
    assert len(world.mails) == 1


async def test_waiting_pauses_and_the_customer_ends_it(stage: Stage) -> None:
    world = await opened(stage)
    assert await stage.decide(Wait(party="supplier", chase_after=timedelta(hours=4))) == "applied"
    assert (world.shown.status, world.shown.state["waiting_for"]) == ("waiting", "supplier")
    assert world.shown.state["clocks"][1]["state"] == "paused"
    await stage.message()
    await stage.until(lambda: world.shown.status == "open")
    assert world.shown.state["clocks"][1]["state"] == "running"


async def test_nobody_answers_the_wait_so_it_comes_back(stage: Stage) -> None:
    world = await opened(stage)
    await stage.decide(Wait(party="supplier", chase_after=timedelta(minutes=30)))
    await stage.pass_time(timedelta(minutes=31))
    await stage.until(lambda: world.shown.status == "open")
    assert "reopened" in world.kinds()


async def test_pauses_keep_the_timer_that_is_there(stage: Stage) -> None:
    """A timer costs an action and two events: twenty pauses do not cost twenty."""
    world = await opened(stage)
    await stage.decide(Reply(text="We ask the supplier."))
    await stage.pass_time(timedelta(hours=2))
    before = await _timers_started(stage)
    for _ in range(20):
        assert await stage.decide(Wait(party="supplier", chase_after=timedelta(hours=1))) == "applied"
        await stage.pass_time(timedelta(minutes=2))
        assert await stage.decide(Reopen()) == "applied"
    assert len([kind for kind in world.kinds() if kind == "reopened"]) == 20
    assert await _timers_started(stage) - before <= 2


async def _timers_started(stage: Stage) -> int:
    history = await stage.handle.fetch_history()
    return sum(event.HasField("timer_started_event_attributes") for event in history.events)


async def test_machine_mail_ends_no_wait_but_a_bounce_does(stage: Stage) -> None:
    world = await opened(stage)
    await stage.decide(Wait(party="customer"))
    automatic, bounce = uuid4(), uuid4()
    world.natures = {automatic: MessageNature.AUTO_REPLY, bounce: MessageNature.BOUNCE}
    await stage.message(automatic)
    await stage.until(lambda: "machine_mail" in world.kinds())
    assert world.shown.status == "waiting"
    await stage.message(bounce)
    await stage.until(lambda: world.shown.status == "open")


async def test_snooze_assign_and_retag(stage: Stage) -> None:
    world = await opened(stage)
    until = await stage.environment.get_current_time() + timedelta(minutes=20)
    assert await stage.decide(Snooze(until=until)) == "applied"
    assert "no queue" in await stage.decide(Assign(queue="nowhere"))
    assert await stage.decide(Assign(queue="returns")) == "applied"
    assert world.shown.owner == "Jonas Weber"
    due = world.shown.state["clocks"][0]["due_at"]
    assert await stage.decide(Retag(tier="standard", tags=["vip"])) == "applied"
    assert world.shown.state["clocks"][0]["due_at"] > due
    await stage.pass_time(timedelta(minutes=21))
    await stage.until(lambda: world.shown.status == "open")


async def test_resolve_reopen_by_reply_then_close(stage: Stage) -> None:
    world = await opened(stage)
    assert await stage.decide(Reply(text="Done", close=True)) == "applied"
    assert world.shown.status == "resolved"
    assert "resolved already" in await stage.decide(Resolve())
    await stage.message()
    await stage.until(lambda: world.shown.status == "open")
    await stage.decide(Resolve(outcome="answered"))
    await stage.pass_time(timedelta(days=8))
    assert await stage.handle.result() == "closed"
    assert world.shown.status == "closed"


async def test_a_closed_ticket_is_woken_to_judge(stage: Stage) -> None:
    world = await opened(stage)
    await stage.decide(Resolve())
    await stage.pass_time(timedelta(days=8))
    await stage.handle.result()
    assert "closed; reopen it first" in await stage.decide(Reply(text="late"))
    assert await stage.decide(Reopen()) == "applied"
    assert world.shown.status == "open"


async def test_the_store_is_down_at_first_and_fills_in_later(stage: Stage) -> None:
    world = stage.world
    world.context = ContextFacts(missing=("The store did not answer.",), store_answered=False)
    world.fail[FILL_CONTEXT] = [Transient("503") for _ in range(3)]
    await opened(stage)
    assert world.shown.company is None
    assert "missing" in world.kinds()
    await stage.pass_time(timedelta(minutes=2))
    await stage.until(lambda: world.shown.company == "Late GmbH")
    assert world.shown.state["tier"] == "silver"


async def test_a_failing_notice_holds_nothing_up(stage: Stage) -> None:
    world = await opened(stage)
    world.fail[TELL_STAFF] = [Rejected("unknown person") for _ in range(8)]
    await stage.pass_time(timedelta(days=12))
    assert world.kinds().count("escalated") == 6
    assert await stage.decide(Note(text="still here")) == "applied"
