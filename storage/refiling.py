"""Writes a message that was read again over what the first reading gave; its identity and its thread stay."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import InboundMessage
from storage.intake import attachment_rows, message_row
from storage.records import CASE_CHANGED, notify
from storage.storable import storable
from storage.tables import attachments, messages

_CONTENT = ("sender", "subject", "text", "full_text", "html", "message_id", "in_reply_to", "references", "nature")
_FILE = ("filename", "content_type", "content_id", "kind")


async def rewrite(
    connection: AsyncConnection, message_id: UUID, message: InboundMessage, attachment_blobs: Sequence[str]
) -> tuple[str, ...]:
    """Updates what differs and says what that was; an attachment is known by its content and keeps its id."""
    message = storable(message)
    there = (await connection.execute(sql.select(messages).where(messages.c.id == message_id).with_for_update())).one()
    row = message_row(message_id, there.case_id, there.origin_id, there.evidence, message)
    changed = {name: row[name] for name in _CONTENT if row[name] != getattr(there, name)}
    if changed:
        await connection.execute(sql.update(messages).where(messages.c.id == message_id).values(**changed))
    files = await _rewrite_files(connection, message_id, attachment_rows(message_id, message, attachment_blobs))
    changes = (*changed, *files)
    if changes:
        await notify(connection, CASE_CHANGED, {"case_id": str(there.case_id)})
    return changes


async def _rewrite_files(connection: AsyncConnection, message_id: UUID, rows: list[dict[str, Any]]) -> list[str]:
    found = await connection.execute(sql.select(attachments).where(attachments.c.message_id == message_id))
    there = [dict(row) for row in found.mappings()]
    added, changed = 0, 0
    for row in rows:
        old = next((old for old in there if old["blob"] == row["blob"]), None)
        if old is None:
            await connection.execute(sql.insert(attachments).values(row))
            added += 1
            continue
        there.remove(old)
        difference = {name: row[name] for name in _FILE if row[name] != old[name]}
        if difference:
            await connection.execute(sql.update(attachments).where(attachments.c.id == old["id"]).values(**difference))
            changed += 1
    if there:
        await connection.execute(sql.delete(attachments).where(attachments.c.id.in_([old["id"] for old in there])))
    counts = {"added": added, "changed": changed, "gone": len(there)}
    return [f"attachments {what}: {count}" for what, count in counts.items() if count]
