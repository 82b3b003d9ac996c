"""The order lane: one settlement at a time, and store and books must agree."""

import asyncio
from decimal import Decimal
from uuid import uuid4

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from activities._kit.errors import Rejected
from activities.bigcommerce.models import REFUND
from activities.finance.models import CREDIT_NOTE
from activities.lanes.models import LANE_UPDATE, LANE_WORKFLOW, Remedy, SettlementLine, SettlementRequest, SettlementResult
from tests.workflows.conftest import Stage
from workflows._kit.contract import TASK_QUEUE
from workflows.order.contract import LaneInput


def request(number: int = 1, remedy: Remedy = Remedy.REFUND) -> SettlementRequest:
    return SettlementRequest(
        op_key=f"rma-{number}.{remedy}.10452",
        case_id=uuid4(),
        rma_number=f"RMA-{number}",
        store="northwind-tools",
        order_id="10452",
        lines=(SettlementLine(line_id="901", sku="NT-1", quantity=1),),
        remedy=remedy,
        reason="damaged",
        ledger_account="main",
        invoice_number="INV-10452",
    )


async def settle(stage: Stage, wanted: SettlementRequest) -> SettlementResult:
    operation = WithStartWorkflowOperation(
        LANE_WORKFLOW,
        LaneInput(store="northwind-tools", order_id="10452"),
        id="order-northwind-tools-10452",
        task_queue=TASK_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    return await stage.client.execute_update_with_start_workflow(
        LANE_UPDATE, wanted, start_workflow_operation=operation, id=wanted.op_key, result_type=SettlementResult
    )


async def test_a_refund_has_its_credit_note(stage: Stage) -> None:
    result = await settle(stage, request())
    assert result.blocked is None
    assert result.refund is not None
    assert result.credit_note is not None
    (note,) = stage.world.credit_notes
    assert (note.expected_total, note.refunded) == (Decimal("119.00"), True)
    assert note.op_key != stage.world.refunds[0].op_key


async def test_a_credit_note_alone_moves_no_money(stage: Stage) -> None:
    await settle(stage, request(remedy=Remedy.CREDIT_NOTE))
    assert not stage.world.refunds
    assert not stage.world.credit_notes[0].refunded


async def test_two_returns_of_one_order_settle_one_after_the_other(stage: Stage) -> None:
    results = await asyncio.gather(*(settle(stage, request(number)) for number in (1, 2, 3)))
    assert all(result.blocked is None for result in results)
    assert len(stage.world.refunds) == len(stage.world.credit_notes) == 3
    assert stage.world.refunding_at_once == 1


async def test_a_refused_refund_credits_nothing(stage: Stage) -> None:
    stage.world.fail[REFUND] = [Rejected("the payment is not settled")]
    result = await settle(stage, request())
    assert result.blocked == "the payment is not settled"
    assert result.blocked_op_key == "rma-1.refund.10452"
    assert not stage.world.credit_notes


async def test_the_books_refuse_after_the_store_refunded(stage: Stage) -> None:
    stage.world.fail[CREDIT_NOTE] = [Rejected("the period is closed")]
    result = await settle(stage, request())
    assert result.blocked == "the period is closed"
    assert result.refund is not None
