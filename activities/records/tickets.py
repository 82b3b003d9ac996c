"""Opening a ticket: its message read and triaged, its order looked up, its rules pinned, in one go."""

import re
from typing import Any

from temporalio import activity

from activities._kit.errors import Transient
from activities.bigcommerce.models import LookUp, OrderContext
from activities.bigcommerce.stores import Stores
from activities.records.conversations import find_the_same
from activities.records.models import (
    FILL_CONTEXT,
    OPEN_TICKET,
    READ_MESSAGE,
    CaseReference,
    ContextFacts,
    FillContext,
    FoundReference,
    MessageFacts,
    MessageReference,
    OpenedTicket,
    TicketPolicy,
)
from activities.records.reading import Reading
from domain.playbook import Playbook
from domain.references import ReferenceKind
from domain.sla import Promise
from domain.triage import Intent
from storage import cases
from storage.engine import Database


class TicketRecords:
    def __init__(self, database: Database, playbook: Playbook, stores: Stores, reading: Reading) -> None:
        self._database = database
        self._playbook = playbook
        self._stores = stores
        self._reading = reading

    @activity.defn(name=OPEN_TICKET)
    async def open_ticket(self, reference: CaseReference) -> OpenedTicket:
        """All a ticket needs in its first moment. A store that is down or slow is left out, and said to be missing."""
        async with self._database.begin() as connection:
            birth = await cases.read_birth(connection, reference.case_id)
            if birth["state"] is not None:
                return OpenedTicket(stored=birth["state"], policy=self._policy(reference.store))
            inbound = await cases.read_inbound(connection, reference.case_id)
            await cases.keep_playbook(connection, self._playbook)
        first = inbound[0]
        read = self._reading.triage(first)
        facts = [await self._reading.facts(row) for row in inbound]
        context = await self._context(birth, first, facts[0].references, read.intents)
        return OpenedTicket(
            messages=tuple(facts),
            language=read.language,
            language_evidence=read.language_evidence,
            intents=tuple(intent.value for intent in read.intents),
            intent_evidence=read.intent_evidence,
            references=facts[0].references,
            context=context,
            policy=self._policy(reference.store),
        )

    @activity.defn(name=READ_MESSAGE)
    async def read_message(self, reference: MessageReference) -> MessageFacts:
        async with self._database.begin() as connection:
            row = await cases.read_message(connection, reference.message_id)
        return await self._reading.facts(row)

    @activity.defn(name=FILL_CONTEXT)
    async def fill_context(self, wanted: FillContext) -> ContextFacts:
        """Asks the store again. Raises Transient while it does not answer."""
        async with self._database.begin() as connection:
            birth = await cases.read_birth(connection, wanted.case_id)
            inbound = await cases.read_inbound(connection, wanted.case_id)
        read = self._reading.triage(inbound[0])
        context = await self._context(birth, inbound[-1], wanted.references, read.intents)
        if not context.store_answered:
            raise Transient("; ".join(context.missing))
        return context

    async def _context(
        self,
        case: dict[str, Any],
        message: dict[str, Any],
        references: tuple[FoundReference, ...],
        intents: tuple[Intent, ...],
    ) -> ContextFacts:
        """Looks up what a message names, keeps it, and finds the tickets that are about the same."""
        store = case["store"]
        found = await self._stores.look_up(
            LookUp(store=store, order_ids=_orders(references), email=message["sender"].get("email"))
        )
        orders, company = _matched(found, references), found.company
        same, duplicates = None, ()
        async with self._database.begin() as connection:
            if found.store_answered:
                same, duplicates = await find_the_same(
                    connection, self._playbook, case, message, intents, references, orders, found
                )
            await cases.keep_context(connection, case["id"], found.model_dump(mode="json"), found.as_of)
        tiers = self._playbook.stores[store].tiers
        return ContextFacts(
            company=company.name if company else None,
            tier=tiers.get(company.group_id or "") if company else None,
            orders=orders,
            missing=found.missing,
            store_answered=found.store_answered,
            same=same,
            duplicates=duplicates,
        )

    def _policy(self, store: str) -> TicketPolicy:
        playbook = self._playbook
        level = playbook.service_levels[playbook.stores[store].service_level]
        return TicketPolicy(
            playbook_version=playbook.version,
            promise=Promise(calendar=playbook.calendars[level.calendar], warn_before=level.warn_before, ladder=level.ladder),
            targets=level.targets,
            default_tier=playbook.tickets.default_tier,
            queues={name: queue.owner for name, queue in playbook.queues.items()},
            intent_queues={intent: name for name, queue in reversed(playbook.queues.items()) for intent in queue.intents},
            default_queue=playbook.tickets.default_queue,
            people=tuple(person.name for person in playbook.people),
            reopen_window=playbook.tickets.reopen_window.total_seconds(),
            chase_after=playbook.tickets.reply_chase.total_seconds(),
        )


def _orders(references: tuple[FoundReference, ...]) -> tuple[str, ...]:
    return tuple(reference.value for reference in references if reference.kind is ReferenceKind.ORDER)


def _matched(context: OrderContext, references: tuple[FoundReference, ...]) -> tuple[str, ...]:
    """The orders a message is about: those it names by number or purchase order; else the buyer's only one."""
    named = {_bare(reference.value) for reference in references if reference.kind in _ORDER_KINDS}
    matched = [order.order_id for order in context.orders if {order.order_id, _bare(order.purchase_order or "-")} & named]
    if not matched and not named and len(context.orders) == 1:
        matched = [context.orders[0].order_id]
    return tuple(matched)


_ORDER_KINDS = (ReferenceKind.ORDER, ReferenceKind.PURCHASE_ORDER)


def _bare(value: str) -> str:
    """A purchase order number without the ways people write it: `PO# 4713-a` is `4713A`."""
    return re.sub(r"[^A-Z0-9]", "", value.upper()).removeprefix("PO")
