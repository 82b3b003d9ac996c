"""Replays every recorded history with today's workflow code: `python -m tests.replay.gate`."""

import asyncio
import os
from pathlib import Path

from tests.replay.histories import FOLDER
from workers.replay import replay_folder


async def replay(folder: Path = FOLDER) -> tuple[int, list[str]]:
    """How many histories there are, and those that took another course, with the reason."""
    count, wrong = 0, []
    for process in sorted(entry for entry in folder.iterdir() if entry.is_dir()):
        async for replayed in replay_folder(process):
            count += 1
            if replayed.problem is not None:
                wrong.append(f"{process.name}/{replayed.file.name}: {replayed.problem}")
    return count, wrong


if __name__ == "__main__":
    counted, problems = asyncio.run(replay())
    print(*problems, f"{counted - len(problems)} of {counted} histories replay", sep="\n", flush=True)
    # As the command `casework` ends: the SDK's threads now and then abort an interpreter that is taken down.
    os._exit(bool(problems))
