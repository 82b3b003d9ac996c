"""Access to ShipStation: the API key, and its refusals."""

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
