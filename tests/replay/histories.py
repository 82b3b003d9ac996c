"""The recorded histories: where they are, and how one is written and read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory

FOLDER = Path(__file__).parent / "histories"

_NOT_KEPT = {"stackTrace"}
"""What replay does not need and what names folders of the machine it was recorded on."""


def recorded(folder: Path = FOLDER) -> Iterator[Path]:
    """Every recorded history, one folder a process, in name order."""
    yield from sorted(folder.glob("*/*.json"))


def read(file: Path) -> WorkflowHistory:
    """A recorded history. The file's name is the workflow's id."""
    return WorkflowHistory.from_json(file.stem, file.read_text())


def write(file: Path, history: WorkflowHistory) -> None:
    """Keeps a history."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(_kept(json.loads(history.to_json())), indent=1) + "\n")


def _kept(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _kept(value) for name, value in part.items() if name not in _NOT_KEPT}
    return [_kept(each) for each in part] if isinstance(part, list) else part
