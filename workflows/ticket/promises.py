"""The half of a ticket that minds its clocks: what is promised, who is waited for, and how long nobody has done anything."""

from datetime import datetime, timedelta

from activities.mail.models import SEND_MAIL, TELL_STAFF, OutgoingMail, StaffNotice
from activities.records.models import MessageFacts
from domain.effects import EffectKind, op_key
from domain.promises import TARGETED, ClockName, TargetRule, in_words
from domain.service_levels import CUSTOMER, CountsFrom, WaitingParty
from domain.sla import meet, pause, replan, resume, start_clock, start_target, stop
from workflows._kit.case import Case
from workflows._kit.contract import TASK_QUEUE
from workflows._kit.state import Effect
from workflows.ticket.state import TicketState

_PAUSED_BY_WAITING = ClockName.RESOLUTION


class TicketPromises(Case[TicketState]):
    # What is promised

    def promise(self, name: ClockName, at: datetime, because: str = "") -> None:
        """Starts a clock of the service level, if there is a target for it."""
        state = self.state
        rule = state.promises.target(name, state.about, at)
        if rule is not None:
            why = " ".join(words for words in (because, state.promises.why(rule, state.about, at)) if words)
            state.clocks.append(start_target(state.promises, rule, at, why))

    def plan_anew(self, because: str) -> None:
        """What decides on the targets has changed: holds every open clock to what is promised now, counted from its start."""
        state = self.state
        for clock in state.clocks:
            if clock.name not in TARGETED or clock.ended_at is not None:
                continue
            rule = self._target(clock.name, clock.started_at)
            if rule is not None and (rule.within, rule.calendar) != (clock.target, clock.calendar):
                why = state.promises.why(rule, state.about, clock.started_at)
                replan(clock, state.promises, rule, f"Planned anew: {because}. {why}")

    def _target(self, name: ClockName, started_at: datetime) -> TargetRule | None:
        """A planned time that reaches for cases under way counts from now; else what was promised at the start counts."""
        promises = self.state.promises
        present = promises.target(name, self.state.about, self.now)
        return present if present is not None and present.in_flight else promises.target(name, self.state.about, started_at)

    # The customer waits, and is answered

    def customer_waits(self, facts: MessageFacts) -> None:
        """A person wrote: the next answer is promised from now on, by us and perhaps by the channel."""
        state = self.state
        state.channel = facts.channel or state.channel
        if state.clock(ClockName.FIRST_RESPONSE) is None and state.clock(ClockName.NEXT_RESPONSE) is None:
            self.promise(ClockName.NEXT_RESPONSE, facts.received_at)
        self._channel_waits(facts)

    def _channel_waits(self, facts: MessageFacts) -> None:
        state, day = self.state, facts.received_at.date()
        for rule in state.promises.channel_clocks:
            if not rule.holds_for(facts.channel, facts.provider, facts.account, day):
                continue
            running = state.clock(ClockName.CHANNEL_RESPONSE)
            if running is not None and rule.counts_from is CountsFrom.FIRST:
                return
            if running is not None:
                stop(running, self.now)
            because = f"{rule.title}: within {in_words(rule.within)}, in force since {rule.since} ({rule.source})."
            state.clocks.append(
                start_clock(
                    state.promises,
                    ClockName.CHANNEL_RESPONSE,
                    rule.within,
                    facts.received_at,
                    because + (" Only a person's answer counts." if rule.people_only else ""),
                    ladder=rule.ladder,
                    people_only=rule.people_only,
                )
            )
            return

    def answered_by_a_person(self, at: datetime) -> None:
        """Only what a person decided to send stops these clocks: no acknowledgement and no automatic mail does."""
        for name in (ClockName.FIRST_RESPONSE, ClockName.NEXT_RESPONSE, ClockName.CHANNEL_RESPONSE):
            if (clock := self.state.clock(name)) is not None:
                meet(clock, at)

    # Nobody does anything

    def somebody_acted(self) -> None:
        """The time in which nobody does anything begins anew."""
        state, aging = self.state, self.state.promises.aging
        state.clocks = [clock for clock in state.clocks if clock.name is not ClockName.STALLED]
        if aging is not None and state.status == "open":
            because = f"Playbook {state.promises.version}: an open ticket on which nobody acts goes up its ladder."
            calendar = state.promises.calendar
            state.clocks.append(
                start_clock(
                    state.promises,
                    ClockName.STALLED,
                    aging.after,
                    self.now,
                    because,
                    calendar=calendar,
                    ladder=aging.ladder,
                )
            )

    # Somebody is waited for

    def begin_waiting(self, party: str, chase_after: timedelta | None, because: str) -> timedelta:
        """The resolution clock stands still, and the party's own clock runs. Returns how long until the party is reminded."""
        state = self.state
        state.waiting_for, state.chased = party, 0
        if (clock := state.clock(_PAUSED_BY_WAITING)) is not None:
            pause(clock, state.promises, self.now, party)
        state.chase_after = chase_after
        return self._begin_chase(because)

    def end_waiting(self) -> None:
        state, now = self.state, self.now
        for name in (ClockName.WAITING, ClockName.SNOOZE):
            if (clock := state.clock(name)) is not None:
                stop(clock, now)
        if (clock := state.clock(_PAUSED_BY_WAITING)) is not None:
            resume(clock, state.promises, now)
        state.waiting_for, state.chase_after = None, None

    def chase(self) -> bool:
        """The party has not answered in time: they are reminded, if reminders are left. Whether they were."""
        state = self.state
        party = self._party()
        if party is None or state.chased >= party.chases:
            return False
        state.chased += 1
        if (clock := state.clock(ClockName.WAITING)) is not None:
            stop(clock, self.now)
        self._begin_chase(f"Reminder {state.chased} of {party.chases} went to {party.title}.")
        self.start_effect(self._reminder(party))
        self.record("chased", f"Reminded {party.title} ({state.chased} of {party.chases}).")
        return True

    def _party(self) -> WaitingParty | None:
        return self.state.promises.parties.get((self.state.waiting_for or "").strip().lower())

    def _begin_chase(self, because: str) -> timedelta:
        state, party = self.state, self._party()
        length = state.chase_after or (party.chase_after if party else timedelta(seconds=state.policy.chase_after))
        calendar = party.calendar if party and state.chase_after is None else None
        waiting = start_clock(
            state.promises, ClockName.WAITING, length, self.now, because, calendar=calendar, party=state.waiting_for
        )
        state.clocks.append(waiting)
        return length

    def _reminder(self, party: WaitingParty) -> Effect:
        state = self.state
        cause = f"chase.{state.chased}.{int(self.now.timestamp())}"
        key = op_key(self.workflow_id, EffectKind.MAIL, cause)
        template, to = party.template or "", party.to or ""
        if to == CUSTOMER:
            argument: OutgoingMail | StaffNotice = OutgoingMail(
                op_key=key,
                case_id=self.start.case_id,
                store=self.start.store,
                language=state.language,
                thread_id=self.start.case_id,
                template=template,
                facts={"orders": state.orders},
            )
        else:
            facts = {"case": self.headline(), "party": party.title, "owner": state.owner or "nobody"}
            argument = StaffNotice(op_key=key, case_id=self.start.case_id, person=to, template=template, facts=facts)
        return Effect(
            op_key=key,
            activity=SEND_MAIL if to == CUSTOMER else TELL_STAFF,
            queue=TASK_QUEUE,
            summary=f"Remind {party.title}",
            argument=argument.model_dump(mode="json", exclude={"publication"}),
            purpose="chase",
            actor="Casework",
            taken_at=self.now,
        )
