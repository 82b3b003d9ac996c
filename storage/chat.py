"""Chat sessions: who writes, whether somebody listens, and what has been said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import Channel, DeliveryState
from storage.door_tables import chat_sessions
from storage.tables import messages

PROVIDER = "chat"
"""What `messages.provider` says of a chat message. Its account is the store, its conversation the session's id."""

AWAY_AFTER = timedelta(seconds=40)
"""Without a sign of the visitor's page; it gives one at least every 15 seconds while it listens."""


@dataclass(frozen=True)
class ChatSession:
    """One visitor of one site. `name` and `email` are what they said last."""

    id: UUID
    store: str
    origin: str
    order_id: str | None
    page: str | None
    language: str
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Line:
    """One message of the conversation as the visitor sees it. `external_id` is the channel's id of it, `author` the name an
    answer of ours goes out under."""

    id: UUID
    case_id: UUID
    is_ours: bool
    external_id: str
    author: str | None
    text: str
    at: datetime


_SESSION = [chat_sessions.c[name] for name in ChatSession.__dataclass_fields__]


async def find(connection: AsyncConnection, session_id: UUID) -> ChatSession | None:
    found = await connection.execute(sql.select(*_SESSION).where(chat_sessions.c.id == session_id))
    row = found.one_or_none()
    return None if row is None else ChatSession(*row)


async def keep(connection: AsyncConnection, session: ChatSession) -> None:
    """Stores a new session."""
    await connection.execute(sql.insert(chat_sessions).values(**vars(session)))


async def move(connection: AsyncConnection, session_id: UUID, order_id: str | None, page: str | None, language: str) -> None:
    """Notes the page the visitor opened now."""
    await connection.execute(_update(session_id).values(order_id=order_id, page=page, language=language))


async def introduce(connection: AsyncConnection, session: ChatSession, name: str | None, email: str | None) -> ChatSession:
    """The session with what the visitor said about themselves just now; what they leave out stays as it was."""
    known = replace(session, name=name or session.name, email=email or session.email)
    if known != session:
        await connection.execute(_update(session.id).values(name=known.name, email=known.email))
    return known


async def seen(connection: AsyncConnection, session_id: UUID) -> datetime | None:
    """Notes that a page of the visitor listens, and returns the moment noted."""
    moment = sql.func.clock_timestamp()
    return await connection.scalar(_update(session_id).values(last_seen=moment).returning(chat_sessions.c.last_seen))


async def left(connection: AsyncConnection, session_id: UUID, last_seen: datetime | None) -> None:
    """Notes that the page which was last seen then is gone, unless another page of the visitor has been seen since."""
    await connection.execute(_update(session_id).where(chat_sessions.c.last_seen == last_seen).values(last_seen=None))


async def find_away(connection: AsyncConnection, session_id: UUID) -> ChatSession | None:
    """The session where nobody listens to it any more; None where somebody does."""
    watched = chat_sessions.c.last_seen > sql.func.clock_timestamp() - AWAY_AFTER
    found = await connection.execute(
        sql.select(*_SESSION).where(chat_sessions.c.id == session_id, sql.not_(sql.func.coalesce(watched, False)))
    )
    row = found.one_or_none()
    return None if row is None else ChatSession(*row)


async def lines(connection: AsyncConnection, session: ChatSession) -> Sequence[Line]:
    """What was said, oldest first: all the visitor wrote here, and our answers once they are sent."""
    is_ours = messages.c.direction == "out"
    author = messages.c.sender["name"].astext
    found = await connection.execute(
        sql.select(messages.c.id, messages.c.case_id, is_ours, messages.c.external_id, author, messages.c.text, messages.c.at)
        .where(
            _of(session),
            messages.c.delivery.in_((DeliveryState.RECEIVED.value, DeliveryState.SENT.value)),
        )
        .order_by(messages.c.at, messages.c.id)
    )
    return [Line(*row) for row in found]


async def has_begun(connection: AsyncConnection, session: ChatSession) -> bool:
    """Whether anything has been said."""
    return bool(await connection.scalar(sql.select(sql.exists().where(_of(session)))))


def _of(session: ChatSession) -> sql.ColumnElement[bool]:
    return sql.and_(
        messages.c.channel == Channel.CHAT.value,
        messages.c.provider == PROVIDER,
        messages.c.account == session.store,
        messages.c.conversation == str(session.id),
    )


def _update(session_id: UUID) -> sql.Update:
    return sql.update(chat_sessions).where(chat_sessions.c.id == session_id)
