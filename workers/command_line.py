"""The command `casework`. Imports stay inside the commands: `casework --help` should not load a workflow engine."""

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from workers.accounts import commands as account_commands
from workers.errors import CommandError

if TYPE_CHECKING:
    from workers.settings import Settings

TEMPORAL_BRIDGE = "temporalio.bridge.temporal_sdk_bridge"
_ALLOCATIONS_BETWEEN_COLLECTIONS = 50_000

application = typer.Typer(
    name="casework",
    help="Support tickets and returns for B2B merchants, each a durable Temporal workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
token_commands = typer.Typer(help="Tokens by which people and programs sign in.", no_args_is_help=True)
application.add_typer(token_commands, name="token")
playbook_commands = typer.Typer(help="The merchant's rules and texts.", no_args_is_help=True)
application.add_typer(playbook_commands, name="playbook")
for account_command in account_commands.ALL:
    application.command()(account_command)


class TokenRole(StrEnum):
    """What the holder of a token may decide."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    ADMIN = "admin"


def main() -> None:
    """Runs the command and shows expected errors as one line."""
    status = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    if TEMPORAL_BRIDGE in sys.modules:
        # The SDK's own threads may be inside Python while the interpreter is taken down, which now and then aborts a
        # command that has done all its work. Everything is closed by now, so the process leaves without that.
        os._exit(status)
    sys.exit(status)


def _run() -> int:
    try:
        application()
    except CommandError as error:
        print(f"casework: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except SystemExit as ending:
        if ending.code is None or isinstance(ending.code, int):
            return ending.code or 0
        print(ending.code, file=sys.stderr)
        return 1
    return 0


@application.command()
def up(
    data: Annotated[Path | None, typer.Option(help="Folder of all state; CASEWORK_DATA when not given.")] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="With the demo world: simulators and mails.")] = True,
) -> None:
    """Start everything on this machine: PostgreSQL, Temporal, simulators, worker, API and inbox."""
    from rich.console import Console

    from workers.settings import load_settings
    from workers.up import run

    os.umask(0o077)  # mails, tokens and databases are nobody else's business
    settings = load_settings(**({} if data is None else {"data": data}))
    settings = settings.model_copy(update={"data": settings.data.absolute()})
    asyncio.run(run(settings, demo=demo, console=Console(highlight=False)))


@application.command()
def worker(
    queue: Annotated[list[str] | None, typer.Option(help="Serve only this task queue; may be repeated.")] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="A file that is there as long as this worker polls its queues.")
    ] = None,
) -> None:
    """Run workflows and activities, on all task queues or on those named."""
    from workers.composition import run_worker

    _serve(run_worker(_service_settings(), queue or [], ready_file))


@application.command()
def api() -> None:
    """Serve the JSON API, the webhooks, the inbox and the SMTP listener."""
    from workers.api_process import run_api

    _serve(run_api(_service_settings()))


@application.command()
def migrate() -> None:
    """Bring the database's tables and Temporal's search attributes to the newest shape. Safe to repeat."""
    from workers.settings import require_database_url

    settings = _service_settings()
    database_url = require_database_url(settings)
    _migrate_database(database_url)
    added = asyncio.run(_register_search_attributes())
    typer.echo(f"the database is up to date; search attributes added: {', '.join(added) or 'none'}")


@application.command()
def processes() -> None:
    """Print the processes that run, as the registry finds them."""
    from rich.console import Console
    from rich.table import Table

    from workers import registry
    from workflows._kit.contract import TASK_QUEUE

    table = Table("Name", "Title", "Decisions", "Task queue")
    for process in registry.discover().values():
        kinds = ", ".join(decision.kind for decision in process.decisions)
        table.add_row(process.name, process.title, kinds or "none", TASK_QUEUE)
    Console().print(table)


@application.command()
def doctor() -> None:
    """Check database, Temporal, playbook, every account, mail relay and disk; fails when one of them does."""
    from workers.doctor import examine
    from workers.settings import load_settings

    findings = asyncio.run(examine(load_settings()))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.healthy else 'FAIL'} {finding.name:<18} {' '.join(finding.words.split())}")
    if not all(finding.healthy for finding in findings):
        raise typer.Exit(1)


@application.command()
def replay(
    folder: Annotated[Path, typer.Argument(help="Folder of recorded histories.")] = Path("tests/replay/histories"),
) -> None:
    """Replay recorded histories against today's workflow code; fails when one takes another course."""
    if not asyncio.run(_replay_all(folder)):
        raise typer.Exit(1)


@application.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="An mbox or .eml file, a folder of .eml files, or an export: see docs/import.md.")
    ],
    store: Annotated[str | None, typer.Option(help="The store it is of, where the file does not say.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write what was done, and what could not be read, as JSON.")] = None,
    open_since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Mails: a thread a customer wrote last in, on or after this day, is open."),
    ] = None,
) -> None:
    """Import tickets from mails or another help desk. Safe to repeat: what is there already is not added again."""
    from rich.console import Console

    from workers.importing import run_import
    from workers.settings import load_settings

    since = open_since.date() if open_since else None
    status = asyncio.run(run_import(load_settings(), file, store, report, since, Console(highlight=False)))
    if status:
        raise typer.Exit(status)


