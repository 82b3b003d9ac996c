"""Which ticket a message belongs to, by the order of evidence: what only an answer to us can carry comes first, what anybody
can write comes last and counts only from somebody of the thread."""

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import threading
from domain.conversations import Key
from domain.messages import InboundMessage, MessageNature
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from storage import conversations
from storage.contacts import Contact
from storage.secrets import secret
from storage.tables import cases, contact_companies, messages

# Made once, since making them takes longer than carrying them out.
_CANDIDATES = sql.bindparam("candidates", type_=sql.ARRAY(sql.Text))
_BY_HEADERS = (
    sql.select(*messages.c["origin_id", "direction"])
    .where(messages.c.message_id == sql.any_(_CANDIDATES), messages.c.store == sql.bindparam("store"))
    .order_by(sql.func.array_position(_CANDIDATES, messages.c.message_id), messages.c.direction.desc(), messages.c.created_at)
    .limit(1)
)

TICKET = "ticket"
REPLY_TOKEN = "reply-token"
"""Name of the key that signs our reply addresses."""


class Thread(NamedTuple):
    """The case a message belongs to and, in words, why."""

    case_id: UUID
    evidence: str


class Reading(NamedTuple):
    """What intake itself reads of a message, without any network: the references it names, and what it is about."""

    references: tuple[Reference, ...]
    keys: frozenset[Key]
    """The conversations it is about and would join."""


async def thread_of(
    connection: AsyncConnection, message: InboundMessage, contact: Contact | None, reading: Reading, playbook: Playbook
) -> Thread | None:
    """Where the message belongs; None begins a new thread. Never by how alike two subjects are, never by the sender alone."""
    found = (
        await _by_token(connection, message, contact)
        or await _by_headers(connection, message)
        or await _by_number(connection, message, contact)
        or await _by_session(connection, message, reading)
    )
    if found is not None or message.nature is not MessageNature.PERSON or contact is None:
        return found
    return await _by_return(connection, message, contact, reading) or await _by_conversation(
        connection, message, contact, reading, playbook
    )


async def _by_token(connection: AsyncConnection, message: InboundMessage, contact: Contact | None) -> Thread | None:
    """By the reply address we gave out. It is signed, but a mail with it may have been handed on to strangers."""
    if message.thread.reply_token is None:
        return None
    number = threading.token_number(message.thread.reply_token, await secret(connection, REPLY_TOKEN))
    if number is None:
        return None
    case_id = await _of_the_thread(connection, cases.c.number == number, message, contact)
    return case_id and Thread(case_id, f"sent to the reply address of ticket #{number}")


async def _by_headers(connection: AsyncConnection, message: InboundMessage) -> Thread | None:
    """By Message-ID of what we sent or received. Ours win over an inbound message that bears the same id: it is forged."""
    candidates = threading.candidate_ids(message.thread)
    if not candidates:
        return None
    found = await connection.execute(_BY_HEADERS, {"candidates": list(candidates), "store": message.store})
    row = found.one_or_none()
    if row is None:
        return None
    return Thread(
        row.origin_id, "answers a mail of ours" if row.direction == "out" else "refers to an earlier mail of the thread"
    )


async def _by_number(connection: AsyncConnection, message: InboundMessage, contact: Contact | None) -> Thread | None:
    """By `[#1042]` in the subject, or by the number a ticket had in the help desk it was imported from."""
    number = threading.ticket_number(message.subject)
    if number is not None:
        case_id = await _of_the_thread(connection, cases.c.number == number, message, contact)
        if case_id is not None:
            return Thread(case_id, f"[#{number}] in the subject, from somebody of the thread")
    former = threading.former_number(message.subject)
    if former is None:
        return None
    case_id = await _of_the_thread(connection, _imported("id") == former, message, contact)
    return case_id and Thread(case_id, f"its number {former} in the help desk before, from somebody of the thread")


def _imported(field: str) -> sql.ColumnElement[str]:
    return sql.literal_column(f"(cases.start #>> '{{imported,{field}}}')", sql.Text)


