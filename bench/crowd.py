"""Many worlds at one worker: every case has a `World` of its own, found by the case id in what is asked."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from temporalio import activity

from activities._kit.models import Watched, WatchRequest
from activities.bigcommerce.models import (
    REFUND,
    REPLACE,
    RESTOCK,
    WATCH_STORE,
    Refund,
    RefundRequest,
    Replacement,
    ReplacementRequest,
    Restocked,
    RestockRequest,
)
from activities.carriers.models import SEND_RETURN_LABEL, VOID_LABEL, Label, ReturnLabelRequest, VoidRequest, VoidResult
from activities.finance.models import CREDIT_NOTE, CreditNote, CreditNoteRequest
from activities.lanes.models import SETTLE, SettlementRequest, SettlementResult
from activities.mail.models import SEND_MAIL, TELL_STAFF, OutgoingMail, SentMail, StaffNotice
from activities.records.models import (
    DECIDE_EFFECT,
    FILL_CONTEXT,
    OPEN_RETURN,
    OPEN_TICKET,
    PUBLISH,
    READ_MESSAGE,
    CaseReference,
    ContextFacts,
    EffectDecision,
    FillContext,
    MessageFacts,
    MessageReference,
    OpenedReturn,
    OpenedTicket,
)
from domain.case import Publication
from domain.playbook import Playbook
from tests.workflows.world import World


class LiveWorld(World):
    """A world one can wait on. `ticket_policy` and `return_rules` replace fields of what the playbook says; `slow_publish`
    are the seconds that publishing takes, call by call."""

    def __init__(self, playbook: Playbook) -> None:
        super().__init__(playbook)
        self.ticket_policy: dict[str, Any] = {}
        self.return_rules: dict[str, Any] = {}
        self.slow_publish: list[float] = []
        self.heard: list[UUID] = []
        self.stirred = asyncio.Event()

    async def publish(self, publication: Publication) -> None:
        """As storage does: published again, because its workflow task did not complete, it takes the place of the first."""
        if self.slow_publish:
            await asyncio.sleep(self.slow_publish.pop(0))
        self._act(PUBLISH)
        self.snapshots = [shown for shown in self.snapshots if shown.revision != publication.snapshot.revision]
        self.snapshots.append(publication.snapshot)
        self.events |= {event.sequence: event for event in publication.events}
        for outcome in publication.outcomes:
            self.outcomes.setdefault(outcome.decision_id, outcome)
        self.stirred.set()
        self.stirred = asyncio.Event()

    async def open_ticket(self, reference: CaseReference) -> OpenedTicket:
        opened = await super().open_ticket(reference)
        if opened.policy is None:
            return opened
        return opened.model_copy(update={"policy": opened.policy.model_copy(update=self.ticket_policy)})

    async def open_return(self, reference: CaseReference) -> OpenedReturn:
        opened = await super().open_return(reference)
        if opened.policy is None:
            return opened
        rules = opened.policy.rules.model_copy(update=self.return_rules)
        return opened.model_copy(update={"policy": opened.policy.model_copy(update={"rules": rules})})

    async def read_message(self, reference: MessageReference) -> MessageFacts:
        self.heard.append(reference.message_id)
        return await super().read_message(reference)


class Crowd:
    """The activities of all queues; each leads to the world of the case that asks."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._worlds: dict[UUID, LiveWorld] = {}
        self.effect_decisions: list[EffectDecision] = []

    def world(self, case_id: UUID) -> LiveWorld:
        """The world of that case, made when it is asked for first."""
        if case_id not in self._worlds:
            self._worlds[case_id] = LiveWorld(self._playbook)
        return self._worlds[case_id]

    def forget(self, case_id: UUID) -> None:
        self._worlds.pop(case_id, None)

    def activities(self) -> list[Callable[..., Any]]:
        return [
            getattr(self, name)
            for name in dir(type(self))
            if hasattr(getattr(type(self), name), "__temporal_activity_definition")
        ]

    @activity.defn(name=PUBLISH)
    async def publish(self, publication: Publication) -> None:
        await self.world(publication.snapshot.case_id).publish(publication)

    @activity.defn(name=OPEN_TICKET)
    async def open_ticket(self, reference: CaseReference) -> OpenedTicket:
        return await self.world(reference.case_id).open_ticket(reference)

    @activity.defn(name=READ_MESSAGE)
    async def read_message(self, reference: MessageReference) -> MessageFacts:
        return await self.world(reference.case_id).read_message(reference)

    @activity.defn(name=FILL_CONTEXT)
    async def fill_context(self, wanted: FillContext) -> ContextFacts:
        return await self.world(wanted.case_id).fill_context(wanted)

    @activity.defn(name=OPEN_RETURN)
    async def open_return(self, reference: CaseReference) -> OpenedReturn:
        return await self.world(reference.case_id).open_return(reference)

    @activity.defn(name=DECIDE_EFFECT)
    async def decide_effect(self, decision: EffectDecision) -> None:
        self.effect_decisions.append(decision)

    @activity.defn(name=SEND_MAIL)
    async def send_mail(self, mail: OutgoingMail) -> SentMail:
        return await self.world(mail.case_id).send_mail(mail)

    @activity.defn(name=TELL_STAFF)
    async def tell_staff(self, notice: StaffNotice) -> SentMail:
        return await self.world(notice.case_id).tell_staff(notice)

    @activity.defn(name=SEND_RETURN_LABEL)
    async def send_return_label(self, request: ReturnLabelRequest) -> Label:
        return await self.world(request.case_id).send_return_label(request)

    @activity.defn(name=VOID_LABEL)
    async def void_label(self, request: VoidRequest) -> VoidResult:
        return await self.world(request.case_id).void_label(request)

    @activity.defn(name=SETTLE)
    async def settle(self, request: SettlementRequest) -> SettlementResult:
        return await self.world(request.case_id).settle(request)

    @activity.defn(name=REFUND)
    async def refund(self, request: RefundRequest) -> Refund:
        return await self.world(request.case_id).refund(request)

    @activity.defn(name=REPLACE)
    async def replace(self, request: ReplacementRequest) -> Replacement:
        return await self.world(request.case_id).replace(request)

    @activity.defn(name=RESTOCK)
    async def restock(self, request: RestockRequest) -> Restocked:
        return await self.world(request.case_id).restock(request)

    @activity.defn(name=CREDIT_NOTE)
    async def credit_note(self, request: CreditNoteRequest) -> CreditNote:
        return await self.world(request.case_id).credit_note(request)

    @activity.defn(name=WATCH_STORE)
    async def watch_store(self, request: WatchRequest) -> Watched:
        """A store of which nothing changes."""
        return Watched(until=request.since, more=False, changed=0)
