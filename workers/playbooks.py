"""The playbook as commands and processes open it, watch it and check it."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from workers.errors import CommandError
from workers.lifecycle import Background

if TYPE_CHECKING:
    from domain.playbook import Playbook
    from playbook.running import PlaybookWatch


def open_watch(folder: Path) -> "PlaybookWatch":
    """The merchant's rules and their folder, or CommandError with file, line and reason of the first mistake."""
    from playbook.errors import PlaybookError
    from playbook.running import PlaybookWatch

    try:
        return PlaybookWatch(folder)
    except PlaybookError as error:
        more = len(error.mistakes) - 1
        rest = f" `casework playbook check` shows {more} more." if more else ""
        raise CommandError(f"the playbook in {folder} cannot be used: {error.mistakes[0]}{rest}") from error


def open_playbook(folder: Path) -> "Playbook":
    """The merchant's rules for a command that ends soon. Raises CommandError as `open_watch` does."""
    return open_watch(folder).playbook.now


def watching(watch: "PlaybookWatch") -> Background:
    """Looks at the folder again and again, beside the work of a process."""
    from playbook.running import LOOK_SECONDS

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(watch.look)

    return Background("playbook watch", look)


def check(folder: Path) -> str:
    """What a good playbook holds, in a line. Raises PlaybookError with every mistake, also in the sentences that intents are
    learned from."""
    from playbook.errors import PlaybookError
    from playbook.loader import load
    from playbook.seeds import load_seeds

    mistakes = []
    try:
        load_seeds(folder / "intents")
    except PlaybookError as error:
        mistakes += error.mistakes
    try:
        playbook = load(folder)
    except PlaybookError as error:
        raise PlaybookError([*error.mistakes, *mistakes]) from error
    if mistakes:
        raise PlaybookError(mistakes)
    counts = {
        "stores": playbook.stores,
        "service levels": playbook.service_levels,
        "queues": playbook.queues,
        "people": playbook.people,
        "texts": playbook.templates,
    }
    held = ", ".join(f"{len(entries)} {name}" for name, entries in counts.items())
    return f"the playbook is good: version {playbook.version}, {held}"
