"""The half of a ticket that is never without an owner: who has it, until when, and who has it next (E5)."""

from datetime import datetime, timedelta

from activities.records.models import ASK_OWNER, OwnerRequest, Ownership
from workflows._kit.calls import look_up
from workflows.ticket.promises import TicketPromises
from workflows.ticket.references import in_words

_UNDER_WAY = ("open", "waiting")


class TicketOwnership(TicketPromises):
    def appointment(self) -> datetime | None:
        state = self.state
        asks = state.ask_owner_at if state.status in _UNDER_WAY else None
        return min((moment for moment in (asks, self._next_planned_time()) if moment is not None), default=None)

    async def keep_appointments(self) -> None:
        planned, asks = self._next_planned_time(), self.state.ask_owner_at
        if planned is not None and planned <= self.now:
            self.state.planned_at = planned
            because = f"a planned time began or ended {planned:%Y-%m-%d %H:%M} UTC"
            self.plan_anew(because)
            # What had begun before the ticket was there is not late.
            was_there = any(clock.started_at <= planned for clock in self.state.clocks)
            text = f"{because.capitalize()}; the open deadlines follow it."
            self.record("planned", text, planned_for=planned if was_there else None)
        if asks is not None and asks <= self.now and self.state.status in _UNDER_WAY:
            await self._hand_over()

    def _next_planned_time(self) -> datetime | None:
        """When what is promised to tickets under way changes."""
        since = self.state.planned_at
        return next((moment for moment in self.state.promises.boundaries() if since is None or moment > since), None)

    def ask_owner(self, *, given: bool = False) -> None:
        """At the end of this turn the roster is asked whose turn it is. `given`: somebody said who; that one has it until the
        end of their duty, also if that has not begun yet. A ticket that was born before there was a roster keeps its owner."""
        if self.state.policy.handover_before is not None:
            self.state.ask_owner_at, self.state.owner_given = self.now, given

    def owned(self, ownership: Ownership) -> None:
        self.state.owner, self.state.ask_owner_at, self.state.owner_given = ownership.owner, ownership.ask_at, False

    async def _hand_over(self) -> None:
        state = self.state
        asked_at, before = state.ask_owner_at, state.owner
        request = OwnerRequest(
            store=self.start.store,
            queue=state.queue or state.policy.default_queue,
            owner=before,
            given=state.owner_given,
            handover_before=timedelta(seconds=state.policy.handover_before or 0),
        )
        ownership = await look_up(ASK_OWNER, request, Ownership, "See who has it now")
        self.owned(ownership)
        if ownership.owner != before:
            text = f"Handed over from {before} to {state.owner}. {ownership.reason} {self._summary()}"
            self.changed_for_deciders(f"{state.owner} has it now")
            self.record("handed_over", text, planned_for=asked_at)

    def _summary(self) -> str:
        """What the next owner should know first, without a customer's words."""
        state = self.state
        parts = [state.stage.replace("_", " ")]
        if state.orders:
            parts.append(f"order {', '.join(state.orders)}")
        if state.waiting_for:
            parts.append(f"waiting for {state.waiting_for}")
        if unanswered := state.open_references():
            parts.append(f"open: {in_words(unanswered)}")
        live = sorted((clock for clock in state.clocks if clock.is_live), key=lambda clock: clock.due_at)
        parts += [f"{clock.name.words} due {clock.due_at:%Y-%m-%d %H:%M} UTC" for clock in live[:2]]
        return f"State: {'; '.join(parts)}."
