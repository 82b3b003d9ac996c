"""Access tokens of Xero, renewed in time: a refresh token works once, and its successor is sealed before anybody goes on.

Two workers that renew at the same moment wait for one another at the account's row; the second finds a fresh token there. A
crash between Xero's answer and our commit leaves the old token, which Xero takes once more for thirty minutes
(developer.xero.com, "Token types").
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from activities._kit import http
from activities._kit.accounts import XeroAccount
from activities._kit.errors import NeedsOperator, OutsideError, Rejected
from activities._kit.http import Call
from activities.finance.dialect import DIALECT
from storage import credentials
from storage.engine import Database
from storage.sealing import Sealer, SealError

SCOPES = "offline_access accounting.transactions accounting.contacts"
"""Applications made since March 2026 may need narrower ones (carriers brief, section 10)."""

_EARLY = timedelta(minutes=2)
"""A token is renewed this long before its end: longer than one activity of the books takes."""

_PROVIDER = "xero"


@dataclass(frozen=True)
class Tokens:
    """What a grant gave: the bearer until when, and the one refresh token that follows."""

    bearer: str
    refresh_token: str
    until: datetime


class XeroAccess:
    """The bearer token of each account. `sealer` is None where no account is connected, only written down."""

    def __init__(self, database: Database, sealer: Sealer | None, client: httpx.AsyncClient) -> None:
        self._database = database
        self._sealer = sealer
        self._http = client
        self._held: dict[str, Tokens] = {}

    async def bearer(self, name: str, account: XeroAccount) -> str:
        """A token that is good for some minutes yet.

        Raises NeedsOperator where the grant is no longer good or its key is gone, Transient where Xero does not answer.
        """
        if not account.refresh_token:
            return account.token
        held = self._held.get(name)
        if held is None or not _is_good(held.until):
            held = self._held[name] = await self._renewed(name, account)
        return held.bearer

    async def _renewed(self, name: str, account: XeroAccount) -> Tokens:
        if self._sealer is None:
            raise NeedsOperator(f"xero/{name} stands in the accounts file; connect it, so that its tokens can be kept.")
        async with self._database.begin() as connection:
            row = await credentials.lock(connection, _PROVIDER, name)
            if row is None:
                raise NeedsOperator(f"xero/{name} is no longer connected; `casework connect xero {name}`.")
            try:
                fields = self._sealer.open(row)
            except SealError as error:
                raise NeedsOperator(str(error)) from error
            until = datetime.fromisoformat(fields["token_until"]) if fields.get("token_until") else None
            if until is not None and _is_good(until):
                return Tokens(fields["token"], fields["refresh_token"], until)
            tokens = await self._refresh(name, account, fields["refresh_token"])
            await credentials.store(connection, self._sealer.seal(_PROVIDER, name, fields | as_fields(tokens)))
        return tokens

    async def _refresh(self, name: str, account: XeroAccount, refresh_token: str) -> Tokens:
        try:
            return await granted(self._http, account, {"grant_type": "refresh_token", "refresh_token": refresh_token})
        except Rejected as error:
            raise NeedsOperator(f"{error.message}. Xero no longer lets us in: `casework connect xero {name}`.") from error


def _is_good(until: datetime) -> bool:
    return until - _EARLY > datetime.now(UTC)


def as_fields(tokens: Tokens) -> dict[str, Any]:
    """Tokens as an account keeps them."""
    return {"token": tokens.bearer, "refresh_token": tokens.refresh_token, "token_until": tokens.until.isoformat()}


async def granted(client: httpx.AsyncClient, account: XeroAccount, grant: dict[str, str]) -> Tokens:
    """Tokens for a code or a refresh token. Raises Rejected where Xero does not take it (`invalid_grant`)."""
    url = f"{account.identity}/connect/token"
    asked = datetime.now(UTC)
    try:
        response = await client.post(url, data=grant, auth=(account.client_id, account.client_secret))
    except httpx.RequestError as error:
        raise http.outside_error(DIALECT, Call.SAFE, error) from error
    if not response.is_success:
        raise _refusal(response)
    body = http.read_json(DIALECT, Call.SAFE, response)
    until = asked + timedelta(seconds=int(body["expires_in"]))
    return Tokens(str(body["access_token"]), str(body["refresh_token"]), until)


def _refusal(response: httpx.Response) -> OutsideError:
    if response.status_code in (400, 401):
        try:
            words = str(response.json().get("error") or "")
        except ValueError:
            words = response.text[:100]
        return Rejected(f"Xero ({response.status_code}): {words or response.reason_phrase}")
    return http.outside_error(DIALECT, Call.SAFE, response)
