"""A return's life on skipped time."""

from datetime import timedelta
from decimal import Decimal

from activities._kit.errors import ByHand, NeedsOperator, Transient
from activities.bigcommerce.models import RESTOCK
from activities.carriers.models import SEND_RETURN_LABEL
from activities.lanes.models import SETTLE, Remedy
from activities.records.models import OPEN_RETURN
from domain.people import Role
from tests.workflows.conftest import Stage
from tests.workflows.world import ORDER, World
from workflows._kit.contract import Unblock, UnblockAction
from workflows.rma.contract import (
    Approve,
    Cancel,
    Disposition,
    Inspect,
    InspectedLine,
    Receive,
    ReceivedLine,
    Refuse,
    Settle,
    SettledLine,
    SettleOutcome,
)

ALL_RECEIVED = Receive(lines=[ReceivedLine(line=1, quantity=1), ReceivedLine(line=2, quantity=2)])
ALL_ACCEPTED = Inspect(
    lines=[
        InspectedLine(line=1, disposition=Disposition.ACCEPTED, quantity=1),
        InspectedLine(line=2, disposition=Disposition.ACCEPTED, quantity=2),
    ]
)


async def requested(stage: Stage) -> World:
    await stage.start("rma")
    return stage.world


async def inspecting(stage: Stage) -> World:
    world = await requested(stage)
    assert await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR) == "applied"
    assert await stage.decide(ALL_RECEIVED) == "applied"
    assert world.shown.stage == "inspecting"
    return world


async def test_above_the_limit_an_agent_may_not_approve(stage: Stage) -> None:
    world = await requested(stage)
    assert world.shown.stage == "awaiting_approval"
    refused = await stage.decide(Approve())
    assert "357.00 EUR is above the limit of 250.00 for the role agent; a supervisor may approve it" in refused
    assert await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR) == "applied"
    assert world.shown.state["approvals"][0]["by"] == "Martin Krause"
    again = await stage.decide(Approve(), "Ruth Adler", Role.ADMIN)
    assert "awaiting goods" in again
    assert "Martin Krause: Approved" in again


async def test_below_the_limit_an_agent_approves(stage: Stage) -> None:
    stage.world.price = Decimal("50.00")
    await requested(stage)
    assert await stage.decide(Approve()) == "applied"


async def test_what_the_rules_do_not_cover_needs_who_may_make_an_exception(stage: Stage) -> None:
    stage.world.price = Decimal("50.00")
    stage.world.exceptions = {2: "delivered 2026-10-01, 27 days past its 30 days"}
    world = await requested(stage)
    for role in (Role.AGENT, Role.FINANCE):
        refused = await stage.decide(Approve(), "Nadia Haddad", role)
        assert "line 2: delivered 2026-10-01, 27 days past its 30 days. A supervisor may make an exception" in refused
    assert await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR) == "applied"
    assert world.shown.state["lines"][1]["exception"]


async def test_the_fee_of_a_reason_is_kept_back_unless_a_person_says_otherwise(stage: Stage) -> None:
    stage.world.reason = "no_longer_needed"
    world = await requested(stage)
    await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR)
    await stage.decide(ALL_RECEIVED)
    accepted = [InspectedLine(line=number, disposition=Disposition.ACCEPTED, quantity=1) for number in (1, 2)]
    damaged = InspectedLine(line=2, disposition=Disposition.DAMAGED, quantity=1)
    await stage.decide(Inspect(lines=[*accepted, damaged]))
    whole = SettledLine(line=2, outcome=SettleOutcome.REFUND, amount=world.price, reason="good customer")
    assert await stage.decide(Settle(lines=[whole])) == "applied"
    await stage.handle.result()
    (settlement,) = world.settlements
    assert settlement.amount == world.price * 2 - Decimal("17.85")
    assert "no_longer_needed, less a restocking fee of 17.85" in settlement.reason
    assert [line["fee"] for line in world.mails[0].facts["lines"]] == ["17.85", None]


