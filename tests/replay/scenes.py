"""The lives that are recorded: each shows something that a change of workflow code could break for open cases.

The name of a scene is the workflow's id and, with `.json`, the file's name: replay needs the id, since keys are made from it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateHandle, WorkflowUpdateStage
from temporalio.common import WorkflowIDConflictPolicy

from activities._kit.errors import NeedsOperator, Rejected, Transient
from activities.bigcommerce.models import REFUND, RESTOCK
from activities.finance.models import CREDIT_NOTE
from activities.lanes.models import LANE_UPDATE, LANE_WORKFLOW, SETTLE, Remedy, SettlementLine, SettlementRequest
from activities.mail.models import SEND_MAIL
from activities.records.models import FILL_CONTEXT, PUBLISH, ContextFacts
from bench.lives import ALL_ACCEPTED, ALL_RECEIVED, STORE, Life, return_life, ticket_life
from workflows._kit.contract import TASK_QUEUE, MessageArrived, Unblock, UnblockAction
from workflows.account_watch.contract import WatchInput
from workflows.order.contract import LaneInput
from workflows.rma.contract import (
    Approve,
    Cancel,
    Disposition,
    Inspect,
    InspectedLine,
    Refuse,
    Settle,
    SettledLine,
    SettleOutcome,
)
from workflows.ticket.contract import Assign, Note, Reopen, Reply, Resolve, Retag, Snooze, Wait

HISTORY_LENGTH = 40
"""After so many events the recording server suggests to continue as new."""


@dataclass(frozen=True)
class Scene:
    """One history to record. `continues` needs the server that suggests early to continue as new; `run` says which run of
    the workflow is kept, counted from the first."""

    process: str
    name: str
    play: Callable[[Life], Awaitable[None]]
    continues: bool = False
    run: int | None = None


async def _open(life: Life) -> None:
    await life.begin(MessageArrived(message_id=life.world.message_id))


async def _answered(life: Life) -> None:
    await _open(life)
    await life.apply(Reply(text="It ships today."))
    await life.at_rest()
    await life.message()
    await life.until(lambda: life.world.kinds().count("message") == 2)


async def _busy(life: Life) -> None:
    """Every decision a ticket knows, some refused; waits that end by time and by the customer."""
    await _open(life)
    await life.apply(Assign(queue="returns"))
    await life.apply(Retag(tier="standard", tags=["vip", "drill"]))
    await life.decide(Assign(queue="nowhere"))
    await life.apply(Snooze(until=datetime.now(UTC) + timedelta(seconds=2)))
    await life.until(lambda: life.world.shown.status == "open")
    await life.apply(Wait(party="supplier", chase_after=timedelta(hours=4)))
    await life.message()
    await life.until(lambda: life.world.shown.status == "open")
    await life.apply(Note(text="a note"))
    await life.apply(Reply(text="Done.", close=True))
    await life.decide(Resolve())
    await life.apply(Reopen())
    await life.at_rest()


async def _woken(life: Life) -> None:
    await ticket_life(life)
    await life.apply(Reopen())
    await life.apply(Reply(text="Here again."))
    await life.at_rest()


async def _blocked(life: Life) -> None:
    """A reply that cannot be sent, twice: tried again by a person's word, then done by hand."""
    await _open(life)
    life.world.fail[SEND_MAIL] = [Rejected("550 no such mailbox") for _ in range(2)]
    await life.send(Reply(text="Hello."))
    for times, action in enumerate((UnblockAction.RETRY, UnblockAction.DONE_BY_HAND), start=1):
        await life.until(lambda wanted=times: life.world.kinds().count("effect_blocked") == wanted)
        await life.apply(Unblock(op_key=life.world.shown.state["effects"][0]["op_key"], action=action))
    await life.at_rest()


async def _fallback(life: Life) -> None:
    """What cannot be published in a moment, because it hangs, goes on as an activity that operators see."""
    await _open(life)
    life.world.slow_publish = [8.0]
    await life.apply(Note(text="a note"))
    await life.at_rest()


