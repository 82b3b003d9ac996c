"""The one way in for mail, by whatever door: kept as it came, then read, then put into its thread (P1).

Its bytes go into the blob store before anything else; a mail that stands as a message may be acknowledged. A defect of the
parser costs a re-run: until then a message says that the mail could not be read yet.
"""

import asyncio
import logging
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from activities.mail.parsing import Envelope, UnknownRecipient, parse_mail
from activities.mail.unread import unread_message
from domain.messages import InboundMessage
from domain.playbook import Playbook
from domain.safe_names import clean
from storage import raw_mails
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import accept
from storage.raw_mails import RawMail, RawState
from storage.refiling import rewrite

_ERROR_LIMIT = 2_000

log = logging.getLogger(__name__)


class Filed(NamedTuple):
    """Where a mail is. `created` is False where it had been filed before; `unread` says why it could not be read."""

    message_id: UUID
    ticket_id: UUID
    created: bool
    unread: str | None = None


class Refiled(NamedTuple):
    """What reading a mail again has changed, in words. `unread` says why it could not be read."""

    message_id: UUID
    changes: tuple[str, ...]
    unread: str | None = None


async def file_mail(
    database: Database,
    blobs: Blobs,
    playbook: Playbook,
    raw: bytes,
    envelope: Envelope,
    *,
    door: str,
    received_at: datetime,
) -> Filed:
    """Files a mail that came by `door` (`smtp`, `imap:<mailbox>`, `import`). Once this returns it may be acknowledged.

    Raises UnknownRecipient where it is for no store, and whatever database and blob store raise.
    """
    key = await blobs.put(raw)
    mail = RawMail(
        blob=key,
        door=door,
        store=envelope.store,
        sender=envelope.sender,
        recipients=list(envelope.recipients),
        received_at=received_at,
        state=RawState.RECEIVED,
        error=None,
        message_id=None,
    )
    return await _file(database, blobs, playbook, raw, mail)


async def refile(database: Database, blobs: Blobs, playbook: Playbook, blob: str) -> Refiled:
    """Reads a kept mail again and writes what is new into its message, which stays in its thread; one that is in no message
    yet is filed.

    Raises BlobMissing where the bytes are gone, UnknownRecipient where it is for no store, and whatever the database raises.
    """
    async with database.begin() as connection:
        mail = await raw_mails.find(connection, blob)
    raw = await blobs.get(blob)
    if mail.message_id is None:
        filed = await _file(database, blobs, playbook, raw, mail)
        return Refiled(filed.message_id, ("filed",) if filed.created else (), filed.unread)
    message, unread = await asyncio.to_thread(_read, raw, mail, playbook)
    if unread is not None:
        async with database.begin() as connection:
            await raw_mails.note(connection, blob, mail.state, error=unread)
        return Refiled(mail.message_id, (), unread)
    keys = [await blobs.put(attachment.content) for attachment in message.attachments]
    async with database.begin() as connection:
        changes = await rewrite(connection, mail.message_id, message, keys)
        await raw_mails.note(connection, blob, RawState.FILED)
    return Refiled(mail.message_id, changes)


async def _file(database: Database, blobs: Blobs, playbook: Playbook, raw: bytes, mail: RawMail) -> Filed:
    try:
        message, unread = await asyncio.to_thread(_read, raw, mail, playbook)
        keys = [await blobs.put(attachment.content) for attachment in message.attachments]
        async with database.begin() as connection:
            known = await raw_mails.keep(connection, mail)
            if known is not None:
                return Filed(known.message_id, known.ticket_id, False)
            accepted = await accept(connection, message, keys, playbook)
            state = RawState.FILED if unread is None else RawState.FAILED
            await raw_mails.note(connection, mail.blob, state, error=unread, message_id=accepted.message_id)
    except Exception as error:
        state = RawState.FAILED if isinstance(error, UnknownRecipient) else RawState.RECEIVED
        async with database.begin() as connection:
            await raw_mails.keep(connection, mail)
            await raw_mails.note(connection, mail.blob, state, error=_words(error))
        raise
    return Filed(*accepted, unread)


def _read(raw: bytes, mail: RawMail, playbook: Playbook) -> tuple[InboundMessage, str | None]:
    """The mail as a message, and why it could not be read where the parser has a defect."""
    envelope = Envelope(mail.sender, mail.recipients, mail.store)
    try:
        return parse_mail(raw, envelope, playbook, mail.received_at, mail.blob), None
    except UnknownRecipient:
        raise
    except Exception as error:
        log.exception("mail %s could not be read; `casework reparse --failed` reads it again", mail.blob)
        return unread_message(raw, envelope, playbook, mail.received_at, mail.blob), _words(error)


def _words(error: Exception) -> str:
    return clean(f"{type(error).__name__}: {error}")[:_ERROR_LIMIT]
