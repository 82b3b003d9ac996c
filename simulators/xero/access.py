"""Access to Xero: bearer token, tenant, idempotency keys, the `where` filter and Xero's errors."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators import money
from simulators.connection import Handler, Operation, guarded
from simulators.state import Document, State
from simulators.xero.documents import Invalid
from simulators.xero.identity import is_known

IDEMPOTENCY_MINUTES = 6
"""How long Xero replays an answer by its Idempotency-Key, as its guide is quoted to say."""

LedgerHandler = Callable[[Request, State, Document], Awaitable[Response]]

_CONDITION = re.compile(
    r"""^\s*(?P<field>[A-Za-z.]+)\s*(?P<sign>==|!=|>=|<=|>|<|=)\s*(?:
        "(?P<text>[^"]*)" | [Gg]uid\("(?P<guid>[^"]+)"\) | DateTime\((?P<date>[\d,\s]+)\) | (?P<number>-?[\d.]+)
        )\s*$""",
    re.VERBOSE,
)


def validation_error(message: str, document: Document | None = None) -> Response:
    """Xero's 400 with the failed document in Elements."""
    element = {**(document or {}), "ValidationErrors": [{"Message": message}]}
    body = {"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred"}
    return JSONResponse({**body, "Elements": [element]}, 400)


def not_found() -> Response:
    """Xero's 404 is a bare text."""
    return Response("The resource you're looking for cannot be found", 404, media_type="text/plain")


def ledger(operation: Operation, handler: LedgerHandler) -> Handler:
    """A handler behind the bearer token and the tenant; writes replay by Idempotency-Key."""

    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "xero") or {}
        if not is_known(state, request.headers.get("authorization", "")):
            body = {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": "AuthenticationUnsuccessful"}
            return JSONResponse(body, 401)
        if request.headers.get("xero-tenant-id") != held.get("tenant_id"):
            body = {"Type": None, "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"}
            return JSONResponse(body, 403)
        key = request.headers.get("idempotency-key")
        try:
            if request.method == "GET" or not key:
                return await handler(request, state, held)
            return await _once(request, state, held, key, handler)
        except Invalid as invalid:
            return validation_error(str(invalid))

    return guarded("xero", operation, endpoint)


async def _once(request: Request, state: State, held: Document, key: str, handler: LedgerHandler) -> Response:
    if len(key) > 128:
        return validation_error("The Idempotency-Key may not be longer than 128 characters")
    signed = request.method.encode() + request.url.path.encode() + await request.body()
    fingerprint = hashlib.sha256(signed).hexdigest()
    kept = state.get("xero.idempotency", key)
    if kept and (money.now() - datetime.fromisoformat(kept["at"])).total_seconds() < IDEMPOTENCY_MINUTES * 60:
        if kept["fingerprint"] != fingerprint:
            return validation_error("The Idempotency-Key was already used with a different request")
        return Response(kept["body"], kept["status"], media_type=kept["media_type"])
    try:
        answer = await handler(request, state, held)
    except Invalid as invalid:
        answer = validation_error(str(invalid))
    kept = {"fingerprint": fingerprint, "at": money.now().isoformat(), "status": answer.status_code}
    kept |= {"body": bytes(answer.body).decode(), "media_type": answer.headers.get("content-type")}
    with state.transaction() as transaction:
        transaction.put("xero.idempotency", key, kept)
    return answer


async def one_document(request: Request, name: str) -> Document:
    """The one document of a request body, bare or in its list; more than one is refused by the stand-in."""
    try:
        body = json.loads(await request.body(), parse_float=Decimal)
    except ValueError:
        raise Invalid("The request body is not valid JSON") from None
    if isinstance(body, dict) and name in body:
        items = body[name]
        if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
            raise Invalid(f"{name} must hold exactly one document")
        return items[0]
    if not isinstance(body, dict) or not body:
        raise Invalid("The request body must be a JSON object")
    return body


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def filtered(request: Request, documents: list[Document]) -> list[Document]:
    """Apply `where` (conditions joined by AND, on fields of the document), then `page` and `pageSize`."""
    where = request.query_params.get("where")
    if where:
        for part in re.split(r"\s+AND\s+|&&", where, flags=re.IGNORECASE):
            documents = [document for document in documents if _holds(part, document)]
    if "page" in request.query_params:
        page_text, size_text = request.query_params["page"], request.query_params.get("pageSize", "100")
        if not page_text.isdigit() or not size_text.isdigit() or page_text == "0":
            raise Invalid("page and pageSize must be whole numbers")
        page, size = int(page_text), int(size_text)
        documents = documents[(page - 1) * size : page * size]
    return documents


def _holds(condition: str, document: Document) -> bool:
    match = _CONDITION.match(condition)
    if match is None:
        raise Invalid(f"The where condition {condition.strip()!r} cannot be read")
    value: Any = document
    for name in match["field"].split("."):
        value = value.get(name) if isinstance(value, dict) else None
    wanted: Any
    if match["date"]:
        try:
            year, month, day = (int(part) for part in match["date"].split(",")[:3])
            wanted, value = datetime(year, month, day, tzinfo=UTC), value and money.parse_moment(value)
        except ValueError:
            raise Invalid(f"The date in {condition.strip()!r} cannot be read") from None
    elif match["number"]:
        wanted = float(match["number"])
    else:
        wanted = match["guid"] if match["guid"] is not None else match["text"]
        value = "" if value is None else str(value)
        if match["guid"] is not None:
            wanted, value = wanted.lower(), value.lower()
    sign = match["sign"]
    if sign in ("==", "=", "!="):
        return (value == wanted) != (sign == "!=")
    if value is None or isinstance(value, str) != isinstance(wanted, str):
        return False
    return {">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[sign]
