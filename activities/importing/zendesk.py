"""Exports of Zendesk: the full JSON export (a ticket a line, comments inside), and pages of its incremental export API.

Fields: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/ and …/ticket_comments/,
https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/,
https://support.zendesk.com/hc/en-us/articles/4408886165402 (exports).
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from activities.importing.building import Building
from activities.importing.fields import CHANNELS, Fields, Instant, Items, Name, Person, Tags, Words, reason
from activities.importing.json_records import records
from activities.importing.people import People, read_people
from activities.importing.reading import Reading
from domain.imported import Direction, ImportedTicket, Origin, System
from domain.messages import Channel

_CLOSED = ("solved", "closed")
_OPEN = ("new", "open", "pending", "hold")
_AGENTS = ("agent", "admin")
_ACCOUNT = re.compile(r"https://([a-z0-9-]{1,63})\.", re.IGNORECASE)
_MERGED = re.compile(r"merged into (?:request|ticket) #(\d+)", re.IGNORECASE)
_MERGED_TAG = "closed_by_merge"
"""The tag that Zendesk puts on a ticket that was merged into another."""


class _Via(Fields):
    channel: Name | None = None
    source: dict[str, Any] | None = None
    followup_source_id: Name | None = None


class _Organization(Fields):
    id: Name | None = None
    name: str | None = None


class _Ticket(Fields):
    id: Name
    url: str | None = None
    subject: str | None = None
    raw_subject: str | None = None
    description: Words = ""
    status: str
    created_at: Instant
    tags: Tags = []
    via: _Via | None = None
    followup_source_id: Name | None = None
    requester_id: Name | None = None
    assignee_id: Name | None = None
    organization_id: Name | None = None
    requester: Person | None = None
    submitter: Person | None = None
    assignee: Person | None = None
    organization: _Organization | None = None
    comments: Items = []


class _Comment(Fields):
    id: Name
    author_id: Name | None = None
    author: Person | None = None
    body: Words = ""
    plain_body: Words = ""
    html_body: Words = ""
    public: bool = True
    created_at: Instant
    attachments: Items = []
    via: _Via | None = None
    metadata: dict[str, Any] | None = None


async def read_zendesk(reading: Reading, export: Path) -> AsyncIterator[ImportedTicket]:
    people = read_people(export, reading)
    for record in records(export, reading):
        if record.kind != "ticket":
            continue
        try:
            fields = _Ticket.model_validate(record.value)
        except ValidationError as error:
            reading.problem(record.where, f"ticket {record.value.get('id', 'without id')}", reason(error))
            continue
        if fields.status == "deleted":
            continue  # the incremental export still lists it, without its content
        if fields.status not in _CLOSED and fields.status not in _OPEN:
            reading.problem(record.where, f"ticket {fields.id}", f"status {fields.status!r} is none of Zendesk's")
            continue
        yield await _ticket(reading, export, record.where, fields, people)


async def _ticket(reading: Reading, export: Path, where: str, fields: _Ticket, people: People) -> ImportedTicket:
    store = reading.known_store
    account = _ACCOUNT.match(fields.url or "")
    building = Building(
        reading=reading,
        export=export,
        where=where,
        origin=Origin(system=System.ZENDESK, account=account.group(1) if account else store, id=fields.id),
        subject=fields.subject or fields.raw_subject or "",
        channel=_channel(fields.via) or Channel.EMAIL,
        support=reading.playbook.stores[store].address,
    )
    requester = _requester(fields, people)
    merged_into = None
    for item in fields.comments:
        try:
            comment = _Comment.model_validate(item)
        except ValidationError as error:
            building.trouble(f"a comment cannot be read: {reason(error)}")
            continue
        await _add(building, comment, fields, requester, people)
        found = _MERGED.search(comment.plain_body or comment.body)
        if found and _MERGED_TAG in fields.tags:
            merged_into = found.group(1)
    if not fields.comments:
        first = building.external_id("ticket", fields.id)
        await building.message(first, Direction.IN, fields.created_at, requester, text=fields.description)
    company = fields.organization.name if fields.organization else None
    return building.ticket(
        is_open=fields.status in _OPEN,
        created_at=fields.created_at,
        company=company or people.companies.get(fields.organization_id or ""),
        tags=fields.tags,
        merged_into=merged_into,
        follows=_followed(fields),
    )


async def _add(building: Building, comment: _Comment, ticket: _Ticket, requester: Person, people: People) -> None:
    author = comment.author or _author(comment.author_id, ticket, requester, people)
    text = comment.plain_body or ("" if comment.html_body else comment.body)
    if not comment.public:
        await building.note(comment.created_at, author, comment.body or text, comment.attachments)
        return
    system = (comment.metadata or {}).get("system")
    message_id = system.get("message_id") if isinstance(system, dict) else None
    direction = _direction(author, comment.author_id, ticket, requester)
    await building.message(
        building.external_id("comment", comment.id),
        direction,
        comment.created_at,
        author,
        text=text,
        html=comment.html_body,
        recipient=requester.email,
        files=comment.attachments,
        message_id=message_id if isinstance(message_id, str) else None,
        channel=_channel(comment.via),
    )


def _direction(author: Person, author_id: str | None, ticket: _Ticket, requester: Person) -> Direction:
    """Agents' words went out, unless the agent asked the question; where no role is told, the assignee is the agent."""
    if author_id is not None and author_id in (ticket.requester_id, requester.id):
        return Direction.IN
    assignees = (ticket.assignee_id, ticket.assignee.id if ticket.assignee else None)
    by_agent = author.role in _AGENTS if author.role else author_id is not None and author_id in assignees
    return Direction.OUT if by_agent else Direction.IN


def _requester(ticket: _Ticket, people: People) -> Person:
    return people.person(ticket.requester_id) or ticket.requester or Person(id=ticket.requester_id)


def _author(author_id: str | None, ticket: _Ticket, requester: Person, people: People) -> Person:
    inside = [person for person in (ticket.requester, ticket.assignee, ticket.submitter) if person and person.id == author_id]
    known = people.person(author_id) or next(iter(inside), None)
    if known is not None:
        return known
    return requester if author_id is None or author_id == requester.id else Person(id=author_id)


def _channel(via: _Via | None) -> Channel | None:
    return CHANNELS.get(via.channel or "", Channel.EMAIL) if via and via.channel else None


def _followed(ticket: _Ticket) -> str | None:
    """The closed ticket that this one follows."""
    if ticket.followup_source_id:
        return ticket.followup_source_id
    if ticket.via and ticket.via.followup_source_id:
        return ticket.via.followup_source_id
    source = (ticket.via.source if ticket.via else None) or {}
    begin = source.get("from")
    if source.get("rel") == "follow_up" and isinstance(begin, dict) and begin.get("ticket_id"):
        return str(begin["ticket_id"])
    return None
