"""`casework explain` over a real database: it prints derivations, and --verify fails where the record says something else."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
import sqlalchemy as sql
from rich.console import Console

from domain.case import Publication, Snapshot
from storage.engine import Database
from storage.records import publish
from storage.tables import cases, messages
from tests.domain.test_sla import START
from tests.domain.test_verifying import Case, full_case
from tests.workers.test_command_line import casework, one_line
from workers.errors import CommandError
from workers.explaining import explain_cases
from workers.settings import load_settings

NUMBER, OTHER, RETURN = 1001, 1002, 1003


async def file_case(database: Database, case: Case, number: int, process: str = "ticket") -> None:
    """The case as its workflow publishes it, with the message that opened it."""
    case_id = uuid4()
    record = case.record
    async with database.begin() as connection:
        await connection.execute(
            sql.insert(cases).values(
                id=case_id,
                process=process,
                number=number,
                workflow_id=f"{process}-{number}",
                store="northwind-tools",
                title="Where is [order] 10452?",
                status="open",
                stage="awaiting_agent",
            )
        )
        await connection.execute(
            sql.insert(messages).values(
                id=case.message_id,
                case_id=case_id,
                origin_id=case_id,
                direction="in",
                channel="email",
                external_id=str(case.message_id),
                store="northwind-tools",
                sender={},
                text="Where is it?",
                nature="person",
                delivery="received",
                at=START,
            )
        )
        snapshot = Snapshot(
            case_id=case_id,
            process=process,
            number=number,
            store="northwind-tools",
            status="open",
            stage="awaiting_agent",
            next_due_at=record.next_due_at,
            revision=1,
            state=dict(record.state),
        )
        await publish(connection, Publication(snapshot=snapshot, events=tuple(case.lines)))


@pytest.fixture
async def filed(database: Database) -> Database:
    await file_case(database, full_case(), NUMBER)
    await file_case(database, Case(), OTHER)
    await file_case(database, full_case(), RETURN, "rma")
    return database


async def shift(database: Database, number: int) -> None:
    """Moves the last clock's deadline by a second, as nobody should."""
    async with database.begin() as connection:
        state = await connection.scalar(sql.select(cases.c.state).where(cases.c.number == number))
        assert state is not None
        state["clocks"][-1]["due_at"] = (START + timedelta(seconds=1)).isoformat()
        await connection.execute(sql.update(cases).values(state=state).where(cases.c.number == number))


async def told(database_url: str, *numbers: int, verify: bool = False, everything: bool = False) -> tuple[bool, str]:
    out = StringIO()
    console = Console(file=out, width=200)
    settings = load_settings(database_url=database_url)
    agrees = await explain_cases(settings, console, numbers, verify=verify, everything=everything)
    return agrees, out.getvalue()


async def test_each_clock_is_shown_with_its_derivation(filed: Database, database_url: str) -> None:
    agrees, words = await told(database_url, NUMBER, RETURN)
    assert agrees
    for line in (
        f"ticket-{NUMBER}: Where is [order] 10452?",
        "first response │ stopped │ 2026-11-23 10:00:00 UTC",
        "    Target 2 h of business time in calendar office (UTC).",
        "    Mon 2026-11-23 08:00–10:00: 2 h, 2 h in all.",
        "    Acknowledged Mon 2026-11-23 11:00 UTC by Lena; the ladder waits until",
        "    Paused from Mon 2026-11-23 11:00 UTC until Tue 2026-11-24 08:00 UTC, waiting for supplier.",
        f"rma-{RETURN}: ",
    ):
        assert line in words
    assert "agrees" not in words


async def test_what_the_record_gives_agrees(filed: Database, database_url: str) -> None:
    agrees, words = await told(database_url, NUMBER, OTHER, verify=True)
    assert agrees
    assert words.count("\n  agrees\n") == 2


async def test_a_shifted_deadline_is_told_and_fails(filed: Database, database_url: str) -> None:
    await shift(filed, NUMBER)
    agrees, words = await told(database_url, NUMBER, OTHER, verify=True)
    assert not agrees
    assert "  differs: Resolution: due 2026-11-23 08:00:01 UTC, by when 1 s have run; the target is 20 h." in words
    assert words.count("\n  agrees\n") == 1


async def test_all_cases_are_gone_over_and_only_what_differs_is_told(filed: Database, database_url: str) -> None:
    agrees, words = await told(database_url, verify=True, everything=True)
    assert (agrees, words.strip()) == (True, "3 cases: 3 agree, 0 do not")
    await shift(filed, OTHER)
    agrees, words = await told(database_url, verify=True, everything=True)
    assert not agrees
    assert words.splitlines()[0].startswith(f"ticket-{OTHER}: Resolution: due 2026-11-23 08:00:01 UTC")
    assert words.splitlines()[-1] == "3 cases: 2 agree, 1 do not"


async def test_clocks_that_cannot_be_read_are_a_difference(filed: Database, database_url: str) -> None:
    async with filed.begin() as connection:
        await connection.execute(sql.update(cases).values(state={"clocks": [{"name": "first_response"}]}))
    agrees, words = await told(database_url, NUMBER, verify=True)
    assert not agrees
    assert "its clocks cannot be read: " in words


@pytest.mark.parametrize("number", [99, 2**70])
async def test_an_unknown_number_is_said_after_the_others(filed: Database, database_url: str, number: int) -> None:
    with pytest.raises(CommandError, match=f"there is no ticket or return {number};"):
        await told(database_url, NUMBER, number)


async def test_one_has_to_say_which_cases(database_url: str) -> None:
    for numbers, everything in (((), False), ((NUMBER,), True)):
        with pytest.raises(CommandError, match="their numbers, or --all"):
            await told(database_url, *numbers, everything=everything)


async def test_the_command_ends_with_a_status_that_tells(filed: Database, database_url: str) -> None:
    good = casework("explain", str(NUMBER), "--verify", CASEWORK_DATABASE_URL=database_url)
    assert good.returncode == 0, good.stderr
    assert good.stdout.endswith("  agrees\n")
    assert "there is no ticket or return 99" in one_line(
        casework("explain", str(NUMBER), "99", CASEWORK_DATABASE_URL=database_url)
    )
    await shift(filed, NUMBER)
    assert casework("explain", "--verify", "--all", CASEWORK_DATABASE_URL=database_url).returncode == 1
