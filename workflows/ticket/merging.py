"""Joining tickets, taking them apart, and being afterwards as if they had never been one.

From the first merge on a ticket keeps the state it had before and everything that happened to it since. To undo a merge it goes
through that life again without the other ticket and without what has its origin there: its own state comes from what happened,
so nothing has to be taken back by hand. The merged ticket does the same with the messages that came for it meanwhile.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID, uuid5

from temporalio import workflow

from activities.records.models import (
    HAND_ON,
    MERGE,
    READ_MERGED,
    READ_REPLY,
    SPLIT,
    UNMERGE,
    CaseReference,
    HandOn,
    MergedRecord,
    MergeRequest,
    MergeResult,
    NamedValues,
    OtherTicket,
    ReplyReference,
    SplitRequest,
    SplitResult,
    UnmergeRequest,
    UnmergeResult,
)
from domain.promises import TARGETED, ClockName
from domain.sla import due_notices, next_moment, replan, stop
from workflows._kit.calls import look_up
from workflows._kit.contract import Decision, DecisionTaken, News, Refused
from workflows.ticket.contract import Merge, MergingKind, MergingNews, Reply, RosterNews, Split, Unmerge
from workflows.ticket.listening import TicketListening
from workflows.ticket.references import kept_after_split, name_of
from workflows.ticket.state import Absorbed, Apart, Happening, Joined, TicketReference, TicketState


class TicketMerging(TicketListening):
    @workflow.signal(name="merging", description="A ticket was merged into this one, or taken out again")
    def _on_merging(self, news: MergingNews) -> None:
        self._arrived.append(news)

    async def decide(self, taken: DecisionTaken, decision: Decision) -> None:
        match decision:
            case Merge():
                await self._merge(taken, decision)
            case Unmerge():
                await self._unmerge(taken)
            case Split():
                await self._split(taken, decision)
            case Reply():
                taken = await self._with_answers(taken, decision)
                self.judge(taken, self.read(taken))
            case _:
                self.judge(taken, decision)

    async def _with_answers(self, taken: DecisionTaken, reply: Reply) -> DecisionTaken:
        """The decision with the references that the reply's words name. A single open one needs no telling apart."""
        still_open = self.state.open_references()
        if len(still_open) < 2 or not self.has_the_rule("open-references"):
            return taken
        asked = ReplyReference(case_id=self.start.case_id, decision_id=taken.decision_id, references=tuple(still_open))
        named = await look_up(READ_REPLY, asked, NamedValues, "See which references the reply names")
        answers = sorted({*reply.answers, *named.values})
        return taken.model_copy(update={"payload": taken.payload | {"answers": answers}})

    # Into another ticket

    async def _merge(self, taken: DecisionTaken, decision: Merge) -> None:
        state = self.state
        if state.merged_into is not None:
            raise Refused(f"The ticket was merged into #{state.merged_into.number} already.")
        under_way = [effect for effect in state.effects if effect.decision_id is not None or effect in state.blocked()]
        if under_way:
            raise Refused(f"Not yet done: {under_way[0].summary}. Merge once that is through.")
        await self._join(decision.into, taken.author, "", taken.decision_id)
        self.accept(taken.decision_id)

    async def join_automatically(self, other: OtherTicket) -> None:
        """The very same is asked in another ticket."""
        try:
            await self._join(other.number, "Casework", other.words, None)
        except Refused as refusal:
            self.record("not_merged", f"Not merged into #{other.number}: {refusal}")
            self.notice_duplicates((other,))

    async def _join(self, into: int, by: str, words: str, decision_id: UUID | None) -> None:
        request = MergeRequest(case_id=self.start.case_id, into=into)
        result = await look_up(MERGE, request, MergeResult, f"Merge into ticket {into}")
        if result.other is None:
            raise Refused(result.refused or f"Ticket #{into} cannot be merged into.")
        state = self.state
        state.apart = Apart(before=state.model_dump(mode="json"))
        state.merged_into = Joined(case_id=result.other.case_id, number=result.other.number, words=words, by=by, at=self.now)
        state.status = state.stage = "merged"
        for clock in state.clocks:
            stop(clock, self.now)
        text = f"Merged into #{result.other.number}{f': {words}' if words else ''}."
        self.changed_for_deciders(f"{by} merged it into #{result.other.number}")
        self.record("merged", text, actor=by, decision_id=decision_id)

    async def _unmerge(self, taken: DecisionTaken) -> None:
        state = self.state
        if state.merged_into is None or state.apart is None:
            raise Refused("The ticket is not merged into another.")
        request = UnmergeRequest(case_id=self.start.case_id, merged_into=state.merged_into.case_id)
        result = await look_up(UNMERGE, request, UnmergeResult, f"Take out of ticket {state.merged_into.number}")
        before = TicketState.model_validate(state.apart.before)
        came = [facts for facts in result.messages if facts.message_id not in before.seen]
        number = state.merged_into.number
        self._become(self._lived(before, [Happening(at=facts.received_at, message=facts) for facts in came]))
        self.state.seen += [facts.message_id for facts in came if facts.message_id not in self.state.seen]
        self.state.never_joins = True
        self.changed_for_deciders(f"{taken.author} took it out of #{number}")
        text = f"Taken out of #{number} again."
        self.record("unmerged", text, actor=taken.author, decision_id=taken.decision_id)
        self.accept(taken.decision_id)

    # Other tickets into this one

    @workflow.signal(name="roster", description="Who is on duty has changed")
    def _on_roster(self, news: RosterNews) -> None:
        self._arrived.append(news)

    async def heard(self, news: News) -> None:
        if isinstance(news, RosterNews):
            self.ask_owner()
            return
        if not isinstance(news, MergingNews):
            return
        state = self.state
        if news.kind is MergingKind.ABSORB:
            absorbed = await self._read_merged(news.ticket)
            if state.merged_into is None:
                self.absorb(absorbed)
                return
            self._change_before(lambda: self.absorb(absorbed))
            handed = HandOn(case_id=self.start.case_id, signal="merging", payload=news.model_dump(mode="json"))
            await look_up(HAND_ON, handed, None, f"Hand on to ticket {state.merged_into.number}")
        elif state.merged_into is None:
            self.release(frozenset(news.family))
        else:
            self._change_before(lambda: self.release(frozenset(news.family)))

    async def _read_merged(self, case_id: UUID) -> Absorbed:
        reference = CaseReference(case_id=case_id, store=self.start.store)
        record = await look_up(READ_MERGED, reference, MergedRecord, "Read the merged ticket")
        return Absorbed(ticket=Joined(**record.ticket.model_dump(), by=record.by, at=record.at), state=record.state)

    def absorb(self, absorbed: Absorbed) -> None:
        """What another ticket has to answer is to be answered here, at the earlier of the two deadlines."""
        state, ticket = self.state, absorbed.ticket
        if state.has_absorbed(ticket.case_id):
            return
        if state.apart is None:
            state.apart = Apart(before=state.model_dump(mode="json"))
        self.remember(absorbed=absorbed)
        other = TicketState.model_validate(absorbed.state)
        state.merged += [ticket, *(each for each in other.merged if not state.has_absorbed(each.case_id))]
        _take_over(state, other)
        self.record(
            "absorbed", f"Ticket #{ticket.number} was merged into this one{f': {ticket.words}' if ticket.words else ''}."
        )
        if other.status == "open" and state.status != "open":
            self.take_up_again(f"#{ticket.number} was merged into it")
        if other.stage == "awaiting_agent":
            state.stage = "awaiting_agent"
            self.overtake_reply(f"what was asked in #{ticket.number}")
        self.changed_for_deciders(f"#{ticket.number} was merged into it")

    def release(self, family: frozenset[UUID]) -> None:
        """A ticket, with those that had been merged into it, goes out again."""
        state = self.state
        if state.apart is None:
            return
        numbers = [ticket.number for ticket in state.merged if ticket.case_id in family]
        self._become(self._without(state, family))
        if numbers:
            self.record("released", f"Taken out again: {', '.join(f'#{number}' for number in numbers)}.")
            self.changed_for_deciders(f"#{numbers[0]} was taken out again")

    # Going through a life again

    def _without(self, state: TicketState, family: frozenset[UUID]) -> TicketState:
        """The state as it would be had these tickets never been merged into it."""
        if state.apart is None:
            return state
        happenings = [kept for each in state.apart.happenings if (kept := self._apart_from(each, family)) is not None]
        if happenings == state.apart.happenings:
            return state
        return self._lived(TicketState.model_validate(state.apart.before), happenings)

    def _apart_from(self, happening: Happening, family: frozenset[UUID]) -> Happening | None:
        absorbed = happening.absorbed
        if absorbed is not None:
            if absorbed.ticket.case_id in family:
                return None
            inner = self._without(TicketState.model_validate(absorbed.state), family).model_dump(mode="json")
            return happening.model_copy(update={"absorbed": absorbed.model_copy(update={"state": inner})})
        came = happening.message
        return None if came is not None and came.origin_id in family else happening

    def _lived(self, before: TicketState, happenings: Iterable[Happening]) -> TicketState:
        """What comes of a state when all this happens to it, until now. Nothing of it is recorded or answered again."""
        moment = self.now
        present = (self.state, self._events, self._outcomes, self._changed, self._replayed_at)
        self.state, self._events, self._outcomes, self._replayed_at = before, [], [], None
        try:
            for happening in happenings:
                self._let_time_pass(happening.at)
                self._again(happening)
            self._let_time_pass(moment)
            return self.state
        finally:
            self.state, self._events, self._outcomes, self._changed, self._replayed_at = present

    def _let_time_pass(self, until: datetime) -> None:
        """Every notice comes at its own moment, as it would have."""
        while (moment := next_moment(self.state.clocks, self.state.standing)) is not None and moment <= until:
            self._replayed_at = max(moment, self._replayed_at or moment)
            for notice in due_notices(self.state.clocks, self.state.standing, self._replayed_at):
                self.noticed(notice)
        self._replayed_at = until

    def _again(self, happening: Happening) -> None:
        if happening.message is not None:
            self.hear(happening.message)
        elif happening.decision is not None:
            try:
                self.judge(happening.decision, self.read(happening.decision))
            except Refused:
                # It was about the other ticket alone: here it would have been refused.
                return
        elif happening.context is not None:
            self.filled(happening.context)
        elif happening.absorbed is not None:
            self.absorb(happening.absorbed)
        elif happening.kept is not None:
            self._keep(happening.kept)
        else:
            self._end_again(happening)

    def _end_again(self, happening: Happening) -> None:
        decided = happening.sent or happening.left_out
        effect = next((known for known in self.state.effects if known.decision_id == decided), None)
        if effect is not None:
            self.remove(effect)
            self.done(effect, None) if happening.sent else self.skipped(effect)

    def _become(self, other: TicketState) -> None:
        """Takes on another state; what is under way, and the case file, go on. People are told of deadlines that passed
        meanwhile; what they were told before has the same op_key and is not told twice."""
        present = self.state
        under_way = {effect.op_key for effect in present.effects}
        due = [each for each in other.effects if each.decision_id is None and each.op_key not in under_way]
        other.effects = [*present.effects, *due]
        for name in ("revision", "changed_at_revision", "last_change", "sequence", "seen", "decided"):
            setattr(other, name, getattr(present, name))
        self.state = other

    def _change_before(self, change: Callable[[], None]) -> None:
        """Changes what a merged ticket will be when it is taken out again."""
        merged = self.state
        if merged.apart is None:
            return
        lines = (self._events, self._outcomes, self._changed)
        self.state = TicketState.model_validate(merged.apart.before)
        change()
        merged.apart.before = self.state.model_dump(mode="json")
        self.state = merged
        self._events, self._outcomes, self._changed = lines

    # Off this ticket

    async def _split(self, taken: DecisionTaken, decision: Split) -> None:
        if self.state.merged_into is not None:
            raise Refused(f"The ticket was merged into #{self.state.merged_into.number}; split it there.")
        moving = tuple(dict.fromkeys(decision.message_ids))
        request = SplitRequest(case_id=self.start.case_id, message_ids=moving, new_id=uuid5(taken.decision_id, "split"))
        result = await look_up(SPLIT, request, SplitResult, f"Split off {len(moving)} messages")
        if result.other is None:
            raise Refused(result.refused or "These messages cannot be split off.")
        kept = tuple(name_of(named) for named in result.references)
        if self.state.apart is not None:
            happenings = self.state.apart.happenings
            self.state.apart.happenings = [
                each for each in happenings if each.message is None or each.message.message_id not in moving
            ]
        self._keep(kept)
        self.remember(kept=kept)
        text = f"{len(moving)} {'message' if len(moving) == 1 else 'messages'} became ticket #{result.other.number}."
        self.changed_for_deciders(f"{taken.author} split off #{result.other.number}")
        self.record("split", text, actor=taken.author, decision_id=taken.decision_id)
        self.accept(taken.decision_id)

    def _keep(self, kept: tuple[str, ...]) -> None:
        self.state.references = kept_after_split(self.state.references, kept)


def _take_over(state: TicketState, other: TicketState) -> None:
    state.references = _joined(state.references, other.references)
    state.company = state.company or other.company
    for name in ("orders", "intents", "tags", "missing"):
        mine = getattr(state, name)
        mine += [each for each in getattr(other, name) if each not in mine]
    for name in (*TARGETED, ClockName.CHANNEL_RESPONSE):
        mine, theirs = state.clock(name), other.clock(name)
        if theirs is None or (mine is not None and mine.due_at <= theirs.due_at):
            continue
        if not state.promises.know(theirs.calendar, theirs.ladder):
            # It was born under other rules: it is held to those of this ticket, from its own start.
            rule = state.promises.target(name, state.about, theirs.started_at)
            if rule is None:
                continue
            replan(theirs, state.promises, rule, "Planned anew: it came with a merged ticket.")
        state.clocks = [clock for clock in state.clocks if clock is not mine] + [theirs]


def _joined(mine: list[TicketReference], theirs: list[TicketReference]) -> list[TicketReference]:
    known = {name_of(named) for named in mine}
    return [*mine, *(named for named in theirs if name_of(named) not in known)]
