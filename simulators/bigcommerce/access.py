"""Access to BigCommerce: tokens, quota headers, paging and the error forms of V2, V3 and the B2B edition."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators import money, refusals
from simulators.connection import Handler, Operation, guarded
from simulators.state import Document, State

WINDOW_SECONDS = 30

StoreHandler = Callable[[Request, Document], Awaitable[Response]]


class Refused(Exception):
    """A refusal with the answer that tells it."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer)
        self.answer = answer


def v2_error(status: int, message: str) -> Refused:
    """V2 errors are a list of status and message."""
    return Refused(JSONResponse([{"status": status, "message": message}], status))


def v3_error(status: int, title: str, errors: dict[str, str] | None = None) -> Refused:
    """V3 errors are one object with status, title, type and errors."""
    body = {"status": status, "title": title, "type": f"https://developer.bigcommerce.com/errors/{status}"}
    return Refused(JSONResponse({**body, "errors": errors or {}}, status))


def b2b_error(status: int, message: str) -> Refused:
    """Errors of the B2B edition carry the status a second time as `code`."""
    body = {"code": status, "data": {"errMsg": message}, "meta": {"message": message}}
    return Refused(JSONResponse(body, status))


def state_of(request: Request) -> State:
    """The state behind the application."""
    return request.app.state.state


def stored(operation: Operation, handler: StoreHandler) -> Handler:
    """A handler of `/stores/{hash}/…`: checks hash and token, counts against the quota, adds its headers."""

    async def endpoint(request: Request) -> Response:
        store = state_of(request).get("stores", request.path_params["store_hash"])
        if store is None:
            return v3_error(404, "No store was found with that hash.").answer
        if request.headers.get("x-auth-token") != store["access_token"]:
            body = {"status": 401, "title": "Unauthorized", "type": "about:blank", "errors": {}}
            return JSONResponse(body, 401)
        quota: Quota = request.app.state.quota
        headers, exceeded = quota.count(store)
        if exceeded:
            return refusals.rate_limited("bigcommerce")
        try:
            answer = await handler(request, store)
        except Refused as refused:
            answer = refused.answer
        for name, value in headers.items():
            answer.headers[name] = value
        return answer

    return guarded("bigcommerce", operation, endpoint)


def b2b(operation: str, handler: StoreHandler) -> Handler:
    """A handler of the B2B edition: `X-Auth-Token` and `X-Store-Hash`."""

    async def endpoint(request: Request) -> Response:
        store_hash = request.headers.get("x-store-hash")
        if not request.headers.get("x-auth-token"):
            return b2b_error(401, "Authentication credentials were not provided.").answer
        store = state_of(request).get("stores", store_hash or "")
        if store is None:
            # BigCommerce: a missing or wrong X-Store-Hash gives a server error, not 401.
            return b2b_error(500, "Internal Server Error").answer
        if request.headers["x-auth-token"] != store["access_token"]:
            return b2b_error(401, "Invalid token").answer
        try:
            answer = await handler(request, store)
        except Refused as refused:
            answer = refused.answer
        answer.headers["X-Requests-Allocated"] = "150 times/60 s"
        answer.headers["X-Requests-Remaining"] = "149"
        answer.headers["X-Requests-Window-Length"] = "60 s"
        answer.headers["X-Request-Window-Resets-After"] = "0.39 s"
        return answer

    return guarded("bigcommerce", operation, endpoint)