async def _of_the_thread(
    connection: AsyncConnection, which: sql.ColumnElement[bool], message: InboundMessage, contact: Contact | None
) -> UUID | None:
    """That ticket, if the sender belongs to it: wrote or was written to there, or is of its company. Somebody who is known to
    write for other companies only is a stranger, whatever the mail domain says."""
    found = await connection.execute(
        sql.select(
            cases.c.id,
            cases.c.company_id,
            messages.c.sender["email"].astext.label("sender"),
            messages.c.recipient,
            messages.c.direction,
        )
        .join(messages, messages.c.origin_id == cases.c.id)
        .where(
            which,
            cases.c.process == TICKET,
            cases.c.store == message.store,
            messages.c.nature == MessageNature.PERSON.value,
        )
        .order_by(cases.c.number.desc())
    )
    rows = found.all()
    if not rows:
        return None
    case_id, company_id = rows[0].id, rows[0].company_id
    rows = [row for row in rows if row.id == case_id]
    participants = [address for row in rows if (address := row.sender if row.direction == "in" else row.recipient)]
    if threading.is_participant(message.sender.email, participants):
        return case_id
    companies = contact.companies if contact else ()
    if company_id is not None and companies:
        return case_id if company_id in companies else None
    return case_id if threading.shares_domain(message.sender.email, participants) else None


async def _by_session(connection: AsyncConnection, message: InboundMessage, reading: Reading) -> Thread | None:
    """By the channel's own conversation, unless the message names other orders than its ticket is about: a buyer's number or
    marketplace thread is used for everything they ever ask."""
    if message.conversation is None:
        return None
    found = await connection.execute(
        sql.select(messages.c.origin_id, cases.c.orders)
        .join(cases, cases.c.id == messages.c.case_id)
        .where(
            messages.c.store == message.store,
            messages.c.channel == message.channel.value,
            messages.c.conversation == message.conversation,
        )
        .order_by(messages.c.at.desc(), messages.c.created_at.desc())
        .limit(1)
    )
    row = found.one_or_none()
    if row is None:
        return None
    orders = {reference.value for reference in reading.references if reference.kind is ReferenceKind.ORDER}
    if orders and row.orders and not orders & set(row.orders):
        return None
    return Thread(row.origin_id, "the same conversation of the channel")


async def _by_return(connection: AsyncConnection, message: InboundMessage, contact: Contact, reading: Reading) -> Thread | None:
    """By the number of one of our returns, from somebody of the company that returns."""
    numbers = [int(named.value) for named in reading.references if named.kind is ReferenceKind.RMA and named.value.isdecimal()]
    if not numbers:
        return None
    ticket = cases.alias()
    writes_for = sql.select(contact_companies.c.company_id).where(
        contact_companies.c.contact_id == contact.id, contact_companies.c.store == message.store
    )
    wrote = sql.exists().where(
        messages.c.origin_id == ticket.c.id, messages.c.sender["email"].astext == (message.sender.email or "")
    )
    found = await connection.execute(
        sql.select(cases.c.parent_id, cases.c.number)
        .join(ticket, ticket.c.id == cases.c.parent_id)
        .where(
            cases.c.process == "rma",
            cases.c.number.in_(numbers),
            cases.c.store == message.store,
            sql.or_(wrote, ticket.c.company_id.in_(writes_for)),
        )
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else Thread(row.parent_id, f"names return {row.number}, from somebody of its thread")


async def _by_conversation(
    connection: AsyncConnection, message: InboundMessage, contact: Contact, reading: Reading, playbook: Playbook
) -> Thread | None:
    await conversations.lock(connection, message.store, reading.keys)
    held = await conversations.find(
        connection,
        message.store,
        contact.parties,
        reading.keys,
        message.received_at,
        playbook.tickets.merge_window,
    )
    if held.by is None:
        return None
    words = ", ".join(sorted({key.reference.replace(":", " ").replace("_", " ") for key in reading.keys}))
    matters = ", ".join(sorted({key.matter.value.replace("_", " ") for key in reading.keys}))
    who = "the same company" if len(contact.parties) > 1 else "the same person"
    return Thread(held.by, f"{who}, {words}, {matters}")
