"""`casework reparse`: reads kept mails again, so that a defect of the parser costs a run of this and never a mail."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from rich.console import Console
from rich.progress import Progress

from activities.mail.filing import Refiled, refile
from activities.mail.parsing import UnknownRecipient
from domain.playbook import Playbook
from storage import raw_mails
from storage.blobs import BlobMissing, Blobs
from storage.engine import Database
from workers import database
from workers.composition import open_blob_store
from workers.errors import CommandError
from workers.playbooks import open_playbook
from workers.settings import Settings


async def reparse(
    settings: Settings, console: Console, *, failed: bool, message: UUID | None, everything: bool, since: datetime | None
) -> bool:
    """Reads the chosen mails again and prints what has changed. Returns False where one of them could not be read.

    Raises CommandError where nothing or too much is chosen, or what is needed cannot be opened.
    """
    if (failed, message is not None, everything).count(True) != 1:
        raise CommandError("say which mails: --failed, --message ID or --all")
    playbook, blobs = open_playbook(settings.playbook), open_blob_store(settings)
    async with database.opened(settings) as opened:
        async with opened.begin() as connection:
            chosen = await raw_mails.blobs_to_read_again(connection, unfinished=failed, message_id=message, since=since)
        if message is not None and not chosen:
            raise CommandError(f"no mail is kept for message {message}")
        return await _read_all(opened, blobs, playbook, chosen, console)


async def _read_all(kept: Database, blobs: Blobs, playbook: Playbook, chosen: list[str], console: Console) -> bool:
    counts: Counter[str] = Counter()
    with Progress(console=console, transient=True) as progress:
        for blob in progress.track(chosen, description="mails"):
            try:
                outcome, words = _told(await refile(kept, blobs, playbook, blob))
            except (BlobMissing, UnknownRecipient) as error:
                outcome, words = "not read", str(error)
            counts[outcome] += 1
            if words:
                progress.console.print(f"{blob[:12]} {outcome}: {words}", markup=False, highlight=False)
    summary = ", ".join(f"{counts[outcome]} {outcome}" for outcome in ("changed", "unchanged", "not read"))
    console.print(f"{len(chosen)} mails: {summary}", highlight=False)
    return counts["not read"] == 0


def _told(refiled: Refiled) -> tuple[str, str]:
    """What became of one mail, and the words for it; none where nothing did."""
    if refiled.unread is not None:
        return "not read", refiled.unread
    changes = ", ".join(refiled.changes)
    return ("changed", f"message {refiled.message_id}: {changes}") if changes else ("unchanged", "")
