"""Hooks of a ShipStation account: a parcel has moved.

Signed with RSA over timestamp and body, by a key that ShipStation names and publishes (its guide "Webhook Validation"; carriers
brief, section 6).
"""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from activities._kit import http
from activities._kit.accounts import ShipStationAccount
from activities._kit.http import Call
from activities.carriers.shipstation import DIALECT
from activities.channels.changes import Change, ParcelMoved
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer

HOOK_AGE = timedelta(minutes=5)
"""ShipStation's own advice, both ways."""
_MOST_KEYS = 20


class ShipStationHooks:
    """One account. Keys are fetched once and kept by their id."""

    name: ClassVar[str] = "shipstation"

    def __init__(self, account: ShipStationAccount, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._keys: dict[str, RSAPublicKey] = {}

    async def fetch_key(self, hook: Hook) -> None:
        """The key that the hook names. Raises BadSignature where ShipStation publishes no such key, and of the closed set."""
        key_id = hook.headers.get("x-shipengine-rsa-sha256-key-id", "")
        if not key_id:
            raise BadSignature("x-shipengine-rsa-sha256-key-id is missing")
        if key_id in self._keys:
            return
        response = await http.send(self._client, DIALECT, Call.SAFE, "GET", f"{self._account.api}/jwks")
        published = http.read_json(DIALECT, Call.SAFE, response)
        keys = (published or {}).get("keys", ())[:_MOST_KEYS]
        self._keys = {str(key["kid"]): _key(key) for key in keys if key.get("kty") == "RSA"}
        if key_id not in self._keys:
            raise BadSignature(f"ShipStation publishes no key {key_id[:60]!r}")

    def verify(self, hook: Hook) -> HookAnswer | None:
        moment = hook.headers.get("x-shipengine-timestamp", "")
        if not moment.isdecimal() or abs(hook.received_at.timestamp() - int(moment)) > HOOK_AGE.total_seconds():
            raise BadSignature(f"x-shipengine-timestamp {moment[:40]!r} is missing or more than {HOOK_AGE} away")
        key = self._keys.get(hook.headers.get("x-shipengine-rsa-sha256-key-id", ""))
        if key is None:
            raise BadSignature("the key was not fetched")
        try:
            signature = base64.b64decode(hook.headers.get("x-shipengine-rsa-sha256-signature", ""), validate=True)
            key.verify(signature, moment.encode() + b"." + hook.body, PKCS1v15(), SHA256())
        except (binascii.Error, InvalidSignature, ValueError) as error:
            raise BadSignature("x-shipengine-rsa-sha256-signature does not fit the body") from error
        return None

    def changes(self, hook: Hook) -> Sequence[Change]:
        try:
            told: Any = json.loads(hook.body)
            if told["resource_type"] != "API_TRACK":
                return ()
            return (ParcelMoved(str(told["data"]["tracking_number"])),)
        except (ValueError, KeyError, TypeError) as error:
            raise BadHook(f"no event of ShipStation: {type(error).__name__}: {error}") from error


def _key(published: dict[str, Any]) -> RSAPublicKey:
    exponent, modulus = (int.from_bytes(_decoded(str(published[name]))) for name in ("e", "n"))
    return RSAPublicNumbers(exponent, modulus).public_key()


def _decoded(text: str) -> bytes:
    """Base64 for addresses, without its padding (RFC 7518, section 6.3.1)."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
