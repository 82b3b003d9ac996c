"""What the customer gets for the goods, and what becomes of the goods: money, goods sent again, stock."""

from decimal import Decimal

from activities.bigcommerce.models import REPLACE, RESTOCK, GoodsLine, ReplacementRequest, RestockRequest, store_queue
from activities.lanes.models import SETTLE, Remedy, SettlementLine, SettlementRequest
from activities.mail.models import SEND_MAIL
from activities.records.models import ReturnedOrder
from domain.effects import EffectKind
from domain.people import Role
from domain.returning import restocking_fee
from workflows._kit.contract import TASK_QUEUE, DecisionTaken
from workflows.rma.contract import SettledLine, SettleOutcome, Wish
from workflows.rma.effects import ReturnEffects
from workflows.rma.state import ReturnLine

_MAKING_GOOD = frozenset({"settle", "replace", "restock"})
"""The purposes of what must be done before the customer is told that all is settled."""


class MakingGood(ReturnEffects):
    """The settlements of a return, each by its own order."""

    def due_outcome(self, line: ReturnLine) -> SettleOutcome:
        """What the wish comes to: money goes back only where money was paid."""
        if self.state.wish is Wish.REPLACEMENT:
            return SettleOutcome.REPLACEMENT
        refund = self.state.wish is Wish.REFUND and self.state.order_of(line).is_paid
        return SettleOutcome.REFUND if refund else SettleOutcome.CREDIT_NOTE

    def make_good(self, wanted: dict[int, SettledLine], taken: DecisionTaken) -> None:
        """Begins all that these outcomes come to; `wanted` by the line's number, every line of the return."""
        state = self.state
        state.settled_by = taken.author
        for line in state.lines:
            item = wanted[line.line]
            line.outcome, line.outcome_reason = item.outcome, item.reason
            line.fee = self._fee(line) if item.amount is None else None
            line.amount = item.amount if item.amount is not None else line.worth - (line.fee or Decimal(0))
        for order in state.returned_orders:
            for outcome in (SettleOutcome.REFUND, SettleOutcome.CREDIT_NOTE, SettleOutcome.REPLACEMENT):
                lines = [line for line in state.lines if (line.order_id, line.outcome) == (order.order_id, outcome)]
                if lines and outcome is SettleOutcome.REPLACEMENT:
                    self._replace_lines(order, lines, taken)
                elif lines:
                    self._settle_lines(order, lines, Remedy(outcome.value), taken)
            self._restock(order, taken)
        words = "; ".join(f"line {line.line} {wanted[line.line].outcome.value.replace('_', ' ')}" for line in state.lines)
        credited = {line.order_id for line in state.lines if line.outcome is SettleOutcome.CREDIT_NOTE}
        unpaid = [order.order_id for order in state.returned_orders if order.order_id in credited and not order.is_paid]
        why = "".join(f" Order {order_id} is not paid, so no money goes back." for order_id in unpaid)
        self._said(taken, "settling", f"Settling: {words}.{why}")
        self.close_when_settled()

    def _fee(self, line: ReturnLine) -> Decimal | None:
        """What its reason's rule keeps back of the money for a line; None where that is nothing."""
        reason = self.state.policy.rules.reasons.get(line.reason)
        if reason is None or line.outcome not in (SettleOutcome.REFUND, SettleOutcome.CREDIT_NOTE):
            return None
        return restocking_fee(reason, line.worth) or None

    def _replace_lines(self, order: ReturnedOrder, lines: list[ReturnLine], taken: DecisionTaken) -> None:
        request = ReplacementRequest(
            op_key=self._op_key(EffectKind.REPLACEMENT, order.order_id),
            case_id=self.start.case_id,
            store=self.start.store,
            order_id=order.order_id,
            lines=tuple(GoodsLine(line_id=line.line_id, quantity=line.accepted) for line in lines),
            note=self.number,
        )
        summary = f"Send goods of order {order.order_id} again"
        self._start("replace", REPLACE, store_queue(self.start.store), summary, request, taken)

    def _restock(self, order: ReturnedOrder, taken: DecisionTaken) -> None:
        """Accepted goods that are sold again. Their stock is kept in the store, or nobody adds to it."""
        location, reasons = self.state.policy.restock_location, self.state.policy.rules.reasons
        resold = {name for name, reason in reasons.items() if reason.restocked}
        lines = [line for line in self.state.lines if line.order_id == order.order_id and line.reason in resold]
        goods = tuple(GoodsLine(line_id=line.line_id, quantity=line.accepted) for line in lines if line.accepted)
        if location is None or not goods:
            return
        request = RestockRequest(
            op_key=self._op_key(EffectKind.RESTOCK, order.order_id),
            case_id=self.start.case_id,
            store=self.start.store,
            order_id=order.order_id,
            lines=goods,
            location_id=location,
        )
        summary = f"Add goods of order {order.order_id} to the stock"
        self._start("restock", RESTOCK, store_queue(self.start.store), summary, request, taken)

    def _settle_lines(self, order: ReturnedOrder, lines: list[ReturnLine], remedy: Remedy, taken: DecisionTaken) -> None:
        state = self.state
        partly = any(line.amount != line.worth for line in lines)
        kind = EffectKind.REFUND if remedy is Remedy.REFUND else EffectKind.CREDIT_NOTE
        request = SettlementRequest(
            op_key=self._op_key(kind, order.order_id),
            case_id=self.start.case_id,
            rma_number=self.number,
            store=self.start.store,
            order_id=order.order_id,
            lines=tuple(SettlementLine(line_id=line.line_id, sku=line.sku, quantity=line.accepted) for line in lines),
            remedy=remedy,
            amount=sum((line.amount or Decimal(0) for line in lines), Decimal(0)) if partly else None,
            reason="; ".join(sorted({_why(line) for line in lines})),
            ledger_account=state.policy.ledger_account,
            invoice_number=order.invoice_number,
        )
        what = "Refund and credit note" if remedy is Remedy.REFUND else "Credit note"
        summary = f"{what} for order {order.order_id}"
        effect = self._effect("settle", SETTLE, TASK_QUEUE, summary, request, taken.author)
        self.start_effect(effect.model_copy(update={"by_hand_needs": Role.FINANCE}))

    def close_when_settled(self) -> None:
        """Once everything is made good and the stock is right, tells the customer; that done, the return closes."""
        state = self.state
        if any(effect.purpose in _MAKING_GOOD for effect in state.effects):
            return
        mail = self._mail("return_outcome", "outcome", results=state.results)
        effect = self._effect("tell_outcome", SEND_MAIL, TASK_QUEUE, "Tell the customer the outcome", mail, "Casework")
        self.start_effect(effect.model_copy(update={"publishes": True}))


def _why(line: ReturnLine) -> str:
    why = line.outcome_reason or line.reason
    return f"{why}, less a restocking fee of {line.fee:.2f}" if line.fee else why
