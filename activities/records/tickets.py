"""Opening a ticket: its message read and triaged, its order looked up, its rules pinned, in one go."""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from activities._kit.errors import Transient
from activities.bigcommerce.models import KnownReturn, LookUp, OrderContext
from activities.bigcommerce.stores import Stores
from activities.mail.doors.portal import portal_of
from activities.records.conversations import find_the_same
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
    OtherTicket,
    OwnerRequest,
    Ownership,
    TicketPolicy,
)
from activities.records.ownership import whose_turn
from activities.records.reading import Reading, found_references
from activities.records.routing import route_message
from activities.understanding.models import Reading as Understood
from domain.messages import MessageNature
from domain.playbook import Playbook
from domain.promises import promises_of
from domain.references import MessagePart, NamedReference, ReferenceKind, bare
from domain.roster import on_duty
from domain.routing import Routed
from playbook.running import RunningPlaybook
from storage import cases
from storage.engine import Database
from storage.roster import read_roster


class TicketRecords:
    def __init__(self, database: Database, playbook: RunningPlaybook, stores: Stores, reading: Reading) -> None:
        self._database = database
        self._playbook = playbook
        self._stores = stores
        self._reading = reading

    @activity.defn(name=OPEN_TICKET)
    async def open_ticket(self, reference: CaseReference) -> OpenedTicket:
        """All a ticket needs in its first moment. A store that is down or slow is left out, and said to be missing."""
        playbook = self._playbook.now
        async with self._database.begin() as connection:
            birth = await cases.read_birth(connection, reference.case_id)
            if birth["state"] is not None:
                return OpenedTicket(stored=birth["state"])
            inbound = await cases.read_inbound(connection, reference.case_id)
            answered = await cases.has_the_last_word(connection, reference.case_id)
            spoken = await cases.languages_of(connection, inbound[0], reference.case_id)
            await cases.keep_playbook(connection, playbook)
        first = inbound[0]
        read = await self._reading.understand(first, spoken)
        context = await self._context(playbook, birth, first, self._reading.references(first), read)
        routed = route_message(playbook, first, read, context)
        return OpenedTicket(
            counts_from=(birth["start"] or {}).get("imported_at"),
            answered=answered,
            messages=(await self._reading.facts(first, read), *[await self._reading.facts(row) for row in inbound[1:]]),
            language=read.language,
            language_evidence=read.language_evidence,
            intents=tuple(intent.value for intent in read.intents),
            intent_evidence=read.intent_evidence,
            model_version=read.model_version,
            suggestions=tuple(intent.value for intent in read.suggestions),
            references=context.references,
            context=context,
            routed=routed,
            ownership=await self._ownership(playbook, reference.store, routed),
            policy=self._policy(playbook, reference.store, first["at"]),
        )

    @activity.defn(name=READ_MESSAGE)
    async def read_message(self, reference: MessageReference) -> MessageFacts:
        """What a later message says. The store is asked only about what the ticket does not know yet."""
        async with self._database.begin() as connection:
            row = await cases.read_message(connection, reference.message_id)
            case = await cases.read_birth(connection, row["case_id"])
        named = self._reading.references(row)
        understood = await self._reading.understand(row)
        facts = await self._reading.facts(row, understood)
        if facts.nature is not MessageNature.PERSON or not _news(named, case["state"] or {}):
            return facts
        context = await self._context(self._playbook.now, case, row, named, understood)
        also = (context.same,) if context.same is not None else ()
        return facts.model_copy(
            update={
                "references": context.references,
                "orders": context.orders,
                "duplicates": (*also, *context.duplicates),
                "company": context.company,
                "tier": context.tier,
            }
        )

    @activity.defn(name=FILL_CONTEXT)
    async def fill_context(self, wanted: FillContext) -> ContextFacts:
        """Asks the store again. Raises Transient while it does not answer."""
        async with self._database.begin() as connection:
            birth = await cases.read_birth(connection, wanted.case_id)
            inbound = await cases.read_inbound(connection, wanted.case_id)
        first = inbound[0]
        named = self._reading.references(first)
        read = await self._reading.understand(first)
        playbook = self._playbook.now
        context = await self._context(playbook, birth, first, named, read)
        if not context.store_answered:
            raise Transient("; ".join(context.missing))
        return context.model_copy(update={"routed": route_message(playbook, first, read, context)})

    async def _context(
        self,
        playbook: Playbook,
        case: dict[str, Any],
        message: dict[str, Any],
        named: tuple[NamedReference, ...],
        understood: Understood,
    ) -> ContextFacts:
        """Looks up what a message names, keeps it, and finds the tickets that are about the same."""
        store = case["store"]
        found = await self._look_up(playbook, store, message, named)
        references = found_references(named, found.matches, message["id"])
        same: OtherTicket | None = None
        duplicates: tuple[OtherTicket, ...] = ()
        async with self._database.begin() as connection:
            if found.store_answered:
                same, duplicates = await find_the_same(connection, playbook, case, message, understood, references, found)
            await cases.keep_context(connection, case["id"], found.model_dump(mode="json"), found.as_of)
        company, rules = found.company, playbook.stores[store]
        return ContextFacts(
            company=company.name if company else None,
            company_id=company.company_id if company else None,
            tier=rules.tier_of(company.company_id, company.group_id) if company else None,
            orders=found.about,
            missing=found.missing,
            store_answered=found.store_answered,
            references=references,
            same=same,
            duplicates=duplicates,
        )

    async def _look_up(
        self, playbook: Playbook, store: str, message: dict[str, Any], named: tuple[NamedReference, ...]
    ) -> OrderContext:
        numbers = [each.value for each in named if each.kind is ReferenceKind.RMA]
        async with self._database.begin() as connection:
            returns = await cases.orders_of_returns(connection, store, numbers)
        found = await self._stores.look_up(
            LookUp(
                store=store,
                references=named,
                returns=tuple(KnownReturn(number=number, order_ids=orders) for number, orders in returns.items()),
                email=message["sender"].get("email"),
            )
        )
        portal = portal_of(message["sender"].get("email"), playbook, f"{message['subject']}\n{message['text']}")
        if found.company is not None and portal is not None and portal.company_id == found.company.company_id:
            return found.model_copy(update={"sender_belongs": True})
        return found

    async def _ownership(self, playbook: Playbook, store: str, routed: Routed) -> Ownership:
        before, at = playbook.tickets.handover_before, datetime.now(UTC)
        async with self._database.begin() as connection:
            roster = await read_roster(connection, playbook, at)
            named = routed.owner is not None and on_duty(roster, routed.owner, at)
            request = OwnerRequest(
                store=store, queue=routed.queue, owner=routed.owner if named else None, given=named, handover_before=before
            )
            return await whose_turn(connection, roster, request, at)

    @staticmethod
    def _policy(playbook: Playbook, store: str, at: datetime) -> TicketPolicy:
        return TicketPolicy(
            playbook_version=playbook.version,
            promises=promises_of(playbook, store, at),
            default_tier=playbook.tickets.default_tier,
            queues={name: queue.owner for name, queue in playbook.queues.items()},
            default_queue=playbook.tickets.default_queue,
            people=tuple(person.name for person in playbook.people),
            reopen_window=playbook.tickets.reopen_window.total_seconds(),
            chase_after=playbook.tickets.reply_chase.total_seconds(),
            handover_before=playbook.tickets.handover_before.total_seconds(),
        )


def _news(named: tuple[NamedReference, ...], state: dict[str, Any]) -> bool:
    """Whether a message names something that its ticket does not know."""
    known = {(each["kind"], bare(each["value"])) for each in state.get("references", ())}
    return any((each.kind.value, bare(each.value)) not in known for each in named if each.part is not MessagePart.QUOTED)