async def test_one_settlement_then_the_customer_is_told_and_it_closes(stage: Stage) -> None:
    world = await inspecting(stage)
    assert await stage.decide(ALL_ACCEPTED) == "applied"
    assert await stage.handle.result() == "closed"
    assert world.shown.stage == "closed"
    (settlement,) = world.settlements
    assert (settlement.remedy, settlement.amount, len(settlement.lines)) == (Remedy.REFUND, None, 2)
    assert len(world.labels) == 1
    assert [mail.template for mail in world.mails] == ["return_outcome"]
    assert "refund 7" in world.mails[0].facts["results"][0]
    assert sorted(world.events) == list(range(1, len(world.events) + 1))


async def test_lines_of_two_orders_are_made_good_each_by_its_own_order(stage: Stage) -> None:
    stage.world.line_orders, stage.world.unpaid = (ORDER, "10401"), frozenset({"10401"})
    world = await inspecting(stage)
    assert await stage.decide(ALL_ACCEPTED) == "applied"
    assert await stage.handle.result() == "closed"
    settled = {settlement.order_id: settlement for settlement in world.settlements}
    assert settled[ORDER].remedy is Remedy.REFUND
    assert (settled["10401"].remedy, settled["10401"].invoice_number) == (Remedy.CREDIT_NOTE, "INV-10401")
    assert [len(settlement.lines) for settlement in world.settlements] == [1, 1]
    assert len(world.labels) == 1
    (mail,) = world.mails
    assert mail.facts["order_id"] == f"{ORDER}, 10401"
    assert len(mail.facts["results"]) == 2
    assert world.shown.orders == (ORDER, "10401")
    assert "difference" not in world.kinds()


async def test_a_replacement_is_sent_in_place_of_money_and_what_can_be_sold_goes_to_the_stock(stage: Stage) -> None:
    stage.world.wish, stage.world.reason = "replacement", "no_longer_needed"
    world = await inspecting(stage)
    assert await stage.decide(ALL_ACCEPTED) == "applied"
    assert await stage.handle.result() == "closed"
    assert not world.settlements
    (replacement,), (restock,) = world.replacements, world.restocks
    assert [line.quantity for line in replacement.lines] == [line.quantity for line in restock.lines] == [1, 2]
    assert restock.location_id == 1
    assert world.mails[0].facts["results"] == ["Goods sent again with order 10999."]
    assert {"replaced", "restocked"} <= set(world.kinds())


async def test_each_line_has_its_own_outcome(stage: Stage) -> None:
    stage.world.line_orders = (ORDER, ORDER, "10401")
    world = await requested(stage)
    await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR)
    await stage.decide(Receive(lines=[ReceivedLine(line=number, quantity=number) for number in (1, 2, 3)]))
    found = {1: Disposition.ACCEPTED, 2: Disposition.ACCEPTED, 3: Disposition.DAMAGED}
    lines = [InspectedLine(line=number, disposition=what, quantity=number) for number, what in found.items()]
    assert await stage.decide(Inspect(lines=lines)) == "applied"
    assert world.shown.stage == "settling"
    part = SettledLine(line=1, outcome=SettleOutcome.REFUND, amount=Decimal(60), reason="scratched")
    assert await stage.decide(Settle(lines=[part, SettledLine(line=2, outcome=SettleOutcome.REPLACEMENT)])) == "applied"
    assert await stage.handle.result() == "closed"
    assert [(one.order_id, one.amount, one.reason) for one in world.settlements] == [(ORDER, Decimal(60), "scratched")]
    assert [[line.line_id for line in one.lines] for one in world.replacements] == [["902"]]
    assert not world.restocks, "damaged goods are not sold again"
    outcomes = [line["outcome"] for line in world.shown.state["lines"]]
    assert outcomes == ["refund", "replacement", "none"]


async def test_a_return_does_not_close_before_its_stock_is_right(stage: Stage) -> None:
    stage.world.reason = "no_longer_needed"
    stage.world.fail[RESTOCK] = [NeedsOperator("The stock moved meanwhile.")]
    world = await inspecting(stage)
    await stage.decide(ALL_ACCEPTED)
    await stage.pass_time(timedelta(hours=1))
    assert world.shown.stage == "settling"
    assert not world.mails
    op_key = f"{stage.handle.id}.restock.{ORDER}"
    unblock = Unblock(op_key=op_key, action=UnblockAction.SKIP)
    assert await stage.decide(unblock, "Martin Krause", Role.SUPERVISOR) == "applied"
    assert await stage.handle.result() == "closed"
    assert len(world.settlements) == 1


