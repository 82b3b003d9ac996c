"""What a return does outside, and how it says so."""

from typing import Any

from temporalio import workflow

from activities.mail.models import OutgoingMail
from domain.effects import EffectKind, op_key
from workflows._kit.case import Case
from workflows._kit.contract import DecisionTaken
from workflows._kit.state import Effect
from workflows.rma.state import ReturnState


class ReturnEffects(Case[ReturnState]):
    """Begins effects and writes the history."""

    @property
    def number(self) -> str:
        return f"RMA-{self.start.number}"

    def _said(self, taken: DecisionTaken, kind: str, text: str) -> None:
        self.changed_for_deciders(f"{taken.author}: {text.rstrip('.')}")
        self.record(kind, text, actor=taken.author, decision_id=taken.decision_id)

    def _op_key(self, kind: EffectKind, cause: str) -> str:
        return op_key(workflow.info().workflow_id, kind, cause)

    def _mail(self, template: str, cause: str, **facts: Any) -> OutgoingMail:
        state = self.state
        shown = {"sku", "name", "quantity", "reason", "outcome", "amount", "fee", "outcome_reason"}
        lines = [line.model_dump(mode="json", include=shown) | {"currency": state.currency} for line in state.lines]
        days = state.policy.rules.parcel_deadline.days
        return OutgoingMail(
            op_key=self._op_key(EffectKind.MAIL, cause),
            case_id=self.start.case_id,
            store=self.start.store,
            language=state.language,
            thread_id=state.ticket_id,
            order_id=state.returned_orders[0].order_id,
            template=template,
            facts={"rma_number": self.number, "order_id": state.order_ids, "lines": lines, "days": days, **facts},
        )

    def _effect(self, purpose: str, activity: str, queue: str, summary: str, argument: Any, actor: str) -> Effect:
        return Effect(
            op_key=argument.op_key,
            activity=activity,
            queue=queue,
            summary=summary,
            argument=argument.model_dump(mode="json"),
            purpose=purpose,
            actor=actor,
            taken_at=workflow.now(),
        )

    def _start(self, purpose: str, activity: str, queue: str, summary: str, argument: Any, taken: DecisionTaken) -> None:
        self.start_effect(self._effect(purpose, activity, queue, summary, argument, taken.author))