async def _fallback_failed(life: Life) -> None:
    """The same because it fails: again and again, then once for good."""
    await _open(life)
    life.world.fail[PUBLISH] = [Transient("the database is down") for _ in range(5)]
    await life.apply(Note(text="a note"))
    life.world.fail[PUBLISH] = [Rejected("the row is too long")]
    await life.apply(Note(text="another"))
    await life.at_rest()


async def _store_down(life: Life) -> None:
    life.world.context = ContextFacts(missing=("The store did not answer.",), store_answered=False)
    life.world.fail[FILL_CONTEXT] = [Transient("503")]
    await _open(life)
    await life.until(lambda: life.world.shown.company == "Late GmbH")


async def _overdue(life: Life) -> None:
    """A message that lay for weeks: warnings, missed deadlines and every rung of the ladder at once."""
    life.world.now = lambda: datetime.now(UTC) - timedelta(days=30)
    await _open(life)
    await life.until(lambda: life.world.kinds().count("escalated") >= 6)
    await life.at_rest()


async def _long(life: Life) -> None:
    """Many messages and decisions, so that it continues as new."""
    await _open(life)
    for number in range(14):
        await life.message()
        await life.until(lambda wanted=number + 2: life.world.kinds().count("message") == wanted)
        if number % 4 == 0:
            await life.apply(Note(text="a note"))
    await life.at_rest()


async def _awaiting_goods(life: Life) -> None:
    await life.begin()
    await life.decide(Approve())
    await life.apply(Approve())
    await life.until(lambda: "label" in life.world.kinds())
    await life.at_rest()


async def _partly(life: Life) -> None:
    await _awaiting_goods(life)
    await life.apply(ALL_RECEIVED)
    damaged = InspectedLine(line=2, disposition=Disposition.DAMAGED, quantity=1)
    accepted = [InspectedLine(line=number, disposition=Disposition.ACCEPTED, quantity=1) for number in (1, 2)]
    await life.apply(Inspect(lines=[*accepted, damaged]))
    part = SettledLine(line=2, outcome=SettleOutcome.CREDIT_NOTE, amount=Decimal("80"), reason="scratched")
    await life.apply(Settle(lines=[part]))
    await life.ended()


async def _two_orders(life: Life) -> None:
    """One order paid by card, one not paid; a line replaced; what can be sold goes to the stock, and blocks on the way."""
    life.world.line_orders, life.world.unpaid = ("10452", "10401"), frozenset({"10401"})
    life.world.reason = "no_longer_needed"
    life.world.fail[RESTOCK] = [NeedsOperator("The stock moved meanwhile.")]
    await _awaiting_goods(life)
    await life.apply(ALL_RECEIVED)
    damaged = InspectedLine(line=2, disposition=Disposition.DAMAGED, quantity=1)
    accepted = [InspectedLine(line=number, disposition=Disposition.ACCEPTED, quantity=1) for number in (1, 2)]
    await life.apply(Inspect(lines=[*accepted, damaged]))
    await life.apply(Settle(lines=[SettledLine(line=1, outcome=SettleOutcome.REPLACEMENT)]))
    await life.until(lambda: "effect_blocked" in life.world.kinds())
    stuck = next(effect for effect in life.world.shown.state["effects"] if effect["purpose"] == "restock")
    await life.apply(Unblock(op_key=stuck["op_key"], action=UnblockAction.RETRY))
    await life.ended()


async def _blocked_settlement(life: Life) -> None:
    await _awaiting_goods(life)
    await life.apply(ALL_RECEIVED)
    life.world.fail[SETTLE] = [NeedsOperator("The period is closed in the ledger.")]
    await life.apply(ALL_ACCEPTED)
    await life.until(lambda: "effect_blocked" in life.world.kinds())
    await life.apply(Unblock(op_key=life.world.shown.state["effects"][0]["op_key"], action=UnblockAction.RETRY))
    await life.ended()


async def _refused(life: Life) -> None:
    await life.begin()
    await life.apply(Refuse(reason="Outside the return window."))
    await life.ended()


async def _cancelled(life: Life) -> None:
    await _awaiting_goods(life)
    await life.apply(Cancel(reason="The customer keeps it."))
    await life.ended()


