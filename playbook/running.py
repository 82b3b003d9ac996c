"""The playbook a process works by. It changes while the process runs; what is kept for long holds this, not a Playbook."""

import logging
from collections.abc import Iterator
from pathlib import Path

from domain.playbook import Playbook
from playbook.errors import PlaybookError
from playbook.loader import TEMPLATES, load

LOOK_SECONDS = 2.0
"""Between two looks at the folder. Files are written one after another: a folder is read once a look finds it unchanged."""

Stamp = tuple[tuple[str, int, int, int], ...]

log = logging.getLogger(__name__)


class RunningPlaybook:
    """Work that must not see two versions reads `now` once and goes on with that."""

    def __init__(self, playbook: Playbook) -> None:
        self.now = playbook
        self.refused: PlaybookError | None = None
        """Why the folder as it is now is not in use."""


class PlaybookWatch:
    """Takes a folder into use whenever it has changed and is good. `look` is called every LOOK_SECONDS."""

    def __init__(self, folder: Path) -> None:
        """Raises PlaybookError where the folder holds no good playbook."""
        self._folder = folder
        self._read = self._seen = _stamp(folder)  # before reading: what is written meanwhile is seen by the next look
        self.playbook = RunningPlaybook(load(folder))

    def look(self) -> None:
        """Reads the folder again if it has changed, and not since the last look. A bad one is logged and left."""
        stamp = _stamp(self._folder)
        unchanged, self._seen = stamp == self._seen, stamp
        if unchanged and stamp != self._read:
            self._read = stamp
            self._take()

    def _take(self) -> None:
        before = self.playbook.now
        try:
            playbook = load(self._folder)
        except PlaybookError as error:
            self.playbook.refused = error
            words = "; ".join(map(str, error.mistakes))
            log.error("the changed playbook is refused, version %s stays in use: %s", before.version, words)
            return
        self.playbook.now, self.playbook.refused = playbook, None
        log.info("the playbook is in use as it is now, version %s", playbook.version)
        for words in _needing_restart(before, playbook):
            log.warning("%s; restart `casework worker` and `casework api` for it", words)


def _needing_restart(before: Playbook, now: Playbook) -> Iterator[str]:
    """What changed and is looked at only when a process starts, since provider accounts are."""
    for store in now.stores.keys() - before.stores.keys():
        yield f"the store {store!r} is new"
    for store in before.stores.keys() - now.stores.keys():
        yield f"the store {store!r} is gone"
    for account in _accounts(now) - _accounts(before):
        yield f"the account {account!r} is new"


def _accounts(playbook: Playbook) -> set[str]:
    stores = playbook.stores.values()
    of_stores = {account for store in stores for account in (store.carrier_account, store.ledger_account)}
    followed = {store.qapla.account for store in stores if store.qapla is not None}
    return (
        of_stores | followed | {channel.webhook for channel in playbook.alert_channels.values() if channel.webhook is not None}
    )


def _stamp(folder: Path) -> Stamp:
    """Tells whether a file was added, written, replaced or taken away."""
    try:
        files = sorted((*folder.glob("*.yaml"), *(folder / TEMPLATES).glob("*.jinja")))
        stats = [(file, file.stat()) for file in files]
    except OSError:
        return ()  # somebody is at work there; reading it will say so if it stays like this
    return tuple((str(file), stat.st_size, stat.st_mtime_ns, stat.st_ino) for file, stat in stats)
