"""Tickets lived through without an engine: the workflow's own code, on a clock and with records kept in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid5

from pydantic import BaseModel

from activities.records.models import (
    HAND_ON,
    MERGE,
    READ_MERGED,
    READ_MESSAGE,
    READ_REPLY,
    SPLIT,
    UNMERGE,
    FoundReference,
    MergedRecord,
    MergeResult,
    MessageFacts,
    NamedValues,
    OtherTicket,
    SplitResult,
    TicketPolicy,
    UnmergeResult,
)
from domain.messages import MessageNature
from domain.people import Role
from domain.playbook import Playbook
from domain.promises import ClockName, promises_of
from domain.sla import due_notices, next_moment
from workflows._kit.contract import CaseInput, Decision, DecisionTaken, MessageArrived
from workflows._kit.state import EffectStatus
from workflows.ticket.contract import MergingNews
from workflows.ticket.state import TicketReference, TicketState
from workflows.ticket.workflow import TicketWorkflow

_IDS = UUID("00000000-0000-0000-0000-00000000c0de")
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOT_THE_LOG: set[str] = set("revision changed_at_revision last_change sequence seen effects apart never_joins decided".split())
"""What is compared of a state leaves out the log and what keeps repetition away."""


class Ticket(TicketWorkflow):
    """A ticket workflow whose clock and look-ups are the lives'."""

    lives: "Lives"

    @property
    def now(self) -> datetime:
        return self._replayed_at or self.lives.time

    @property
    def workflow_id(self) -> str:
        return f"ticket-{self.start.number}"

    def has_the_rule(self, change: str) -> bool:
        return True