class Quota:
    """Calls of each store in the last 30 seconds."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = {}

    def count(self, store: Document) -> tuple[dict[str, str], bool]:
        """Count one call; gives the headers and whether the call is past an enforced quota."""
        present = time.monotonic()
        calls = self._calls.setdefault(store["key"], deque())
        while calls and calls[0] < present - WINDOW_SECONDS:
            calls.popleft()
        quota = store["requests_per_window"]
        exceeded = store["enforce_quota"] and len(calls) >= quota
        if not exceeded:
            calls.append(present)
        reset = WINDOW_SECONDS - (present - calls[0]) if calls else WINDOW_SECONDS
        # An unenforced quota never tells an empty bucket: a polite client would wait for nothing.
        left = max(quota - len(calls), 0 if store["enforce_quota"] else quota // 2)
        headers = {
            "X-Rate-Limit-Time-Window-Ms": str(WINDOW_SECONDS * 1000),
            "X-Rate-Limit-Time-Reset-Ms": str(int(reset * 1000)),
            "X-Rate-Limit-Requests-Quota": str(quota),
            "X-Rate-Limit-Requests-Left": str(left),
        }
        return headers, exceeded


def order_record(request: Request, store: Document, refuse: Callable[[int, str], Refused]) -> Document:
    """The order record of the path, of this store only; 404 otherwise."""
    record = state_of(request).get("bigcommerce.orders", request.path_params["order_id"])
    if record is None or record["store"] != store["key"]:
        raise refuse(404, "The requested resource was not found.")
    return record


def of_store(request: Request, collection: str, store: Document) -> list[Document]:
    """The documents of a BigCommerce collection that belong to a store."""
    records = state_of(request).all(f"bigcommerce.{collection}")
    return [record["data"] for record in records if record["store"] == store["key"]]


def listed(request: Request, name: str) -> list[str] | None:
    """A comma-separated query parameter, or None when absent."""
    value = request.query_params.get(name)
    return None if value is None else [part.strip() for part in value.split(",") if part.strip()]


def whole_number(request: Request, name: str, default: int, refuse: Callable[[int, str], Refused]) -> int:
    """A query parameter that must be a positive whole number; 400 otherwise."""
    value = request.query_params.get(name, str(default))
    if not value.isdigit() or int(value) < 1:
        raise refuse(400, f"The field '{name}' is invalid.")
    return int(value)


def v2_list(request: Request, documents: Sequence[Document]) -> Response:
    """A page of a V2 list: a bare array, or 204 without a body when nothing is on the page."""
    page = whole_number(request, "page", 1, v2_error)
    limit = min(whole_number(request, "limit", 50, v2_error), 250)
    part = documents[(page - 1) * limit : page * limit]
    return JSONResponse(list(part)) if part else Response(status_code=204)


def v3_list(request: Request, documents: Sequence[Document]) -> Response:
    """A page of a V3 list with its pagination."""
    page = whole_number(request, "page", 1, v3_error)
    limit = min(whole_number(request, "limit", 50, v3_error), 250)
    part = documents[(page - 1) * limit : page * limit]
    pages = max(-(-len(documents) // limit), 1)
    links = {"current": f"?page={page}&limit={limit}"}
    if page > 1:
        links["previous"] = f"?page={page - 1}&limit={limit}"
    if page < pages:
        links["next"] = f"?page={page + 1}&limit={limit}"
    pagination = {"total": len(documents), "count": len(part), "per_page": limit, "current_page": page}
    meta = {"pagination": {**pagination, "total_pages": pages, "links": links}}
    return JSONResponse({"data": list(part), "meta": meta})


def b2b_page(request: Request, documents: Sequence[Document]) -> tuple[list[Document], dict[str, int]]:
    """A page of a list of the B2B edition by offset and limit (10 when left out)."""
    offset_text, limit_text = request.query_params.get("offset", "0"), request.query_params.get("limit", "10")
    if not offset_text.isdigit() or not limit_text.isdigit():
        raise b2b_error(422, "offset and limit must be whole numbers")
    offset, limit = int(offset_text), min(int(limit_text), 250)
    pagination = {"totalCount": len(documents), "limit": limit, "offset": offset}
    return list(documents[offset : offset + limit]), pagination


async def json_object(request: Request, refuse: Callable[[int, str], Refused]) -> dict[str, Any]:
    """The body, which must be one JSON object."""
    try:
        body = await request.json()
    except ValueError:
        raise refuse(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise refuse(400, "The request body must be a JSON object.")
    return body


def changed_since(moment: str, since: str, refuse: Callable[[int, str], Refused]) -> bool:
    """Whether a moment of a document lies at or after one of a query, in any notation."""
    try:
        return money.parse_moment(moment) >= money.parse_moment(since.replace(" ", "+") if "T" in since else since)
    except (ValueError, TypeError):
        raise refuse(400, f"{since!r} is not a date.") from None
