"""A world of activities that answer at once and remember what was asked: the peer of workflow tests on skipped time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity

from activities.alerts.models import TELL, Alert, Told
from activities.bigcommerce.models import (
    REFUND,
    REPLACE,
    RESTOCK,
    Refund,
    RefundRequest,
    Replacement,
    ReplacementRequest,
    Restocked,
    RestockRequest,
)
from activities.carriers.models import SEND_RETURN_LABEL, VOID_LABEL, Label, ReturnLabelRequest, VoidRequest, VoidResult
from activities.finance.models import CREDIT_NOTE, CreditNote, CreditNoteRequest
from activities.lanes.models import SETTLE, Remedy, SettlementRequest, SettlementResult
from activities.mail.models import SEND_MAIL, TELL_STAFF, OutgoingMail, SentMail, StaffNotice
from activities.records.models import (
    ASK_OWNER,
    DECIDE_EFFECT,
    FILL_CONTEXT,
    OPEN_RETURN,
    OPEN_TICKET,
    PUBLISH,
    READ_CASE,
    READ_MESSAGE,
    CaseRecord,
    CaseReference,
    ContextFacts,
    EffectDecision,
    FillContext,
    MessageFacts,
    MessageReference,
    OpenedReturn,
    OpenedTicket,
    OwnerRequest,
    Ownership,
    ReturnedOrder,
    ReturnLineFacts,
    ReturnPolicy,
    TicketPolicy,
)
from domain.case import DecisionOutcome, Publication, Snapshot, TimelineEvent
from domain.messages import MessageNature
from domain.playbook import Playbook
from domain.promises import promises_of
from domain.routing import Routed

ORDER = "10452"


class World:
    """`fail` maps an activity name to errors raised one after the other before it works. `later` is what the store says once
    it answers, `said` what is found out about a later message. `promised` replaces promises of the playbook; `owners` is whose
    turn it is, one answer after the other, where `ownership` says who has it first."""

    def __init__(self, playbook: Playbook) -> None:
        self.playbook = playbook
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.message_id = uuid4()
        self.natures: dict[UUID, MessageNature] = {}
        self.snapshots: list[Snapshot] = []
        self.events: dict[int, TimelineEvent] = {}
        self.outcomes: dict[UUID, DecisionOutcome] = {}
        self.mails: list[OutgoingMail] = []
        self.notices: list[StaffNotice] = []
        self.alerts: list[Alert] = []
        self.labels: list[ReturnLabelRequest] = []
        self.voids: list[VoidRequest] = []
        self.refunds: list[RefundRequest] = []
        self.refunding = 0
        self.refunding_at_once = 0
        self.credit_notes: list[CreditNoteRequest] = []
        self.settlements: list[SettlementRequest] = []
        self.effect_decisions: list[EffectDecision] = []
        self.fail: dict[str, list[Exception]] = {}
        self.context = ContextFacts(company="Brandt Werkzeuge GmbH", tier="gold", orders=(ORDER,))
        self.routed: Routed | None = Routed(queue="delivery", rule="where is my order", reason="Rule “where is my order”.")
        self.intent_queues: dict[str, str] = {}
        self.later = ContextFacts(company="Late GmbH", tier="silver", orders=(ORDER,))
        self.said: dict[UUID, dict[str, Any]] = {}
        self.line_orders: tuple[str, ...] = (ORDER, ORDER)
        self.unpaid: frozenset[str] = frozenset()
        self.reason, self.wish = "damaged", "refund"
        self.exceptions: dict[int, str] = {}
        self.replacements: list[ReplacementRequest] = []
        self.restocks: list[RestockRequest] = []
        self.problems: tuple[str, ...] = ()
        self.price = Decimal("119.00")
        self.promised: dict[str, Any] = {"aging": None}
        self.may_publish = asyncio.Event()
        self.may_publish.set()
        self.channel: str | None = None
        self.account: str | None = None
        self.ownership: Ownership | None = None
        self.owners: list[Ownership] = []
        self.owners_asked: list[OwnerRequest] = []

    def _act(self, name: str) -> None:
        if self.fail.get(name):
            raise self.fail[name].pop(0)

    @property
    def shown(self) -> Snapshot:
        """What the inbox shows: the newest revision."""
        return max(self.snapshots, key=lambda snapshot: snapshot.revision)

    def kinds(self) -> list[str]:
        return [self.events[sequence].kind for sequence in sorted(self.events)]

    def stored(self) -> dict[str, Any] | None:
        """As the records have it: the policy came with the first publication alone."""
        if not self.snapshots:
            return None
        policies = [{"policy": snapshot.policy} for snapshot in self.snapshots if snapshot.policy is not None]
        return self.shown.state | (policies[0] if policies else {})

    def _ticket_rules(self) -> TicketPolicy:
        return TicketPolicy(
            playbook_version=self.playbook.version,
            promises=promises_of(self.playbook, "northwind-tools", self.now()).model_copy(update=self.promised),
            default_tier="standard",
            queues={name: queue.owner for name, queue in self.playbook.queues.items()},
            intent_queues=self.intent_queues,
            default_queue="triage",
            people=tuple(person.name for person in self.playbook.people),
            reopen_window=timedelta(days=7).total_seconds(),
            chase_after=timedelta(days=2).total_seconds(),
            handover_before=1800.0 if self.ownership is not None else None,
        )

    def _return_rules(self) -> ReturnPolicy:
        return ReturnPolicy(
            playbook_version=self.playbook.version,
            promises=promises_of(self.playbook, "northwind-tools", self.now()),
            rules=self.playbook.returns,
            owner="Jonas Weber",
            queue="returns",
            carrier_account="main",
            ledger_account="main",
            restock_location=1,
        )

    @activity.defn(name=PUBLISH)
    async def publish(self, publication: Publication) -> None:
        await self.may_publish.wait()
        self._act(PUBLISH)
        self.snapshots.append(publication.snapshot)
        for event in publication.events:
            assert event.sequence not in self.events, f"line {event.sequence} written twice"
            self.events[event.sequence] = event
        for outcome in publication.outcomes:
            assert outcome.decision_id not in self.outcomes, "one decision, two outcomes"
            self.outcomes[outcome.decision_id] = outcome

    @activity.defn(name=READ_CASE)
    async def read_case(self, reference: CaseReference) -> CaseRecord:
        return CaseRecord(start={}, stored=self.stored(), playbook_version=self.playbook.version)

    @activity.defn(name=OPEN_TICKET)
    async def open_ticket(self, reference: CaseReference) -> OpenedTicket:
        if self.snapshots:
            return OpenedTicket(stored=self.stored())
        return OpenedTicket(
            messages=(self._message(self.message_id, MessageNature.PERSON),),
            intents=("wismo",),
            intent_evidence="wismo: “Where is”",
            context=self.context,
            routed=self.routed,
            ownership=self.ownership,
            policy=self._ticket_rules(),
        )

    def _message(self, message_id: UUID, nature: MessageNature) -> MessageFacts:
        return MessageFacts(
            message_id=message_id, received_at=self.now(), nature=nature, channel=self.channel, account=self.account
        )

    @activity.defn(name=ASK_OWNER)
    async def ask_owner(self, request: OwnerRequest) -> Ownership:
        self.owners_asked.append(request)
        return self.owners.pop(0)

    @activity.defn(name=READ_MESSAGE)
    async def read_message(self, reference: MessageReference) -> MessageFacts:
        nature = self.natures.get(reference.message_id, MessageNature.PERSON)
        said = self.said.get(reference.message_id, {})
        return self._message(reference.message_id, nature).model_copy(update=said)

    @activity.defn(name=FILL_CONTEXT)
    async def fill_context(self, wanted: FillContext) -> ContextFacts:
        self._act(FILL_CONTEXT)
        return self.later

    @activity.defn(name=OPEN_RETURN)
    async def open_return(self, reference: CaseReference) -> OpenedReturn:
        if self.snapshots:
            return OpenedReturn(stored=self.stored())
        self._act(OPEN_RETURN)
        return OpenedReturn(
            returned_orders=tuple(
                ReturnedOrder(order_id=order_id, is_paid=order_id not in self.unpaid, invoice_number=f"INV-{order_id}")
                for order_id in dict.fromkeys(self.line_orders)
            ),
            lines=tuple(
                ReturnLineFacts(
                    line=number,
                    order_id=order_id,
                    line_id=str(900 + number),
                    sku=f"NT-{number}",
                    name=f"Drill {number}",
                    quantity=number,
                    reason=self.reason,
                    serial=None,
                    price=self.price,
                    exception=self.exceptions.get(number),
                )
                for number, order_id in enumerate(self.line_orders, 1)
            ),
            wish=self.wish,
            currency="EUR",
            started_by="Jonas Weber",
            problems=self.problems,
            policy=self._return_rules(),
        )

    @activity.defn(name=DECIDE_EFFECT)
    async def decide_effect(self, decision: EffectDecision) -> None:
        self.effect_decisions.append(decision)

    @activity.defn(name=SEND_MAIL)
    async def send_mail(self, mail: OutgoingMail) -> SentMail:
        self._act(SEND_MAIL)
        self.mails.append(mail)
        if mail.publication is not None:
            await self.publish(mail.publication)
        return SentMail(message_id=f"<{mail.op_key}@example>")

    @activity.defn(name=TELL_STAFF)
    async def tell_staff(self, notice: StaffNotice) -> SentMail:
        self._act(TELL_STAFF)
        self.notices.append(notice)
        return SentMail(message_id=f"<{notice.op_key}@example>")

    @activity.defn(name=TELL)
    async def tell(self, alert: Alert) -> Told:
        self._act(TELL)
        self.alerts.append(alert)
        return Told(status=204)

    @activity.defn(name=SEND_RETURN_LABEL)
    async def send_return_label(self, request: ReturnLabelRequest) -> Label:
        self._act(SEND_RETURN_LABEL)
        self.labels.append(request)
        return Label(
            label_id="se-1", carrier="ups", tracking_number="1Z999", cost=Decimal("6.90"), currency="EUR", document="abc"
        )

    @activity.defn(name=VOID_LABEL)
    async def void_label(self, request: VoidRequest) -> VoidResult:
        self.voids.append(request)
        return VoidResult(voided=True, words="approved")

    @activity.defn(name=SETTLE)
    async def settle(self, request: SettlementRequest) -> SettlementResult:
        self._act(SETTLE)
        self.settlements.append(request)
        total = request.amount or self.price * sum(line.quantity for line in request.lines)
        refund = Refund(refund_id="7", order_id=ORDER, amount=total, tax=Decimal(0), currency="EUR")
        return SettlementResult(
            refund=refund if request.remedy is Remedy.REFUND else None, credit_note=_note(total, request.remedy)
        )

    @activity.defn(name=REFUND)
    async def refund(self, request: RefundRequest) -> Refund:
        self._act(REFUND)
        self.refunding += 1
        self.refunding_at_once = max(self.refunding_at_once, self.refunding)
        await asyncio.sleep(0.05)
        self.refunding -= 1
        self.refunds.append(request)
        return Refund(refund_id="7", order_id=request.order_id, amount=Decimal("119.00"), tax=Decimal("19.00"), currency="EUR")

    @activity.defn(name=REPLACE)
    async def replace(self, request: ReplacementRequest) -> Replacement:
        self._act(REPLACE)
        self.replacements.append(request)
        return Replacement(order_id="10999")

    @activity.defn(name=RESTOCK)
    async def restock(self, request: RestockRequest) -> Restocked:
        self._act(RESTOCK)
        self.restocks.append(request)
        return Restocked(added={f"SKU-{line.line_id}": line.quantity for line in request.lines})

    @activity.defn(name=CREDIT_NOTE)
    async def credit_note(self, request: CreditNoteRequest) -> CreditNote:
        self._act(CREDIT_NOTE)
        self.credit_notes.append(request)
        return _note(request.expected_total or Decimal("119.00"), Remedy.REFUND if request.refunded else Remedy.CREDIT_NOTE)

    def activities(self) -> list[Callable[..., Any]]:
        return [
            getattr(self, name)
            for name in dir(type(self))
            if hasattr(getattr(type(self), name), "__temporal_activity_definition")
        ]


def _note(total: Decimal, remedy: Remedy) -> CreditNote:
    refunded = remedy is Remedy.REFUND
    return CreditNote(
        credit_note_id="cn-1",
        number="CN-1",
        total=total,
        tax=Decimal(0),
        currency="EUR",
        allocated=Decimal(0) if refunded else total,
        recorded_refund=total if refunded else Decimal(0),
        remaining=Decimal(0),
    )
