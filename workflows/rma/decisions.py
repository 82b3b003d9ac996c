"""What each decision means to a return."""

from temporalio import workflow

from activities.carriers.models import SEND_RETURN_LABEL, VOID_LABEL, ReturnLabelRequest, VoidRequest, carrier_queue
from activities.mail.models import SEND_MAIL
from domain.effects import EffectKind
from domain.promises import ClockName
from domain.sla import meet, start_clock, stop
from workflows._kit.contract import TASK_QUEUE, Decision, DecisionTaken, Refused
from workflows._kit.state import EffectStatus
from workflows.rma.contract import (
    DECISIONS,
    Approve,
    Cancel,
    Inspect,
    Receive,
    Refuse,
    Settle,
    SettledLine,
    SettleOutcome,
    Stage,
)
from workflows.rma.making_good import MakingGood
from workflows.rma.state import Approval, ReturnLine

_GRAMS_PER_PIECE = 1_000
"""Carriers want a weight; the store's catalogue weights are not read yet."""


class ReturnDecisions(MakingGood):
    """The half of a return that judges and applies decisions."""

    process = "rma"
    decisions = DECISIONS

    def judge(self, taken: DecisionTaken, decision: Decision) -> None:
        if self.state.stage.is_final:
            raise Refused(f"The return is {self.state.stage.value}: {self.state.last_change}.")
        match decision:
            case Approve():
                self._approve(taken)
            case Refuse():
                self._refuse(taken, decision)
            case Receive():
                self._receive(taken, decision)
            case Inspect():
                self._inspect(taken, decision)
            case Settle():
                self._settle(taken, decision)
            case Cancel():
                self._cancel(taken, decision)
        self.accept(taken.decision_id)

    # Approval

    def _approve(self, taken: DecisionTaken) -> None:
        state = self.state
        self._needs(Stage.AWAITING_APPROVAL)
        limit = state.policy.rules.limit(taken.role)
        if limit is not None and state.amount > limit:
            raise Refused(
                f"{state.amount:.2f} {state.currency} is above the limit of {limit:.2f} for the role {taken.role.value}; "
                f"a {state.policy.rules.approver.value} may approve it."
            )
        outside = [f"line {line.line}: {line.exception}" for line in state.lines if line.exception]
        if outside and not state.policy.rules.may_make_exceptions(taken.role):
            raise Refused(
                f"The rules do not cover {'; '.join(outside)}. A {state.policy.rules.approver.value} may make an exception."
            )
        approval = Approval(by=taken.author, role=taken.role, at=taken.taken_at, amount=state.amount, currency=state.currency)
        state.approvals.append(approval)
        self._next(Stage.AWAITING_GOODS, ClockName.APPROVAL, ClockName.PARCEL)
        self._said(taken, "approved", f"Approved over {state.amount:.2f} {state.currency}.")
        self._start(
            "label",
            SEND_RETURN_LABEL,
            carrier_queue(state.policy.carrier_account),
            "Buy the return label and mail it to the customer",
            ReturnLabelRequest(
                op_key=self._op_key(EffectKind.RETURN_LABEL, "1"),
                case_id=self.start.case_id,
                store=self.start.store,
                order_id=state.returned_orders[0].order_id,
                rma_number=self.number,
                weight_grams=sum(line.quantity for line in state.lines) * _GRAMS_PER_PIECE,
                mail=self._mail("return_label", "label"),
            ),
            taken,
        )

    def _refuse(self, taken: DecisionTaken, decision: Refuse) -> None:
        self._needs(Stage.AWAITING_APPROVAL)
        self.end(Stage.REFUSED, f"Refused: {decision.reason}", taken)
        mail = self._mail("return_refused", "refused", reason=decision.reason)
        self._start("tell_refusal", SEND_MAIL, TASK_QUEUE, "Tell the customer that it was refused", mail, taken)

    # Goods

    def _receive(self, taken: DecisionTaken, decision: Receive) -> None:
        self._needs(Stage.AWAITING_GOODS, Stage.INSPECTING)
        for item in decision.lines:
            line = self._line(item.line)
            if line.received + item.quantity > line.quantity:
                left = line.quantity - line.received
                raise Refused(f"Line {item.line}: {item.quantity} received, but only {left} more are part of this return.")
            if item.serial and line.serial and item.serial != line.serial:
                raise Refused(f"Line {item.line}: serial {item.serial} arrived, {line.serial} was announced.")
        for item in decision.lines:
            self._line(item.line).received += item.quantity
        if self.state.stage is Stage.AWAITING_GOODS and all(line.received == line.quantity for line in self.state.lines):
            self._next(Stage.INSPECTING, ClockName.PARCEL, ClockName.INSPECTION)
        pieces = ", ".join(f"{item.quantity} of line {item.line}" for item in decision.lines)
        self._said(taken, "received", f"Received {pieces}.")

    def _inspect(self, taken: DecisionTaken, decision: Inspect) -> None:
        self._needs(Stage.AWAITING_GOODS, Stage.INSPECTING)
        found = [(self._line(item.line), item) for item in decision.lines]
        planned: dict[int, ReturnLine] = {line.line: line.model_copy(deep=True) for line, _ in found}
        for line, item in found:
            plan = planned[line.line]
            plan.found[item.disposition] = plan.found.get(item.disposition, 0) + item.quantity
            if plan.inspected > plan.received:
                raise Refused(f"Line {line.line}: {plan.inspected} inspected, but {plan.received} received.")
            if plan.accounted > plan.quantity:
                raise Refused(f"Line {line.line}: {plan.accounted} accounted for, but {plan.quantity} are part of this return.")
        self.state.lines = [planned.get(line.line, line) for line in self.state.lines]
        pieces = ", ".join(f"{item.quantity} of line {item.line} {item.disposition.value}" for item in decision.lines)
        self._said(taken, "inspected", f"Inspected: {pieces}.")
        if all(line.accounted == line.quantity for line in self.state.lines):
            self._inspected(taken)

    def _inspected(self, taken: DecisionTaken) -> None:
        state = self.state
        for name in (ClockName.PARCEL, ClockName.INSPECTION):
            if (clock := state.clock(name)) is not None:
                meet(clock, workflow.now())
        state.stage = Stage.SETTLING
        if all(line.accepted == line.quantity for line in state.lines):
            due = {line.line: SettledLine(line=line.line, outcome=self.due_outcome(line)) for line in state.lines}
            self.make_good(due, taken)
        else:
            self.record("awaiting_settlement", "Not everything was accepted: a person decides what the customer gets.")

    # Money and goods

    def _settle(self, taken: DecisionTaken, decision: Settle) -> None:
        state = self.state
        self._needs(Stage.SETTLING)
        wanted = {item.line: item for item in decision.lines}
        for item in decision.lines:
            line = self._line(item.line)
            if item.outcome is SettleOutcome.REFUND and not state.order_of(line).is_paid:
                raise Refused(f"Line {line.line}: order {line.order_id} is not paid; it gets a credit note, never a refund.")
            if item.outcome is not SettleOutcome.NONE and not line.accepted:
                raise Refused(f"Line {line.line}: nothing of it was accepted.")
            if item.amount is not None and item.amount > line.worth:
                raise Refused(f"Line {line.line}: {item.amount} is more than the {line.worth:.2f} it is worth.")
        for line in state.lines:
            outcome = self.due_outcome(line) if line.accepted else SettleOutcome.NONE
            wanted.setdefault(line.line, SettledLine(line=line.line, outcome=outcome))
        if state.settled_by is not None:
            if all(_is_as_wanted(line, wanted[line.line]) for line in state.lines):
                return
            raise Refused(f"It was settled otherwise already, by {state.settled_by}.")
        self.make_good(wanted, taken)

    # Ending

    def _cancel(self, taken: DecisionTaken, decision: Cancel) -> None:
        state = self.state
        if state.settled_by is not None:
            raise Refused("Money has moved for this return; it cannot be cancelled.")
        if any(effect.purpose == "label" for effect in state.effects):
            raise Refused("The label is being bought at this moment; cancel once that is decided.")
        self.end(Stage.CANCELLED, f"Cancelled: {decision.reason}", taken)
        if state.label_id is not None and not any(line.received for line in state.lines):
            request = VoidRequest(
                op_key=self._op_key(EffectKind.VOID_LABEL, "1"),
                case_id=self.start.case_id,
                account=state.policy.carrier_account,
                label_id=state.label_id,
            )
            queue = carrier_queue(state.policy.carrier_account)
            self._start("void", VOID_LABEL, queue, "Give the unused label back", request, taken)

    def end(self, stage: Stage, words: str, taken: DecisionTaken | None = None) -> None:
        """The return is over; with it its clocks, and what waited for a person."""
        state = self.state
        state.stage, state.status = stage, "closed"
        state.effects = [effect for effect in state.effects if effect.status is EffectStatus.RUNNING]
        for clock in state.clocks:
            stop(clock, workflow.now())
        if taken is None:
            self.changed_for_deciders(words)
            self.record(stage.value, words)
        else:
            self._said(taken, stage.value, words)

    # Small words

    def _needs(self, *stages: Stage) -> None:
        stage = self.state.stage
        if stage not in stages:
            last = f" Last: {self.state.last_change}." if self.state.last_change else ""
            raise Refused(
                f"The return is at “{stage.value.replace('_', ' ')}”; this decision has its time at "
                f"“{' or '.join(each.value.replace('_', ' ') for each in stages)}”.{last}"
            )

    def _line(self, number: int) -> ReturnLine:
        line = next((line for line in self.state.lines if line.line == number), None)
        if line is None:
            raise Refused(f"The return has no line {number}; its lines are 1 to {len(self.state.lines)}.")
        return line

    def _next(self, stage: Stage, ends: ClockName, begins: ClockName) -> None:
        state, rules = self.state, self.state.policy.rules
        if (clock := state.clock(ends)) is not None:
            meet(clock, workflow.now())
        length = rules.parcel_deadline if begins is ClockName.PARCEL else rules.inspection_deadline
        because = f"Playbook {state.playbook_version}: {begins.words} in this time."
        promises = state.policy.promises
        state.clocks.append(start_clock(promises, begins, length, workflow.now(), because, ladder=promises.ladder))
        state.stage = stage


def _is_as_wanted(line: ReturnLine, item: SettledLine) -> bool:
    return item.outcome is line.outcome and item.amount in (None, line.amount)