async def test_unpaid_gets_a_credit_note_and_never_a_refund(stage: Stage) -> None:
    stage.world.unpaid = frozenset({ORDER})
    world = await inspecting(stage)
    await stage.decide(ALL_ACCEPTED)
    await stage.handle.result()
    assert [settlement.remedy for settlement in world.settlements] == [Remedy.CREDIT_NOTE]


async def test_a_refund_of_an_unpaid_order_is_refused_when_a_person_asks_for_it(stage: Stage) -> None:
    stage.world.unpaid = frozenset({ORDER})
    world = await inspecting(stage)
    await stage.decide(partly_accepted())
    refused = await stage.decide(Settle(lines=[SettledLine(line=1, outcome=SettleOutcome.REFUND)]))
    assert "not paid; it gets a credit note, never a refund" in refused
    assert not world.settlements


def partly_accepted() -> Inspect:
    return Inspect(
        lines=[
            InspectedLine(line=1, disposition=Disposition.ACCEPTED, quantity=1),
            InspectedLine(line=2, disposition=Disposition.ACCEPTED, quantity=1),
            InspectedLine(line=2, disposition=Disposition.DAMAGED, quantity=1),
        ]
    )


async def test_what_was_not_accepted_waits_for_a_person(stage: Stage) -> None:
    world = await inspecting(stage)
    await stage.decide(partly_accepted())
    assert world.shown.stage == "settling"
    assert not world.settlements
    too_much = Settle(lines=[SettledLine(line=2, outcome=SettleOutcome.REFUND, amount=Decimal("120"), reason="x")])
    assert "more than the 119.00 it is worth" in await stage.decide(too_much)
    part = Settle(lines=[SettledLine(line=2, outcome=SettleOutcome.REFUND, amount=Decimal("80"), reason="scratched")])
    assert await stage.decide(part) == "applied"
    await stage.handle.result()
    assert world.settlements[0].amount == Decimal("199.00")
    assert "scratched" in world.settlements[0].reason


async def test_settling_again_agrees_or_is_refused(stage: Stage) -> None:
    world = await inspecting(stage)
    world.fail[SETTLE] = [Transient("busy") for _ in range(8)]
    await stage.decide(ALL_ACCEPTED)
    assert await stage.decide(Settle()) == "applied"
    otherwise = Settle(lines=[SettledLine(line=1, outcome=SettleOutcome.NONE)])
    assert "settled otherwise already, by Jonas Weber" in await stage.decide(otherwise)
    await stage.handle.result()
    assert len(world.settlements) == 1


async def test_more_than_returned_is_refused(stage: Stage) -> None:
    world = await requested(stage)
    assert "has its time at “awaiting goods or inspecting”" in await stage.decide(ALL_RECEIVED)
    await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR)
    assert "only 1 more" in await stage.decide(Receive(lines=[ReceivedLine(line=1, quantity=2)]))
    assert "no line 9" in await stage.decide(Receive(lines=[ReceivedLine(line=9, quantity=1)]))
    assert await stage.decide(Receive(lines=[ReceivedLine(line=1, quantity=1)])) == "applied"
    assert world.shown.stage == "awaiting_goods"
    assert "Line 2: 2 inspected, but 0 received" in await stage.decide(ALL_ACCEPTED)
    assert world.shown.state["lines"][0]["found"] == {}, "a refused inspection changes no line"


async def test_deadlines_tell_people_and_forget_nothing(stage: Stage) -> None:
    world = await requested(stage)
    await stage.pass_time(timedelta(days=9))
    await stage.until(lambda: world.kinds().count("escalated") == 3)
    assert world.shown.owner == "Ruth Adler"
    assert await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR) == "applied"
    await stage.pass_time(timedelta(days=15))
    await stage.until(lambda: world.kinds().count("missed") == 2)
    await stage.decide(ALL_RECEIVED)
    await stage.pass_time(timedelta(days=4))
    await stage.until(lambda: world.kinds().count("missed") == 3)


async def test_a_blocked_settlement_waits_for_a_person_and_goes_through(stage: Stage) -> None:
    world = await inspecting(stage)
    world.fail[SETTLE] = [NeedsOperator("The period is closed in the ledger.")]
    await stage.decide(ALL_ACCEPTED)
    await stage.until(lambda: "effect_blocked" in world.kinds())
    (effect,) = world.shown.state["effects"]
    assert await stage.decide(Unblock(op_key=effect["op_key"], action=UnblockAction.RETRY)) == "applied"
    assert await stage.handle.result() == "closed"
    assert world.settlements[0].attempt == 2