@application.command()
def reparse(
    failed: Annotated[bool, typer.Option("--failed", help="Mails that could not be read or are in no message yet.")] = False,
    message: Annotated[UUID | None, typer.Option(help="The mail of this message.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every mail that is kept.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what came on this day (UTC) or later.")
    ] = None,
) -> None:
    """Read kept mails again with today's parser and say what changed; fails when one cannot be read. Safe to repeat."""
    from rich.console import Console

    from workers import reparsing

    day = since and since.replace(tzinfo=UTC)
    work = reparsing.reparse(_service_settings(), Console(), failed=failed, message=message, everything=everything, since=day)
    if not asyncio.run(work):
        raise typer.Exit(1)


@application.command()
def route(
    numbers: Annotated[list[int], typer.Argument(metavar="NUMBER...", help="Numbers of tickets.")],
    playbook: Annotated[Path | None, typer.Option(help="Folder of the rules to try; CASEWORK_PLAYBOOK when not given.")] = None,
) -> None:
    """Try the routing rules on tickets that are there: which rule takes each, and why not the others. Changes nothing."""
    from workers.routing import dry_run
    from workers.settings import load_settings

    settings = load_settings(**({} if playbook is None else {"playbook": playbook}))
    asyncio.run(dry_run(settings, numbers, typer.echo))


@application.command()
def explain(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="NUMBER...", help="Numbers of tickets or returns.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Work each deadline out anew from the record and compare.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every case; with --verify.")] = False,
) -> None:
    """Say why each deadline of a case is when it is; with --verify, fail where one does not agree with its record."""
    from rich.console import Console

    from workers.explaining import explain_cases
    from workers.settings import load_settings

    work = explain_cases(load_settings(), Console(), numbers or [], verify=verify, everything=everything)
    if not asyncio.run(work):
        raise typer.Exit(1)


@application.command("new-process")
def new_process(
    name: Annotated[str, typer.Argument(help="Name of the process and its folder, for example `warranty`.")],
) -> None:
    """Write a new process with its test from the templates; the registry finds it at once."""
    from workers.new_process import write_process

    for file in write_process(name):
        typer.echo(f"written: {file}")
    typer.echo(f"next: pytest tests/workflows/test_{name}.py, then describe what it does in workflows/{name}/workflow.py")


@token_commands.command("create")
def create_token(
    user: Annotated[str, typer.Option(help="Who holds the token.")],
    role: Annotated[TokenRole, typer.Option(help="What the holder may decide.")],
) -> None:
    """Make a token and print it. It is shown this once; the database keeps a hash."""
    from workers.settings import load_settings

    typer.echo(asyncio.run(_create_token(load_settings(), user, role)))


@playbook_commands.command("check")
def check_playbook(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the playbook; CASEWORK_PLAYBOOK when not given.")] = None,
) -> None:
    """Read a playbook and print every mistake with its file and line; fails when there is one."""
    from playbook.errors import PlaybookError
    from workers.playbooks import check
    from workers.settings import load_settings

    try:
        typer.echo(check(folder or load_settings().playbook))
    except PlaybookError as error:
        typer.echo(str(error))
        raise typer.Exit(1) from None


@application.command()
def train() -> None:
    """Teach the model of intents: from the playbook's sentences and from what agents corrected. Takes seconds."""
    from workers import understanding
    from workers.settings import load_settings

    for line in asyncio.run(understanding.train(load_settings())):
        typer.echo(line)


@application.command()
def evaluate(
    file: Annotated[Path, typer.Argument(help="JSON lines with lang, text and accept (a list of intents).")],
) -> None:
    """Measure how well language and intent of the messages in a file are told."""
    from workers import understanding
    from workers.settings import load_settings

    for line in understanding.evaluate(load_settings(), file, lambda problem: typer.echo(problem, err=True)):
        typer.echo(line)


def _service_settings() -> "Settings":
    """Settings of a process that runs for long, with its logs set up."""
    from workers import logging
    from workers.settings import load_settings

    settings = load_settings()
    logging.configure(settings.log_level, settings.log_format)
    return settings


def _serve(work: Coroutine[Any, Any, None]) -> None:
    """Runs a service. What is imported by now stays for good: walking through it again and again, the garbage collector held
    up one answer in a hundred by a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS)
    asyncio.run(work)


def _migrate_database(database_url: str) -> None:
    from storage.migrate import upgrade
    from workers.database import failures_told

    with failures_told():
        upgrade(database_url)


async def _register_search_attributes() -> list[str]:
    from workers import search_attributes, temporal

    return [key.name for key in await search_attributes.register(await temporal.connect())]


async def _replay_all(folder: Path) -> bool:
    from workers.replay import replay_folder

    good = True
    async for replayed in replay_folder(folder):
        typer.echo(f"{'ok  ' if replayed.problem is None else 'FAIL'} {replayed.file.name} {replayed.problem or ''}".rstrip())
        good = good and replayed.problem is None
    return good


async def _create_token(settings: "Settings", user: str, role: TokenRole) -> str:
    from domain.people import Role
    from storage.people import create_token as create
    from workers import database

    async with database.opened(settings) as opened, opened.begin() as connection:
        return await create(connection, user, Role(role.value))
