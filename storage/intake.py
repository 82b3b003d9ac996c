"""The one way in: a message of any channel becomes part of exactly one ticket, in one transaction (P1)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import threading
from domain.attachment_kind import attachment_kind
from domain.conversations import Key, keys, matters_by_words
from domain.messages import DeliveryState, InboundMessage, MessageNature
from domain.playbook import Playbook
from domain.references import MessagePart, Reference, read_references
from domain.triage import intents_of
from storage import conversations
from storage.blobs import Blobs
from storage.contacts import Contact, contact_of
from storage.engine import Database
from storage.storable import storable
from storage.tables import attachments, case_numbers, cases, messages, outbox
from storage.threads import TICKET, Reading, Thread, thread_of

OUTBOX_CHANGED = "outbox"
"""The NOTIFY channel; its payload is the workflow id that has something waiting."""

MESSAGE_SIGNAL = "message"
STAGE_NEW = "new"
STAGE_REQUESTED = "requested"
STAGE_MACHINE_MAIL = "machine_mail"
"""A ticket that only keeps machine mail which belongs to no thread: closed from birth, no workflow, no answer."""

_READ_LIMIT = 20_000
"""Characters of a message that intake reads for what it is about; the ticket reads all of it."""

_OPEN = "open"
_CLOSED = "closed"

# The door asks these for every message: made once, since making them takes longer than carrying them out.
_ONE_AT_A_TIME = sql.select(sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(sql.bindparam("identity"), 0)))
_KNOWN = sql.select(*messages.c["id", "case_id"]).where(
    messages.c.channel == sql.bindparam("channel"), messages.c.external_id == sql.bindparam("external_id")
)
_SURVIVOR = sql.select(sql.func.coalesce(cases.c.survivor_id, cases.c.id)).where(cases.c.id == sql.bindparam("of"))
_LOCKED = (
    sql.select(*cases.c["id", "process", "status", "workflow_id", "parent_id", "company_id"])
    .where(cases.c.id == sql.bindparam("of"))
    .with_for_update(key_share=True)
)
_NEXT_NUMBER = sql.select(case_numbers.next_value())
_ADD_TICKET = sql.insert(cases).values(
    {
        name: sql.bindparam(name)
        for name in (
            *("id", "process", "number", "workflow_id", "store", "title", "status", "stage"),
            *("start", "parent_id", "playbook_version"),
        )
    }
)
_ADD_MESSAGE = sql.insert(messages)
_ADD_ATTACHMENTS = sql.insert(attachments)
_PUT_IN_OUTBOX = (
    sql.insert(outbox)
    .values({name: sql.bindparam(name) for name in ("workflow_id", "case_id", "process", "signal", "payload")})
    .returning(sql.func.pg_notify(OUTBOX_CHANGED, sql.bindparam("notice")))
)


class UnknownStore(ValueError):
    """The message is for a store that the playbook does not have."""


class Accepted(NamedTuple):
    """Where a message is. `created` is False where the same message had been accepted before."""

    message_id: UUID
    ticket_id: UUID
    created: bool


class OpenedCase(NamedTuple):
    case_id: UUID
    number: int


class _Place(NamedTuple):
    """The ticket a message goes to, the one it would go to if no ticket had been merged, and whether its workflow is told."""

    case_id: UUID
    origin_id: UUID
    workflow_id: str
    company_id: str | None
    told: bool


async def receive(database: Database, blobs: Blobs, playbook: Playbook, message: InboundMessage) -> Accepted:
    """Stores the attachments, then accepts the message. Once this returns the message may be acknowledged.

    Raises UnknownStore, and whatever database and blob store raise; then nothing of the message is in a thread.
    """
    stored = [await blobs.put(attachment.content) for attachment in message.attachments]
    async with database.begin() as connection:
        return await accept(connection, message, stored, playbook)


async def accept(
    connection: AsyncConnection, message: InboundMessage, attachment_blobs: Sequence[str], playbook: Playbook
) -> Accepted:
    """Puts a message into its thread, within the caller's transaction and without any network.

    `attachment_blobs` are the blob keys of `message.attachments`, in their order. The same (channel, external_id) again
    returns what the first one returned, also when both arrive at the same moment.

    Raises UnknownStore.
    """
    if message.store not in playbook.stores:
        raise UnknownStore(f"store {message.store!r} is not in the playbook; it has {', '.join(sorted(playbook.stores))}")
    message = storable(message)
    known = await _known(connection, message)
    if known is not None:
        return known
    contact = await contact_of(connection, message.store, message.sender.model_dump())
    reading = _read(message, playbook)
    thread = await thread_of(connection, message, contact, reading, playbook)
    if thread is None:
        place = await _new_ticket(connection, message, playbook, parent_id=None)
    else:
        place = await _place_in(connection, thread, message, playbook)
        if message.nature is MessageNature.PERSON:
            await conversations.written_about(connection, place.case_id, message.received_at)
    message_id = uuid4()
    evidence = thread.evidence if thread else ""
    await connection.execute(_ADD_MESSAGE, message_row(message_id, place.case_id, place.origin_id, evidence, message))
    if message.nature is MessageNature.PERSON:
        await _hold(connection, place, message, contact, reading.keys)
    if message.attachments:
        await connection.execute(_ADD_ATTACHMENTS, attachment_rows(message_id, message, attachment_blobs))
    if place.told:
        await put_in_outbox(
            connection,
            workflow_id=place.workflow_id,
            case_id=place.case_id,
            process=TICKET,
            signal=MESSAGE_SIGNAL,
            payload={"message_id": str(message_id)},
        )
    return Accepted(message_id, place.case_id, True)


async def open_case(
    connection: AsyncConnection,
    process: str,
    store: str,
    title: str,
    start: Mapping[str, Any],
    parent_id: UUID | None = None,
    *,
    playbook_version: str | None = None,
    case_id: UUID | None = None,
) -> OpenedCase:
    """Makes a case of any process and has its workflow `<process>-<number>` started.

    With `case_id` the call may be repeated: the same id again returns the case that is there and starts nothing.
    """
    case_id = case_id or uuid4()
    number = await next_number(connection)
    statement = (
        insert(cases)
        .values(
            id=case_id,
            process=process,
            number=number,
            workflow_id=f"{process}-{number}",
            store=store,
            title=title,
            status=_OPEN,
            stage=STAGE_REQUESTED,
            start=dict(start),
            parent_id=parent_id,
            playbook_version=playbook_version,
        )
        .on_conflict_do_nothing(index_elements=[cases.c.id])
        .returning(cases.c.number)
    )
    if await connection.scalar(statement) is None:
        there = await connection.execute(sql.select(cases.c.number).where(cases.c.id == case_id))
        return OpenedCase(case_id, there.scalar_one())
    await put_in_outbox(connection, workflow_id=f"{process}-{number}", case_id=case_id, process=process)
    return OpenedCase(case_id, number)


async def put_in_outbox(
    connection: AsyncConnection,
    *,
    workflow_id: str,
    case_id: UUID,
    process: str,
    signal: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Has the relay tell a workflow something once this transaction commits; without `signal` it is only started."""
    told = {
        "workflow_id": workflow_id,
        "case_id": case_id,
        "process": process,
        "signal": signal,
        "payload": dict(payload) if payload is not None else None,
        "notice": json.dumps({"workflow_id": workflow_id}),
    }
    await connection.execute(_PUT_IN_OUTBOX, told)