class Lives:
    """Some tickets, their messages, and one clock for all. Everything happens at once and in order."""

    def __init__(self, playbook: Playbook) -> None:
        self.time = BEGAN
        self.policy = _policy(playbook)
        self.tickets: dict[str, Ticket] = {}
        self.messages: dict[UUID, MessageFacts] = {}
        self.merged_into: dict[UUID, UUID] = {}
        self.told: list[tuple[UUID, MergingNews | MessageArrived]] = []
        self.count = 0

    def identity(self, name: str) -> UUID:
        return uuid5(_IDS, name)

    def open(self, name: str, number: int, reference: FoundReference) -> None:
        case_id = self.identity(name)
        ticket = Ticket(CaseInput(case_id=case_id, number=number, store="northwind-tools"))
        ticket.lives = self
        ticket.state = TicketState(
            status="open",
            stage="awaiting_agent",
            queue="triage",
            owner="Martin Krause",
            intent="wismo",
            intents=["wismo"],
            orders=list(reference.orders),
            tier="standard",
            playbook_version="1",
            references=[TicketReference(**reference.model_dump())],
            policy=self.policy,
        )
        for clock in (ClockName.FIRST_RESPONSE, ClockName.RESOLUTION):
            ticket.promise(clock, self.time)
        ticket.somebody_acted()
        self.tickets[name] = ticket

    def shown(self, name: str) -> dict[str, Any]:
        return self.tickets[name].state.model_dump(mode="json", exclude=NOT_THE_LOG)

    # What happens

    def wait(self, length: timedelta) -> None:
        """Every ticket's timer fires at its own moment."""
        until = self.time + length
        while True:
            due = [
                (moment, name)
                for name, ticket in self.tickets.items()
                if (moment := next_moment(ticket.state.clocks, ticket.state.standing)) is not None and moment <= until
            ]
            if not due:
                break
            self.time = min(due)[0]
            self._look_at_clocks()
        self.time = until

    def _look_at_clocks(self) -> None:
        for ticket in self.tickets.values():
            for notice in due_notices(ticket.state.clocks, ticket.state.standing, self.time):
                ticket.noticed(notice)
            self._tell_staff(ticket)

    async def write(self, name: str, references: tuple[FoundReference, ...] = ()) -> None:
        """The customer writes to the thread of a ticket, wherever that is now."""
        origin = self.identity(name)
        message_id = self.identity(f"message {len(self.messages) + 1}")
        case_id = self.survivor(origin)
        self.messages[message_id] = MessageFacts(
            message_id=message_id,
            received_at=self.time,
            nature=MessageNature.PERSON,
            references=tuple(each.model_copy(update={"message_id": message_id}) for each in references),
            case_id=case_id,
            origin_id=origin,
        )
        await self._apply(case_id, MessageArrived(message_id=message_id))

    async def decide(self, name: str, decision: Decision, role: Role = Role.ADMIN) -> bool:
        """Whether it was applied. A reply is out at once."""
        self.count += 1
        taken = DecisionTaken(
            decision_id=self.identity(f"decision {self.count}"),
            kind=decision.kind,
            author="Emma Clarke",
            role=role,
            taken_at=self.time,
            payload=decision.carried(),
        )
        ticket = self.tickets[name]
        ticket._outcomes.clear()
        await self._apply(self.identity(name), taken)
        for effect in [each for each in ticket.state.effects if each.decision_id is not None]:
            ticket.remove(effect)
            ticket.done(effect, None)
        return any(outcome.outcome.value == "applied" for outcome in ticket._outcomes)

    async def _apply(self, case_id: UUID, item: Any) -> None:
        with self._looked_up():
            await self._named(case_id)._apply(item)
            while self.told:
                to, news = self.told.pop(0)
                await self._named(to)._apply(news)
        self._look_at_clocks()

    def survivor(self, case_id: UUID) -> UUID:
        while case_id in self.merged_into:
            case_id = self.merged_into[case_id]
        return case_id

    def family(self, case_id: UUID) -> tuple[UUID, ...]:
        below = [each for each, parent in self.merged_into.items() if parent == case_id]
        return (case_id, *(member for each in below for member in self.family(each)))

    def _named(self, case_id: UUID) -> Ticket:
        return next(ticket for ticket in self.tickets.values() if ticket.start.case_id == case_id)

    def _tell_staff(self, ticket: Ticket) -> None:
        for effect in ticket.state.effects:
            assert effect.status is EffectStatus.RUNNING
        ticket.state.effects = [each for each in ticket.state.effects if each.decision_id is not None]

    # What the workflows look up

    @contextmanager
    def _looked_up(self) -> Iterator[None]:
        async def look_up(activity: str, argument: BaseModel, result: Any, summary: str) -> Any:
            return self._answer(activity, argument)

        with (
            patch("workflows.ticket.merging.look_up", look_up),
            patch("workflows.ticket.listening.look_up", look_up),
        ):
            yield

    def _answer(self, activity: str, argument: Any) -> BaseModel | None:
        match activity:
            case _ if activity == READ_MESSAGE:
                return self.messages[argument.message_id]
            case _ if activity == READ_REPLY:
                return NamedValues(values=())
            case _ if activity == MERGE:
                return self._merge(argument.case_id, argument.into)
            case _ if activity == UNMERGE:
                return self._unmerge(argument.case_id)
            case _ if activity == READ_MERGED:
                return self._read_merged(argument.case_id)
            case _ if activity == SPLIT:
                return SplitResult(refused="not in these lives")
            case _ if activity == HAND_ON:
                model = MergingNews if argument.signal == "merging" else MessageArrived
                self.told.append((self.survivor(argument.case_id), model.model_validate(argument.payload)))
        return None

    def _merge(self, case_id: UUID, into: int) -> MergeResult:
        asked = next(ticket for ticket in self.tickets.values() if ticket.start.number == into)
        winner = self._named(self.survivor(asked.start.case_id))
        if winner.start.case_id == case_id:
            return MergeResult(refused="It is this ticket.")
        self._move(case_id, winner.start.case_id, lambda facts: facts.case_id == case_id)
        self.merged_into[case_id] = winner.start.case_id
        self._tell(winner.start.case_id, kind="absorb", ticket=case_id)
        return MergeResult(other=OtherTicket(case_id=winner.start.case_id, number=winner.start.number))

    def _unmerge(self, case_id: UUID) -> UnmergeResult:
        family, survivor = self.family(case_id), self.survivor(case_id)
        above = self.merged_into.pop(case_id)
        self._move(survivor, case_id, lambda facts: facts.case_id == survivor and facts.origin_id in family)
        while True:
            self._tell(above, kind="release", ticket=case_id, family=family)
            if above not in self.merged_into:
                break
            above = self.merged_into[above]
        return UnmergeResult(messages=tuple(each for each in self.messages.values() if each.case_id == case_id))

    def _move(self, source: UUID, target: UUID, moves: Any) -> None:
        for message_id, facts in self.messages.items():
            if moves(facts):
                self.messages[message_id] = facts.model_copy(update={"case_id": target})

    def _tell(self, case_id: UUID, **news: Any) -> None:
        self.count += 1
        self.told.append((case_id, MergingNews.model_validate({"id": self.identity(f"news {self.count}"), **news})))

    def _read_merged(self, case_id: UUID) -> MergedRecord:
        ticket = self._named(case_id)
        state = ticket.state
        assert state.apart is not None
        assert state.merged_into is not None
        return MergedRecord(
            ticket=OtherTicket(case_id=case_id, number=ticket.start.number),
            by=state.merged_into.by,
            at=state.merged_into.at,
            state=state.apart.before,
        )


def _policy(playbook: Playbook) -> TicketPolicy:
    return TicketPolicy(
        playbook_version="1",
        promises=promises_of(playbook, "northwind-tools", BEGAN),
        default_tier="standard",
        queues={name: queue.owner for name, queue in playbook.queues.items()},
        default_queue="triage",
        people=tuple(person.name for person in playbook.people),
        reopen_window=timedelta(days=7).total_seconds(),
        chase_after=timedelta(days=2).total_seconds(),
    )
