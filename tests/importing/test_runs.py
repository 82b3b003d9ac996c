"""The command itself: killed in the middle, run twice at once, over more mails than fit into memory."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.importing.conftest import SAMPLES, STORE, Here, Import
from tests.importing.test_mails import mail, mbox
from workers.settings import Settings

ROOT = Path(__file__).parent.parent.parent


def command(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASEWORK_", "TEMPORAL_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "workers", "import", *arguments],
        cwd=ROOT,
        env={**clean, "CASEWORK_DATA": str(settings.data), "CASEWORK_DATABASE_URL": str(settings.database_url)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=120)
    return process.returncode, out, errors


def box(file: Path, threads: int) -> Path:
    """A mailbox of threads with three mails each."""
    mails = []
    for thread in range(0, threads * 3, 3):
        mails += [mail(thread), mail(thread + 1, answers=thread), mail(thread + 2, answers=thread + 1)]
    file.write_bytes(mbox(*mails))
    return file


async def whole(here: Here, threads: int) -> dict[str, int]:
    """Asserts that every thread is there once and whole; returns the counts."""
    counts = await here.counts()
    assert (counts["cases"], counts["messages"], counts["timeline"], counts["outbox"]) == (threads, threads * 3, threads, 0)
    return counts


@pytest.mark.stack
async def test_killed_in_the_middle_and_run_again(settings: Settings, here: Here, bring: Import, tmp_path: Path) -> None:
    file = box(tmp_path / "box.mbox", 150)
    process = command(settings, str(file))
    while not 20 <= (await here.counts())["cases"] < 150:
        assert process.poll() is None, process.communicate()
        await asyncio.sleep(0.02)
    process.kill()
    process.communicate()
    between = await here.counts()
    assert between["cases"] < 150
    assert between["messages"] == between["cases"] * 3
    report = await bring(file)
    # What the killed one was committing when it was counted may have come through.
    assert between["cases"] <= report.tickets_there_already < 150
    await whole(here, 150)


async def test_two_at_once(settings: Settings, here: Here, tmp_path: Path) -> None:
    file = box(tmp_path / "box.mbox", 60)
    processes = [command(settings, str(file), "--report", str(tmp_path / f"{number}.json")) for number in (1, 2)]
    for process in processes:
        status, _, errors = await asyncio.to_thread(ended, process)
        assert status == 0, errors
    await whole(here, 60)
    reports = [json.loads((tmp_path / f"{number}.json").read_text()) for number in (1, 2)]
    assert sum(report["tickets_added"] for report in reports) == 60
    assert sum(report["messages_added"] for report in reports) == 180
    assert sum(report["messages_there_already"] for report in reports) == 180


async def test_two_exports_at_once(settings: Settings, here: Here) -> None:
    export = str(SAMPLES / "zendesk" / "tickets.json")
    processes = [command(settings, export, "--store", STORE) for _ in range(2)]
    for process in processes:
        assert (await asyncio.to_thread(ended, process))[0] == 0
    counts = await here.counts()
    # Four tickets with a line each, two notes; one ticket is open.
    assert counts == {"cases": 4, "messages": 6, "attachments": 1, "timeline": 6, "outbox": 1}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ([str(SAMPLES / "zendesk" / "tickets.json"), "--store", STORE], 0, "4 tickets added, 1 of them open"),
        ([str(SAMPLES / "freshdesk" / "tickets.json"), "--store", STORE], 3, "files of a note are not taken: beleg.pdf"),
    ],
)
def test_what_the_command_says(settings: Settings, arguments: list[str], status: int, words: str) -> None:
    code, out, errors = ended(command(settings, *arguments))
    assert (code, words in " ".join(out.split())) == (status, True), out + errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.mbox"], "no such file"),
        ([str(SAMPLES / "zendesk" / "tickets.json")], "add --store"),
        ([str(SAMPLES / "zendesk" / "users.json"), "--store", STORE], "lists people"),
        ([str(SAMPLES / "zendesk" / "tickets.json"), "--store", STORE, "--report", "/nowhere/at/all.json"], "its folder"),
    ],
)
def test_what_cannot_be_imported_is_one_line(settings: Settings, arguments: list[str], words: str) -> None:
    code, _, errors = ended(command(settings, *arguments))
    assert code == 1
    [line] = [line for line in errors.splitlines() if line.startswith("casework: ")]
    assert words in line
    assert "Traceback" not in errors


_READER = """
import asyncio, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from activities.importing.mailbox import mbox_pieces
from activities.importing.reading import Reading
from activities.importing.threads import read_mails
from playbook.loader import DEFAULT_FOLDER, load
from storage.blobs import open_blobs

async def read(reading, file):
    return sum([len(ticket.messages) async for ticket in read_mails(reading, mbox_pieces(file))])

reading = Reading(load(DEFAULT_FOLDER), open_blobs(Path(sys.argv[1])), "northwind-tools", 25 << 20, datetime.now(UTC))
asyncio.run(read(reading, Path(sys.argv[2])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
seen = asyncio.run(read(reading, Path(sys.argv[3])))
print(seen, len(reading.problems), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.stack
def test_five_thousand_mails_are_never_in_memory_at_once(tmp_path: Path) -> None:
    """100 MB of mails; what stays is some hundred bytes of each, for the threads."""
    text = ("x" * 1000 + "\n") * 20
    few, many = tmp_path / "few.mbox", tmp_path / "many.mbox"
    for file, count in ((few, 50), (many, 5_000)):
        with file.open("wb") as opened:
            for number in range(count):
                opened.write(mbox(mail(number, text, answers=number - 1 if number % 5 else None)))
    assert many.stat().st_size > 100_000_000
    arguments = [sys.executable, "-c", _READER, str(tmp_path / "blobs"), str(few), str(many)]
    run = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=220, check=True)
    seen, problems, kilobytes = map(int, run.stdout.split())
    assert (seen, problems) == (5_000, 0)
    assert kilobytes < 30_000
