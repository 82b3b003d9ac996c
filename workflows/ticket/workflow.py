"""A ticket from the first message to its closing."""

from temporalio import workflow

from activities.bigcommerce.models import store_queue
from activities.records.models import (
    FILL_CONTEXT,
    OPEN_TICKET,
    CaseReference,
    ContextFacts,
    FillContext,
    OpenedTicket,
    TicketPolicy,
)
from domain.promises import ClockName
from domain.routing import Routed
from workflows._kit.calls import look_up, look_up_patiently
from workflows._kit.contract import CaseInput
from workflows.ticket.merging import TicketMerging
from workflows.ticket.references import with_new
from workflows.ticket.state import TicketState


@workflow.defn(name="ticket")
class TicketWorkflow(TicketMerging):
    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()

    def headline(self) -> str:
        state = self.state
        orders = f"order {', '.join(state.orders)}" if state.orders else "no order"
        return f"Ticket {self.start.number}: {state.intent}, {orders}, {state.company or 'company unknown'}"

    def is_over(self) -> bool:
        return self.state.status in ("closed", "merged")

    def only_waits_to_end(self) -> bool:
        return self.state.status == "resolved"

    # Beginning

    async def begin(self) -> TicketState:
        if self.start.state is not None:
            return TicketState.model_validate(self.start.state)
        reference = CaseReference(case_id=self.start.case_id, store=self.start.store)
        opened = await look_up(OPEN_TICKET, reference, OpenedTicket, "Read, triage and look up the order")
        if opened.stored is not None or opened.policy is None:
            return TicketState.model_validate(opened.stored)
        self.state = self._born(opened, opened.policy)
        if opened.context.same is not None:
            await self.join_automatically(opened.context.same)
        return self.state

    def _born(self, opened: OpenedTicket, policy: TicketPolicy) -> TicketState:
        context = opened.context
        routed = opened.routed or _routed_before_rules(opened, policy)
        queue, owner = policy.place_of(routed)
        tier = context.tier if context.tier in policy.tiers else policy.default_tier
        state = TicketState(
            status="open",
            stage="awaiting_agent",
            queue=queue,
            owner=owner,
            routed=routed,
            tags=sorted(set(routed.tags)),
            company=context.company,
            intent=opened.intents[0],
            intents=list(opened.intents),
            intent_evidence=opened.intent_evidence,
            orders=list(context.orders),
            language=opened.language,
            language_evidence=opened.language_evidence,
            tier=tier,
            model_version=opened.model_version,
            suggestions=list(opened.suggestions),
            references=with_new([], opened.references),
            missing=list(context.missing),
            policy=policy,
            playbook_version=policy.playbook_version,
            channel=opened.messages[0].channel,
            seen=[message.message_id for message in opened.messages],
        )
        first = opened.counts_from or opened.messages[0].received_at
        self.state = state
        self.promise(ClockName.FIRST_RESPONSE, first)
        self.promise(ClockName.RESOLUTION, first)
        self.somebody_acted()
        if opened.ownership is not None:
            self.owned(opened.ownership)
        for message in opened.messages:
            self.customer_waits(message)
        if opened.answered:
            self.answered_by_a_person(first)
            state.stage = "awaiting_customer"
        for message in opened.messages:
            self.record(
                "message", "A message arrived.", actor="customer", at=message.received_at, message_id=message.message_id
            )
        triaged = (
            f"Queue {queue}, owner {state.owner}. {routed.reason} Intent: {opened.intent_evidence}. Language {opened.language}."
        )
        self.record("triaged", triaged)
        for words in context.missing:
            self.record("missing", words)
        self.notice_duplicates(context.duplicates)
        if not context.store_answered:
            self._ask_store_again()
        self.changed_for_deciders("the ticket was opened")
        return state

    def _ask_store_again(self) -> None:
        wanted = FillContext(case_id=self.start.case_id, store=self.start.store)
        queue = store_queue(self.start.store)
        looking = look_up_patiently(FILL_CONTEXT, wanted, ContextFacts, queue, "Ask the store again for the order")
        self.learn_later("context", looking, self._learn_context)

    async def _learn_context(self, facts: ContextFacts) -> None:
        self.filled(facts)
        state = self.state
        if facts.same is not None and not (state.decided or state.never_joins or state.merged_into):
            await self.join_automatically(facts.same)


def _routed_before_rules(opened: OpenedTicket, policy: TicketPolicy) -> Routed:
    """Histories from before there were routing rules bring the queue of each intent."""
    intent = opened.intents[0]
    return Routed(queue=policy.intent_queues.get(intent, policy.default_queue), reason=f"Intent {intent}.")