async def _known(connection: AsyncConnection, message: InboundMessage) -> Accepted | None:
    """What became of this message before. The lock makes a second delivery at the same moment wait for the first."""
    identity = f"{message.channel.value}\n{message.external_id}"
    await connection.execute(_ONE_AT_A_TIME, {"identity": identity})
    found = await connection.execute(_KNOWN, {"channel": message.channel.value, "external_id": message.external_id})
    row = found.one_or_none()
    return None if row is None else Accepted(row.id, row.case_id, False)


async def _place_in(connection: AsyncConnection, thread: Thread, message: InboundMessage, playbook: Playbook) -> _Place:
    """Where in a thread the message goes.

    A return stands for the ticket it belongs to, a merged ticket for its survivor, a closed one for the newest that follows it.
    The row lets two replies to a closed ticket, arriving at once, share the new one, and makes a merge wait. Machine mail
    stays where it belongs also when that is closed: then nobody is told, since it may not start anything.
    """
    case_id = thread.case_id
    while True:
        case = await _locked(connection, case_id)
        if case.process != TICKET and case.parent_id is not None:
            case_id = case.parent_id
            continue
        if case.process == TICKET and case.status != _CLOSED:
            return _Place(case.id, case_id, case.workflow_id, case.company_id, True)
        if message.nature is not MessageNature.PERSON:
            return _Place(case.id, case_id, case.workflow_id, case.company_id, False)
        follower = await connection.scalar(
            sql.select(cases.c.id)
            .where(cases.c.parent_id == case.id, cases.c.process == TICKET)
            .order_by(cases.c.number.desc())
            .limit(1)
        )
        if follower is None:
            return await _new_ticket(connection, message, playbook, parent_id=case.id)
        case_id = follower


