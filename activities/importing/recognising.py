"""What a file is, by what is in it: names and endings are not believed."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from activities.importing.csv_records import columns
from activities.importing.edesk import NEEDED, read_edesk, read_edesk_csv
from activities.importing.freshdesk import read_freshdesk, read_freshdesk_csv
from activities.importing.json_records import records
from activities.importing.mailbox import HEAD_LIMIT, eml_pieces, looks_like_mail, looks_like_mbox, mbox_pieces
from activities.importing.people import files_beside
from activities.importing.reading import Reading, Unusable
from activities.importing.threads import read_mails
from activities.importing.zendesk import read_zendesk
from domain.imported import ImportedTicket

_MARKS = {
    "zendesk": {"submitter_id", "submitter", "raw_subject", "via", "comments", "followup_ids", "satisfaction_rating"},
    "freshdesk": {"conversations", "responder_id", "description_text", "fr_escalated", "fwd_emails", "company_id", "source"},
    "edesk": {"messages", "contact", "owner", "owner_user_id", "sales_order_id", "seller_order_id", "order_id"},
}
"""Fields of a ticket that tell whose it is."""

_FRESHDESK_COLUMNS = {"ticket id", "subject", "status", "created time"}
_READABLE = "an mbox file, .eml files, or an export of tickets of Zendesk, Freshdesk or eDesk"


@dataclass(frozen=True)
class Recognised:
    """A file or folder that can be read. `bytes_to_pass` is how far `Reading.passed` counts."""

    name: str
    bytes_to_pass: int
    tickets: Callable[[Reading], AsyncIterator[ImportedTicket]]


def recognise(path: Path, reading: Reading) -> Recognised:
    """Raises Unusable where there is nothing to read, or it is of another kind."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise Unusable(f"{path}: no such file")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD_LIMIT)
    if not head.strip():
        raise Unusable(f"{path} is empty")
    if looks_like_mbox(head):
        return Recognised("mbox", 2 * size, lambda reading: read_mails(reading, mbox_pieces(path)))
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if begin in (b"{", b"["):
        return _json(path, size, reading)
    if looks_like_mail(head):
        return Recognised("eml", 2 * size, lambda reading: read_mails(reading, eml_pieces([path], reading)))
    return _table(path, size, head)


def _folder(path: Path) -> Recognised:
    files = sorted(
        file for file in path.rglob("*") if file.suffix.lower() == ".eml" and file.is_file() and not file.is_symlink()
    )
    if not files:
        raise Unusable(f"{path} is a folder without .eml files")
    size = sum(file.stat().st_size for file in files)
    return Recognised("eml folder", 2 * size, lambda reading: read_mails(reading, eml_pieces(files, reading)))


def _json(path: Path, size: int, reading: Reading) -> Recognised:
    fields: set[str] = set()
    kinds: set[str] = set()
    for record in islice(records(path, _looking(reading)), 20):
        kinds.add(record.kind)
        if record.kind == "ticket":
            fields |= set(record.value)
    found = {name: len(marks & fields) for name, marks in _MARKS.items()}
    name = max(found, key=lambda each: found[each])
    if not found[name] or ("status" not in fields and "subject" not in fields):
        if kinds - {"ticket"} or "email" in fields or "domain_names" in fields:
            raise Unusable(f"{path} lists people or companies; import the file with the tickets, with this one beside it")
        raise Unusable(f"{path} is JSON, but no export of tickets of Zendesk, Freshdesk or eDesk")
    reader = {"zendesk": read_zendesk, "freshdesk": read_freshdesk, "edesk": read_edesk}[name]
    passes = size if name == "edesk" else 2 * size + sum(file.stat().st_size for file in files_beside(path))
    return Recognised(f"{name} JSON", passes, lambda reading: reader(reading, path))


def _looking(reading: Reading) -> Reading:
    """A reading whose count and problems nobody looks at."""
    return Reading(reading.playbook, reading.blobs, reading.store, reading.size_limit, reading.imported_at)


def _table(path: Path, size: int, head: bytes) -> Recognised:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unusable(f"{path} is UTF-16; save it as UTF-8")
    if b"\x00" in head:
        raise Unusable(f"{path} is none of what can be imported: {_READABLE}")
    names = set(columns(path))
    if "message" in names and "direction" in names and "ticket id" in names:
        return Recognised("edesk CSV", size, lambda reading: read_edesk_csv(reading, path))
    if names >= _FRESHDESK_COLUMNS:
        return Recognised("freshdesk CSV", size, lambda reading: read_freshdesk_csv(reading, path))
    if "ticket id" in names:
        wanted = ", ".join(NEEDED.values())
        raise Unusable(f"{path} is a table of tickets without the columns of Freshdesk (Created time …) or eDesk ({wanted})")
    raise Unusable(f"{path} is none of what can be imported: {_READABLE}")
