"""A ticket from the first message to its closing."""

from temporalio import workflow

from activities.bigcommerce.models import store_queue
from activities.records.models import (
    FILL_CONTEXT,
    OPEN_TICKET,
    READ_MESSAGE,
    CaseReference,
    ContextFacts,
    FillContext,
    MessageFacts,
    MessageReference,
    OpenedTicket,
)
from domain.messages import MessageNature
from domain.sla import ClockName, Notice, NoticeKind, start_clock, stop
from workflows._kit.calls import look_up, look_up_patiently
from workflows._kit.contract import CaseInput, MessageArrived
from workflows._kit.notices import tell
from workflows.ticket.decisions import TicketDecisions
from workflows.ticket.state import TicketState

_PROMISES = (ClockName.FIRST_RESPONSE, ClockName.RESOLUTION)


@workflow.defn(name="ticket")
class TicketWorkflow(TicketDecisions):
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
        return self.state.status == "closed"

    def only_waits_to_end(self) -> bool:
        return self.state.status == "resolved"

    # Beginning

    async def begin(self) -> TicketState:
        if self.start.state is not None:
            return TicketState.model_validate(self.start.state)
        reference = CaseReference(case_id=self.start.case_id, store=self.start.store)
        opened = await look_up(OPEN_TICKET, reference, OpenedTicket, "Read, triage and look up the order")
        if opened.stored is not None:
            return TicketState.model_validate(opened.stored)
        return self._born(opened)

    def _born(self, opened: OpenedTicket) -> TicketState:
        policy, context = opened.policy, opened.context
        queue = policy.intent_queues.get(opened.intents[0], policy.default_queue)
        tier = context.tier if context.tier in policy.targets else policy.default_tier
        state = TicketState(
            status="open",
            stage="awaiting_agent",
            queue=queue,
            owner=policy.queues[queue],
            company=context.company,
            intent=opened.intents[0],
            intents=list(opened.intents),
            intent_evidence=opened.intent_evidence,
            orders=list(context.orders),
            language=opened.language,
            language_evidence=opened.language_evidence,
            tier=tier,
            references=list(opened.references),
            missing=list(context.missing),
            policy=policy,
            playbook_version=policy.playbook_version,
            promises={name: policy.promise for name in _PROMISES},
            seen=[message.message_id for message in opened.messages],
        )
        first = opened.messages[0].received_at
        targets = policy.targets[tier]
        because = f"Tier {tier} at {self.start.store}, playbook {policy.playbook_version}."
        state.clocks = [
            start_clock(ClockName.FIRST_RESPONSE, targets.first_response, policy.promise, first, because),
            start_clock(ClockName.RESOLUTION, targets.resolution, policy.promise, first, because),
        ]
        self.state = state
        for message in opened.messages:
            self.record(
                "message", "A message arrived.", actor="customer", at=message.received_at, message_id=message.message_id
            )
        self.record("triaged", f"Queue {queue}, owner {state.owner}: {opened.intent_evidence}. Language {opened.language}.")
        for words in context.missing:
            self.record("missing", words)
        if not context.store_answered:
            self._ask_store_again()
        self.changed_for_deciders("the ticket was opened")
        return state

    def _ask_store_again(self) -> None:
        wanted = FillContext(case_id=self.start.case_id, store=self.start.store, references=tuple(self.state.references))
        queue = store_queue(self.start.store)
        looking = look_up_patiently(FILL_CONTEXT, wanted, ContextFacts, queue, "Ask the store again for the order")
        self.learn_later("context", looking, self._filled)

    def _filled(self, facts: ContextFacts) -> None:
        state = self.state
        state.company = facts.company or state.company
        state.orders = list(facts.orders) or state.orders
        state.missing = list(facts.missing)
        if facts.tier in state.policy.targets and facts.tier != state.tier:
            self.replan(facts.tier)
        self.record("context", f"The store answered: {_found(facts)}.")

    # Messages

    async def message(self, arrived: MessageArrived) -> None:
        reference = MessageReference(case_id=self.start.case_id, message_id=arrived.message_id, store=self.start.store)
        facts = await look_up(READ_MESSAGE, reference, MessageFacts, "Read the message")
        if facts.nature is MessageNature.PERSON:
            self._heard_from_customer(facts)
        elif facts.nature is MessageNature.BOUNCE:
            self._came_back(facts)
        else:
            self.record("machine_mail", "An automatic message arrived; it changes nothing.", message_id=facts.message_id)

    def _heard_from_customer(self, facts: MessageFacts) -> None:
        state = self.state
        known = {(named.kind, named.value) for named in state.references}
        state.references += [named for named in facts.references if (named.kind, named.value) not in known]
        self.record("message", "A message arrived.", actor="customer", at=facts.received_at, message_id=facts.message_id)
        if state.status != "open":
            self.take_up_again("the customer wrote")
        state.stage = "awaiting_agent"
        if any(effect.decision_id is not None for effect in state.effects):
            state.reply_overtaken = True
            self.record("overtaken", "A reply is on its way out; it will not settle what the customer just wrote.")
        self.changed_for_deciders("the customer wrote")

    def _came_back(self, facts: MessageFacts) -> None:
        self.record("bounce", "The customer did not get our mail: it came back.", message_id=facts.message_id)
        if self.state.status != "open":
            self.take_up_again("our mail came back")
        self.state.stage = "awaiting_agent"
        self.changed_for_deciders("our mail came back")

    # Time

    def noticed(self, notice: Notice) -> None:
        if notice.clock is ClockName.REOPEN_WINDOW:
            self.state.status, self.state.stage = "closed", "closed"
            for clock in self.state.clocks:
                stop(clock, workflow.now())
            self.record("closed", "Closed: nobody wrote within the reopen window.")
        elif notice.clock in (ClockName.WAITING, ClockName.SNOOZE):
            self.take_up_again("the snooze is over" if notice.clock is ClockName.SNOOZE else "waited long enough")
        else:
            self._promise_notice(notice)

    def _promise_notice(self, notice: Notice) -> None:
        state, words = self.state, notice.clock.words
        if notice.kind is NoticeKind.WARNING:
            self.record("warning", f"The {words} deadline is near: {notice.due_at:%Y-%m-%d %H:%M} UTC.")
            self._tell(notice, state.owner)
        elif notice.kind is NoticeKind.MISSED:
            self.record("missed", f"The {words} deadline of {notice.due_at:%Y-%m-%d %H:%M} UTC was missed.")
        else:
            takes_over = notice.takes_over and notice.to != state.owner
            if takes_over:
                state.owner = notice.to
            became = "took it over" if takes_over else "was told"
            self.record("escalated", f"{words.capitalize()} missed: {notice.to} {became}.")
            self._tell(notice, notice.to)

    def _tell(self, notice: Notice, person: str | None) -> None:
        clock = self.state.clock(notice.clock)
        if person is not None and clock is not None:
            self.start_effect(tell(self.start, self.headline(), clock, notice, person, self.state.owner))


def _found(facts: ContextFacts) -> str:
    orders = f"order {', '.join(facts.orders)}" if facts.orders else "no order"
    return f"{orders}, {facts.company or 'no company'}"
