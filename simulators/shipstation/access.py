"""Access to ShipStation: the API key, and its refusals."""

import math
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.connection import Handler, guarded
from simulators.refusals import shipstation_error
from simulators.state import Document, State

AccountHandler = Callable[[Request, State, Document], Awaitable[Response]]


class Refused(Exception):
    """A refusal with its status and error document."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        kind = "security" if status == 401 else "validation" if field else "business_rules"
        self.answer = JSONResponse(shipstation_error(code, message, field, kind), status)


def account(operation: str, handler: AccountHandler, open_to_all: bool = False) -> Handler:
    """A handler behind the API-Key header."""

    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.state
        held = state.get("accounts", "shipstation") or {}
        try:
            if not open_to_all and request.headers.get("api-key") != held.get("api_key"):
                raise Refused(401, "unauthorized", "The API key is invalid.")
            return await handler(request, state, held)
        except Refused as refused:
            return refused.answer

    return guarded("shipstation", operation, endpoint)


def label_record(request: Request, state: State) -> Document:
    """The label record of the path, free to be changed; 404 otherwise."""
    record = state.get("shipstation.labels", request.path_params["label_id"])
    if record is None:
        raise Refused(404, "invalid_identifier", f"Label {request.path_params['label_id']} was not found.")
    return record


def page_of(request: Request, name: str, found: list[Document]) -> Document:
    """The page that the query asks for, 25 at a time unless it says otherwise, as lists of ShipStation are answered."""
    page_text, size_text = request.query_params.get("page", "1"), request.query_params.get("page_size", "25")
    if not page_text.isdigit() or not size_text.isdigit() or "0" in (page_text, size_text):
        raise Refused(400, "invalid_field_value", "'page' and 'page_size' must be whole numbers.", "page")
    page, size = int(page_text), int(size_text)
    pages = math.ceil(len(found) / size)
    href = f"{str(request.base_url).rstrip('/')}/shipstation/v1/{name}?page="
    links = {"first": {"href": f"{href}1"}, "last": {"href": f"{href}{max(pages, 1)}"}, "prev": {}, "next": {}}
    return {name: found[(page - 1) * size : page * size], "total": len(found), "page": page, "pages": pages, "links": links}
