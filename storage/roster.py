"""The roster as it is now: absences and extra shifts that people entered, who owns how much, and whose turn it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.playbook import Playbook
from domain.roster import (
    Absence,
    Duty,
    ExtraShift,
    Roster,
    choose_owner,
    keep_owner,
    queues_of,
    span_in_words,
    stand_ins,
)
from storage.intake import put_in_outbox
from storage.presence import present_people
from storage.roster_tables import absences, extra_shifts
from storage.tables import OPEN_TICKETS, cases
from storage.threads import TICKET

ROSTER_SIGNAL = "roster"
"""Tells a ticket to ask anew who owns it."""

_TABLES = {Absence: absences, ExtraShift: extra_shifts}
_IS_OPEN = sql.text(OPEN_TICKETS)


class Overlapping(ValueError):
    """The person has something entered for these times already."""


class StoredChange(NamedTuple):
    """An absence or extra shift as it was entered, and by whom."""

    id: UUID
    author: str
    change: Absence | ExtraShift


async def read_changes(connection: AsyncConnection, since: datetime) -> list[StoredChange]:
    """The absences and extra shifts that end after `since`, by their beginning."""
    found = []
    for kind, table in _TABLES.items():
        rows = await connection.execute(sql.select(table).where(table.c.ends > since).order_by(table.c.starts, table.c.id))
        found += [
            StoredChange(row.id, row.author, kind(person=row.person, starts=row.starts, ends=row.ends, why=row.why))
            for row in rows
        ]
    return found


def roster_of(playbook: Playbook, stored: Sequence[StoredChange]) -> Roster:
    """The playbook's people with these changes."""
    changes = [entry.change for entry in stored]
    return Roster(
        playbook,
        tuple(change for change in changes if isinstance(change, Absence)),
        tuple(change for change in changes if isinstance(change, ExtraShift)),
    )


async def read_roster(connection: AsyncConnection, playbook: Playbook, since: datetime) -> Roster:
    """The roster from `since` on."""
    return roster_of(playbook, await read_changes(connection, since))


async def add_change(
    connection: AsyncConnection, playbook: Playbook, change: Absence | ExtraShift, author: str, at: datetime
) -> UUID:
    """Enters an absence or an extra shift, and has every open ticket told whose owner may be another now. `at` is now.

    Raises Overlapping.
    """
    await _one_at_a_time(connection, change.person)
    await _require_free(connection, playbook, change)
    identity = uuid4()
    await connection.execute(sql.insert(_TABLES[type(change)]).values(id=identity, author=author, **change.model_dump()))
    await _tell(connection, playbook, change, at)
    return identity


async def remove_change(
    connection: AsyncConnection,
    playbook: Playbook,
    kind: type[Absence] | type[ExtraShift],
    person: str,
    identity: UUID,
    at: datetime,
) -> bool:
    """Takes an absence or extra shift out again, and has the same tickets told. False where the person has none of this id."""
    table = _TABLES[kind]
    removed = await connection.execute(
        sql.delete(table)
        .where(table.c.id == identity, table.c.person == person)
        .returning(table.c.starts, table.c.ends, table.c.why)
    )
    row = removed.one_or_none()
    if row is None:
        return False
    await _tell(connection, playbook, kind(person=person, starts=row.starts, ends=row.ends, why=row.why), at)
    return True


async def open_tickets_by_owner(connection: AsyncConnection) -> dict[str, int]:
    """How many tickets each owner has that are open or wait."""
    rows = await connection.execute(
        sql.select(cases.c.owner, sql.func.count()).where(_IS_OPEN, cases.c.owner.is_not(None)).group_by(cases.c.owner)
    )
    return {owner: count for owner, count in rows}


async def duty_for(
    connection: AsyncConnection,
    roster: Roster,
    queue: str,
    at: datetime,
    owner: str | None = None,
    but_not: str | None = None,
) -> Duty:
    """Who owns work of this queue from `at` on. `owner`, who has it already, keeps it while on duty as a member of the team.

    Raises UnknownQueue.
    """
    kept = None if owner is None else keep_owner(roster, queue, owner, at)
    if kept is not None:
        return kept
    counts = await open_tickets_by_owner(connection)
    return choose_owner(roster, queue, at, counts, await present_people(connection, at), but_not)


async def _one_at_a_time(connection: AsyncConnection, person: str) -> None:
    """Two changes of one person at the same moment see each other."""
    await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(f"roster\n{person}", 0))))


async def _require_free(connection: AsyncConnection, playbook: Playbook, change: Absence | ExtraShift) -> None:
    """An absence may lie over an extra shift, which it beats; an extra shift over an absence would mean nothing."""
    for kind, words in ((Absence, "is absent"), (ExtraShift, "has an extra shift")):
        if isinstance(change, Absence) and kind is ExtraShift:
            continue
        table = _TABLES[kind]
        found = await connection.execute(
            sql.select(table)
            .where(table.c.person == change.person, table.c.starts < change.ends, table.c.ends > change.starts)
            .order_by(table.c.starts)
            .limit(1)
        )
        row = found.one_or_none()
        if row is not None:
            there = kind(person=row.person, starts=row.starts, ends=row.ends, why=row.why)
            raise Overlapping(
                f"{change.person} {words} already, {span_in_words(playbook, there)} ({row.why}); remove that first, "
                "or choose times that do not overlap it"
            )


async def _tell(connection: AsyncConnection, playbook: Playbook, change: Absence | ExtraShift, at: datetime) -> None:
    """The person's own tickets, and those that a named owner has because nobody of the person's team was there."""
    if change.ends <= at:
        return
    in_place_of_the_team = stand_ins(await read_roster(connection, playbook, at), at)
    stood_in = [
        sql.and_(cases.c.queue == queue, cases.c.owner == in_place_of_the_team[queue])
        for queue in sorted(queues_of(playbook, change.person) & in_place_of_the_team.keys())
    ]
    rows = await connection.execute(
        sql.select(cases.c.id, cases.c.workflow_id)
        .where(_IS_OPEN, sql.or_(cases.c.owner == change.person, *stood_in))
        .order_by(cases.c.number)
    )
    for row in rows.all():
        await put_in_outbox(
            connection,
            workflow_id=row.workflow_id,
            case_id=row.id,
            process=TICKET,
            signal=ROSTER_SIGNAL,
            payload={"id": str(uuid4())},
        )
