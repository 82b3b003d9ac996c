"""Our own chat widget as a channel. An answer is there for the visitor once its row in `messages` says that it is sent."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activities._kit.errors import NotSupported, Rejected
from activities.channels.port import Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from domain.messages import Channel, InboundMessage, Sender
from storage import chat
from storage.chat import PROVIDER
from storage.engine import Database


class ChatAdapter:
    """All stores' chats. Visitors write through `api/chat`, so that there is nothing to verify, parse or poll."""

    name: ClassVar[str] = PROVIDER
    channel: ClassVar[Channel] = Channel.CHAT
    limits: ClassVar[Limits] = Limits(text_length=20_000)

    def __init__(self, database: Database) -> None:
        self._database = database

    def verify(self, hook: Hook) -> HookAnswer | None:
        raise NotSupported("the chat has no hooks")

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        raise NotSupported("the chat has no hooks")

    async def poll(self, cursor: str | None) -> Polled:
        raise NotSupported("the chat is not polled")

    async def send(self, outbound: Outbound) -> Receipt:
        """Makes sure that there is somebody to read it.

        Raises Rejected where the session does not exist.
        """
        receipt = await self.find(outbound)
        if receipt is None:
            raise Rejected("this chat does not exist any more; answer by mail")
        return receipt

    async def find(self, outbound: Outbound) -> Receipt | None:
        """An answer is there as soon as its session is: nothing leaves the house."""
        session_id = session_of(outbound.conversation)
        async with self._database.begin() as connection:
            session = await chat.find(connection, session_id) if session_id else None
        return Receipt(outbound.op_key) if session is not None and session.store == outbound.account else None


async def find_mail_fallback(connection: AsyncConnection, conversation: str | None) -> Sender | None:
    """Whom to send the same answer by mail as well: the visitor, where they left the chat and gave an address."""
    session_id = session_of(conversation)
    session = await chat.find_away(connection, session_id) if session_id else None
    return Sender(email=session.email, name=session.name) if session is not None and session.email else None


def session_of(conversation: str | None) -> UUID | None:
    """The session a conversation's name stands for; None where it is no chat's."""
    try:
        return UUID(conversation or "")
    except ValueError:
        return None
