"""What each decision of an agent means to a ticket."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

from activities.mail.models import SEND_MAIL, OutgoingMail
from domain.effects import EffectKind, op_key
from domain.promises import ClockName
from domain.promises import in_words as in_time
from domain.sla import acknowledge, meet, start_clock, stop
from workflows._kit.contract import TASK_QUEUE, Decision, DecisionTaken, Refused
from workflows._kit.state import Effect
from workflows.ticket.contract import (
    DECISIONS,
    Acknowledge,
    Assign,
    Note,
    Reopen,
    Reply,
    Resolve,
    Retag,
    Snooze,
    Wait,
    WaiveReference,
)
from workflows.ticket.ownership import TicketOwnership
from workflows.ticket.references import in_words, settled, settled_by_reply, waived
from workflows.ticket.state import Happening


class TicketDecisions(TicketOwnership):
    """The half of a ticket that judges and applies decisions."""

    process = "ticket"
    decisions = DECISIONS

    def judge(self, taken: DecisionTaken, decision: Decision) -> None:
        if self.state.merged_into is not None and not isinstance(decision, Note):
            raise Refused(f"The ticket was merged into #{self.state.merged_into.number}; decide there, or undo the merge.")
        if self.state.status == "closed" and not isinstance(decision, Reopen | Note):
            raise Refused("The ticket is closed; reopen it first.")
        match decision:
            case Reply():
                self._reply(taken, decision)
                self.remember(decision=taken)
                return
            case Note():
                self.record("note", "Note.", actor=taken.author, decision_id=taken.decision_id)
            case Assign():
                self._assign(taken, decision)
            case Retag():
                self._retag(taken, decision)
            case Snooze():
                self._snooze(taken, decision)
            case Wait():
                self._wait_for(taken, decision)
            case Resolve():
                if self.state.status == "resolved":
                    raise Refused(f"The ticket is resolved already: {self.state.last_change}.")
                self._settle_references(decision.waive_open)
                self.resolve(taken, decision.outcome)
            case WaiveReference():
                self._waive(taken, decision)
            case Acknowledge():
                self._acknowledge(taken)
            case Reopen():
                if self.state.status == "open":
                    raise Refused("The ticket is open.")
                self.take_up_again(f"{taken.author} reopened it", taken)
        if not isinstance(decision, Note):  # a note alone brings nothing forward
            self.somebody_acted()
        self.remember(decision=taken)
        self.accept(taken.decision_id)

    def remember(self, **happened: Any) -> None:
        """Notes what changes a ticket that others were merged into, so that it can be gone through again without them."""
        self.state.decided = self.state.decided or "decision" in happened
        if self.state.apart is not None and self.state.merged_into is None:
            self.state.apart.happenings.append(Happening(at=self.now, **happened))

    def _settle_references(self, waive_open: bool) -> None:
        """Before a ticket is resolved every reference is answered or waived; a single one is what the resolution is about."""
        state = self.state
        unanswered = state.open_references()
        if len(unanswered) > 1 and not waive_open and self.has_the_rule("open-references"):
            raise Refused(f"Still open: {in_words(unanswered)}. Answer them, or say that they need no answer.")
        state.references = [waived(named) if waive_open else settled(named) for named in state.references]

    def _acknowledge(self, taken: DecisionTaken) -> None:
        missed = [clock for clock in self.state.clocks if clock.is_live and clock.missed_at is not None]
        if not missed:
            raise Refused("No promise of this ticket is missed; there is nothing to acknowledge.")
        for clock in missed:
            acknowledge(clock, self.state.promises, taken.author, self.now)
        names = " and ".join(clock.name.words for clock in missed)
        text = f"{taken.author} has taken notice of the missed {names}; nobody else is told for now."
        self.record("acknowledged", text, actor=taken.author, decision_id=taken.decision_id)

    def _waive(self, taken: DecisionTaken, decision: WaiveReference) -> None:
        meant = [
            named
            for named in self.state.references
            if named.value == decision.value and decision.reference_kind in (None, named.kind)
        ]
        if len(meant) != 1:
            raise Refused(
                f"There is no reference “{decision.value}”."
                if not meant
                else f"There are several references “{decision.value}”; say which kind."
            )
        self.state.references = [waived(named) if named is meant[0] else named for named in self.state.references]
        text = f"Needs no answer: {in_words(meant)}."
        self.record("reference_waived", text, actor=taken.author, decision_id=taken.decision_id)

    def has_the_rule(self, change: str) -> bool:
        """Whether this life began after a rule came into the code. Asked only where the rule decides, since asking costs an
        action."""
        return workflow.patched(change)

    def _reply(self, taken: DecisionTaken, decision: Reply) -> None:
        left = [named for named in self.state.open_references() if named.value not in decision.answers]
        if decision.close and len(left) > 1 and self.has_the_rule("open-references"):
            raise Refused(f"The reply leaves open: {in_words(left)}. Answer or waive them, or send it without closing.")
        mail = OutgoingMail(
            op_key=op_key(self.workflow_id, EffectKind.MAIL, str(taken.decision_id)),
            case_id=self.start.case_id,
            store=self.start.store,
            language=self.state.language,
            thread_id=self.start.case_id,
            decision_id=taken.decision_id,
        )
        self.start_effect(
            Effect(
                op_key=mail.op_key,
                activity=SEND_MAIL,
                queue=TASK_QUEUE,
                summary=f"Send {taken.author}'s reply" + (" and resolve" if decision.close else ""),
                argument=mail.model_dump(mode="json", exclude={"publication"}),
                purpose="reply_and_resolve" if decision.close else "reply",
                decision_id=taken.decision_id,
                actor=taken.author,
                taken_at=taken.taken_at,
                answers=decision.answers,
                publishes=True,
            )
        )
        self.changed_for_deciders(f"{taken.author} replied")

    def done(self, effect: Effect, result: dict[str, Any] | None) -> None:
        if effect.decision_id is None:
            return
        state = self.state
        self.remember(sent=effect.decision_id)
        self.record("reply", "Reply sent.", actor=effect.actor, decision_id=effect.decision_id)
        state.references = settled_by_reply(state.references, effect.answers)
        self.answered_by_a_person(effect.taken_at)
        self.somebody_acted()
        if state.reply_overtaken:
            state.reply_overtaken = False
        elif effect.purpose == "reply_and_resolve":
            self._settled("answered", effect.actor)
        elif state.stage == "awaiting_agent":
            state.stage = "awaiting_customer"
        self.accept(effect.decision_id)

    def skipped(self, effect: Effect) -> None:
        if effect.decision_id is not None:
            self.remember(left_out=effect.decision_id)
            self.refuse(effect.decision_id, "The reply was not sent: a person decided to leave it out.")

    def _assign(self, taken: DecisionTaken, decision: Assign) -> None:
        policy, state = self.state.policy, self.state
        if decision.queue is not None and decision.queue not in policy.queues:
            raise Refused(f"There is no queue “{decision.queue}”; there are {', '.join(sorted(policy.queues))}.")
        if decision.owner is not None and decision.owner not in policy.people:
            raise Refused(f"Nobody is called “{decision.owner}”; there are {', '.join(policy.people)}.")
        if decision.queue is not None:
            state.queue, state.owner = decision.queue, policy.queues[decision.queue]
            self.plan_anew(f"{taken.author} moved it to queue {decision.queue}")
        state.owner = decision.owner or state.owner
        self.ask_owner(given=decision.owner is not None)
        self.changed_for_deciders(f"{taken.author} assigned it to {state.owner}")
        self.record(
            "assigned", f"Assigned to {state.owner}, queue {state.queue}.", actor=taken.author, decision_id=taken.decision_id
        )

    def _retag(self, taken: DecisionTaken, decision: Retag) -> None:
        state = self.state
        changes: list[str] = []
        if decision.tier is not None and decision.tier not in state.policy.tiers:
            raise Refused(f"There is no tier “{decision.tier}”; there are {', '.join(state.policy.tiers)}.")
        if decision.intent is not None:
            changes.append(f"intent {state.intent} → {decision.intent}")
            state.intent = decision.intent
        if decision.tags is not None:
            state.tags = sorted(set(decision.tags))
            changes.append(f"tags {', '.join(state.tags) or 'none'}")
            self.plan_anew(f"{taken.author} changed the tags")
        if decision.tier is not None:
            changes.append(f"tier {state.tier} → {decision.tier}")
            state.tier_by_agent = True
            self.change_tier(decision.tier, f"{taken.author} changed the tier to {decision.tier}")
        text = f"Changed {'; '.join(changes) or 'nothing'}."
        self.record("retagged", text, actor=taken.author, decision_id=taken.decision_id)

    def change_tier(self, tier: str, because: str) -> None:
        """Another tier has other targets: the open clocks are planned anew."""
        self.state.tier = tier
        self.plan_anew(because)

    def _snooze(self, taken: DecisionTaken, decision: Snooze) -> None:
        if decision.until <= self.now:
            raise Refused("The moment to snooze until has passed.")
        self._put_away("snoozed")
        because = f"Snoozed by {taken.author}."
        length = decision.until - self.now
        self.state.clocks.append(start_clock(self.state.promises, ClockName.SNOOZE, length, self.now, because))
        text = f"Snoozed until {decision.until:%Y-%m-%d %H:%M %Z}."
        self.record("snoozed", text, actor=taken.author, decision_id=taken.decision_id)

    def _wait_for(self, taken: DecisionTaken, decision: Wait) -> None:
        self._put_away("awaiting_party")
        chase_after = self.begin_waiting(decision.party, decision.chase_after, f"{taken.author} waits for {decision.party}.")
        text = f"Waiting for {decision.party}; looked at again in {in_time(chase_after)}."
        self.record("waiting", text, actor=taken.author, decision_id=taken.decision_id)

    def _put_away(self, stage: str) -> None:
        state = self.state
        if state.status == "resolved":
            raise Refused("The ticket is resolved; reopen it first.")
        if state.status == "waiting":
            self.end_waiting()
        state.status, state.stage = "waiting", stage

    def resolve(self, taken: DecisionTaken, outcome: str) -> None:
        self._settled(outcome, taken.author)
        self.record("resolved", f"Resolved: {outcome}.", actor=taken.author, decision_id=taken.decision_id)

    def _settled(self, outcome: str, author: str) -> None:
        state, now = self.state, self.now
        if state.status == "waiting":
            self.end_waiting()
        for clock in state.clocks:
            meet(clock, now) if clock.name is ClockName.RESOLUTION else stop(clock, now)
        state.status, state.stage, state.outcome = "resolved", "resolved", outcome
        window = timedelta(seconds=state.policy.reopen_window)
        because = "A reply within the reopen window opens the ticket again; after it, it closes."
        state.clocks.append(start_clock(state.promises, ClockName.REOPEN_WINDOW, window, now, because))
        self.changed_for_deciders(f"{author} resolved it")

    def take_up_again(self, because: str, taken: DecisionTaken | None = None) -> None:
        """Back to open: from waiting, resolved or closed."""
        state, now = self.state, self.now
        if state.status == "waiting":
            self.end_waiting()
        else:
            if (window := state.clock(ClockName.REOPEN_WINDOW)) is not None:
                stop(window, now)
            self.promise(ClockName.RESOLUTION, now, f"Reopened: {because}.")
        state.status, state.stage, state.outcome = "open", "awaiting_agent", None
        self.somebody_acted()
        self.ask_owner()
        self.changed_for_deciders(because)
        actor, decision_id = (taken.author, taken.decision_id) if taken else ("Casework", None)
        self.record("reopened", f"Open again: {because}.", actor=actor, decision_id=decision_id)
