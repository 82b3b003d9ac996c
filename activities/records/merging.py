"""Joining tickets and taking them apart, as the ticket's workflow asks for it."""

from temporalio import activity

from activities._kit.errors import Transient
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
from activities.records.reading import Reading
from domain.references import bare
from storage import cases, merging
from storage.decisions import find as find_decision
from storage.engine import Database
from storage.intake import put_in_outbox
from storage.threads import TICKET


class Merging:
    def __init__(self, database: Database, reading: Reading) -> None:
        self._database = database
        self._reading = reading

    @activity.defn(name=MERGE)
    async def merge(self, request: MergeRequest) -> MergeResult:
        """Repeating it changes nothing."""
        try:
            async with self._database.begin() as connection:
                other = await merging.merge(connection, request.case_id, request.into)
        except merging.Refusal as refusal:
            return MergeResult(refused=str(refusal))
        return MergeResult(other=OtherTicket(case_id=other.case_id, number=other.number))

    @activity.defn(name=UNMERGE)
    async def unmerge(self, request: UnmergeRequest) -> UnmergeResult:
        """Repeating it changes nothing."""
        async with self._database.begin() as connection:
            await merging.unmerge(connection, request.case_id)
            inbound = await cases.read_inbound(connection, request.case_id)
        return UnmergeResult(messages=tuple([await self._reading.facts(row) for row in inbound]))

    @activity.defn(name=SPLIT)
    async def split(self, request: SplitRequest) -> SplitResult:
        """Repeating it changes nothing."""
        try:
            async with self._database.begin() as connection:
                other = await merging.split(connection, request.case_id, request.message_ids, request.new_id)
                left = await cases.read_inbound(connection, request.case_id)
        except merging.Refusal as refusal:
            return SplitResult(refused=str(refusal))
        facts = [await self._reading.facts(row) for row in left]
        return SplitResult(
            other=OtherTicket(case_id=other.case_id, number=other.number),
            references=tuple(named for each in facts for named in each.references),
        )

    @activity.defn(name=READ_MERGED)
    async def read_merged(self, reference: CaseReference) -> MergedRecord:
        """Raises Transient until the merged ticket has published that it is merged."""
        async with self._database.begin() as connection:
            row = await cases.read_birth(connection, reference.case_id)
        state = row["state"] or {}
        joined = state.get("merged_into")
        if joined is None or not state.get("apart"):
            raise Transient(f"ticket #{row['number']} has not yet said that it is merged")
        return MergedRecord(
            ticket=OtherTicket(case_id=row["id"], number=row["number"], words=joined["words"]),
            by=joined["by"],
            at=joined["at"],
            state=state["apart"]["before"],
        )

    @activity.defn(name=HAND_ON)
    async def hand_on(self, told: HandOn) -> None:
        """Tells the survivor. Told twice, its workflow knows the id."""
        async with self._database.begin() as connection:
            survivor_id = await merging.survivor_of(connection, told.case_id)
            if survivor_id is None:
                return
            survivor = await cases.read_birth(connection, survivor_id)
            await put_in_outbox(
                connection,
                workflow_id=survivor["workflow_id"],
                case_id=survivor_id,
                process=TICKET,
                signal=told.signal,
                payload=told.payload,
            )

    @activity.defn(name=READ_REPLY)
    async def read_reply(self, asked: ReplyReference) -> NamedValues:
        """Which references a reply names: by their own value, or by an order they were found to be."""
        async with self._database.begin() as connection:
            decision = await find_decision(connection, asked.decision_id)
        text = bare(str(decision.payload.get("text", ""))) if decision else ""
        return NamedValues(
            values=tuple(
                named.value for named in asked.references if any(bare(value) in text for value in (named.value, *named.orders))
            )
        )
