"""`casework up` as a whole: what dies is started again, and whatever ends the command, nothing is left running."""

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

import psutil
import pytest

ROOT = Path(__file__).parent.parent.parent
PARTS = {"postgres": "postgres -D", "temporal": "start-dev", "worker": "workers worker", "api": "workers api"}

pytestmark = pytest.mark.stack


def eventually(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def free_pair() -> int:
    """A free port whose neighbour 1000 above is free, too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1000))
            except (OSError, OverflowError):
                continue
            return port


@dataclass
class Up:
    """A running `casework up --no-demo` and the folder it works on."""

    process: subprocess.Popen[bytes]
    data: Path
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def family(self) -> list[psutil.Process]:
        """Every live process that works on this data folder, as whoever's child."""
        found = []
        for process in psutil.process_iter(["pid", "environ", "cmdline", "status"]):
            about = [*(process.info["cmdline"] or []), (process.info["environ"] or {}).get("CASEWORK_DATA", "")]
            if any(str(self.data) in text for text in about) and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def part(self, name: str) -> psutil.Process:
        return next(process for process in self.family() if PARTS[name] in " ".join(process.cmdline()))

    def until_ready(self) -> None:
        eventually(lambda: "ready in " in self.said() or self.process.poll() is not None, "ready")
        assert "ready in " in self.said(), self.said()


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: every pytest on the machine shuts that one to the user PostgreSQL runs as."""
    folder = Path(tempfile.mkdtemp(prefix="casework-up-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[], Up]]:
    """Starts `up` on a folder and on ports of this test alone; again after it was stopped."""
    started: list[Up] = []
    temporal = free_pair()
    web, smtp = free_pair(), free_pair()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CASEWORK_", "TEMPORAL_"))}
    environment |= {
        "CASEWORK_DATA": str(folder / "data"),
        "CASEWORK_HTTP_PORT": str(web),
        "CASEWORK_SMTP_PORT": str(smtp),
        "CASEWORK_TEMPORAL_PORT": str(temporal),
    }

    def begin() -> Up:
        output = folder / f"output-{len(started)}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers", "up", "--no-demo"], cwd=ROOT, env=environment, stdout=file, stderr=file
            )
        started.append(Up(process, folder / "data", output))
        return started[-1]

    yield begin
    for up in started:
        up.process.kill()
        up.process.wait()
    eventually(lambda: not any(up.family() for up in started), "all parts gone")


def test_parts_come_back_and_state_survives_a_stop(start: Callable[[], Up]) -> None:
    up = start()
    up.until_ready()
    token = (up.data / "admin-token").read_text()
    assert f"/sign-in?token={token}" in up.said()
    for name in random.sample(list(PARTS), len(PARTS)):
        up.part(name).kill()
        eventually(lambda name=name: f"{name} is ready again" in up.said(), f"{name} back")
        assert f"{name} was killed by SIGKILL; starting it again" in up.said()

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0, up.said()
    assert "nothing is left running" in up.said()
    assert up.family() == []

    again = start()
    again.until_ready()
    assert (up.data / "admin-token").read_text() == token
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(60) == 0, again.said()


def test_killed_up_leaves_nothing_and_the_next_one_starts(start: Callable[[], Up]) -> None:
    up = start()
    up.until_ready()
    assert len(up.family()) >= len(PARTS)
    up.process.kill()
    up.process.wait()
    again = start()
    again.until_ready()
    assert len([process for process in again.family() if "start-dev" in " ".join(process.cmdline())]) == 1


def test_second_up_on_the_folder_is_refused(start: Callable[[], Up]) -> None:
    up = start()
    up.until_ready()
    second = start()
    assert second.process.wait(30) == 1
    assert second.said().startswith(f"casework: another `casework up` (process {up.process.pid}) runs on {up.data}")
