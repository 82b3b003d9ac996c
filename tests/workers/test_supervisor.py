"""Parts are awaited, started again, given up and stopped; here with small programs instead of servers."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from workers import readiness
from workers.errors import CommandError
from workers.settings import load_settings
from workers.stack import admin_token, check_ports
from workers.supervisor import Part, PartFailed, Supervisor
from workers.up import lock

READY = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
WITH_CHILD = "import subprocess, sys; open(sys.argv[1] + '2', 'w').write(str(subprocess.Popen(['sleep', '600']).pid)); " + READY
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
BROKEN = "import sys; sys.exit('the disk is full')"


class Watched:
    """A supervisor with the lines it reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.supervisor = Supervisor(folder / "logs", self.lines.append)

    def part(self, name: str, program: str, *, start_seconds: float = 60, stop_seconds: float = 10) -> Part:
        """A part that is ready when its file is there."""
        file = self.folder / f"{name}-ready"
        return Part(
            name,
            [sys.executable, "-c", program, str(file)],
            readiness.file_exists(file),
            prepare=lambda: file.unlink(missing_ok=True),
            start_seconds=start_seconds,
            stop_seconds=stop_seconds,
        )


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    await watched.supervisor.stop()


async def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)


def is_running(process_id: int) -> bool:
    """Whether a process does anything; one that is dead and waits to be fetched by its parent does not."""
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_killed_part_is_started_again(watched: Watched) -> None:
    await watched.supervisor.start(watched.part("worker", READY))
    first = watched.supervisor.process_ids()["worker"]
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: "worker is ready again" in watched.lines)
    assert watched.supervisor.process_ids()["worker"] != first
    assert "worker was killed by SIGKILL; starting it again in 0.5 s" in watched.lines[0]


async def test_stop_leaves_nothing_not_even_grandchildren(watched: Watched) -> None:
    await watched.supervisor.start(watched.part("api", WITH_CHILD))
    leader, grandchild = watched.supervisor.process_ids()["api"], int((watched.folder / "api-ready2").read_text())
    assert is_running(grandchild)
    await watched.supervisor.stop()
    assert not is_running(leader)
    await eventually(lambda: not is_running(grandchild))


async def test_part_that_does_not_listen_is_killed(watched: Watched) -> None:
    await watched.supervisor.start(watched.part("deaf", DEAF, stop_seconds=0.2))
    leader = watched.supervisor.process_ids()["deaf"]
    await watched.supervisor.stop()
    assert not is_running(leader)
    assert watched.lines == ["deaf did not stop within 0.2 s; killing it"]


async def test_part_that_cannot_start_says_why(watched: Watched) -> None:
    with pytest.raises(PartFailed, match=r"store ended with exit status 1 before it was ready: the disk is full \(log: "):
        await watched.supervisor.start(watched.part("store", BROKEN))
    assert watched.supervisor.process_ids() == {}


async def test_part_that_is_never_ready_is_told(watched: Watched) -> None:
    with pytest.raises(PartFailed, match=r"slow was not ready after 0\.2 s"):
        await watched.supervisor.start(watched.part("slow", "import time; time.sleep(600)", start_seconds=0.2))


async def test_program_that_is_not_there_is_told(watched: Watched) -> None:
    with pytest.raises(PartFailed, match="ghost"):
        await watched.supervisor.start(Part("ghost", ["/no/such/program"], readiness.file_exists(Path("/no/such"))))


async def test_part_that_keeps_dying_is_given_up(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.supervisor.FIRST_BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr("workers.supervisor.RESTART_TRIES", 2)
    once = "import os, sys; os.path.exists(sys.argv[1] + '2') and sys.exit('no more'); open(sys.argv[1] + '2', 'w'); " + READY
    await watched.supervisor.start(watched.part("worker", once))
    os.kill(watched.supervisor.process_ids()["worker"], signal.SIGKILL)
    error = await asyncio.wait_for(watched.supervisor.gave_up, 20)
    assert "no more" in str(error)
    assert "tried 2 times" in str(error)


async def test_command_that_fails_is_told(watched: Watched) -> None:
    await watched.supervisor.run_once(watched.part("migrate", "print('done')"))
    with pytest.raises(PartFailed, match="migrate failed: the disk is full"):
        await watched.supervisor.run_once(watched.part("migrate", BROKEN))


async def test_children_of_a_killed_supervisor_die(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from tests.workers.test_supervisor import Watched, READY\n"
        "async def main():\n"
        "    watched = Watched(Path(sys.argv[1])); await watched.supervisor.start(watched.part('a', READY))\n"
        "    print(watched.supervisor.process_ids()['a'], flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert supervisor.stdout is not None
    child = int(await supervisor.stdout.readline())
    assert is_running(child)
    supervisor.kill()
    await supervisor.wait()
    await eventually(lambda: not is_running(child))


async def test_taken_port_names_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = load_settings(http_port=port, smtp_port=free_port(), temporal_port=free_port() // 2 + 1024)
        with pytest.raises(CommandError, match=f"port {port} for the API and the inbox is taken .*CASEWORK_HTTP_PORT"):
            await check_ports(settings, demo=False, patience=0)


async def test_port_used_twice_is_told() -> None:
    settings = load_settings(http_port=8000, simulator_port=8000)
    with pytest.raises(CommandError, match=r"port 8000 .*CASEWORK_SIMULATOR_PORT"):
        await check_ports(settings, demo=True, patience=0)


def test_data_folder_serves_one_stack(tmp_path: Path) -> None:
    first = lock(tmp_path)
    assert not first.after_unclean_end
    with pytest.raises(CommandError, match=rf"process {os.getpid()}\) runs on"):
        lock(tmp_path)
    first.release()
    second = lock(tmp_path)
    assert not second.after_unclean_end
    second.release()


def test_admin_token_is_kept_and_private(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    token = admin_token(settings)
    assert admin_token(settings) == token
    assert (tmp_path / "admin-token").stat().st_mode & 0o777 == 0o600
    assert admin_token(load_settings(data=tmp_path, admin_token="set-by-the-operator")) == "set-by-the-operator"
