"""Whose turn a ticket is, at each moment of a day: Jonas works from 07:00 to 15:00, Emma from 12:00 to 20:00, Berlin time."""

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from activities.records.models import OwnerRequest, Ownership
from activities.records.ownership import whose_turn
from domain.playbook import Playbook
from domain.roster import Absence
from storage.engine import Database
from storage.roster import add_change, read_roster

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, tzinfo=BERLIN)


def clock(hours: int, minutes: int = 0, day: int = 23) -> datetime:
    return MONDAY.replace(day=day, hour=hours, minute=minutes)


class Turn(Protocol):
    async def __call__(self, owner: str | None, at: datetime, *, given: bool = False) -> Ownership: ...


@pytest.fixture
def turn(database: Database, playbook: Playbook) -> Turn:
    async def ask(owner: str | None, at: datetime, *, given: bool = False) -> Ownership:
        request = OwnerRequest(
            store="northwind-tools", queue="returns", owner=owner, given=given, handover_before=timedelta(minutes=30)
        )
        async with database.begin() as connection:
            return await whose_turn(connection, await read_roster(connection, playbook, at), request, at)

    return ask


async def test_the_owner_stays_until_shortly_before_the_duty_ends(turn: Turn) -> None:
    kept = await turn("Jonas Weber", clock(10))
    assert (kept.owner, kept.ask_at) == ("Jonas Weber", clock(14, 30))
    handed = await turn("Jonas Weber", clock(14, 30))
    assert (handed.owner, handed.ask_at) == ("Emma Clarke", clock(19, 30))


async def test_the_last_of_the_day_keeps_it_to_the_end_and_then_the_queues_owner_answers(turn: Turn) -> None:
    last = await turn("Emma Clarke", clock(19, 30))
    assert (last.owner, last.ask_at) == ("Emma Clarke", clock(20))
    night = await turn("Emma Clarke", clock(20))
    assert (night.owner, night.ask_at) == ("Jonas Weber", clock(7, day=24))
    assert "Nobody in team Hamburg is on duty" in night.reason
    morning = await turn("Jonas Weber", clock(7, day=24))
    assert (morning.owner, morning.ask_at) == ("Jonas Weber", clock(14, 30, day=24))


async def test_an_absence_moves_the_work_at_once(turn: Turn, database: Database, playbook: Playbook) -> None:
    away = Absence(person="Jonas Weber", starts=clock(13), ends=clock(18), why="dentist")
    async with database.begin() as connection:
        await add_change(connection, playbook, away, "Jonas Weber", clock(9))
    assert (await turn("Jonas Weber", clock(12, 15))).ask_at == clock(12, 30)
    assert (await turn("Jonas Weber", clock(13))).owner == "Emma Clarke"


async def test_whom_somebody_named_keeps_it_to_the_end_of_the_next_duty(turn: Turn) -> None:
    later = await turn("Emma Clarke", clock(8), given=True)
    assert (later.owner, later.ask_at) == ("Emma Clarke", clock(19, 30))
    always = await turn("Ruth Adler", clock(8), given=True)
    assert (always.owner, always.ask_at) == ("Ruth Adler", None)
