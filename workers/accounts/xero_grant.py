"""Lets Casework into a Xero organisation: a person agrees in the browser and brings back the address where that ended."""

import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from activities._kit import http
from activities._kit.accounts import XeroAccount
from activities._kit.errors import OutsideError, Rejected
from activities._kit.http import Call
from activities.finance.dialect import DIALECT
from activities.finance.xero_access import SCOPES, as_fields, granted
from workers.accounts.fields import Ask, account_of, is_secret
from workers.errors import CommandError

AUTHORISE = "https://login.xero.com/identity/connect/authorize"
"""developer.xero.com, "The standard authorization code flow"."""

_API_PATH = "/api.xro/2.0"
_REDIRECT = "http://localhost/casework"
"""Must stand among the application's redirect addresses; nothing has to answer there."""

_APPLICATION = ("client_id", "client_secret")


async def agreed(
    given: dict[str, Any], ask: Ask | None, say: Callable[[str], None], client: httpx.AsyncClient
) -> dict[str, Any]:
    """The given fields, and with them tokens and organisation.

    Raises CommandError where there is nobody to agree, they did not, the address is another's, or no organisation was chosen.
    """
    if ask is None:
        raise CommandError("Xero is agreed to by a person in the browser; run this at a terminal")
    asked = {name: given.get(name) or ask(name, is_secret(XeroAccount.model_fields[name])) for name in _APPLICATION}
    fields = given | asked
    # Its tokens and organisation are not known yet; what else is wrong is said before anybody agrees to anything.
    account = account_of(XeroAccount, {"tenant_id": "unknown", **fields, "token": "unknown"})
    state = secrets.token_urlsafe(16)
    wanted = {"response_type": "code", "client_id": account.client_id, "redirect_uri": _REDIRECT}
    say(f"Open this address, agree, and copy where you end up (the page itself will not load; {_REDIRECT} must be one of")
    say("the application's redirect addresses):")
    say(f"{AUTHORISE}?{urlencode(wanted | {'scope': SCOPES, 'state': state})}")
    code = _code(ask("the address you ended at", False), state)
    try:
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": _REDIRECT}
        tokens = await granted(client, account, grant)
        tenant = fields.get("tenant_id") or await _tenant(client, account, tokens.bearer, ask)
    except Rejected as error:
        raise CommandError(f"{error.message}: the address may have been used before; begin again") from error
    except OutsideError as error:
        raise CommandError(error.message) from error
    return fields | as_fields(tokens) | {"tenant_id": tenant}


def _code(address: str, state: str) -> str:
    told = {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}
    if "error" in told:
        raise CommandError(f"Xero did not let us in: {told.get('error_description') or told['error']}")
    if told.get("state") != state:
        raise CommandError("that address is not the answer to this request; copy the whole address you ended at")
    if "code" not in told:
        raise CommandError("that address holds no code; copy the whole address you ended at")
    return told["code"]


async def _tenant(client: httpx.AsyncClient, account: XeroAccount, bearer: str, ask: Ask) -> str:
    url = f"{account.api.removesuffix(_API_PATH)}/connections"
    response = await http.send(client, DIALECT, Call.SAFE, "GET", url, headers={"Authorization": f"Bearer {bearer}"})
    tenants = {str(found["tenantName"]): str(found["tenantId"]) for found in http.read_json(DIALECT, Call.SAFE, response)}
    if not tenants:
        raise CommandError("you agreed for no organisation; begin again and choose one")
    if len(tenants) == 1:
        return next(iter(tenants.values()))
    chosen = ask(f"the organisation ({', '.join(tenants)})", False)
    if chosen not in tenants:
        raise CommandError(f"there is no organisation {chosen!r}; there are: {', '.join(tenants)}")
    return tenants[chosen]
