"""A return from the request to the agreement of store and books."""

from decimal import Decimal
from typing import Any

from temporalio import workflow

from activities.records.models import OPEN_RETURN, CaseReference, OpenedReturn, ReturnPolicy
from domain.promises import ClockName
from domain.sla import Notice, NoticeKind, start_clock
from workflows._kit.calls import look_up, look_up_patiently
from workflows._kit.contract import TASK_QUEUE, CaseInput, MessageArrived
from workflows._kit.notices import tell
from workflows._kit.state import Effect
from workflows.rma.contract import SettleOutcome, Stage, Wish
from workflows.rma.decisions import ReturnDecisions
from workflows.rma.state import ReturnLine, ReturnState


@workflow.defn(name="rma")
class ReturnWorkflow(ReturnDecisions):
    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()

    def headline(self) -> str:
        company = f", {self.state.company}" if self.state.company else ""
        return f"Return {self.start.number}: {self.state.orders_named}{company}"

    def is_over(self) -> bool:
        return self.state.stage.is_final and not self.state.effects

    async def begin(self) -> ReturnState:
        if self.start.state is not None:
            return ReturnState.model_validate(self.start.state)
        reference = CaseReference(case_id=self.start.case_id, store=self.start.store)
        opened = await look_up(OPEN_RETURN, reference, OpenedReturn, "Look up the order and what may be returned")
        if not opened.store_answered:
            patient = reference.model_copy(update={"patient": True})
            opened = await look_up_patiently(
                OPEN_RETURN, patient, OpenedReturn, TASK_QUEUE, "Ask the store again for the order"
            )
        if opened.stored is not None or opened.policy is None:
            return ReturnState.model_validate(opened.stored)
        return self._born(opened, opened.policy)

    def _born(self, opened: OpenedReturn, policy: ReturnPolicy) -> ReturnState:
        self.state = state = ReturnState(
            status="open",
            stage=Stage.REQUESTED,
            queue=policy.queue,
            owner=policy.owner,
            company=opened.company,
            intent="return",
            orders=[order.order_id for order in opened.returned_orders],
            language=opened.language,
            playbook_version=policy.playbook_version,
            ticket_id=opened.ticket_id,
            returned_orders=list(opened.returned_orders),
            lines=[ReturnLine(**line.model_dump()) for line in opened.lines],
            wish=Wish(opened.wish),
            currency=opened.currency,
            policy=policy,
        )
        self.record(
            "requested",
            f"Requested by {opened.started_by}: {len(opened.lines)} lines of {state.orders_named}.",
            actor=opened.started_by,
        )
        if opened.problems:
            self.end(Stage.REFUSED, f"It cannot be returned: {' '.join(opened.problems)}")
            return state
        state.stage = Stage.AWAITING_APPROVAL
        state.clocks.append(
            start_clock(
                policy.promises,
                ClockName.APPROVAL,
                policy.rules.approval_deadline,
                workflow.now(),
                f"Playbook {policy.playbook_version}: a return is approved or refused in this time.",
                ladder=policy.promises.ladder,
            )
        )
        amount = f"{state.amount:.2f} {state.currency}"
        self.record("awaiting_approval", f"Waits for approval over {amount}.")
        self.changed_for_deciders("the return was requested")
        return state

    async def message(self, arrived: MessageArrived) -> None:
        self.record("message", "A message arrived.", actor="customer", message_id=arrived.message_id)

    def noticed(self, notice: Notice) -> None:
        clock = self.state.clock(notice.clock)
        if clock is None:
            return
        if notice.kind is NoticeKind.ESCALATION and notice.takes_over:
            self.state.owner = notice.to
        if notice.kind is NoticeKind.MISSED:
            text = f"The {clock.name.words} deadline of {notice.due_at:%Y-%m-%d %H:%M} UTC was missed."
            self.record("missed", text, planned_for=notice.planned_for, notice=notice)
            return
        to = notice.to or self.state.owner or self.state.policy.owner
        if notice.kind is NoticeKind.WARNING:
            text = f"The {clock.name.words} deadline is near: {notice.due_at:%Y-%m-%d %H:%M} UTC."
            self.record("warning", text, planned_for=notice.planned_for, notice=notice)
        else:
            text = f"{clock.name.words.capitalize()} missed: {self.state.promises.title_of(to)} was told."
            self.record("escalated", text, planned_for=notice.planned_for, notice=notice)
        self.start_effect(tell(self, clock, notice, to))

    def done(self, effect: Effect, result: dict[str, Any] | None) -> None:
        match effect.purpose:
            case "label":
                self.state.label_id = (result or {}).get("label_id")
                self.record("label", "The return label was sent to the customer.")
            case "settle":
                self.state.results.append(settled_words(effect, result))
                self.record("settled", self.state.results[-1], actor=effect.actor)
                self._compare(effect, result)
                self.close_when_settled()
            case "replace":
                self.state.results.append(_sent_again_words(effect, result))
                self.record("replaced", self.state.results[-1], actor=effect.actor)
                self.close_when_settled()
            case "restock":
                self.record("restocked", _restocked_words(effect, result), actor=effect.actor)
                self.close_when_settled()
            case "tell_outcome":
                self.end(Stage.CLOSED, "Closed: store, books and return agree; the customer was told.")
            case "void":
                self.record("label_void", _voided_words(result))

    def _compare(self, effect: Effect, result: dict[str, Any] | None) -> None:
        """The store's quote and the ledger decide on tax and rounding; where they differ from the lines' prices, say so."""
        if result is None:
            return
        remedy = SettleOutcome.REFUND if result.get("refund") else SettleOutcome.CREDIT_NOTE
        of = (effect.argument["order_id"], remedy)
        lines = [line for line in self.state.lines if (line.order_id, line.outcome) == of]
        asked = sum((line.amount or Decimal(0) for line in lines), Decimal(0))
        settled = Decimal(result["credit_note"]["total"])
        if settled != asked:
            self.record(
                "difference", f"Settled were {settled:.2f}, the lines' prices come to {asked:.2f} {self.state.currency}."
            )

    def skipped(self, effect: Effect) -> None:
        match effect.purpose:
            case "settle" | "replace":
                self.state.results.append(f"{effect.summary}: left out by a person.")
                self.close_when_settled()
            case "restock":
                self.record("restocked", f"{effect.summary}: left out by a person.")
                self.close_when_settled()
            case "tell_outcome":
                self.end(Stage.CLOSED, "Closed: store, books and return agree; the customer was not told.")


def settled_words(effect: Effect, result: dict[str, Any] | None) -> str:
    """What a settlement came to, for a person."""
    if result is None:
        return f"{effect.summary}: done by hand."
    refund, note = result.get("refund"), result["credit_note"]
    credited = f"redit note {note['number']} over {note['total']} {note['currency']}."
    if not refund:
        return f"C{credited}"
    return f"Refunded {refund['amount']} {refund['currency']} in the store (refund {refund['refund_id']}); c{credited}"


def _sent_again_words(effect: Effect, result: dict[str, Any] | None) -> str:
    order_id = (result or {}).get("order_id")
    return f"Goods sent again with order {order_id}." if order_id else f"{effect.summary}: done by hand."


def _restocked_words(effect: Effect, result: dict[str, Any] | None) -> str:
    added = (result or {}).get("added") or {}
    pieces = ", ".join(f"{quantity} {sku}" for sku, quantity in added.items())
    return f"Added to the stock: {pieces}." if pieces else f"{effect.summary}: done by hand."


def _voided_words(result: dict[str, Any] | None) -> str:
    if result is None or result["voided"]:
        return "The unused label was given back."
    return f"The label was not taken back: {result['words']}"
