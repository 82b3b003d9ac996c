"""An import into the test's database, and a look at what is there afterwards."""

import io
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from rich.console import Console

from activities.importing.reading import Problem, Reading
from domain.playbook import Playbook
from storage.blobs import Blobs
from storage.engine import Database
from storage.tables import attachments, cases, messages, outbox, timeline
from workers.importing import Report, run_import
from workers.settings import Settings, load_settings

STORE = "northwind-tools"
SAMPLES = Path(__file__).parent / "samples"

Import = Callable[..., Awaitable[Report]]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data", database_url=database_url)


@pytest.fixture
def reading(playbook: Playbook, blobs: Blobs) -> Reading:
    """A reading of files without a database behind it."""
    return Reading(playbook, blobs, STORE, 25 * 1024 * 1024, datetime(2026, 6, 1, tzinfo=UTC))


@pytest.fixture
def bring(settings: Settings, tmp_path: Path) -> Import:
    """Imports a file as the command does; returns the report, whose `status` is what the command ends with."""

    async def imported(path: Path, store: str | None = STORE, open_since: date | None = None) -> Report:
        (tmp_path / "data").mkdir(exist_ok=True)
        file = tmp_path / "report.json"
        file.unlink(missing_ok=True)
        status = await run_import(settings, path, store, file, open_since, Console(file=io.StringIO()))
        report = _read(file)
        assert report.status == status
        return report

    return imported


def _read(file: Path) -> Report:
    values = json.loads(file.read_text(encoding="utf-8"))
    lists = {name: [Problem(**each) for each in values[name]] for name in ("unread", "not_fetched")}
    return Report(**{**values, **lists})


class Here:
    """What the database holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self, query: Any) -> list[Any]:
        async with self._database.begin() as connection:
            return list((await connection.execute(query)).all())

    async def case(self, number: str) -> Any:
        """The case that was ticket `number` elsewhere."""
        found = await self.rows(sql.select(cases).where(cases.c.start["imported"]["id"].astext == number))
        assert len(found) == 1, f"{len(found)} cases were ticket {number}"
        return found[0]

    async def messages(self, case_id: Any) -> list[Any]:
        query = sql.select(messages).where(messages.c.case_id == case_id).order_by(messages.c.at, messages.c.created_at)
        return await self.rows(query)

    async def notes(self, case_id: Any) -> list[Any]:
        query = sql.select(timeline).where(timeline.c.case_id == case_id, timeline.c.kind == "note")
        return await self.rows(query.order_by(timeline.c.sequence))

    async def counts(self) -> dict[str, int]:
        tables = (cases, messages, attachments, timeline, outbox)
        return {table.name: (await self.rows(sql.select(sql.func.count()).select_from(table)))[0][0] for table in tables}

    async def started(self) -> list[str]:
        """The workflows that the outbox starts; none of them is told anything."""
        rows = await self.rows(sql.select(outbox.c.workflow_id, outbox.c.signal))
        assert all(row.signal is None for row in rows)
        return [row.workflow_id for row in rows]


@pytest.fixture
def here(database: Database) -> Here:
    return Here(database)
