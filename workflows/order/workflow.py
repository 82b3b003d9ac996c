"""The order lane: all money of one order goes through here, one settlement at a time.

It lives while there is something to settle. What it did before is in the effects' records, not in its memory: a settlement
asked for twice, also in another run, answers what was done the first time.
"""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.bigcommerce.models import REFUND, Refund, RefundLine, RefundRequest, store_queue
from activities.finance.models import CREDIT_NOTE, CreditLine, CreditNote, CreditNoteRequest, ledger_queue
from activities.lanes.models import LANE_UPDATE, LANE_WORKFLOW, Remedy, SettlementRequest, SettlementResult
from domain.effects import BY_HAND, EffectKind, op_key
from workflows._kit.calls import bring_about
from workflows.order.contract import LaneInput


@workflow.defn(name=LANE_WORKFLOW)
class OrderLane:
    @workflow.init
    def __init__(self, lane: LaneInput) -> None:
        self.lane = lane
        self._one_at_a_time = asyncio.Lock()
        self._asked = 0

    @workflow.run
    async def run(self, lane: LaneInput) -> int:
        """Ends once all that was asked for is answered. Returns how many settlements that were."""
        await workflow.wait_condition(lambda: self._asked > 0 and workflow.all_handlers_finished())
        return self._asked

    @workflow.update(name=LANE_UPDATE, description="Refund or credit lines of this order, once")
    async def settle(self, request: SettlementRequest) -> SettlementResult:
        self._asked += 1
        async with self._one_at_a_time:
            workflow.set_current_details(f"Settling {request.rma_number}: {request.remedy.value} of order {request.order_id}")
            return await self._settle(request)

    async def _settle(self, request: SettlementRequest) -> SettlementResult:
        refund: Refund | None = None
        step = request.op_key
        try:
            if request.remedy is Remedy.REFUND:
                refund = await self._refund(request)
            step = self._note_key(request)
            note = await self._credit(request, refund)
        except ActivityError as error:
            if not isinstance(error.cause, ApplicationError):
                raise
            by_hand = error.cause.type == BY_HAND
            return SettlementResult(refund=refund, blocked=error.cause.message, blocked_op_key=step, by_hand=by_hand)
        if refund is not None and (refund.amount, refund.currency) != (note.total, note.currency):
            words = f"The store refunded {refund.amount} {refund.currency}, the books credited {note.total} {note.currency}."
            return SettlementResult(refund=refund, credit_note=note, blocked=words, blocked_op_key=step)
        return SettlementResult(refund=refund, credit_note=note)

    async def _refund(self, request: SettlementRequest) -> Refund:
        wanted = RefundRequest(
            op_key=request.op_key,
            case_id=request.case_id,
            store=request.store,
            order_id=request.order_id,
            lines=tuple(RefundLine(line_id=line.line_id, quantity=line.quantity) for line in request.lines),
            amount=request.amount,
            reason=f"{request.rma_number}: {request.reason}",
            attempt=request.attempt,
        )
        summary = f"Refund order {request.order_id} in the store for {request.rma_number}"
        result = await bring_about(REFUND, wanted.model_dump(mode="json"), store_queue(request.store), summary)
        return Refund.model_validate(result)

    async def _credit(self, request: SettlementRequest, refund: Refund | None) -> CreditNote:
        wanted = CreditNoteRequest(
            op_key=self._note_key(request),
            case_id=request.case_id,
            account=request.ledger_account,
            number=_note_number(request),
            invoice_number=request.invoice_number,
            lines=tuple(CreditLine(sku=line.sku, quantity=line.quantity) for line in request.lines),
            expected_total=refund.amount if refund else request.amount,
            refunded=refund is not None,
            reference=request.rma_number,
            reason=request.reason,
            amount=request.amount,
            store=request.store,
            order_id=request.order_id,
            attempt=request.attempt,
        )
        summary = f"Credit note on {request.invoice_number} for {request.rma_number}"
        result = await bring_about(CREDIT_NOTE, wanted.model_dump(mode="json"), ledger_queue(request.ledger_account), summary)
        return CreditNote.model_validate(result)

    @staticmethod
    def _note_key(request: SettlementRequest) -> str:
        if request.remedy is Remedy.CREDIT_NOTE:
            return request.op_key
        return op_key(request.rma_number.lower(), EffectKind.CREDIT_NOTE, f"{request.order_id}.refunded")


def _note_number(request: SettlementRequest) -> str:
    """`CN-1012-10452`: return and order. One return may have two notes on one order, the one for what was paid back in money
    ends in R."""
    suffix = "R" if request.remedy is Remedy.REFUND else ""
    return f"CN-{request.rma_number.removeprefix('RMA-')}-{request.order_id}{suffix}"
