"""Which automatic mails went out lately, for the guard against loops."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.automatic_mail import DAY, AutomaticMails
from domain.messages import DeliveryState, MessageNature
from storage.tables import messages


async def sent_lately(connection: AsyncConnection, thread_id: UUID, address: str, now: datetime) -> AutomaticMails:
    """Those of the last 24 hours in this thread and to this address, letter case ignored.

    Another transaction that asks for the same thread or address waits for this one, so that two cannot both be the last.
    """
    address = address.lower()
    for guarded in (f"automatic mails in {thread_id}", f"automatic mails to {address}"):
        await connection.execute(sql.select(sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(guarded, 0))))
    to_address = sql.func.lower(messages.c.recipient) == address
    query = sql.select(messages.c.at, messages.c.case_id, to_address.label("to_address")).where(
        messages.c.direction == "out",
        messages.c.nature == MessageNature.AUTO_REPLY.value,
        messages.c.delivery != DeliveryState.FAILED.value,
        messages.c.at > now - DAY,
        sql.or_(messages.c.case_id == thread_id, to_address),
    )
    rows = (await connection.execute(query)).all()
    return AutomaticMails(
        in_thread=[row.at for row in rows if row.case_id == thread_id], to_address=[row.at for row in rows if row.to_address]
    )
