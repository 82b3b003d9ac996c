"""Signatures of hooks: over the raw bytes, compared in constant time, and no older than the provider's own retries."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from activities.channels.port import BadSignature, Hook

_AHEAD = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""


def hex_digest(secret: str, signed: bytes) -> str:
    """HMAC-SHA256, hexadecimal."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def base64_digest(secret: str, signed: bytes, algorithm: str = "sha256") -> str:
    """HMAC, base64."""
    return base64.b64encode(hmac.new(secret.encode(), signed, algorithm).digest()).decode()


def same(expected: str, given: str) -> bool:
    """Whether two strings are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))


def header(hook: Hook, name: str) -> str:
    """A header that a signed hook must have. Raises BadSignature."""
    value = hook.headers.get(name)
    if not value:
        raise BadSignature(f"the hook has no {name} header")
    return value


def require_fresh(signed_at: datetime, hook: Hook, limit: timedelta) -> None:
    """Raises BadSignature where the signed moment is further away than the provider would still repeat the hook."""
    age = hook.received_at - signed_at
    if age > limit or age < -_AHEAD:
        raise BadSignature(f"the hook was signed at {signed_at.isoformat()}, {limit} is the longest it may take")
