"""The replay gate: what was recorded still takes the same course, and a changed course is caught."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from temporalio.worker import Replayer

from tests.replay.histories import read, recorded
from tests.replay.mutants import MUTANTS, Unchanged
from tests.replay.record import file_of
from tests.replay.scenes import SCENES
from workers import registry, temporal

ROOT = Path(__file__).parent.parent.parent


def test_every_scene_is_recorded_and_nothing_else() -> None:
    assert {file_of(scene) for scene in SCENES} == set(recorded()), "run: python -m tests.replay.record"
    assert {scene.process for scene in SCENES} == set(registry.process_folders())


def test_the_recordings_show_what_their_names_say() -> None:
    """An open case has no end, a continued one begins with the state of the run before."""
    last = {file.stem: read(file).events[-1] for file in recorded()}
    assert last["ticket-closed"].HasField("workflow_execution_completed_event_attributes")
    assert last["ticket-continuing"].HasField("workflow_execution_continued_as_new_event_attributes")
    for name in ("ticket-open", "rma-open", "order-open"):
        assert not any("execution" in field.name for field, _ in last[name].ListFields() if field.name.endswith("attributes"))
    for name in ("ticket-continued", "rma-continued"):
        (file,) = (file for file in recorded() if file.stem == name)
        began = read(file).events[0].workflow_execution_started_event_attributes
        assert began.continued_execution_run_id


def test_local_reads_that_fell_back_are_among_them() -> None:
    (file,) = (file for file in recorded() if file.stem == "ticket-fallback")
    events = read(file).events
    kinds = Counter(event.activity_task_scheduled_event_attributes.activity_type.name for event in events)
    assert kinds["records.publish"] == 1
    assert any(event.marker_recorded_event_attributes.HasField("failure") for event in events)


def test_nothing_of_the_recording_machine_is_kept() -> None:
    for file in recorded():
        text = file.read_text()
        assert "site-packages" not in text, file
        assert str(ROOT) not in text, file
        assert os.uname().nodename not in text, file


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_every_history_replays(seed: str) -> None:
    """In a process of its own for each hash seed: the order of a set differs between them."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.replay.gate"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr[-2000:]
    assert f"{len(list(recorded()))} of {len(list(recorded()))} histories replay" in result.stdout


async def caught(workflow: type, process: str) -> set[str]:
    """Names of the histories of the process that do not replay with this workflow."""
    replayer = Replayer(workflows=[workflow], plugins=[temporal.plugin()])
    wrong = set()
    for file in recorded():
        if file.parent.name == process:
            result = await replayer.replay_workflow(read(file), raise_on_replay_failure=False)
            if result.replay_failure is not None:
                wrong.add(file.stem)
    return wrong


async def test_the_gate_lets_an_unchanged_workflow_pass() -> None:
    assert await caught(Unchanged, "ticket") == set()


@pytest.mark.parametrize("mutant", list(MUTANTS), ids=lambda mutant: mutant.__name__)
async def test_the_gate_catches_a_changed_course(mutant: type) -> None:
    assert await caught(mutant, MUTANTS[mutant]), f"{mutant.__doc__} The recorded histories do not notice."
