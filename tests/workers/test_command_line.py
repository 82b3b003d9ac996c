"""Every command has help, ends with a status that tells, and says on one line what is wrong."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from workers.command_line import application
from workers.settings import PLAYBOOK_FOLDER

ROOT = Path(__file__).parent.parent.parent
COMMANDS = [
    [name]
    for name in "up worker api migrate processes doctor connect disconnect reseal replay import reparse route explain train "
    "evaluate new-process token playbook".split()
]


def casework(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a person does, with no settings but those given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASEWORK_", "TEMPORAL_"))}
    return subprocess.run(
        [sys.executable, "-m", "workers", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "TEMPORAL_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line on the error stream of a command that failed as expected."""
    assert result.returncode == 1, result
    lines = [line for line in result.stderr.splitlines() if line.startswith("casework: ")]
    assert len(lines) == 1
    assert "Traceback" not in result.stderr
    return lines[0]


def test_list_of_commands_is_complete() -> None:
    group: Any = typer.main.get_command(application)
    assert sorted(group.commands) == sorted(name for [name] in COMMANDS)


@pytest.mark.parametrize("command", [[], *COMMANDS, ["token", "create"], ["playbook", "check"]], ids=" ".join)
def test_help(command: list[str]) -> None:
    result = casework(*command, "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [["destroy"], ["up", "--fast"], ["token", "create", "--user", "ada"], ["new-process"]])
def test_wrong_use_fails(arguments: list[str]) -> None:
    assert casework(*arguments).returncode == 2


@pytest.mark.parametrize("command", ["worker", "api", "migrate"])
def test_missing_database_is_one_line(command: str) -> None:
    assert "CASEWORK_DATABASE_URL is not set" in one_line(casework(command))


def test_token_needs_a_database() -> None:
    assert "CASEWORK_DATABASE_URL is not set" in one_line(casework("token", "create", "--user", "ada", "--role", "agent"))


def test_unreachable_database_is_one_line() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    assert "cannot be reached" in one_line(casework("migrate", CASEWORK_DATABASE_URL=url))


def test_wrong_setting_is_one_line() -> None:
    assert "CASEWORK_HTTP_PORT" in one_line(casework("up", CASEWORK_HTTP_PORT="many"))


def test_doctor_finds_what_is_missing(tmp_path: Path) -> None:
    result = casework("doctor", CASEWORK_DATA=str(tmp_path))
    assert result.returncode == 1
    lines = {line[5:23].strip(): line for line in result.stdout.splitlines()}
    assert list(lines) == ["playbook", "database", "accounts", "temporal", "search attributes", "mail relay", "disk"]
    assert lines["playbook"].startswith("ok")
    assert "CASEWORK_DATABASE_URL is not set" in lines["database"]
    assert "TEMPORAL_ADDRESS is not set" in lines["temporal"]


def test_doctor_reads_the_playbook(tmp_path: Path) -> None:
    result = casework("doctor", CASEWORK_DATA=str(tmp_path), CASEWORK_PLAYBOOK=str(tmp_path / "nowhere"))
    assert "FAIL playbook" in result.stdout


def test_a_good_playbook_is_told_with_its_version() -> None:
    result = casework("playbook", "check")
    assert result.returncode == 0, result
    assert re.fullmatch(r"the playbook is good: version [0-9a-f]{16}, 2 stores, .*, 8 people, \d+ texts\n", result.stdout)


def test_every_mistake_of_a_playbook_is_a_line(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK_FOLDER, folder)
    queues, intents = folder / "queues.yaml", folder / "intents" / "fr.yaml"
    queues.write_text(queues.read_text().replace("owner: Emma Clarke", "owner: Emma Clark"))
    intents.write_text(intents.read_text().replace("wismo:", "wizmo:"))
    queues_line = "queues.yaml:5: delivery.owner: there is no person 'Emma Clark'. Did you mean 'Emma Clarke'?"
    intents_line = "intents/fr.yaml:2: there is no intent 'wizmo'. Did you mean 'wismo'?"
    for result in (casework("playbook", "check", str(folder)), casework("playbook", "check", CASEWORK_PLAYBOOK=str(folder))):
        assert result.returncode == 1
        assert result.stdout.splitlines() == [queues_line, intents_line]


def test_a_process_does_not_start_with_a_bad_playbook(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK_FOLDER, folder)
    (folder / "queues.yaml").unlink()
    (folder / "rules.yaml").write_text("")
    said = one_line(
        casework("api", CASEWORK_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", CASEWORK_PLAYBOOK=str(folder))
    )
    assert f"the playbook in {folder} cannot be used: queues.yaml: there is no such file." in said
    assert said.endswith("`casework playbook check` shows 1 more.")


def test_replay_of_nothing_fails(tmp_path: Path) -> None:
    assert "holds no recorded histories" in one_line(casework("replay", str(tmp_path)))


def test_processes_are_listed() -> None:
    result = casework("processes", COLUMNS="200")
    assert result.returncode == 0, result.stderr
    for name in ("ticket", "rma", "order"):
        assert name in result.stdout


def test_bad_process_name_is_one_line() -> None:
    assert "cannot be a process" in one_line(casework("new-process", "Warranty Claim"))
    assert "is there already" in one_line(casework("new-process", "ticket"))
