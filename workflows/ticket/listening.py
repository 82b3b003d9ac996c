"""The half of a ticket that is told things: messages, what the store says, and what its clocks say."""

from activities.records.models import (
    HAND_ON,
    READ_MESSAGE,
    ContextFacts,
    HandOn,
    MessageFacts,
    MessageReference,
    OtherTicket,
)
from domain.messages import MessageNature
from domain.promises import ClockName
from domain.routing import Routed
from domain.sla import Notice, NoticeKind, stop
from workflows._kit.calls import look_up
from workflows._kit.contract import MessageArrived
from workflows._kit.notices import tell
from workflows.ticket.decisions import TicketDecisions
from workflows.ticket.references import looked_up, with_new


class TicketListening(TicketDecisions):
    # Messages

    async def message(self, arrived: MessageArrived) -> None:
        if self.state.merged_into is not None:
            handed = HandOn(case_id=self.start.case_id, signal="message", payload=arrived.model_dump(mode="json"))
            await look_up(HAND_ON, handed, None, f"Hand the message on to ticket {self.state.merged_into.number}")
            return
        reference = MessageReference(case_id=self.start.case_id, message_id=arrived.message_id, store=self.start.store)
        facts = await look_up(READ_MESSAGE, reference, MessageFacts, "Read the message")
        if facts.case_id in (None, self.start.case_id):
            self.hear(facts)

    def hear(self, facts: MessageFacts) -> None:
        """A message is in this ticket."""
        if facts.nature is MessageNature.PERSON:
            self._heard_from_customer(facts)
        elif facts.nature is MessageNature.BOUNCE:
            self._came_back(facts)
        else:
            self.record("machine_mail", "An automatic message arrived; it changes nothing.", message_id=facts.message_id)
        self.remember(message=facts)

    def _heard_from_customer(self, facts: MessageFacts) -> None:
        state = self.state
        state.references = with_new(state.references, facts.references)
        state.orders += [order for order in facts.orders if order not in state.orders]
        self.record("message", "A message arrived.", actor="customer", at=facts.received_at, message_id=facts.message_id)
        self.notice_duplicates(facts.duplicates)
        if state.status != "open":
            self.take_up_again("the customer wrote")
        if facts.company is not None and state.company in (None, facts.company):
            state.company = facts.company
            self._learn_tier(facts.tier)
        state.stage = "awaiting_agent"
        self.customer_waits(facts)
        self.somebody_acted()
        self.overtake_reply("what the customer just wrote")
        self.changed_for_deciders("the customer wrote")

    def overtake_reply(self, what: str) -> None:
        """A reply that is on its way out does not settle what came meanwhile."""
        if any(effect.decision_id is not None for effect in self.state.effects):
            self.state.reply_overtaken = True
            self.record("overtaken", f"A reply is on its way out; it will not settle {what}.")

    def notice_duplicates(self, duplicates: tuple[OtherTicket, ...]) -> None:
        """Other tickets are about some of the same: a person may want to merge them."""
        known = {ticket.case_id for ticket in self.state.duplicates}
        for ticket in duplicates:
            if ticket.case_id not in known:
                self.state.duplicates.append(ticket)
                self.record("duplicate", f"Ticket #{ticket.number} may be about the same: {ticket.words}.")

    def _came_back(self, facts: MessageFacts) -> None:
        self.record("bounce", "The customer did not get our mail: it came back.", message_id=facts.message_id)
        if self.state.status != "open":
            self.take_up_again("our mail came back")
        self.state.stage = "awaiting_agent"
        self.changed_for_deciders("our mail came back")

    # The store

    def filled(self, facts: ContextFacts) -> None:
        """The store answered after all."""
        state = self.state
        state.company = facts.company or state.company
        state.orders = list(facts.orders) or state.orders
        state.missing = list(facts.missing)
        state.references = looked_up(state.references, facts.references)
        self.notice_duplicates(facts.duplicates)
        self._learn_tier(facts.tier)
        self.remember(context=facts)
        self.record("context", f"The store answered: {_found(facts)}.")
        if facts.routed is not None:
            self._route_again(facts.routed)

    def _learn_tier(self, tier: str | None) -> None:
        """The store's record says the tier, unless an agent said it: their word beats the record."""
        state = self.state
        if tier is None or tier not in state.policy.tiers or tier == state.tier:
            return
        if state.tier_by_agent and self.has_the_rule("tier-by-agent-stays"):
            return
        text = f"Tier {state.tier} → {tier}, by the record of {state.company}; the open deadlines are planned anew."
        self.change_tier(tier, f"the store says the tier of {state.company} is {tier}")
        self.record("tier", text)

    def _route_again(self, routed: Routed) -> None:
        """The rules know more once the store has answered. A ticket that was taken up or moved meanwhile stays where it is."""
        state, policy = self.state, self.state.policy
        if state.routed is None or state.decided or state.merged_into is not None or routed.queue not in policy.queues:
            return
        if state.queue != state.routed.queue:
            return
        if policy.place_of(routed) != policy.place_of(state.routed):
            state.queue, state.owner = policy.place_of(routed)
            self.ask_owner(given=routed.owner is not None)
            self.record("routed", f"Moved to queue {state.queue}, owner {state.owner}. {routed.reason}")
        state.routed, state.tags = routed, sorted({*state.tags, *routed.tags})
        self.plan_anew(f"it is in queue {state.queue} now")

    # Time

    def noticed(self, notice: Notice) -> None:
        if notice.clock is ClockName.REOPEN_WINDOW:
            self.state.status, self.state.stage = "closed", "closed"
            for clock in self.state.clocks:
                stop(clock, self.now)
            self.record("closed", "Closed: nobody wrote within the reopen window.")
        elif notice.clock is ClockName.SNOOZE:
            self.take_up_again("the snooze is over")
        elif notice.clock is ClockName.WAITING:
            if not self.chase():
                self.take_up_again("waited long enough")
        elif notice.clock is ClockName.STALLED and notice.kind is NoticeKind.MISSED:
            self.record(
                "stalled", "Nobody has done anything about it for a while.", planned_for=notice.planned_for, notice=notice
            )
        else:
            self._promise_notice(notice)

    def _promise_notice(self, notice: Notice) -> None:
        state, words = self.state, notice.clock.words
        if notice.kind is NoticeKind.WARNING:
            text = f"The {words} deadline is near: {notice.due_at:%Y-%m-%d %H:%M} UTC."
            self.record("warning", text, planned_for=notice.planned_for, notice=notice)
            self._tell(notice)
        elif notice.kind is NoticeKind.MISSED:
            text = f"The {words} deadline of {notice.due_at:%Y-%m-%d %H:%M} UTC was missed."
            self.record("missed", text, planned_for=notice.planned_for, notice=notice)
        else:
            takes_over = notice.takes_over and notice.to != state.owner
            if takes_over:
                state.owner = notice.to
                self.ask_owner(given=True)
            became = "took it over" if takes_over else "was told"
            missed = "Stalled" if notice.clock is ClockName.STALLED else f"{words.capitalize()} missed"
            told = state.promises.title_of(notice.to) if notice.to is not None else "nobody"
            self.record("escalated", f"{missed}: {told} {became}.", planned_for=notice.planned_for, notice=notice)
            self._tell(notice)

    def _tell(self, notice: Notice) -> None:
        clock = self.state.clock(notice.clock)
        if notice.to is not None and clock is not None:
            self.start_effect(tell(self, clock, notice, notice.to))


def _found(facts: ContextFacts) -> str:
    orders = f"order {', '.join(facts.orders)}" if facts.orders else "no order"
    return f"{orders}, {facts.company or 'no company'}"