async def _long_return(life: Life) -> None:
    await _awaiting_goods(life)
    for number in range(12):
        await life.message()
        await life.until(lambda wanted=number + 1: life.world.kinds().count("message") == wanted)
    await life.apply(ALL_RECEIVED)


async def _ask_lane(life: Life, remedy: Remedy) -> WorkflowUpdateHandle[Any]:
    """What the activity of the lanes does: start the lane, or find it running, and ask it to settle."""
    request = SettlementRequest(
        op_key=f"{life.workflow_id}.{remedy.value}",
        case_id=life.start.case_id,
        rma_number="RMA-1042",
        store=STORE,
        order_id="10452",
        lines=(SettlementLine(line_id="901", sku="NT-1", quantity=1),),
        remedy=remedy,
        reason="damaged",
        ledger_account="main",
        invoice_number="INV-10452",
    )
    lane = WithStartWorkflowOperation(
        LANE_WORKFLOW,
        LaneInput(store=STORE, order_id="10452"),
        id=life.workflow_id,
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    return await life.client.start_update_with_start_workflow(
        LANE_UPDATE,
        request,
        start_workflow_operation=lane,
        id=str(uuid4()),
        wait_for_stage=WorkflowUpdateStage.ACCEPTED,
    )


async def _settle(life: Life, remedy: Remedy) -> None:
    await (await _ask_lane(life, remedy)).result()


async def _lane_refund(life: Life) -> None:
    await _settle(life, Remedy.REFUND)
    await life.ended()


async def _lane_two(life: Life) -> None:
    """Two settlements at once: one waits for the other."""
    await asyncio.gather(_settle(life, Remedy.REFUND), _settle(life, Remedy.CREDIT_NOTE))
    await life.ended()


async def _lane_blocked(life: Life) -> None:
    life.world.fail[CREDIT_NOTE] = [NeedsOperator("The period is closed in the ledger.")]
    await _settle(life, Remedy.REFUND)
    await life.ended()


async def _lane_open(life: Life) -> None:
    """The store does not answer: the refund is tried again and the lane stays open."""
    life.world.fail[REFUND] = [Transient("503") for _ in range(50)]
    await _ask_lane(life, Remedy.REFUND)
    await asyncio.sleep(2)


async def _watching(life: Life) -> None:
    """One look, and the pause before the next."""
    start = WatchInput(account=STORE, since=datetime(2026, 1, 1, tzinfo=UTC))
    await life.client.start_workflow("account_watch", start, id=life.workflow_id, task_queue=TASK_QUEUE)
    await asyncio.sleep(2)


SCENES = (
    Scene("ticket", "ticket-open", _answered),
    Scene("ticket", "ticket-closed", ticket_life),
    Scene("ticket", "ticket-busy", _busy),
    Scene("ticket", "ticket-woken", _woken, run=1),
    Scene("ticket", "ticket-blocked", _blocked),
    Scene("ticket", "ticket-fallback", _fallback),
    Scene("ticket", "ticket-fallback-failed", _fallback_failed),
    Scene("ticket", "ticket-store-down", _store_down),
    Scene("ticket", "ticket-overdue", _overdue),
    Scene("ticket", "ticket-continuing", _long, continues=True, run=0),
    Scene("ticket", "ticket-continued", _long, continues=True, run=1),
    Scene("rma", "rma-open", _awaiting_goods),
    Scene("rma", "rma-closed", return_life),
    Scene("rma", "rma-partly", _partly),
    Scene("rma", "rma-two-orders", _two_orders),
    Scene("rma", "rma-blocked", _blocked_settlement),
    Scene("rma", "rma-refused", _refused),
    Scene("rma", "rma-cancelled", _cancelled),
    Scene("rma", "rma-continued", _long_return, continues=True, run=1),
    Scene("order", "order-refund", _lane_refund),
    Scene("order", "order-two", _lane_two),
    Scene("order", "order-blocked", _lane_blocked),
    Scene("order", "order-open", _lane_open),
    Scene("account_watch", "account-watch-open", _watching),
)