async def test_only_finance_may_say_that_money_was_settled_by_hand(stage: Stage) -> None:
    world = await inspecting(stage)
    world.fail[SETTLE] = [NeedsOperator("The period is closed in the ledger.")]
    await stage.decide(ALL_ACCEPTED)
    await stage.until(lambda: "effect_blocked" in world.kinds())
    by_hand = Unblock(op_key=world.shown.state["effects"][0]["op_key"], action=UnblockAction.DONE_BY_HAND, provider_id="CN-7")
    assert "needs the role finance" in await stage.decide(by_hand)
    assert world.shown.stage == "settling"
    assert await stage.decide(by_hand, "Nadia Haddad", Role.FINANCE) == "applied"
    assert await stage.handle.result() == "closed"
    assert not world.settlements


async def test_books_that_people_keep_need_one_who_books_and_another_who_confirms(stage: Stage) -> None:
    world = await inspecting(stage)
    world.fail[SETTLE] = [ByHand("Book a credit note over 119.00 EUR.", details=("rma.credit_note.1",))]
    await stage.decide(ALL_ACCEPTED)
    await stage.until(lambda: "effect_blocked" in world.kinds())
    key = world.shown.state["effects"][0]["op_key"]

    async def booked(number: str | None, by: str, role: Role = Role.FINANCE) -> str:
        return await stage.decide(Unblock(op_key=key, action=UnblockAction.DONE_BY_HAND, provider_id=number), by, role)

    assert "needs the role finance" in await booked("GS-7", "Jonas Weber", Role.AGENT)
    assert "Give the number" in await booked(None, "Nadia Haddad")
    assert await booked("GS-6", "Nadia Haddad") == "applied"
    assert await booked("GS-7", "Nadia Haddad") == "applied", "who booked it may correct the number"
    assert "somebody else confirms it" in await booked("GS-7", "Nadia Haddad")
    assert "booked it as GS-7, not GS-8" in await booked("GS-8", "Martin Krause")
    assert world.shown.stage == "settling"
    assert await booked("GS-7", "Martin Krause") == "applied"
    assert await stage.handle.result() == "closed"
    assert world.settlements[0].attempt == 2
    assert [decision.op_key for decision in world.effect_decisions] == ["rma.credit_note.1"]
    assert world.effect_decisions[0].provider_id == "GS-7"


async def test_the_carrier_is_down_but_the_approval_stands(stage: Stage) -> None:
    world = await requested(stage)
    world.fail[SEND_RETURN_LABEL] = [Transient("503") for _ in range(30)]
    assert await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR) == "applied"
    assert world.shown.stage == "awaiting_goods"
    await stage.pass_time(timedelta(hours=3))
    await stage.until(lambda: "label" in world.kinds())
    assert len(world.labels) == 1


async def test_refuse_tells_the_customer_and_ends(stage: Stage) -> None:
    world = await requested(stage)
    assert await stage.decide(Refuse(reason="Outside the return window.")) == "applied"
    assert await stage.handle.result() == "refused"
    assert world.mails[0].template == "return_refused"
    assert "refused" in await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR)


async def test_cancel_gives_the_label_back(stage: Stage) -> None:
    world = await requested(stage)
    await stage.decide(Approve(), "Martin Krause", Role.SUPERVISOR)
    await stage.until(lambda: "label" in world.kinds())
    assert await stage.decide(Cancel(reason="The customer keeps it.")) == "applied"
    assert await stage.handle.result() == "cancelled"
    assert world.voids[0].label_id == "se-1"


async def test_what_cannot_be_returned_is_refused_at_once(stage: Stage) -> None:
    stage.world.problems = ("Line 1: 3 asked back, 1 bought.",)
    world = await requested(stage)
    assert await stage.handle.result() == "refused"
    assert "3 asked back, 1 bought" in world.events[2].text


async def test_the_store_is_down_when_it_begins(stage: Stage) -> None:
    stage.world.fail[OPEN_RETURN] = [Transient("503"), Transient("503")]
    world = await requested(stage)
    assert world.shown.stage == "awaiting_approval"
