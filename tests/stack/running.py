"""A whole `casework up` as a child process of the tests, on a folder and on ports of its own."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

from workers.embedded import PostgresServer

ROOT = Path(__file__).parent.parent.parent
ADMIN_TOKEN = "token-of-the-stack-tests"
START_SECONDS = 120
STOP_SECONDS = 90
PARTS = {
    "postgres": "postgres -D",
    "temporal": "start-dev",
    "simulators": "-m simulators",
    "worker": "workers worker",
    "api": "workers api",
}
"""By what a part is known in its command line."""

_LOWEST_PORT, _HIGHEST_PORT = 21_000, 30_000
"""Below the range from which the kernel takes the ports of outgoing connections."""

_TAIL_LINES = 25

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, seconds: float = 60.0) -> Found:
    """The first true thing that `look` gives. Fails with the last thing it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; last seen: {found!r}"
        time.sleep(0.1)


@dataclass(frozen=True)
class Ports:
    """The four ports that can be set; the Web UI and the mailbox are found from them."""

    http: int
    smtp: int
    temporal: int
    simulators: int

    @property
    def mailbox(self) -> int:
        return self.simulators + 25

    @property
    def temporal_ui(self) -> int:
        return self.temporal + 1000


def free_ports() -> Ports:
    """Ports that nobody has now."""
    while True:
        http, smtp, temporal, simulators = random.sample(range(_LOWEST_PORT, _HIGHEST_PORT), 4)
        ports = Ports(http, smtp, temporal, simulators)
        wanted = {http, smtp, temporal, simulators, ports.mailbox, ports.temporal_ui}
        if len(wanted) == 6 and all(_is_free(port) for port in wanted):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Running:
    """One stack. `start` again after `stop` goes on with the same folder and ports."""

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.ports = free_ports()
        self._options = options
        self._settings = settings
        self._starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts and waits until it says that it is ready."""
        self._starts += 1
        with self._output.open("wb") as file:
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "workers", "up", "--data", str(self.data), *self._options],
                cwd=ROOT,
                env=self._environment(),
                stdout=file,
                stderr=file,
            )
        until(lambda: "ready in " in self.said() or process.poll() is not None, "the stack is ready", START_SECONDS)
        assert process.poll() is None, f"the stack did not start:\n{self.tails()}"

    def stop(self) -> None:
        """Stops it as Ctrl-C does, and checks that it ends well and leaves nothing running."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(STOP_SECONDS) == 0, self.said()
        assert "nothing is left running" in self.said(), self.said()
        assert not self.family(), f"still running: {self.family()}"

    def kill(self) -> None:
        """Whatever a failed test left: ends it and all its parts."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _output(self) -> Path:
        return self.folder / f"output-{self._starts}"

    def said(self) -> str:
        """What this start has printed."""
        return self._output.read_text()

    def tails(self) -> str:
        """The end of what `up` and its parts said."""
        files = [self._output, *sorted((self.data / "logs").glob("*.log"))]
        tails = [
            f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
            for file in files
            if file.exists()
        ]
        return "\n".join(tails)

    def family(self) -> list[psutil.Process]:
        """Every live process that works on this data folder, as whoever's child."""
        found = []
        for process in psutil.process_iter(["pid", "environ", "cmdline", "status"]):
            about = [*(process.info["cmdline"] or []), (process.info["environ"] or {}).get("CASEWORK_DATA", "")]
            if any(str(self.data) in text for text in about) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def part(self, name: str) -> psutil.Process:
        """The process of one part."""

        def leads(process: psutil.Process) -> bool:
            with contextlib.suppress(psutil.NoSuchProcess):
                return PARTS[name] in " ".join(process.cmdline())
            return False

        return until(lambda: next(filter(leads, self.family()), None), f"the part {name}")

    @contextlib.contextmanager
    def surviving(self, name: str) -> Iterator[psutil.Process]:
        """A block that kills this part; at its end the part has been started again and works."""
        before = self.said().count(f"{name} is ready again")
        process = self.part(name)
        yield process
        process.wait(10)
        until(lambda: self.said().count(f"{name} is ready again") > before, f"{name} is back")

    @property
    def database_url(self) -> str:
        return PostgresServer(self.data / "postgres", Path(), None).url()

    def command(self, *arguments: str) -> str:
        """Runs another command of Casework against this stack and gives what it printed."""
        environment = self._environment() | {
            "CASEWORK_DATABASE_URL": self.database_url,
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.ports.temporal}",
        }
        ran = subprocess.run(
            [sys.executable, "-m", "workers", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CASEWORK_", "TEMPORAL_"))}
        own = {
            "CASEWORK_DATA": str(self.data),
            "CASEWORK_HTTP_PORT": str(self.ports.http),
            "CASEWORK_SMTP_PORT": str(self.ports.smtp),
            "CASEWORK_TEMPORAL_PORT": str(self.ports.temporal),
            "CASEWORK_SIMULATOR_PORT": str(self.ports.simulators),
            "CASEWORK_ADMIN_TOKEN": ADMIN_TOKEN,
        }
        return inherited | own | self._settings


@contextlib.contextmanager
def running_stack(*options: str, **settings: str) -> Iterator[Running]:
    """A stack for the block, in a folder that is gone afterwards. Not below pytest's own temporary folder: that one is shut
    to the user as whom PostgreSQL runs under root."""
    folder = Path(tempfile.mkdtemp(prefix="casework-stack-"))
    running = Running(folder, *options, **settings)
    try:
        running.start()
        yield running
        if running.is_running:
            running.stop()
    finally:
        running.kill()
        shutil.rmtree(folder, ignore_errors=True)
