"""Freshdesk: tickets with their conversations as its API gives them (JSON), and the ticket list it exports (CSV).

Fields: https://developers.freshdesk.com/api/#tickets, …/#conversations. Status 2 open, 3 pending, 4 resolved, 5 closed, above
that the account's own; source 10 is a mail that an agent began with.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from activities.importing.building import Building
from activities.importing.csv_records import rows
from activities.importing.fields import CHANNELS, Fields, Instant, Items, Name, Person, Tags, Words, person_of, reason
from activities.importing.json_records import records
from activities.importing.people import People, read_people
from activities.importing.reading import Reading
from domain.imported import Direction, ImportedTicket, Origin, System
from domain.messages import Channel

_CLOSED = ("4", "5", "resolved", "closed")
_OUTBOUND = "10"
_SOURCES = {"2": Channel.FORM, "3": Channel.PHONE, "7": Channel.CHAT, "9": Channel.FORM}


class _Company(Fields):
    id: Name | None = None
    name: str | None = None


class _Ticket(Fields):
    id: Name
    subject: Words = ""
    description: Words = ""
    description_text: Words = ""
    status: Name
    source: Name | None = None
    created_at: Instant
    tags: Tags = []
    requester_id: Name | None = None
    responder_id: Name | None = None
    company_id: Name | None = None
    requester: Person | None = None
    company: _Company | None = None
    conversations: Items = []
    attachments: Items = []


class _Conversation(Fields):
    id: Name
    body: Words = ""
    body_text: Words = ""
    incoming: bool
    private: bool = False
    user_id: Name | None = None
    from_email: str | None = None
    to_emails: list[str] | None = None
    created_at: Instant
    attachments: Items = []


def _filled(value: object) -> object:
    return None if value == "" else value


class _Row(Fields):
    """A line of the CSV export, by its column names in lower case."""

    id: Name = Field(alias="ticket id")
    subject: str = ""
    description: str = ""
    status: str
    source: str = ""
    created_at: Instant = Field(alias="created time")
    tags: Tags = []
    name: Annotated[str | None, BeforeValidator(_filled)] = Field(None, alias="full name")
    email: Annotated[str | None, BeforeValidator(_filled)] = None
    company: Annotated[str | None, BeforeValidator(_filled)] = Field(None, alias="company name")


async def read_freshdesk(reading: Reading, export: Path) -> AsyncIterator[ImportedTicket]:
    people = read_people(export, reading)
    for record in records(export, reading):
        if record.kind != "ticket":
            continue
        try:
            fields = _Ticket.model_validate(record.value)
        except ValidationError as error:
            reading.problem(record.where, f"ticket {record.value.get('id', 'without id')}", reason(error))
            continue
        yield await _ticket(_building(reading, export, record.where, fields.id, fields.subject), fields, people)


async def read_freshdesk_csv(reading: Reading, export: Path) -> AsyncIterator[ImportedTicket]:
    """The list has no conversations: each ticket comes with the one message that its requester began with."""
    for where, values in rows(export, reading):
        try:
            row = _Row.model_validate(values)
        except ValidationError as error:
            reading.problem(where, f"ticket {values.get('ticket id') or 'without id'}", reason(error))
            continue
        building = _building(reading, export, where, row.id, row.subject)
        building.channel = CHANNELS.get(row.source.lower(), Channel.EMAIL)
        first = building.external_id("ticket", row.id)
        author = Person(name=row.name, email=row.email)
        await building.message(first, Direction.IN, row.created_at, author, text=row.description)
        yield building.ticket(
            is_open=row.status.lower() not in _CLOSED, created_at=row.created_at, company=row.company, tags=row.tags
        )


def _building(reading: Reading, export: Path, where: str, number: str, subject: str) -> Building:
    store = reading.known_store
    return Building(
        reading=reading,
        export=export,
        where=where,
        origin=Origin(system=System.FRESHDESK, account=store, id=number),
        subject=subject,
        channel=Channel.EMAIL,
        support=reading.playbook.stores[store].address,
    )


async def _ticket(building: Building, fields: _Ticket, people: People) -> ImportedTicket:
    requester = people.users.get(fields.requester_id or "") or fields.requester or Person(id=fields.requester_id)
    building.channel = _SOURCES.get(fields.source or "", Channel.EMAIL)
    by_agent = fields.source == _OUTBOUND
    responder = people.agents.get(fields.responder_id or "", Person(id=fields.responder_id))
    await building.message(
        building.external_id("ticket", fields.id),
        Direction.OUT if by_agent else Direction.IN,
        fields.created_at,
        responder if by_agent else requester,
        text=fields.description_text,
        html=fields.description,
        recipient=requester.email,
        files=fields.attachments,
    )
    for item in fields.conversations:
        try:
            conversation = _Conversation.model_validate(item)
        except ValidationError as error:
            building.trouble(f"a conversation cannot be read: {reason(error)}")
            continue
        await _add(building, conversation, requester, people)
    return building.ticket(
        is_open=fields.status.lower() not in _CLOSED,
        created_at=fields.created_at,
        company=(fields.company.name if fields.company else None) or people.companies.get(fields.company_id or ""),
        tags=fields.tags,
    )


async def _add(building: Building, conversation: _Conversation, requester: Person, people: People) -> None:
    author = _author(conversation, requester, people)
    text = conversation.body_text
    if conversation.private:
        await building.note(conversation.created_at, author, text or conversation.body, conversation.attachments)
        return
    await building.message(
        building.external_id("conversation", conversation.id),
        Direction.IN if conversation.incoming else Direction.OUT,
        conversation.created_at,
        author,
        text=text,
        html=conversation.body,
        recipient=next(iter(conversation.to_emails or []), requester.email),
        files=conversation.attachments,
    )


def _author(conversation: _Conversation, requester: Person, people: People) -> Person:
    """A person of the other side, or an agent; the numbers of both are one row of numbers."""
    identity = conversation.user_id or ""
    first, second = (people.users, people.agents) if conversation.incoming else (people.agents, people.users)
    known: Any = first.get(identity) or second.get(identity)
    if known is not None:
        return known
    if conversation.incoming and identity in ("", requester.id):
        return requester
    said = person_of(conversation.from_email)
    return Person(id=conversation.user_id, name=said.name, email=said.email)
