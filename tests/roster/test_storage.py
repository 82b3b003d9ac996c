"""Absences and extra shifts in the database: who is told, and whose turn it is."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sql

from domain.playbook import Playbook
from domain.roster import Absence, ExtraShift
from storage.engine import Database
from storage.presence import present_people, seen_lately, touch_presence
from storage.roster import (
    Overlapping,
    add_change,
    duty_for,
    open_tickets_by_owner,
    read_changes,
    read_roster,
    remove_change,
)
from storage.roster_tables import presence
from storage.tables import outbox
from tests.domain.rosters import at
from tests.roster.conftest import Owned

MORNING, EVENING = at("2026-03-02T09:00"), at("2026-03-02T19:00")
NIGHT, SUNDAY = at("2026-03-02T03:00"), at("2026-03-01T12:00")
JONAS = "Jonas Weber"


def away(person: str = JONAS, starts: str = "2026-03-02T08:00", ends: str = "2026-03-06T18:00") -> Absence:
    return Absence(person=person, starts=at(starts), ends=at(ends), why="holiday")


def extra(person: str = JONAS, starts: str = "2026-03-01T10:00", ends: str = "2026-03-01T14:00") -> ExtraShift:
    return ExtraShift(person=person, starts=at(starts), ends=at(ends), why="peak")


async def enter(database: Database, playbook: Playbook, change: Absence | ExtraShift, now: datetime) -> UUID:
    async with database.begin() as connection:
        return await add_change(connection, playbook, change, "Martin Krause", now)


async def told(database: Database) -> list[UUID]:
    """The tickets told since the last look, the same one as often as it was told."""
    async with database.begin() as connection:
        rows = (await connection.execute(sql.select(outbox).where(outbox.c.signal == "roster").order_by(outbox.c.id))).all()
        await connection.execute(sql.delete(outbox).where(outbox.c.signal == "roster"))
    assert len({row.payload["id"] for row in rows}) == len(rows), "each is news of its own"
    assert all(row.process == "ticket" and row.workflow_id.startswith("ticket-") for row in rows)
    return [row.case_id for row in rows]


async def test_what_is_entered_is_read_until_it_has_ended(database: Database, playbook: Playbook) -> None:
    identity = await enter(database, playbook, away(), MORNING)
    shift = await enter(database, playbook, extra(), MORNING)
    async with database.begin() as connection:
        stored = await read_changes(connection, at("2026-03-01T13:59"))
        assert [(entry.id, entry.author, entry.change) for entry in stored] == [
            (identity, "Martin Krause", away()),
            (shift, "Martin Krause", extra()),
        ]
        roster = await read_roster(connection, playbook, at("2026-03-01T14:00"))
        assert (roster.absences, roster.extra_shifts) == ((away(),), ())


async def test_an_absence_tells_the_persons_open_tickets(database: Database, playbook: Playbook, owned: Owned) -> None:
    first, second = await owned(JONAS, "returns"), await owned(JONAS, "triage", "waiting")
    for owner, queue, status in (
        (JONAS, "returns", "resolved"),
        (JONAS, "returns", "closed"),
        ("Emma Clarke", "returns", "open"),
        ("Sofia Marin", "sales", "open"),
    ):
        await owned(owner, queue, status)
    identity = await enter(database, playbook, away(), MORNING)
    assert await told(database) == [first, second]
    async with database.begin() as connection:
        assert await remove_change(connection, playbook, Absence, JONAS, identity, MORNING)
    assert await told(database) == [first, second]


async def test_who_stands_in_for_the_team_is_told_too(database: Database, playbook: Playbook, owned: Owned) -> None:
    """Triage is Martin Krause's while nobody in Hamburg is there; Jonas, a member, may relieve him."""
    stood_in = await owned("Martin Krause", "triage")
    await owned("Martin Krause", "accounts")
    await owned("Sofia Marin", "sales")
    await enter(database, playbook, extra(), SUNDAY - timedelta(days=1))
    assert await told(database) == [stood_in]


async def test_a_named_owner_who_is_on_duty_in_the_team_stands_in_for_nobody(
    database: Database, playbook: Playbook, owned: Owned
) -> None:
    """Emma Clarke owns the delivery queue and is a member of its team."""
    ticket = await owned("Emma Clarke", "delivery")
    change = away(starts="2026-03-10T08:00", ends="2026-03-10T10:00")
    identity = await enter(database, playbook, change, EVENING)
    assert await told(database) == []
    async with database.begin() as connection:
        await remove_change(connection, playbook, Absence, JONAS, identity, NIGHT)
    assert await told(database) == [ticket]


async def test_what_is_over_tells_nobody(database: Database, playbook: Playbook, owned: Owned) -> None:
    await owned(JONAS, "returns")
    await enter(database, playbook, away(), at("2026-03-06T18:00"))
    assert await told(database) == []


async def test_what_is_not_committed_tells_nobody(database: Database, playbook: Playbook, owned: Owned) -> None:
    await owned(JONAS, "returns")
    async with database.begin() as connection:
        await add_change(connection, playbook, away(), JONAS, MORNING)
        await connection.rollback()
    assert await told(database) == []
    async with database.begin() as connection:
        assert await read_changes(connection, MORNING) == []


