"""The command `up` as a person sees it: one stack a data folder, progress, addresses, and a clean end."""

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rich.console import Console

from workers.errors import CommandError
from workers.settings import Settings
from workers.stack import PORT_PATIENCE_SECONDS, Stack, check_ports

IGNORED_BY_UP = ("CASEWORK_DATABASE_URL", "TEMPORAL_ADDRESS")


class DataFolderLock:
    """Held while a stack runs on a data folder. The file names the process; it is empty after a clean end."""

    def __init__(self, file: IO[str], unclean: bool) -> None:
        self._file = file
        self.after_unclean_end = unclean

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()


def lock(data: Path) -> DataFolderLock:
    """Takes the folder.

    Raises CommandError that names the process which has it, or the folder that cannot be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "up.lock").open("a+")
    except OSError as error:
        raise CommandError(f"{data} cannot be used: {error.strerror}; choose another folder with --data") from error
    file.seek(0)
    before = file.read().strip()
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CommandError(
            f"another `casework up` (process {before or 'unknown'}) runs on {data}; stop it or choose another folder "
            "with --data"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return DataFolderLock(file, unclean=bool(before))


async def run(settings: Settings, *, demo: bool, console: Console) -> None:
    """Runs a stack until it is told to stop.

    Raises CommandError where it cannot start or a part of it keeps dying.
    """
    begin = time.monotonic()
    held = lock(settings.data)
    try:
        for name in IGNORED_BY_UP:
            if os.environ.get(name):
                console.print(f"  {name} is set and not used: `up` brings its own", style="yellow")
        await check_ports(settings, demo, patience=PORT_PATIENCE_SECONDS if held.after_unclean_end else 0)
        await _run_locked(settings, demo, console, begin)
    finally:
        held.release()


async def _run_locked(settings: Settings, demo: bool, console: Console, begin: float) -> None:
    def note(name: str, seconds: float) -> None:
        console.print(f"  [green]✓[/] {name:<12} {seconds:5.1f} s")

    def report(line: str) -> None:
        console.print(f"  ! {line}", style="yellow", soft_wrap=True, markup=False)

    stack = Stack(settings, demo=demo, note=note, report=report)
    with _told_to_stop(stack, console) as told:
        try:
            starting = asyncio.create_task(stack.start())
            with console.status("starting …"):
                await asyncio.wait({starting, told}, return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                return
            await starting
            _print_addresses(console, stack)
            console.print(f"ready in {time.monotonic() - begin:.1f} s", style="bold green", highlight=False)
            await asyncio.wait({told, stack.supervisor.gave_up}, return_when=asyncio.FIRST_COMPLETED)
            if stack.supervisor.gave_up.done():
                raise stack.supervisor.gave_up.result()
        finally:
            console.print("stopping …")
            await stack.stop()
            console.print("stopped; nothing is left running")


@contextlib.contextmanager
def _told_to_stop(stack: Stack, console: Console) -> Iterator[asyncio.Future[None]]:
    """A future that the first Ctrl-C, SIGTERM or closed terminal completes. The second one kills what is slow."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def on_signal() -> None:
        if not told.done():
            told.set_result(None)
        else:
            console.print("asked again: killing what is left")
            stack.supervisor.hurry()

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, on_signal)
    try:
        yield told
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _print_addresses(console: Console, stack: Stack) -> None:
    settings = stack.settings
    lines = {
        "Inbox": settings.inbox_url,
        "Sign in": f"{settings.inbox_url}/sign-in?token={stack.token}",
        "API": f"{settings.inbox_url}/api/v1/openapi.json",
        "Temporal": settings.temporal_ui_url or f"http://127.0.0.1:{settings.temporal_ui_port}",
        "SMTP": f"{settings.smtp_host}:{settings.smtp_port}",
    }
    if stack.demo:
        lines["Simulators"] = f"http://127.0.0.1:{settings.simulator_port}"
        lines["Shop"] = f"http://127.0.0.1:{settings.simulator_port}/shop/northwind-tools"
        lines["Mailbox"] = f"http://127.0.0.1:{settings.simulator_port}/mailbox"
    lines["Data"] = f"{settings.data} (logs: {settings.data / 'logs'})"
    lines["Admin token"] = stack.token
    for name, value in lines.items():
        console.print(f"  {name:<12} {value}", soft_wrap=True, highlight=False, markup=False)
