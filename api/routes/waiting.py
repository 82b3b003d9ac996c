"""The part that all decision routes share: how long to wait, and how an outcome is answered."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query
from fastapi.responses import JSONResponse

from api.deciding import refusal, take
from api.problems import documented
from api.services import Services
from api.views.parts import EXAMPLE_ID, EXAMPLE_TIME, DecisionView, decision_view
from storage.people import SignedIn
from workflows._kit.process import Process

WaitSeconds = Annotated[
    float | None,
    Query(ge=0, le=30, description="seconds to wait for the outcome; 5 where not given, 30 at most", examples=[5]),
]

_DECISION = {
    "id": EXAMPLE_ID,
    "case_id": EXAMPLE_ID,
    "process": "ticket",
    "kind": "note",
    "author": "Jonas Weber",
    "role": "agent",
    "seen_revision": 4,
    "payload": {"text": "The buyer called."},
    "created_at": EXAMPLE_TIME,
    "outcome": "applied",
    "reason": None,
    "decided_at": EXAMPLE_TIME,
    "revision": 5,
}
DECISION_EXAMPLE = {200: {"content": {"application/json": {"example": _DECISION}}}}

DECISION_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Applied.", "model": DecisionView, **DECISION_EXAMPLE[200]},
    202: {
        "description": "Stored and on its way; look at `GET /api/v1/decisions/{id}` for the outcome.",
        "model": DecisionView,
        "content": {
            "application/json": {
                "example": _DECISION | {"outcome": "pending", "decided_at": None, "revision": None},
            }
        },
    },
    **documented(401, 403, 404, 409, 413, 422),
}


def decision_body(examples: dict[str, dict[str, Any]]) -> Any:
    """The body of a decision route: one of the process's decisions by `kind`."""
    return Body(
        description="`kind` picks the decision, `id` (yours to choose; sent again it acts once) and `seen_revision` are "
        "optional, the rest are the fields of the kind: see `GET /api/v1/processes`.",
        openapi_examples={name: {"summary": name, "value": value} for name, value in examples.items()},
    )


async def answer_decision(
    services: Services, process: Process, case_id: UUID, person: SignedIn, body: dict[str, Any], wait: float | None
) -> JSONResponse:
    """Takes the decision and answers 200 applied or 202 pending.

    Raises Problem 409 where it was refused.
    """
    options = services.options
    seconds = options.decision_wait if wait is None else min(timedelta(seconds=wait), options.decision_wait_limit)
    stored = await take(services, process, case_id, person, body, seconds)
    refused = refusal(stored)
    if refused is not None:
        raise refused
    status = 202 if stored.outcome is None else 200
    return JSONResponse(decision_view(stored).model_dump(mode="json"), status)