async def test_overlaps_are_refused_in_words(database: Database, playbook: Playbook) -> None:
    await enter(database, playbook, away(), MORNING)
    words = (
        r"Jonas Weber is absent already, Mon 2026-03-02 08:00 CET to Fri 2026-03-06 18:00 CET \(holiday\); remove that first, "
        "or choose times that do not overlap it"
    )
    with pytest.raises(Overlapping, match=words):
        await enter(database, playbook, away(starts="2026-03-06T17:59", ends="2026-03-09T08:00"), MORNING)
    with pytest.raises(Overlapping, match=words):
        await enter(database, playbook, extra(starts="2026-03-03T20:00", ends="2026-03-03T22:00"), MORNING)
    await enter(database, playbook, away("Emma Clarke"), MORNING)
    await enter(database, playbook, away(starts="2026-03-06T18:00", ends="2026-03-09T08:00"), MORNING)
    await enter(database, playbook, extra(), MORNING)
    with pytest.raises(Overlapping, match="Jonas Weber has an extra shift already"):
        await enter(database, playbook, extra(), MORNING)
    await enter(database, playbook, away(starts="2026-03-01T12:00", ends="2026-03-01T13:00"), MORNING)


async def test_two_at_the_same_moment_do_not_both_go_in(database: Database, playbook: Playbook) -> None:
    outcomes = await asyncio.gather(*(enter(database, playbook, away(), MORNING) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Overlapping) for outcome in outcomes) == 4


async def test_only_what_the_person_has_is_removed(database: Database, playbook: Playbook) -> None:
    identity = await enter(database, playbook, away(), MORNING)
    async with database.begin() as connection:
        assert not await remove_change(connection, playbook, Absence, "Emma Clarke", identity, MORNING)
        assert not await remove_change(connection, playbook, ExtraShift, JONAS, identity, MORNING)
        assert not await remove_change(connection, playbook, Absence, JONAS, uuid4(), MORNING)
        assert await remove_change(connection, playbook, Absence, JONAS, identity, MORNING)
        assert await read_changes(connection, MORNING) == []


async def test_presence_lasts_five_minutes_and_is_written_once_a_minute(database: Database) -> None:
    async def seen(ago: timedelta) -> None:
        async with database.begin() as connection:
            await connection.execute(sql.update(presence).values(seen_at=sql.func.now() - ago))

    async def look() -> tuple[bool, datetime]:
        async with database.begin() as connection:
            await touch_presence(connection, JONAS)
            lately = (await connection.execute(sql.select(seen_lately(sql.literal(JONAS))))).scalar_one()
            return lately, (await connection.execute(sql.select(presence.c.seen_at))).scalar_one()

    assert (await look())[0]
    first = (await look())[1]
    assert (await look())[1] == first, "not written again within the minute"
    await seen(timedelta(seconds=61))
    assert (await look())[1] > first
    async with database.begin() as connection:
        now = (await connection.execute(sql.select(presence.c.seen_at))).scalar_one()
        assert await present_people(connection, now + timedelta(minutes=4, seconds=59)) == {JONAS}
        assert await present_people(connection, now + timedelta(minutes=5)) == frozenset()


async def test_whose_turn_it_is(database: Database, playbook: Playbook, owned: Owned) -> None:
    noon = at("2026-03-02T13:00")
    for owner, status in ((JONAS, "open"), (JONAS, "waiting"), ("Emma Clarke", "open"), ("Emma Clarke", "closed")):
        await owned(owner, "returns", status)
    async with database.begin() as connection:
        assert await open_tickets_by_owner(connection) == {JONAS: 2, "Emma Clarke": 1}
        roster = await read_roster(connection, playbook, NIGHT)
        assert (await duty_for(connection, roster, "returns", noon)).owner == "Emma Clarke"
        assert (await duty_for(connection, roster, "returns", noon, but_not="Emma Clarke")).owner == JONAS
        assert (await duty_for(connection, roster, "returns", noon, owner=JONAS)).owner == JONAS
        await connection.execute(sql.insert(presence).values(person=JONAS, seen_at=noon.astimezone(UTC)))
        assert (await duty_for(connection, roster, "returns", noon)).owner == JONAS
        night = await duty_for(connection, roster, "triage", NIGHT, owner=JONAS)
        assert (night.owner, night.until) == ("Martin Krause", at("2026-03-02T07:00"))
    await enter(database, playbook, away(), NIGHT)
    async with database.begin() as connection:
        roster = await read_roster(connection, playbook, NIGHT)
        relieved = await duty_for(connection, roster, "returns", noon, owner=JONAS)
        assert (relieved.owner, relieved.until) == ("Emma Clarke", at("2026-03-02T20:00"))
        night = await duty_for(connection, roster, "triage", NIGHT)
        assert night.until == at("2026-03-02T07:00"), "Jonas is away from 08:00"
