"""`casework import`: reads what another help desk or a mailbox left behind, files it, and says what was done."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from activities.importing.reading import Problem, Reading, Unusable
from activities.importing.recognising import recognise
from domain.imported import ImportedTicket
from storage.engine import Database, open_database
from storage.importing import Filed, import_ticket, link_imported
from workers.composition import open_blob_store
from workers.database import on_one_line
from workers.errors import CommandError
from workers.playbooks import open_playbook
from workers.settings import Settings, require_database_url

ALL_READ = 0
NOTHING_USABLE = 1
SOME_UNREAD = 3

_SHOWN = 20
"""Lines of each list that the screen shows; the report has them all."""


@dataclass
class Report:
    """What one import did. `there_already` counts what an earlier import, or a mail that came in by itself, had brought."""

    file: str
    kind: str
    tickets_added: int = 0
    tickets_live: int = 0
    tickets_there_already: int = 0
    messages_added: int = 0
    messages_there_already: int = 0
    attachments_added: int = 0
    notes_added: int = 0
    unread: list[Problem] = field(default_factory=list)
    not_fetched: list[Problem] = field(default_factory=list)

    def count(self, filed: Filed) -> None:
        self.tickets_added += filed.created
        self.tickets_live += filed.live
        self.tickets_there_already += not filed.created
        self.messages_added += filed.messages
        self.messages_there_already += filed.known
        self.attachments_added += filed.attachments
        self.notes_added += filed.notes

    @property
    def status(self) -> int:
        if not self.tickets_added and not self.tickets_there_already:
            return NOTHING_USABLE
        return SOME_UNREAD if self.unread else ALL_READ


async def run_import(
    settings: Settings, path: Path, store: str | None, report_file: Path | None, open_since: date | None, console: Console
) -> int:
    """Imports a file or folder and returns the exit status. Raises CommandError where it cannot begin or go on."""
    database_url = require_database_url(settings)
    playbook = open_playbook(settings.playbook)
    if store is not None and store not in playbook.stores:
        raise CommandError(f"--store {store}: the playbook has the stores {', '.join(sorted(playbook.stores))}")
    if report_file is not None and not report_file.absolute().parent.is_dir():
        raise CommandError(f"--report {report_file}: its folder is not there")
    blobs = open_blob_store(settings)
    reading = Reading(playbook, blobs, store, settings.message_size_limit, datetime.now(UTC), open_since)
    database = open_database(database_url)
    try:
        report = await _import(database, reading, path)
    except Unusable as error:
        raise CommandError(str(error)) from error
    except OperationalError as error:
        reason = on_one_line(error.orig)
        raise CommandError(f"the database does not answer ({reason}); run the import again, it goes on where it was") from error
    except OSError as error:
        raise CommandError(f"{error.strerror or error} ({error.filename or path})") from error
    finally:
        await database.close()
    _show(report, console)
    if report_file is not None:
        report_file.write_text(json.dumps(asdict(report), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return report.status


async def _import(database: Database, reading: Reading, path: Path) -> Report:
    recognised = recognise(path, reading)
    report = Report(file=str(path), kind=recognised.name, unread=reading.problems, not_fetched=reading.unfetched)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(recognised.name, total=recognised.bytes_to_pass)
        async for ticket in recognised.tickets(reading):
            await _file(database, reading, report, ticket)
            words = f"{recognised.name}, {report.tickets_added + report.tickets_there_already} tickets"
            progress.update(bar, completed=reading.passed, description=words)
        progress.update(bar, completed=recognised.bytes_to_pass)
    async with database.begin() as connection:
        await link_imported(connection)
    return report


async def _file(database: Database, reading: Reading, report: Report, ticket: ImportedTicket) -> None:
    record = f"ticket {ticket.origin.id}"
    if not ticket.messages and not ticket.notes:
        reading.problem(report.file, record, "has no message that can be read")
        return
    try:
        report.count(await import_ticket(database, ticket, reading.playbook, reading.imported_at))
    except (DataError, IntegrityError) as error:
        reading.problem(report.file, record, f"the database refuses it: {error.orig}")


def _show(report: Report, console: Console) -> None:
    console.print(
        f"{report.file} ({report.kind}): {report.tickets_added} tickets added, {report.tickets_live} of them open;"
        f" {report.tickets_there_already} there already",
        markup=False,
    )
    console.print(
        f"messages: {report.messages_added} added, {report.messages_there_already} there already;"
        f" attachments: {report.attachments_added}; notes: {report.notes_added}"
    )
    _list("could not be read", report.unread, console)
    _list("attachments were not fetched, the export only has their address", report.not_fetched, console)


def _list(title: str, problems: list[Problem], console: Console) -> None:
    if not problems:
        return
    console.print(f"{len(problems)} {title}:")
    for problem in problems[:_SHOWN]:
        console.print(f"  {problem.where}: {problem.record}: {problem.why}", markup=False, soft_wrap=True)
    if len(problems) > _SHOWN:
        console.print(f"  and {len(problems) - _SHOWN} more; --report FILE writes them all")
