"""Keeps the parts of a stack running: starts each and waits until it is ready, starts again what dies, stops all in order."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workers.errors import CommandError

GUARD = Path(__file__).with_name("guard.py")
READY_CHECK_SECONDS = 0.05
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_AFTER_SECONDS = 60.0
"""A part that ran this long has recovered: its next death counts as the first."""

FIRST_START_TRIES = 3
RESTART_TRIES = 6
LARGEST_LOG_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class Part:
    """One child process. `ready` answers whether it does its work; it is asked again until it does."""

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    start_seconds: float = 60.0
    prepare: Callable[[], None] | None = None


class PartFailed(CommandError):
    """A part did not become ready or keeps dying; the message names it, the reason and its log."""


@dataclass
class _Running:
    part: Part
    process: asyncio.subprocess.Process
    started: float
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Owns child processes. `report` gets one line for everything an operator should know."""

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._report = report
        self._running: list[_Running] = []
        self._stopping = False
        self._hurry = False
        self.gave_up: asyncio.Future[PartFailed] = asyncio.get_running_loop().create_future()
        logs.mkdir(parents=True, exist_ok=True)

    def log_file(self, name: str) -> Path:
        """Where a part writes what it has to say."""
        return self._logs / f"{name}.log"

    def process_ids(self) -> dict[str, int]:
        """The process id of every running part, by its name."""
        return {running.part.name: running.process.pid for running in self._running}

    async def start(self, part: Part) -> float:
        """Starts a part, waits until it is ready, keeps it running from then on, and returns the seconds that took.

        Raises PartFailed where it is not ready after a few tries.
        """
        begin = time.monotonic()
        for attempt in range(1, FIRST_START_TRIES + 1):
            running = await self._spawn(part)
            self._running.append(running)
            try:
                await self._until_ready(running)
            except PartFailed:
                await self._end(running)
                self._running.remove(running)
                if attempt == FIRST_START_TRIES or self._stopping:
                    raise
                await asyncio.sleep(FIRST_BACKOFF_SECONDS * attempt)
                continue
            running.keeper = asyncio.create_task(self._keep(running), name=f"keep {part.name}")
            return time.monotonic() - begin
        raise AssertionError("unreachable")

    async def run_once(self, part: Part) -> float:
        """Runs a command to its end and returns the seconds that took.

        Raises PartFailed with the last line it wrote where it fails.
        """
        begin = time.monotonic()
        running = await self._spawn(part)
        self._running.append(running)
        try:
            code = await asyncio.wait_for(running.process.wait(), part.start_seconds)
        except TimeoutError:
            raise PartFailed(f"{part.name} took longer than {part.start_seconds:g} s{self._hint(part)}") from None
        finally:
            await self._end(running)
            self._running.remove(running)
        if code != 0:
            raise PartFailed(f"{part.name} failed{self._hint(part)}")
        return time.monotonic() - begin

    async def stop(self) -> None:
        """Stops all parts, the last started first. Nothing of them is left running afterwards."""
        self._stopping = True
        for running in reversed(self._running):
            if running.keeper is not None:
                running.keeper.cancel()
        for running in reversed(self._running):
            await self._end(running)
        self._running.clear()

    def hurry(self) -> None:
        """Kills instead of waiting, for the operator who asks twice."""
        self._hurry = True
        for running in self._running:
            _signal_group(running.process.pid, signal.SIGKILL)

    async def _spawn(self, part: Part) -> _Running:
        try:
            return await self._execute(part)
        except OSError as error:
            raise PartFailed(f"{part.name} cannot be started: {error}") from error

    async def _execute(self, part: Part) -> _Running:
        if part.prepare is not None:
            part.prepare()
        log_file = self.log_file(part.name)
        if log_file.exists() and log_file.stat().st_size > LARGEST_LOG_BYTES:
            log_file.replace(log_file.with_suffix(".log.1"))
        guard = [sys.executable, "-I", "-S", str(GUARD), str(int(part.stop_signal)), str(os.getpid()), part.user or "-"]
        with log_file.open("ab") as output:
            # its own session: Ctrl-C in a terminal reaches only the supervisor, which stops the parts in order
            process = await asyncio.create_subprocess_exec(
                *guard,
                *part.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **part.environment},
                start_new_session=True,
            )
        return _Running(part, process, time.monotonic())

    async def _until_ready(self, running: _Running) -> None:
        part = running.part
        deadline = time.monotonic() + part.start_seconds
        while time.monotonic() < deadline:
            if running.process.returncode is not None:
                raise PartFailed(f"{part.name} {_how(running.process.returncode)} before it was ready{self._hint(part)}")
            if await part.ready():
                return
            await asyncio.sleep(READY_CHECK_SECONDS)
        raise PartFailed(f"{part.name} was not ready after {part.start_seconds:g} s{self._hint(part)}")

    async def _keep(self, running: _Running) -> None:
        part, failures = running.part, 0
        while True:
            code = await running.process.wait()
            if self._stopping:
                return
            failures = 0 if time.monotonic() - running.started > STEADY_AFTER_SECONDS else failures
            delay = min(FIRST_BACKOFF_SECONDS * 2**failures, LONGEST_BACKOFF_SECONDS)
            self._report(f"{part.name} {_how(code)}; starting it again in {delay:g} s (log: {self.log_file(part.name)})")
            _signal_group(running.process.pid, signal.SIGKILL)
            await asyncio.sleep(delay)
            failures += 1
            try:
                fresh = await self._spawn(part)
                running.process, running.started = fresh.process, fresh.started
                await self._until_ready(running)
            except PartFailed as error:
                await self._end(running)
                if failures >= RESTART_TRIES:
                    self._give_up(error)
                    return
            else:
                self._report(f"{part.name} is ready again")

    def _give_up(self, error: PartFailed) -> None:
        if not self.gave_up.done():
            self.gave_up.set_result(PartFailed(f"{error} (tried {RESTART_TRIES} times)"))

    async def _end(self, running: _Running) -> None:
        process, part = running.process, running.part
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL if self._hurry else part.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), part.stop_seconds)
            except TimeoutError:
                self._report(f"{part.name} did not stop within {part.stop_seconds:g} s; killing it")
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()

    def _hint(self, part: Part) -> str:
        """The last line of the log, where the reason is, and where to read more."""
        log_file = self.log_file(part.name)
        lines = log_file.read_text(errors="replace").strip().splitlines() if log_file.exists() else []
        return f": {lines[-1][:300]} (log: {log_file})" if lines else f" (log: {log_file})"


def _signal_group(process_id: int, number: signal.Signals) -> None:
    """Reaches what the part itself has started; the part leads a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, number)


def _how(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
