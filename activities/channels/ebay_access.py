"""Access to eBay: tokens that live two hours, and the public keys of its notifications.

Source: eBay, "OAuth refresh token grant", "Client credentials grant" and Notification API getPublicKey.
"""

import base64
import re
import textwrap
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from activities._kit.accounts import EbayAccount
from activities._kit.errors import NeedsOperator, Rejected, Transient
from activities._kit.http import Call, Dialect, pause_in_seconds, read_json, send
from activities.channels.port import BadSignature

_APPLICATION_SCOPE = "https://api.ebay.com/oauth/api_scope"
_SPARE_SECONDS = 60.0
_KEY_SECONDS = 3600.0
"""eBay asks for keys to be kept for an hour."""
_FETCH_SECONDS = 1.0
"""A stranger who invents key ids makes us ask eBay no more often than this."""
_KEY_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


def _words(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    if not isinstance(body, dict):
        return response.reason_phrase
    told = [str(error.get("longMessage") or error.get("message")) for error in body.get("errors") or [] if error]
    told += [str(body[name]) for name in ("error_description", "error") if body.get(name)][:1]
    return "; ".join(told) or response.reason_phrase


DIALECT = Dialect("eBay", _words, lambda headers: pause_in_seconds(headers, "Retry-After"))


class EbayAccess:
    """Headers for the calls of one seller, and keys by their ids."""

    def __init__(self, account: EbayAccount, http: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._account, self._http, self._clock = account, http, clock
        self._tokens: dict[str, tuple[str, float]] = {}
        self._keys: dict[str, tuple[ec.EllipticCurvePublicKey, float]] = {}
        self._last_fetch = -_FETCH_SECONDS

    async def seller(self) -> dict[str, str]:
        """The headers of a call in the seller's name."""
        return await self._headers("refresh_token", {"refresh_token": self._account.refresh_token})

    def key(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        """A key that was fetched within the last hour."""
        key, until = self._keys.get(kid, (None, 0.0))
        return key if self._clock() < until else None

    async def fetch_key(self, kid: str) -> None:
        """Has a key ready. Raises BadSignature where there is none by this id, and of the closed set where eBay is silent."""
        if self.key(kid) is not None:
            return
        if not _KEY_ID.fullmatch(kid):
            raise BadSignature("the id of the key is none of eBay's")
        if self._clock() - self._last_fetch < _FETCH_SECONDS:
            raise Transient("eBay's keys were asked for a moment ago")
        self._last_fetch = self._clock()
        headers = await self._headers("client_credentials", {"scope": _APPLICATION_SCOPE})
        url = f"{self._account.api}/commerce/notification/v1/public_key/{kid}"
        try:
            response = await send(self._http, DIALECT, Call.SAFE, "GET", url, headers=headers)
        except Rejected as error:
            raise BadSignature(f"eBay knows no key {kid}") from error
        answer = read_json(DIALECT, Call.SAFE, response)
        self._keys[kid] = (_public_key(answer), self._clock() + _KEY_SECONDS)

    async def _headers(self, grant: str, more: dict[str, str]) -> dict[str, str]:
        token, until = self._tokens.get(grant, ("", 0.0))
        if self._clock() >= until:
            credentials = base64.b64encode(f"{self._account.app_id}:{self._account.cert_id}".encode()).decode()
            response = await send(
                self._http,
                DIALECT,
                Call.SAFE,
                "POST",
                f"{self._account.api}/identity/v1/oauth2/token",
                headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/x-www-form-urlencoded"},
                accept=frozenset({400}),
                content=urlencode({"grant_type": grant, **more}).encode(),
            )
            answer = read_json(DIALECT, Call.SAFE, response)
            if not isinstance(answer, dict) or not answer.get("access_token"):
                raise NeedsOperator(f"eBay gives no token: {_words(response)}; the seller must grant access again")
            token = answer["access_token"]
            self._tokens[grant] = (token, self._clock() + float(answer.get("expires_in", 7200)) - _SPARE_SECONDS)
        return {"Authorization": f"Bearer {token}"}


def _public_key(answer: Any) -> ec.EllipticCurvePublicKey:
    """eBay writes the PEM in one line."""
    text = str((answer or {}).get("key", ""))
    inner = re.sub(r"-----(?:BEGIN|END) PUBLIC KEY-----|\s", "", text)
    pem = f"-----BEGIN PUBLIC KEY-----\n{textwrap.fill(inner, 64)}\n-----END PUBLIC KEY-----\n"
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Transient("eBay's answer holds no public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Transient("eBay's key is of another kind than ECDSA")
    return key
