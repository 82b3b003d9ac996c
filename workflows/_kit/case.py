"""The life that all cases share: apply what came, decide what is due, do it, publish, wait.

A process subclasses `Case`, and says what a message, a decision, a due notice and a finished effect mean to it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.records.models import PUBLISH
from domain.case import DecisionOutcome, Outcome, Publication, Snapshot, TimelineEvent
from domain.effects import BY_HAND
from domain.promises import PROMISED, ClockName
from domain.sla import Notice, due_notices, next_deadline, next_moment
from workflows._kit.calls import bring_about, look_up
from workflows._kit.contract import (
    CaseInput,
    Decision,
    DecisionTaken,
    MessageArrived,
    News,
    Refused,
    Unblock,
    own_words,
)
from workflows._kit.details import details, why
from workflows._kit.state import MEMORY, CaseState, Effect, EffectStatus
from workflows._kit.unblocking import unblock

_SHOWN = {"status", "stage", "queue", "owner", "company", "intent", "revision", "playbook_version"}

State = TypeVar("State", bound=CaseState)
Facts = TypeVar("Facts", bound=BaseModel)


class Case(Generic[State]):
    """Base of every process's workflow. `state` is all it remembers; only the methods below change what is shown."""

    process: str
    decisions: tuple[type[Decision], ...]

    def __init__(self, start: CaseInput) -> None:
        self.start = start
        self.state: State
        self._arrived: deque[MessageArrived | DecisionTaken | News] = deque()
        self._learned: deque[Callable[[], Awaitable[None]]] = deque()
        self._finished: deque[tuple[Effect, Any, ApplicationError | None]] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._promised: dict[str, tuple[State, Publication]] = {}
        self._events: list[TimelineEvent] = []
        self._outcomes: list[DecisionOutcome] = []
        self._changed = False
        self._timer: tuple[datetime, asyncio.Task[None]] | None = None
        self._replayed_at: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment at which what is being applied happens; in the past while a life is gone through again."""
        return self._replayed_at or workflow.now()

    @property
    def workflow_id(self) -> str:
        return workflow.info().workflow_id

    # What a process says about itself

    async def begin(self) -> State:
        """The state of a new run that carries none: read from the records or made from what is looked up."""
        raise NotImplementedError

    async def message(self, arrived: MessageArrived) -> None:
        """A message was filed under this case."""

    async def heard(self, news: News) -> None:
        """Something else was told by a signal of the process's own."""

    async def decide(self, taken: DecisionTaken, decision: Decision) -> None:
        """Applies a decision of the right role on a current view, or raises Refused. A process whose decisions need something
        looked up does that here."""
        self.judge(taken, decision)

    def judge(self, taken: DecisionTaken, decision: Decision) -> None:
        """The part of deciding that looks nothing up."""
        raise NotImplementedError

    def noticed(self, notice: Notice) -> None:
        """A clock says that a warning, a deadline or a step of the ladder is due."""

    def appointment(self) -> datetime | None:
        """When the process wants to be woken, beside what its clocks have to say."""
        return None

    async def keep_appointments(self) -> None:
        """Called in every turn: does what the appointments were made for, once they are due."""

    def done(self, effect: Effect, result: dict[str, Any] | None) -> None:
        """An effect happened. `result` is None where a person did it by hand, and while what is to be shown is prepared."""

    def skipped(self, effect: Effect) -> None:
        """A person decided that an effect shall not happen."""

    def headline(self) -> str:
        """What the case is called, in facts: nothing that a customer wrote enters a history."""
        return f"{self.process} {self.start.number}"

    def is_over(self) -> bool:
        raise NotImplementedError

    def only_waits_to_end(self) -> bool:
        """Whether only the last clock is left: the timer is set to it at once, since the old one would wake for nothing."""
        return False

    # Signals: only append, so that none can fail

    @workflow.signal(name="message", description="A message was filed under this case")
    def _on_message(self, arrived: MessageArrived) -> None:
        self._arrived.append(arrived)

    @workflow.signal(name="decision", description="A person decided something about this case")
    def _on_decision(self, taken: DecisionTaken) -> None:
        self._arrived.append(taken)

    # The life

    async def live(self) -> str:
        """Runs until the case is over. Returns its last stage."""
        self.state = await self.begin()
        while True:
            await self._turn()
            if self._is_idle():
                if self.is_over():
                    return self.state.stage
                if workflow.info().is_continue_as_new_suggested():
                    workflow.continue_as_new(self.start.model_copy(update={"state": self.state.model_dump(mode="json")}))
            await self._wait()

    async def _turn(self) -> None:
        if self.state.promises.due_comes_first:
            self._notice(PROMISED)
        while self._arrived:
            await self._apply(self._arrived.popleft())
        while self._learned:
            await self._learned.popleft()()
        while self._finished:
            self._settle_effect(*self._finished.popleft())
        self._notice()
        await self.keep_appointments()
        if self._changed:
            await self._publish()
        self._start_effects()
        workflow.set_current_details(details(self.headline(), self.state))

    def _notice(self, only: Collection[ClockName] = tuple(ClockName)) -> None:
        for notice in due_notices(self.state.clocks_of(only), self.state.standing, workflow.now()):
            self.noticed(notice)

    def _next_moment(self) -> datetime | None:
        """When to wake: for the next notice of a clock, or an appointment of the process."""
        moments = [next_moment(self.state.clocks, self.state.standing), self.appointment()]
        return min((moment for moment in moments if moment is not None), default=None)

    def _is_idle(self) -> bool:
        return not (self._arrived or self._learned or self._finished or self._tasks or self._changed)

    async def _wait(self) -> None:
        """Waits for a signal, an effect or the next due moment. One timer; a later deadline lets the old one fire and look
        again, since cancelling and starting anew costs an action each time."""
        moment = self._next_moment()
        if moment is not None and (
            self._timer is None
            or self._timer[1].done()
            or moment < self._timer[0]
            or (moment > self._timer[0] and self.only_waits_to_end())
        ):
            if self._timer is not None:
                self._timer[1].cancel()
            nap = workflow.sleep(max((moment - workflow.now()).total_seconds(), 0.001), summary=why(self.state, moment))
            self._timer = (moment, asyncio.create_task(nap))
        timer = self._timer[1] if self._timer else None
        await workflow.wait_condition(
            lambda: (
                bool(self._arrived or self._learned or self._finished)
                or (timer is not None and timer.done() and not timer.cancelled())
            )
        )
        if timer is not None and timer.done():
            self._timer = None

    async def _apply(self, item: MessageArrived | DecisionTaken | News) -> None:
        match item:
            case MessageArrived():
                if self._is_new(item.message_id):
                    await self.message(item)
            case News():
                if self._is_new(item.id):
                    await self.heard(item)
            case DecisionTaken():
                if self._is_new(item.decision_id):
                    try:
                        await self._judge(item)
                    except Refused as refusal:
                        self.refuse(item.decision_id, str(refusal))

    def _is_new(self, identity: UUID) -> bool:
        if identity in self.state.seen:
            return False
        self.state.seen = [*self.state.seen[-MEMORY:], identity]
        return True

    async def _judge(self, taken: DecisionTaken) -> None:
        kind = self._kind(taken)
        if not taken.role.may_act_as(kind.authority):
            raise Refused(f"“{kind.title}” needs the role {kind.authority.value}; {taken.author} is {taken.role.value}.")
        if kind.minds_changes and taken.seen_revision is not None and taken.seen_revision < self.state.changed_at_revision:
            raise Refused(f"Something happened since you looked: {self.state.last_change or 'the case was opened'}.")
        decision = self.read(taken)
        if isinstance(decision, Unblock):
            await unblock(self, taken, decision)
        else:
            await self.decide(taken, decision)

    def _kind(self, taken: DecisionTaken) -> type[Decision]:
        kind = next((decision for decision in (*self.decisions, Unblock) if decision.kind == taken.kind), None)
        if kind is None:
            raise Refused(f"A {self.process} knows no decision “{taken.kind}”.")
        return kind

    def read(self, taken: DecisionTaken) -> Decision:
        """The decision as its model. Raises Refused."""
        kind = self._kind(taken)
        try:
            # The own words stayed in the database; the API has checked them.
            return kind.model_validate(taken.payload | {name: "…" for name in own_words(kind)})
        except ValidationError as error:
            raise Refused(f"The decision cannot be read: {error.errors()[0]['msg']}.") from error

    # What a process does to be seen

    def record(self, kind: str, text: str, *, actor: str = "Casework", at: datetime | None = None, **more: Any) -> None:
        """Adds a line to the case file; the case is published at the end of the turn. What a clock says, it had planned for a
        moment."""
        self.state.sequence += 1
        self._events.append(
            TimelineEvent(sequence=self.state.sequence, at=at or self.now, actor=actor, kind=kind, text=text, **more)
        )
        self._changed = True

    def changed_for_deciders(self, what: str) -> None:
        """Something happened that makes decisions taken on an older view stale."""
        self.state.changed_at_revision = self.state.revision + 1
        self.state.last_change = what

    def accept(self, taken_id: UUID) -> None:
        self._outcomes.append(self._outcome(taken_id, Outcome.APPLIED, None))
        self._changed = True

    def refuse(self, taken_id: UUID, reason: str) -> None:
        self._outcomes.append(self._outcome(taken_id, Outcome.REFUSED, reason))
        self._changed = True

    def _outcome(self, decision_id: UUID, outcome: Outcome, reason: str | None) -> DecisionOutcome:
        return DecisionOutcome(
            decision_id=decision_id,
            outcome=outcome,
            reason=reason,
            decided_at=self.now,
            revision=self.state.revision + 1,
        )

    def _publication(self) -> Publication:
        """Takes what is to be shown, under the next revision."""
        state, first = self.state, not self.state.revision
        state.revision += 1
        publication = Publication(
            snapshot=Snapshot(
                case_id=self.start.case_id,
                process=self.process,
                number=self.start.number,
                store=self.start.store,
                next_due_at=next_deadline(state.clocks),
                orders=tuple(state.orders),
                state=state.model_dump(mode="json", exclude={"policy"}),
                policy=state.model_dump(mode="json", include={"policy"}).get("policy") if first else None,
                **state.model_dump(include=_SHOWN),
            ),
            events=tuple(self._events),
            outcomes=tuple(self._outcomes),
        )
        self._events, self._outcomes, self._changed = [], [], False
        return publication

    async def _publish(self) -> None:
        publication = self._publication()
        await look_up(PUBLISH, publication, None, f"Show revision {self.state.revision}")

    # Effects

    def learn_later(self, name: str, looking: Awaitable[Facts], learned: Callable[[Facts], Awaitable[None]]) -> None:
        """Lets a slow look-up answer in its own time, while the case goes on; `learned` is told in the case's own turn."""

        async def look() -> None:
            facts = await looking
            self._learned.append(lambda: learned(facts))
            del self._tasks[name]

        self._tasks[name] = asyncio.create_task(look())

    def start_effect(self, effect: Effect) -> None:
        """Begins something outside at the end of this turn. The same op_key is begun once."""
        if all(known.op_key != effect.op_key for known in self.state.effects):
            self.state.effects.append(effect)

    def _start_effects(self) -> None:
        for effect in self.state.effects:
            if effect.status is EffectStatus.RUNNING and effect.op_key not in self._tasks:
                argument = effect.argument | {"attempt": effect.attempt}
                if effect.publishes:
                    argument["publication"] = self._promise(effect).model_dump(mode="json")
                self._tasks[effect.op_key] = asyncio.create_task(self._perform(effect, argument))

    def _promise(self, effect: Effect) -> Publication:
        """What will be shown once the effect is done, worked out on a copy; revision and lines are reserved for it."""
        present = self.state
        self.state = present.model_copy(deep=True)
        self.remove(effect)
        self.done(effect, None)
        publication = self._publication()
        self._promised[effect.op_key] = (self.state, publication)
        present.revision, present.sequence = self.state.revision, self.state.sequence
        self.state = present
        return publication

    async def _perform(self, effect: Effect, argument: dict[str, Any]) -> None:
        try:
            result = await bring_about(effect.activity, argument, effect.queue, effect.summary)
        except ActivityError as error:
            if not isinstance(error.cause, ApplicationError):
                raise
            self._finished.append((effect, None, error.cause))
        else:
            self._finished.append((effect, result, None))

    def _settle_effect(self, effect: Effect, result: dict[str, Any] | None, failure: ApplicationError | None) -> None:
        del self._tasks[effect.op_key]
        promised = self._promised.pop(effect.op_key, None)
        if failure is not None:
            self.failed(effect, failure)
            return
        if promised is not None and promised[0].revision == self.state.revision and not self._changed:
            self.state = promised[0]
            return
        self.remove(effect)
        lines = (self.state.sequence, list(self._events), list(self._outcomes))
        self.done(effect, result)
        if promised is not None:
            # Its lines and outcome were stored with it, under numbers reserved for them.
            self.state.sequence, self._events, self._outcomes = lines

    def failed(self, effect: Effect, failure: ApplicationError) -> None:
        """An effect that no repetition will finish: it waits for a person."""
        current = next(known for known in self.state.effects if known.op_key == effect.op_key)
        current.status = EffectStatus.BLOCKED
        current.words = failure.message
        current.by_hand_key = str(failure.details[0]) if failure.type == BY_HAND else None
        self.changed_for_deciders(f"{effect.summary}: {failure.message}")
        self.record("effect_blocked", f"{effect.summary} needs a person: {failure.message}")

    def remove(self, effect: Effect) -> None:
        """It is under way no more."""
        self.state.effects = [known for known in self.state.effects if known.op_key != effect.op_key]
