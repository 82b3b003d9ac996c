"""Who may come in: API tokens and browser sessions, known only by their SHA-256."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import sqlalchemy as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Role
from storage.presence import seen_lately
from storage.tables import tokens

SESSION_LIFE = timedelta(hours=12)
_TOKEN_BYTES = 32


class Purpose(StrEnum):
    API = "api"
    SESSION = "session"


@dataclass(frozen=True)
class SignedIn:
    """Somebody whose token is valid now."""

    user: str
    role: Role
    unseen: bool = field(default=False, compare=False)
    """Whether nobody has noted within the last minute that they are there."""


async def create_token(connection: AsyncConnection, user: str, role: Role) -> str:
    """Makes an API token and returns it. This is the only time that it can be read."""
    return await _create(connection, user, role, Purpose.API, None)


async def create_session(connection: AsyncConnection, user: str, role: Role) -> str:
    """Makes a browser session of twelve hours and returns its secret."""
    return await _create(connection, user, role, Purpose.SESSION, SESSION_LIFE)


async def look_up(connection: AsyncConnection, token: str, purpose: Purpose) -> SignedIn | None:
    """Whose token this is, unless it is unknown, expired or revoked."""
    found = await connection.execute(
        sql.select(tokens.c.user, tokens.c.role, seen_lately(tokens.c.user).label("seen_lately")).where(
            tokens.c.hash == token_hash(token),
            tokens.c.purpose == purpose.value,
            tokens.c.revoked_at.is_(None),
            sql.or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > sql.func.now()),
        )
    )
    row = found.one_or_none()
    return None if row is None else SignedIn(row.user, Role(row.role), unseen=not row.seen_lately)


async def revoke(connection: AsyncConnection, token: str) -> None:
    """Ends a token or session at once. An unknown one is left alone."""
    await connection.execute(
        sql.update(tokens)
        .where(tokens.c.hash == token_hash(token), tokens.c.revoked_at.is_(None))
        .values(revoked_at=sql.func.now())
    )


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def _create(connection: AsyncConnection, user: str, role: Role, purpose: Purpose, life: timedelta | None) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await connection.execute(
        sql.insert(tokens).values(
            hash=token_hash(token),
            user=user,
            role=role.value,
            purpose=purpose.value,
            expires_at=None if life is None else sql.func.now() + life,
        )
    )
    return token
