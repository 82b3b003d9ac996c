"""Every failure of the JSON API as application/problem+json (RFC 9457): what is wrong, where, and what to do."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import Response

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Mistake(BaseModel):
    """One thing wrong with what was sent."""

    field: str = Field(description="where, as a dotted path; empty for the whole body", examples=["lines.0.quantity"])
    message: str = Field(description="what is wrong with it", examples=["Input should be greater than or equal to 1"])


class ProblemDocument(BaseModel):
    """A failure in words. `reason` is given where a decision was refused, `errors` where fields are wrong."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="a stable name of this kind of failure", examples=["urn:casework:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no ticket 4d3c…"])
    errors: list[Mistake] | None = None
    reason: str | None = None


class Problem(Exception):
    """Ends a request with a problem document. `more` is added to it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        errors: Sequence[Mistake] = (),
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = headers
        self.more = more

    def document(self) -> dict[str, Any]:
        title = _title(self.status)
        document: dict[str, Any] = {
            "type": f"urn:casework:problem:{self.kind or title.lower().replace(' ', '-')}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [mistake.model_dump() for mistake in self.errors]
        return document | self.more

    def response(self) -> Response:
        # Escaped, since what was sent may hold half of a surrogate pair, and the answer repeats it.
        content = json.dumps(self.document())
        return Response(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def unauthorized(detail: str = "this call needs a valid bearer token in the Authorization header") -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="casework"'})


def not_found(what: str, identity: object) -> Problem:
    return Problem(404, f"there is no {what} {identity}")


def wrong_field(field: str, message: str, status: int = 422) -> Problem:
    """One field is wrong."""
    return Problem(status, f"{field}: {message}", errors=[Mistake(field=field, message=message)])


def wrong_fields(errors: Sequence[Any], prefix: tuple[str | int, ...] = ()) -> Problem:
    """What pydantic found wrong, each with its place."""
    mistakes = [
        Mistake(field=".".join(str(part) for part in (*prefix, *error["loc"])), message=_in_words(error)) for error in errors
    ]
    first = mistakes[0]
    detail = f"{first.field}: {first.message}" if first.field else first.message
    if len(mistakes) > 1:
        detail += f" (and {len(mistakes) - 1} more)"
    return Problem(422, detail, errors=mistakes)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these failures, each with an example."""
    return {status: _documented(status) for status in statuses}


def problem_of(error: Exception) -> Problem:
    """The problem that an exception of a request is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _DETAILS.get(error.status_code, str(error.detail)), headers=_headers(error))
    if isinstance(error, OperationalError):
        return Problem(503, "the database does not answer; nothing was stored, try again", headers={"Retry-After": "2"})
    return Problem(500, "this is a defect of the server; its log has the details")


def install_problems(app: FastAPI) -> None:
    """Has every failure answered as a problem document, the framework's own included."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status >= 500:
            logger.error("%s %s failed: %s", request.method, request.url.path, error, exc_info=error)
        page = getattr(request.app.state, "error_page", None)
        if page is not None and (shown := page(request, problem)) is not None:
            return shown
        return problem.response()

    for kind in (Problem, RequestValidationError, HTTPException, OperationalError, Exception):
        app.add_exception_handler(kind, answer)


def _of_validation(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(entry["loc"][:1] == ("path",) for entry in found):
        return Problem(404, "there is nothing at this address: the id in it is not one of ours")
    if any(entry["type"] == "json_invalid" for entry in found):
        entry = found[0]
        reason = entry.get("ctx", {}).get("error", entry["msg"])
        return Problem(422, f"the body is not JSON: {reason}", kind="not-json", errors=[Mistake(field="", message=str(reason))])
    return wrong_fields([{**entry, "loc": _place(entry["loc"])} for entry in found])


def _place(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return location[1:] if location[:1] and location[0] in ("body", "query", "header") else location


def _in_words(error: Any) -> str:
    if error["type"] == "dict_type":
        return "the body must be a JSON object" if not error["loc"] else "must be a JSON object"
    return str(error["msg"]).removeprefix("Value error, ")


def _headers(error: HTTPException) -> dict[str, str] | None:
    return dict(error.headers) if error.headers else None


def _title(status: int) -> str:
    return {422: "Unprocessable content", 413: "Content too large"}.get(status) or HTTPStatus(status).phrase.capitalize()


_DETAILS = {
    404: "there is nothing at this address",
    405: "this address does not know this method",
}

_EXAMPLES = {
    400: "the request could not be read",
    401: "this call needs a valid bearer token in the Authorization header",
    403: "taking 'approve' needs the role supervisor; you are signed in as agent",
    404: "there is no ticket 5f0c3a52-8a53-4f0e-9c55-f2a3a1f4a001",
    409: "refused: a message arrived after the version you saw",
    413: "attachments.0: the message has 31457280 bytes, the limit is 26214400",
    422: "lines.0.quantity: Input should be greater than or equal to 1",
}


def _documented(status: int) -> dict[str, Any]:
    example = Problem(status, _EXAMPLES[status])
    if status == 422:
        example.errors = (Mistake(field="lines.0.quantity", message="Input should be greater than or equal to 1"),)
    if status == 409:
        example.more = {"reason": "a message arrived after the version you saw"}
    return {
        "description": _MEANINGS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "example": example.document()}},
    }


_MEANINGS = {
    400: "The request could not be read.",
    401: "No token, or one that is unknown, expired or revoked.",
    403: "The role of this token has no authority for it.",
    404: "No such thing.",
    409: "Refused, with the reason; or the id was used before for something else.",
    413: "Too large; says what and how large it may be.",
    422: "Understood but not valid; `errors` names each field.",
}
