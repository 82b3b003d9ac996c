"""Who may come in by the chat widget: pages of listed sites, with a token that is good for one visitor on one site."""

import base64
import hmac
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.chat.rates import Rate, network
from api.options import ApiOptions
from api.problems import Problem
from api.services import WithServices
from playbook.running import RunningPlaybook
from storage import chat
from storage.chat import ChatSession
from storage.secrets import secret

TOKEN_LIFE = timedelta(days=7)
"""Renewed whenever the visitor opens a page with the widget."""

_SECRET = "chat"


class ChatDoor:
    """What the chat routes of one application share."""

    def __init__(self, playbook: RunningPlaybook, options: ApiOptions) -> None:
        self._playbook, self._more_origins = playbook, options.chat_origins
        self._visits = Rate(120, 10_000)
        self._messages = Rate(20, 200)
        self._messages_of_address = Rate(60, 600)
        self._key: bytes | None = None

    @property
    def origins(self) -> frozenset[str]:
        """Every site that carries some store's widget."""
        return frozenset().union(*map(self._origins_of, self._playbook.now.stores))

    def require_origin(self, request: Request, store: str) -> str:
        """The site the page belongs to, as the browser says.

        Raises Problem 403 where it may not carry this store's widget.
        """
        origin = request.headers.get("origin", "")
        if origin not in self._origins_of(store):
            raise Problem(403, "this site is not one of those that may carry the chat of this store")
        return origin

    async def token(self, connection: AsyncConnection, session: ChatSession) -> tuple[str, datetime]:
        """A token for the session, and when it ends."""
        expires = datetime.now(UTC).replace(microsecond=0) + TOKEN_LIFE
        seconds = int(expires.timestamp())
        return f"{session.id}.{seconds}.{await self._seal(connection, session.id, seconds, session.origin)}", expires

    async def session(self, connection: AsyncConnection, token: str, origin: str) -> ChatSession | None:
        """The session the token is good for on this site; None where it is forged, foreign or expired."""
        parts = token.split(".")
        if len(parts) != 3 or len(token) > 200 or not (parts[1].isascii() and parts[1].isdigit()):
            return None
        try:
            session_id, expires = UUID(parts[0]), int(parts[1])
        except ValueError:
            return None
        seal = await self._seal(connection, session_id, expires, origin)
        if not hmac.compare_digest(seal.encode(), parts[2].encode("utf-8", "replace")) or expires <= time.time():
            return None
        return await chat.find(connection, session_id)

    def admit_visit(self, request: Request) -> None:
        """Raises Problem 429 where this address opened too many sessions and streams."""
        _admit(self._visits.take(_address(request)))

    def admit_message(self, request: Request, session: ChatSession) -> None:
        """Raises Problem 429 where this session, or all of this address, wrote too much."""
        _admit(self._messages_of_address.take(_address(request)))
        _admit(self._messages.take(str(session.id)))

    def _origins_of(self, store: str) -> frozenset[str]:
        known = self._playbook.now.stores.get(store)
        return frozenset((*known.chat_origins, *self._more_origins.get(store, ()))) if known else frozenset()

    async def _seal(self, connection: AsyncConnection, session_id: UUID, expires: int, origin: str) -> str:
        if self._key is None:
            self._key = await secret(connection, _SECRET)
        digest = hmac.digest(self._key, f"{session_id}\n{expires}\n{origin}".encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _address(request: Request) -> str:
    return network(request.client.host) if request.client else "unknown"


def _admit(wait: float) -> None:
    if wait > 0:
        seconds = str(int(wait) + 1)
        raise Problem(429, f"too much at once; try again in {seconds} seconds", headers={"Retry-After": seconds})


def door_of(request: Request) -> ChatDoor:
    return request.app.state.chat


Door = Annotated[ChatDoor, Depends(door_of)]


def bearer_of(request: Request) -> str | None:
    """The token in the Authorization header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def require_visitor(request: Request, services: WithServices, door: Door) -> ChatSession:
    """The session of whoever asks.

    Raises Problem 403 for a page of another site, 401 for a token that is not good there.
    """
    origin = request.headers.get("origin", "")
    if origin not in door.origins:
        raise Problem(403, "this site may not carry the chat")
    async with services.database.begin() as connection:
        session = await door.session(connection, bearer_of(request) or "", origin)
    if session is None:
        raise Problem(401, "this chat has ended; begin a new one", headers={"WWW-Authenticate": 'Bearer realm="chat"'})
    door.require_origin(request, session.store)
    return session


Visitor = Annotated[ChatSession, Depends(require_visitor)]
