"""Files tickets that come from another help desk or a mail archive. The same ticket again changes nothing."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import threading
from domain.imported import Direction, ImportedMessage, ImportedTicket, System
from domain.messages import DeliveryState
from domain.playbook import Playbook
from domain.safe_names import clean, file_name
from storage.engine import Database
from storage.intake import STAGE_NEW, TICKET, put_in_outbox
from storage.storable import identity, storable
from storage.tables import attachments, case_numbers, cases, messages, timeline

STAGE_IMPORTED = "imported"
"""A ticket that was closed before it came here: history, without a workflow, a clock or an answer."""

_LOCK = 5_201_338
"""Any fixed number: two imports file one ticket after the other, so that neither makes what the other is making."""

_FIRST_NOTE = -1_000_000
"""Imported lines stand before those of the workflow, which count from 1."""

_ROWS = 200
"""Rows of one statement."""

_LINKS_DEEP = 50

_origin_id = sql.literal_column("(cases.start #>> '{imported,id}')", sql.Text)
_origin_system = sql.literal_column("(cases.start #>> '{imported,from}')", sql.Text)
_origin_account = sql.literal_column("(cases.start #>> '{imported,account}')", sql.Text)


class Filed(NamedTuple):
    """What one ticket added. `known` counts messages that were here before, or twice in the import."""

    case_id: UUID
    created: bool
    live: bool
    messages: int
    known: int
    attachments: int
    notes: int


class _Place(NamedTuple):
    """`case_id` is where messages go, `origin_id` where they went were nothing merged."""

    case_id: UUID
    origin_id: UUID


class _Overtaken(Exception):
    """All messages of a new ticket came in by another door in this very moment."""


async def import_ticket(database: Database, ticket: ImportedTicket, playbook: Playbook, imported_at: datetime) -> Filed:
    """Files one ticket in one transaction: all of it, or what of it is not here yet. Nobody is told of a closed one."""
    try:
        async with database.begin() as connection:
            return await _import(connection, ticket, playbook, imported_at)
    except _Overtaken:
        async with database.begin() as connection:
            return await _import(connection, ticket, playbook, imported_at)


async def link_imported(connection: AsyncConnection) -> None:
    """Ties imported tickets to those they were merged into or follow, once both are here. Safe to repeat."""
    await connection.execute(sql.text(_LINK.format(column="merged_into_id", named="merged_into")))
    await connection.execute(sql.text(_LINK.format(column="parent_id", named="follows")))
    await connection.execute(
        sql.text(
            "UPDATE cases SET survivor_id = merged_into_id"
            " WHERE survivor_id IS NULL AND merged_into_id IS NOT NULL AND (start #>> '{imported,id}') IS NOT NULL"
        )
    )
    for _ in range(_LINKS_DEEP):
        moved = await connection.execute(sql.text(_NEXT_SURVIVOR))
        if not moved.rowcount:
            return


_LINK = """
UPDATE cases SET {column} = other.id FROM cases AS other
WHERE cases.{column} IS NULL AND cases.id <> other.id
  AND (cases.start #>> '{{imported,id}}') IS NOT NULL AND (cases.start #>> '{{imported,{named}}}') IS NOT NULL
  AND (other.start #>> '{{imported,id}}') = (cases.start #>> '{{imported,{named}}}')
  AND (other.start #>> '{{imported,from}}') = (cases.start #>> '{{imported,from}}')
  AND (other.start #>> '{{imported,account}}') = (cases.start #>> '{{imported,account}}')
  AND (other.start #>> '{{imported,{named}}}') IS DISTINCT FROM (cases.start #>> '{{imported,id}}')
"""

_NEXT_SURVIVOR = """
UPDATE cases SET survivor_id = other.survivor_id FROM cases AS other
WHERE cases.survivor_id = other.id AND other.survivor_id IS NOT NULL AND other.survivor_id <> cases.id
  AND (cases.start #>> '{imported,id}') IS NOT NULL
"""


async def _import(connection: AsyncConnection, ticket: ImportedTicket, playbook: Playbook, imported_at: datetime) -> Filed:
    await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(_LOCK)))
    each = {(item.message.channel.value, item.message.external_id): item for item in map(_storable, ticket.messages)}
    found = await _known(connection, [item.message.external_id for item in each.values()])
    known = {identity: case_id for identity, case_id in found.items() if identity in each}
    place = await _find(connection, ticket, next(iter(known.values()), None))
    created = place is None
    if place is None:
        case_id = await _new_case(connection, ticket, playbook, imported_at)
        place = _Place(case_id, case_id)
    fresh = [item for identity, item in each.items() if identity not in known]
    added = await _add_messages(connection, ticket, fresh, place, imported_at)
    if created and fresh and not added:
        raise _Overtaken
    files = await _add_files(connection, fresh, added)
    notes = await _add_notes(connection, ticket, place.origin_id)
    if created and ticket.lives_on:
        number = await connection.scalar(sql.select(cases.c.number).where(cases.c.id == place.case_id))
        await put_in_outbox(connection, workflow_id=f"{TICKET}-{number}", case_id=place.case_id, process=TICKET)
    live = created and ticket.lives_on
    return Filed(place.case_id, created, live, len(added), len(ticket.messages) - len(added), files, notes)


def _storable(item: ImportedMessage) -> ImportedMessage:
    return item.model_copy(update={"message": storable(item.message)})


async def _known(connection: AsyncConnection, external_ids: list[str]) -> dict[tuple[str, str], UUID]:
    """Those of these messages that are here, each with its ticket, oldest first."""
    found: dict[tuple[str, str], UUID] = {}
    for start in range(0, len(external_ids), _ROWS):
        query = (
            sql.select(messages.c.channel, messages.c.external_id, messages.c.origin_id)
            .where(messages.c.external_id.in_(external_ids[start : start + _ROWS]))
            .order_by(messages.c.at)
        )
        found.update({(row.channel, row.external_id): row.origin_id for row in await connection.execute(query)})
    return found


async def _find(connection: AsyncConnection, ticket: ImportedTicket, holder: UUID | None) -> _Place | None:
    """The ticket that is this one: by its origin, by a message both have, for mails by what answers what."""
    origin = ticket.origin
    case_id = await connection.scalar(
        sql.select(cases.c.id).where(
            _origin_id == _name(origin.id),
            _origin_system == origin.system.value,
            _origin_account == _name(origin.account),
        )
    )
    case_id = case_id or holder
    if case_id is None and origin.system is System.MAIL:
        case_id = await _by_headers(connection, ticket)
    if case_id is None:
        return None
    query = sql.select(cases.c.id, cases.c.process, cases.c.parent_id, cases.c.survivor_id).where(cases.c.id == case_id)
    case = (await connection.execute(query)).one()
    home = case.parent_id if case.process != TICKET and case.parent_id is not None else case.id
    return _Place(case.survivor_id or home, home)


async def _by_headers(connection: AsyncConnection, ticket: ImportedTicket) -> UUID | None:
    """The ticket of a mail that one of these answers, or that answers one of these."""
    threads = [item.message.thread for item in ticket.messages]
    answered = {found for thread in threads for found in threading.candidate_ids(thread)}
    own = {thread.message_id for thread in threads if thread.message_id}
    query = (
        sql.select(messages.c.origin_id)
        .where(
            messages.c.store == ticket.store,
            (messages.c.message_id == _any_of(answered)) | (messages.c.in_reply_to == _any_of(own)),
        )
        .order_by(messages.c.at)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


def _any_of(ids: set[str]) -> sql.ColumnElement[Any]:
    """One parameter, however many there are: a statement may have 65,535."""
    return sql.any_(sql.cast(sorted(ids), sql.ARRAY(sql.Text)))


async def _new_case(connection: AsyncConnection, ticket: ImportedTicket, playbook: Playbook, imported_at: datetime) -> UUID:
    case_id = uuid4()
    number = (await connection.execute(sql.select(case_numbers.next_value()))).scalar_one()
    live = ticket.lives_on
    title = threading.title(clean(ticket.subject), _clean_text(ticket.messages[0].message.text) if ticket.messages else "")
    await connection.execute(
        sql.insert(cases).values(
            id=case_id,
            process=TICKET,
            number=number,
            workflow_id=f"{TICKET}-{number}",
            store=ticket.store,
            title=title,
            status="open" if live else "closed",
            stage=STAGE_NEW if live else STAGE_IMPORTED,
            company=clean(ticket.company) or None if ticket.company else None,
            start={
                "case_id": str(case_id),
                "number": number,
                "store": ticket.store,
                "title": title,
                "imported": _origin(ticket),
                "imported_at": imported_at.isoformat(),
            },
            playbook_version=playbook.version,
            created_at=ticket.created_at,
            updated_at=max([ticket.created_at, *(item.message.received_at for item in ticket.messages)]),
        )
    )
    origin = ticket.origin
    before = "the mail archive" if origin.system is System.MAIL else f"{origin.system.value} ticket {_name(origin.id)}"
    line = f"Imported from {before}; {'it goes on here' if live else 'it is kept as history'}."
    await _add_lines(connection, case_id, _FIRST_NOTE, [(imported_at, "import", "imported", line)])
    return case_id


def _origin(ticket: ImportedTicket) -> dict[str, Any]:
    origin = ticket.origin
    kept: dict[str, Any] = {"from": origin.system.value, "account": _name(origin.account), "id": _name(origin.id)}
    if ticket.tags:
        kept["tags"] = [clean(tag) for tag in ticket.tags]
    for name, value in (("merged_into", ticket.merged_into), ("follows", ticket.follows)):
        if value:
            kept[name] = _name(value)
    return kept


async def _add_messages(
    connection: AsyncConnection, ticket: ImportedTicket, fresh: list[ImportedMessage], place: _Place, imported_at: datetime
) -> dict[str, UUID]:
    """Adds messages and returns the ids of those that nobody else added in this moment, by external id."""
    rows = [_row(item, ticket, place) for item in fresh]
    for index, row in enumerate(rows):
        # Messages of one second stay in the order they had.
        row["created_at"] = imported_at + timedelta(microseconds=index)
    added: dict[str, UUID] = {}
    for start in range(0, len(rows), _ROWS):
        statement = (
            insert(messages)
            .values(rows[start : start + _ROWS])
            .on_conflict_do_nothing(index_elements=["channel", "external_id"])
            .returning(messages.c.external_id, messages.c.id)
        )
        added.update({row.external_id: row.id for row in await connection.execute(statement)})
    return added


def _row(item: ImportedMessage, ticket: ImportedTicket, place: _Place) -> dict[str, Any]:
    message = item.message
    came_in = item.direction is Direction.IN
    return {
        "id": uuid4(),
        "case_id": place.case_id,
        "origin_id": place.origin_id,
        "evidence": f"Imported from {ticket.origin.system.value}.",
        "direction": item.direction.value,
        "channel": message.channel.value,
        "external_id": message.external_id,
        "store": ticket.store,
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
        "delivery": (DeliveryState.RECEIVED if came_in else DeliveryState.SENT).value,
        "raw_blob": message.raw_blob,
        "named": [reference.model_dump(mode="json") for reference in message.named],
        "at": message.received_at,
    }


async def _add_files(connection: AsyncConnection, fresh: list[ImportedMessage], added: dict[str, UUID]) -> int:
    rows = [
        {
            "id": uuid4(),
            "message_id": added[item.message.external_id],
            "filename": file_name(file.filename, file.content_type),
            "content_type": clean(file.content_type),
            "size": file.size,
            "blob": file.blob,
            "content_id": clean(file.content_id) if file.content_id else None,
        }
        for item in fresh
        if item.message.external_id in added
        for file in item.files
    ]
    if rows:
        await connection.execute(sql.insert(attachments), rows)
    return len(rows)


async def _add_notes(connection: AsyncConnection, ticket: ImportedTicket, case_id: UUID) -> int:
    """Adds the notes that are not there. Lines have no identity of their own: date, author and words are it."""
    if not ticket.notes:
        return 0
    query = sql.select(timeline.c.sequence, timeline.c.at, timeline.c.actor, timeline.c.text).where(
        timeline.c.case_id == case_id, timeline.c.sequence < 0
    )
    there = (await connection.execute(query)).all()
    known = {(row.at, row.actor, row.text) for row in there}
    wanted = dict.fromkeys((note.at, clean(note.author) or "unknown", _clean_text(note.text)) for note in ticket.notes)
    lines = [(at, actor, "note", text) for at, actor, text in wanted if (at, actor, text) not in known]
    await _add_lines(connection, case_id, max([row.sequence for row in there], default=_FIRST_NOTE) + 1, lines)
    return len(lines)


async def _add_lines(
    connection: AsyncConnection, case_id: UUID, sequence: int, lines: list[tuple[datetime, str, str, str]]
) -> None:
    rows = [
        {"case_id": case_id, "sequence": sequence + index, "at": at, "actor": actor, "kind": kind, "text": text}
        for index, (at, actor, kind, text) in enumerate(lines)
    ]
    if rows:
        await connection.execute(sql.insert(timeline), rows)


def _name(text: str) -> str:
    return identity(clean(text))


def _clean_text(text: str) -> str:
    return text.replace("\x00", "").encode(errors="replace").decode()