async def _locked(connection: AsyncConnection, case_id: UUID) -> Any:
    """The case, or the one that survived its merges. Only that one is locked: a merge locks the two it joins."""
    while True:
        place = (await connection.execute(_SURVIVOR, {"of": case_id})).scalar_one()
        case = (await connection.execute(_LOCKED, {"of": place})).one()
        if (await connection.execute(_SURVIVOR, {"of": case_id})).scalar_one() == case.id:
            return case


async def _new_ticket(
    connection: AsyncConnection, message: InboundMessage, playbook: Playbook, parent_id: UUID | None
) -> _Place:
    """A ticket for the first message of a thread. Machine mail gets one that is closed from birth: kept, never answered."""
    person = message.nature is MessageNature.PERSON
    case_id = uuid4()
    number = await next_number(connection)
    workflow_id = f"{TICKET}-{number}"
    title = threading.title(message.subject, message.text)
    row = {
        "id": case_id,
        "process": TICKET,
        "number": number,
        "workflow_id": workflow_id,
        "store": message.store,
        "title": title,
        "status": _OPEN if person else _CLOSED,
        "stage": STAGE_NEW if person else STAGE_MACHINE_MAIL,
        "start": {"case_id": str(case_id), "number": number, "store": message.store, "title": title},
        "parent_id": parent_id,
        "playbook_version": playbook.version,
    }
    await connection.execute(_ADD_TICKET, row)
    return _Place(case_id, case_id, workflow_id, None, person)


async def _hold(
    connection: AsyncConnection, place: _Place, message: InboundMessage, contact: Contact | None, claimed: frozenset[Key]
) -> None:
    """What the message is about belongs to its ticket from now on, where no other ticket has it."""
    party = f"company:{place.company_id}" if place.company_id is not None else contact and contact.party
    if party is not None:
        await conversations.claim(connection, place.case_id, message.store, party, claimed, message.received_at)


def _read(message: InboundMessage, playbook: Playbook) -> Reading:
    text = message.text[:_READ_LIMIT]
    parts = {
        MessagePart.SUBJECT: message.subject,
        MessagePart.TEXT: text,
        MessagePart.ATTACHMENT: "\n".join(attachment.filename for attachment in message.attachments),
    }
    named = read_references(parts, playbook.stores[message.store].references, message.named)
    references = tuple(Reference(kind=each.kind, value=each.value) for each in named)
    words = f"{message.subject}\n{text}"
    matters = matters_by_words(words, intents_of(words)[0])
    # A message of several matters waits for its ticket to tell which it is mainly about.
    return Reading(references, keys(references, matters if len(matters) == 1 else ()))


async def next_number(connection: AsyncConnection) -> int:
    return (await connection.execute(_NEXT_NUMBER)).scalar_one()


def message_row(message_id: UUID, case_id: UUID, origin_id: UUID, evidence: str, message: InboundMessage) -> dict[str, Any]:
    return {
        "id": message_id,
        "case_id": case_id,
        "origin_id": origin_id,
        "evidence": evidence,
        "direction": "in",
        "channel": message.channel.value,
        "external_id": message.external_id,
        "store": message.store,
        "sender": message.sender.model_dump(exclude_none=True),
        "recipient": message.to,
        "subject": message.subject,
        "text": message.text,
        "full_text": message.full_text,
        "html": message.html,
        "message_id": message.thread.message_id,
        "in_reply_to": message.thread.in_reply_to,
        "references": list(message.thread.references),
        "nature": message.nature.value,
        "delivery": DeliveryState.RECEIVED.value,
        "raw_blob": message.raw_blob,
        "named": [reference.model_dump(mode="json") for reference in message.named],
        "conversation": message.conversation,
        "provider": message.provider,
        "account": message.account,
        "at": message.received_at,
    }


def attachment_rows(message_id: UUID, message: InboundMessage, blobs: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid4(),
            "message_id": message_id,
            "filename": attachment.filename,
            "content_type": attachment.content_type,
            "size": len(attachment.content),
            "blob": blob,
            "content_id": attachment.content_id,
            "kind": attachment_kind(attachment, message.html).value,
        }
        for attachment, blob in zip(message.attachments, blobs, strict=True)
    ]
