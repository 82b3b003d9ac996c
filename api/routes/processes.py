"""Any process: what runs, begin one, look at it, decide about it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse

from api.identity import Caller
from api.opening import begin, id_for_key
from api.problems import Problem, documented, not_found
from api.routes.rmas import IdempotencyKey
from api.routes.waiting import DECISION_RESPONSES, WaitSeconds, answer_decision, decision_body
from api.services import Services, WithServices
from api.views.cases import Begun, ProcessList, case_view, process_view
from storage.reading_case import read_case
from workflows._kit.process import Process

router = APIRouter(tags=["processes"])

_START_EXAMPLE = {
    "store": "northwind-tools",
    "lines": [{"order_id": "10452", "line_id": "301", "quantity": 1, "reason": "damaged"}],
    "wish": "refund",
}


@router.get(
    "/processes",
    summary="List the processes",
    description="Every long-running process, with the JSON Schemas of how it is begun and of each decision about it.",
    response_model=ProcessList,
    responses=documented(401),
)
async def list_processes(services: WithServices, caller: Caller) -> ProcessList:
    return ProcessList(items=[process_view(process) for process in services.processes.values()], next_cursor=None)


@router.post(
    "/processes/{name}",
    summary="Begin a process",
    description="Opens a case of the process; the body is what the process declares as its `start`.",
    status_code=202,
    response_model=Begun,
    responses={202: {"description": "The case is open."}, **documented(401, 404, 409, 413, 422)},
)
async def begin_process(
    services: WithServices,
    caller: Caller,
    name: str,
    body: Annotated[dict[str, Any], Body(openapi_examples={"a return": {"summary": "a return", "value": _START_EXAMPLE}})],
    idempotency_key: IdempotencyKey = None,
) -> Begun:
    process = process_named(services, name)
    begun = await begin(services, process, body, caller, id_for_key(caller, process, idempotency_key))
    return Begun(id=begun.case_id, number=begun.number, workflow_id=begun.workflow_id)


@router.get(
    "/processes/{name}/{case_id}",
    summary="Show a case",
    description="A case of any process. Tickets and returns look as at their own addresses.",
    response_model=None,
    responses={
        200: {
            "description": "The case.",
            "content": {"application/json": {"example": {"number": 1043, "process": "rma", "stage": "awaiting_goods"}}},
        },
        **documented(401, 404),
    },
)
async def show_case(services: WithServices, caller: Caller, name: str, case_id: UUID) -> JSONResponse:
    process = process_named(services, name)
    async with services.database.begin() as connection:
        file = await read_case(connection, case_id, process.name)
    if file is None:
        raise not_found(process.title.lower(), case_id)
    return JSONResponse(case_view(file, services.playbook.now).model_dump(mode="json"))


@router.post(
    "/processes/{name}/{case_id}/decisions",
    summary="Decide about a case",
    description="Stores the decision and tells the workflow, which applies or refuses it.",
    response_model=None,
    responses=DECISION_RESPONSES,
)
async def decide_case(
    services: WithServices,
    caller: Caller,
    name: str,
    case_id: UUID,
    body: Annotated[dict[str, Any], decision_body({"note": {"kind": "note", "text": "The buyer called."}})],
    wait: WaitSeconds = None,
) -> JSONResponse:
    return await answer_decision(services, process_named(services, name), case_id, caller, body, wait)


def process_named(services: Services, name: str) -> Process:
    """Raises Problem 404 that lists the processes there are."""
    process = services.processes.get(name)
    if process is None:
        raise Problem(404, f"there is no process {name!r}; there are {', '.join(services.processes)}")
    return process
