"""Xero's sign-in: codes and refresh tokens become access tokens, each refresh token once (OAuth 2, RFC 6749)."""

import base64
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import guarded
from simulators.state import Document, State

CLIENT, SECRET = "xero-demo-client", "xero-demo-secret"
FIRST_CODE, FIRST_REFRESH_TOKEN = "xero-demo-code", "xero-demo-refresh"
SECONDS = 1800
"""An access token lives half an hour (developer.xero.com, "Token types")."""


async def token(request: Request) -> Response:
    """POST /identity/connect/token."""
    told = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    if request.headers.get("authorization") != f"Basic {told}":
        return JSONResponse({"error": "invalid_client"}, 400)
    form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
    state: State = request.app.state.state
    kind = form.get("grant_type")
    if kind not in ("refresh_token", "authorization_code"):
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    grant = form.get("refresh_token" if kind == "refresh_token" else "code", "")
    first = FIRST_REFRESH_TOKEN if kind == "refresh_token" else FIRST_CODE
    known = state.get("xero.grants", grant)
    if known["used"] if known else grant != first:
        return JSONResponse({"error": "invalid_grant"}, 400)
    access, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    until = money.now() + timedelta(seconds=SECONDS)
    with state.transaction() as transaction:
        transaction.put("xero.grants", grant, {"used": True})
        transaction.put("xero.grants", refresh, {"used": False})
        transaction.put("xero.access_tokens", access, {"until": until.isoformat()})
    body = {"access_token": access, "token_type": "Bearer", "expires_in": SECONDS, "refresh_token": refresh}
    return JSONResponse(body | {"scope": form.get("scope", "offline_access accounting.transactions")})


async def connections(request: Request) -> Response:
    """GET /connections: the organisations that the token may speak for."""
    state: State = request.app.state.state
    held: Document = state.get("accounts", "xero") or {}
    if not is_known(state, request.headers.get("authorization", "")):
        return JSONResponse({"Title": "Unauthorized", "Status": 401, "Detail": "AuthenticationUnsuccessful"}, 401)
    tenant = {"id": held["tenant_id"], "tenantId": held["tenant_id"], "tenantType": "ORGANISATION"}
    return JSONResponse([tenant | {"tenantName": "Northwind Tools Ltd"}])


def is_known(state: State, authorization: str) -> bool:
    """Whether a bearer token is the one of the world, or one given out here that still lives."""
    held = state.get("accounts", "xero") or {}
    bearer = authorization.removeprefix("Bearer ")
    given = state.get("xero.access_tokens", bearer)
    return bearer == held.get("access_token") or (given is not None and datetime.fromisoformat(given["until"]) > money.now())


def routes() -> list[Route]:
    """The routes below `/xero`."""
    return [
        Route("/identity/connect/token", guarded("xero", "token", token), methods=["POST"]),
        Route("/connections", guarded("xero", "connections", connections), methods=["GET"]),
    ]
