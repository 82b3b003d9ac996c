"""Which other tickets are about the same, once the store has said which order and company a ticket is about."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.bigcommerce.models import OrderContext
from activities.records.models import FoundReference, OtherTicket
from activities.understanding.models import Reading
from domain.conversations import Key, agreed_matters, keys, matters_by_words
from domain.playbook import Playbook
from domain.references import MessagePart, Reference, ReferenceKind
from domain.triage import intents_of
from storage import conversations
from storage.contacts import contact_of, writes_for
from storage.tables import cases

_NOT_AN_ORDER = (ReferenceKind.QUOTE, ReferenceKind.SKU, ReferenceKind.SERIAL)
Found = tuple[OtherTicket | None, tuple[OtherTicket, ...]]


async def find_the_same(
    connection: AsyncConnection,
    playbook: Playbook,
    case: dict[str, Any],
    message: dict[str, Any],
    understood: Reading,
    references: Iterable[FoundReference],
    context: OrderContext,
) -> Found:
    """Claims what the ticket is about; returns the ticket that is about all of it, if another holds it, and those about
    some of it. The company's other people count only if the sender is one of them."""
    about = _about(references, context.about)
    words = f"{message['subject']}\n{message['text']}"
    joins_by, matters = agreed_matters(matters_by_words(words, intents_of(words)[0]), understood.intents, understood.confidence)
    wanted = keys(about, [joins_by] if joins_by else ())
    claimed = keys(about, matters)
    store, at = case["store"], message["at"]
    await conversations.lock(connection, store, claimed)
    contact = await contact_of(connection, store, message["sender"])
    if contact is None:
        return None, ()
    company = context.company if context.company and context.sender_belongs else None
    parties = contact.parties
    if company is not None:
        await connection.execute(sql.update(cases).where(cases.c.id == case["id"]).values(company_id=company.company_id))
        await writes_for(connection, contact.id, store, company.company_id, company.name, at)
        parties = (*parties, f"company:{company.company_id}")
    held = conversations.NOBODY
    if case["split_from_id"] is None:
        window = playbook.tickets.merge_window
        held = await conversations.find(connection, store, parties, wanted, at, window, but_not=case["id"])
    if held.by is None:
        if company is not None:
            await conversations.give_to_company(connection, case["id"], company.company_id)
        party = f"company:{company.company_id}" if company is not None else contact.party
        await conversations.claim(connection, case["id"], store, party, claimed, at)
    words = _words(wanted)
    numbered = await _tickets(connection, [held.by] if held.by else list(held.also), words)
    return (numbered[0], ()) if held.by else (None, tuple(numbered))


def _about(references: Iterable[FoundReference], orders: Iterable[str]) -> list[Reference]:
    """The orders a message is about by their ids in the store, or what it calls them where the store knows none."""
    known = [Reference(kind=ReferenceKind.ORDER, value=order) for order in orders]
    named = [reference for reference in references if reference.part is not MessagePart.QUOTED]
    return [*known, *(each for each in named if not known or each.kind in _NOT_AN_ORDER)]


async def _tickets(connection: AsyncConnection, case_ids: list[UUID], words: str) -> list[OtherTicket]:
    found = await connection.execute(
        sql.select(cases.c.id, cases.c.number).where(cases.c.id.in_(case_ids)).order_by(cases.c.number)
    )
    return [OtherTicket(case_id=row.id, number=row.number, words=words) for row in found]


def _words(wanted: frozenset[Key]) -> str:
    orders = sorted({key.reference.replace(":", " ").replace("_", " ") for key in wanted})
    matters = sorted({key.matter.value.replace("_", " ") for key in wanted})
    return f"same company, {', '.join(orders)}, {', '.join(matters)}"
