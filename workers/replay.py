"""Replays recorded histories against today's workflow code: the gate that keeps open cases from breaking on a release."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workers import registry, temporal
from workers.errors import CommandError


@dataclass(frozen=True)
class Replayed:
    """One history and what was wrong with it, if anything."""

    file: Path
    problem: str | None


async def replay_folder(folder: Path) -> AsyncIterator[Replayed]:
    """Replays every `*.json` below the folder, in name order. The file's name is the workflow's id.

    Raises CommandError where there is nothing to replay: an empty gate would always be open.
    """
    files = sorted(folder.rglob("*.json")) if folder.is_dir() else []
    if not files:
        raise CommandError(f"{folder} holds no recorded histories (*.json); name another folder: casework replay DIR")
    replayer = Replayer(workflows=[process.workflow for process in registry.discover().values()], plugins=[temporal.plugin()])
    for file in files:
        yield await _replay(replayer, file)


async def _replay(replayer: Replayer, file: Path) -> Replayed:
    try:
        history = WorkflowHistory.from_json(file.stem, file.read_text())
    except ValueError as error:
        return Replayed(file, f"is not a recorded history: {error}")
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    failure = result.replay_failure
    return Replayed(file, None if failure is None else str(failure).splitlines()[0])
