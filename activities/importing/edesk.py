"""eDesk: tickets with their messages and notes, as JSON or as a table with one message a row.

eDesk publishes no layout of an export with messages. The fields below are those of its API (tickets: subject, status, channel,
owner, contact, sales order, tags; messages: body, direction, type Message or Note, author, attachments); docs/import.md names
the columns that a table must have.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, ValidationError

from activities.importing.building import Building
from activities.importing.csv_records import columns, require, rows
from activities.importing.fields import CHANNELS, Fields, Instant, Items, Name, Person, Tags, Words, reason
from activities.importing.json_records import Record, records
from activities.importing.reading import Reading
from domain.imported import Direction, ImportedTicket, Origin, System
from domain.messages import Channel
from domain.references import Reference, ReferenceKind

_CLOSED = ("closed", "resolved", "archived")
_OPEN = ("open", "new", "pending", "waiting", "on hold", "snoozed")
_DIRECTIONS = {
    "incoming": Direction.IN,
    "inbound": Direction.IN,
    "in": Direction.IN,
    "outgoing": Direction.OUT,
    "outbound": Direction.OUT,
    "out": Direction.OUT,
}
NEEDED = {
    "ticket id": "Ticket ID",
    "status": "Status",
    "message id": "Message ID",
    "date": "Date",
    "direction": "Direction",
    "message": "Message",
}
"""Columns of a table that nothing works without."""


class _Ticket(Fields):
    id: Name
    subject: Words = ""
    status: str
    channel: Any = None
    order: Name | None = Field(None, validation_alias=AliasChoices("seller_order_id", "order_id", "sales_order_id"))
    created_at: Instant | None = None
    contact: Person = Person()
    owner: Person = Person()
    company: str | None = None
    tags: Tags = []
    messages: Items = []


class _Message(Fields):
    id: Name
    type: Words = ""
    direction: Words = ""
    body: Words = ""
    html: Words = Field("", validation_alias=AliasChoices("html", "body_html"))
    created_at: Instant = Field(validation_alias=AliasChoices("created_at", "date"))
    author: Person | None = None
    attachments: Items = []


async def read_edesk(reading: Reading, export: Path) -> AsyncIterator[ImportedTicket]:
    for record in records(export, reading):
        if record.kind == "ticket":
            ticket = await _read(reading, export, record)
            if ticket is not None:
                yield ticket


async def read_edesk_csv(reading: Reading, export: Path) -> AsyncIterator[ImportedTicket]:
    """Rows of one ticket that follow each other are one; where more of them come later, they are added to it."""
    require(columns(export), NEEDED, "the eDesk table")
    for record in _grouped(export, reading):
        ticket = await _read(reading, export, record)
        if ticket is not None:
            yield ticket


def _grouped(export: Path, reading: Reading) -> Iterator[Record]:
    for number, group in groupby(rows(export, reading), key=lambda row: row[1].get("ticket id", "").strip()):
        lines = list(group)
        where, first = lines[0]
        contact = {"name": first.get("customer name") or None, "email": first.get("customer email") or None}
        yield Record(
            "ticket",
            {
                "id": number or None,
                "subject": first.get("subject"),
                "status": first.get("status", ""),
                "channel": first.get("channel"),
                "order_id": first.get("order id") or None,
                "contact": contact,
                "company": first.get("company") or None,
                "tags": first.get("tags"),
                "messages": [_message_of(row, contact) for _, row in lines],
            },
            where,
        )


def _message_of(row: dict[str, str], contact: dict[str, str | None]) -> dict[str, Any]:
    out = _DIRECTIONS.get(row.get("direction", "").strip().lower()) is Direction.OUT or _is_note(row.get("type", ""))
    return {
        "id": row.get("message id") or None,
        "type": row.get("type"),
        "direction": row.get("direction"),
        "body": row.get("message"),
        "date": row.get("date"),
        "author": {"name": row.get("agent") or None} if out else contact,
        "attachments": [{"path": path.strip()} for path in row.get("attachments", "").split("|") if path.strip()],
    }


def _is_note(kind: str) -> bool:
    return kind.strip().lower() == "note"


async def _read(reading: Reading, export: Path, record: Record) -> ImportedTicket | None:
    try:
        fields = _Ticket.model_validate(record.value)
    except ValidationError as error:
        reading.problem(record.where, f"ticket {record.value.get('id') or 'without id'}", reason(error))
        return None
    status = fields.status.strip().lower()
    if status not in _CLOSED and status not in _OPEN:
        reading.problem(record.where, f"ticket {fields.id}", f"status {fields.status!r} is none of eDesk's")
        return None
    store = reading.known_store
    channel = fields.channel.get("name") if isinstance(fields.channel, dict) else fields.channel
    building = Building(
        reading=reading,
        export=export,
        where=record.where,
        origin=Origin(system=System.EDESK, account=store, id=fields.id),
        subject=fields.subject,
        channel=_channel(str(channel or "")),
        support=reading.playbook.stores[store].address,
    )
    for item in fields.messages:
        await _add(building, item, fields)
    dates = [item.message.received_at for item in building.messages] + [note.at for note in building.notes]
    created_at = fields.created_at or min(dates, default=None)
    if created_at is None:
        building.trouble("has no date and no message that can be read")
        return None
    tags = fields.tags
    return building.ticket(is_open=status in _OPEN, created_at=created_at, company=fields.company, tags=tags)


def _channel(words: str) -> Channel:
    """`Amazon DE` is a marketplace as `amazon` is."""
    known = CHANNELS.get(words.lower()) or CHANNELS.get(words.lower().partition(" ")[0])
    return known or Channel.EMAIL


async def _add(building: Building, item: Any, ticket: _Ticket) -> None:
    try:
        message = _Message.model_validate(item)
    except ValidationError as error:
        building.trouble(f"a message cannot be read: {reason(error)}")
        return
    if _is_note(message.type):
        await building.note(message.created_at, message.author or ticket.owner, message.body, message.attachments)
        return
    direction = _DIRECTIONS.get(message.direction.strip().lower())
    if direction is None:
        building.trouble(f"message {message.id} has the direction {message.direction!r}: it must be incoming or outgoing")
        return
    came_in = direction is Direction.IN
    await building.message(
        building.external_id("message", message.id),
        direction,
        message.created_at,
        message.author or (ticket.contact if came_in else ticket.owner),
        text="" if message.html else message.body,
        html=message.html,
        recipient=ticket.contact.email,
        files=message.attachments,
        named=(Reference(kind=ReferenceKind.ORDER, value=ticket.order),) if ticket.order else (),
    )
