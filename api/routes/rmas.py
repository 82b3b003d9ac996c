"""Returns: begun, shown, decided, and their label."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api.identity import Caller
from api.opening import begin, id_for_key
from api.problems import Problem, documented, not_found
from api.routes.waiting import DECISION_RESPONSES, WaitSeconds, answer_decision, decision_body
from api.services import Services, WithServices
from api.views.parts import EXAMPLE_ID
from api.views.returns import ReturnView, label_document, return_view
from storage.blobs import BlobMissing
from storage.reading_case import find_case, read_case, read_effects
from workflows._kit.process import Process
from workflows.rma.contract import StartReturn

router = APIRouter(tags=["returns"])

RETURN = "rma"

_START = {
    "store": "northwind-tools",
    "ticket_id": None,
    "lines": [{"order_id": "10452", "line_id": "301", "quantity": 1, "reason": "damaged", "serial": "SN-88213"}],
    "wish": "refund",
}

_DECISIONS = {
    "approve": {"id": "0d3f6a1e-5f57-4a4f-8a2f-6f1a1c2b3d4e", "kind": "approve", "seen_revision": 2},
    "goods received": {"kind": "receive", "lines": [{"line": 1, "quantity": 1}]},
    "inspected": {"kind": "inspect", "lines": [{"line": 1, "disposition": "accepted", "quantity": 1}]},
    "settle": {"kind": "settle", "lines": [{"line": 1, "outcome": "refund"}]},
}

IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="yours to choose; the same key again gives the same case and begins nothing"),
]


class BegunReturn(BaseModel):
    """The return is open; its workflow starts within moments."""

    rma_id: UUID = Field(examples=[EXAMPLE_ID])
    number: int = Field(examples=[1043])


@router.post(
    "/rmas",
    summary="Begin a return",
    description="Opens a return over lines of any orders of one buyer. Its workflow checks the orders, asks for approval where "
    "it is needed, buys the label and sees to refund, credit note and replacement.",
    status_code=202,
    response_model=BegunReturn,
    responses={202: {"description": "The return is open."}, **documented(401, 409, 413, 422)},
)
async def begin_return(
    services: WithServices,
    caller: Caller,
    body: Annotated[StartReturn, Body(openapi_examples={"one line": {"summary": "one line", "value": _START}})],
    idempotency_key: IdempotencyKey = None,
) -> BegunReturn:
    process = _process(services)
    case_id = id_for_key(caller, process, idempotency_key)
    begun = await begin(services, process, body.model_dump(mode="json"), caller, case_id)
    return BegunReturn(rma_id=begun.case_id, number=begun.number)


@router.get(
    "/rmas/{rma_id}",
    summary="Show a return",
    description="The return with its lines, approvals, label, what was done in the outside world, clocks and history.",
    response_model=ReturnView,
    responses=documented(401, 404),
)
async def show_return(services: WithServices, caller: Caller, rma_id: UUID) -> ReturnView:
    async with services.database.begin() as connection:
        file = await read_case(connection, rma_id, RETURN)
    if file is None:
        raise not_found("return", rma_id)
    return return_view(file)


@router.post(
    "/rmas/{rma_id}/decisions",
    summary="Decide about a return",
    description="Stores the decision and tells the return's workflow, which applies or refuses it.",
    response_model=None,
    responses=DECISION_RESPONSES,
)
async def decide_return(
    services: WithServices,
    caller: Caller,
    rma_id: UUID,
    body: Annotated[dict[str, Any], decision_body(_DECISIONS)],
    wait: WaitSeconds = None,
) -> JSONResponse:
    return await answer_decision(services, _process(services), rma_id, caller, body, wait)


@router.get(
    "/rmas/{rma_id}/label",
    summary="Print the return label",
    description="The label as a PDF, once the carrier has made it.",
    response_class=Response,
    responses={
        200: {"description": "The label.", "content": {"application/pdf": {"example": "%PDF-1.4 …"}}},
        **documented(401, 404),
    },
)
async def show_label(services: WithServices, caller: Caller, rma_id: UUID) -> Response:
    return await label_response(services, rma_id)


async def label_response(services: Services, rma_id: UUID) -> Response:
    """The bytes of a return's label.

    Raises Problem 404 where there is no return, or no label yet.
    """
    async with services.database.begin() as connection:
        case = await find_case(connection, rma_id, RETURN)
        effects = await read_effects(connection, [rma_id])
    if case is None:
        raise not_found("return", rma_id)
    document = label_document(effects)
    if document is None:
        raise Problem(404, f"return #{case['number']} has no label now: it was not bought yet, or was given back")
    try:
        content = await services.blobs.get(document)
    except BlobMissing as error:
        raise Problem(404, f"the label of return #{case['number']} is not in the blob store: {error}") from error
    headers = {
        "Content-Disposition": f'inline; filename="return-{case["number"]}-label.pdf"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="application/pdf", headers=headers)


def _process(services: Services) -> Process:
    process = services.processes.get(RETURN)
    if process is None:
        raise Problem(404, "returns are not run here")
    return process
