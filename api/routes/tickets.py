"""Tickets: the list, one of them, and what is decided about it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from activities.records.routing import NotTriaged
from api.deciding import find
from api.identity import Caller
from api.problems import Problem, documented, not_found, wrong_field
from api.routes.waiting import DECISION_EXAMPLE, DECISION_RESPONSES, WaitSeconds, answer_decision, decision_body
from api.services import WithServices
from api.views.parts import DecisionView, decision_view
from api.views.routing import RoutingView, routing_view
from api.views.tickets import CaseList, TicketView, case_item, ticket_view
from storage.reading import PAGE_LIMIT, BadCursor, CaseFilter, list_cases
from storage.reading_case import read_case
from storage.reading_routing import read_ticket

router = APIRouter()

TICKET = "ticket"

_DECISIONS = {
    "answer and resolve": {
        "id": "0d3f6a1e-5f57-4a4f-8a2f-6f1a1c2b3d4e",
        "kind": "reply",
        "seen_revision": 4,
        "text": "Your order left on Monday.",
        "close": True,
    },
    "note": {"kind": "note", "text": "The buyer called."},
    "assign": {"kind": "assign", "owner": "Emma Clarke"},
    "wait": {"kind": "wait", "party": "the carrier", "chase_after": "2d"},
}

Text = Annotated[str | None, Query(max_length=500)]


@router.get(
    "/tickets",
    tags=["tickets"],
    summary="List tickets",
    description="The most urgent first: by the nearest deadline, those without one last, then by number.",
    response_model=CaseList,
    responses=documented(401, 422),
)
async def list_tickets(
    services: WithServices,
    caller: Caller,
    status: Annotated[str | None, Query(max_length=100, description="one, or several with commas", examples=["open"])] = None,
    store: Text = None,
    queue: Text = None,
    owner: Text = None,
    intent: Text = None,
    company: Text = None,
    order: Text = None,
    q: Annotated[
        str | None, Query(max_length=500, description="words of the title or of a message, or a number", examples=["drill"])
    ] = None,
    due_before: AwareDatetime | None = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50,
) -> CaseList:
    wanted = CaseFilter(
        process=TICKET,
        status=tuple(part.strip() for part in (status or "").split(",") if part.strip()),
        store=store,
        queue=queue,
        owner=owner,
        intent=intent,
        company=company,
        order=order,
        words=q,
        due_before=due_before,
    )
    try:
        async with services.database.begin() as connection:
            page = await list_cases(connection, wanted, limit, cursor)
    except BadCursor as error:
        raise wrong_field("cursor", str(error)) from error
    return CaseList(items=[case_item(row) for row in page.items], next_cursor=page.next_cursor)


@router.get(
    "/tickets/{ticket_id}",
    tags=["tickets"],
    summary="Show a ticket",
    description="The ticket with its messages, what the store knows, its clocks, returns, decisions and its whole history.",
    response_model=TicketView,
    responses=documented(401, 404),
)
async def show_ticket(services: WithServices, caller: Caller, ticket_id: UUID) -> TicketView:
    async with services.database.begin() as connection:
        file = await read_case(connection, ticket_id, TICKET)
    if file is None:
        raise not_found("ticket", ticket_id)
    return ticket_view(file, services.playbook.now)


@router.get(
    "/tickets/{ticket_id}/routing",
    tags=["tickets"],
    summary="Try the routing rules on a ticket",
    description="Where today's rules would send the ticket as it is now, which rules were tried and why not. Changes nothing.",
    response_model=RoutingView,
    responses=documented(401, 404, 409),
)
async def try_routing(services: WithServices, caller: Caller, ticket_id: UUID) -> RoutingView:
    async with services.database.begin() as connection:
        ticket = await read_ticket(connection, ticket_id)
    if ticket is None:
        raise not_found("ticket", ticket_id)
    try:
        return routing_view(services.playbook.now, ticket)
    except NotTriaged as error:
        raise Problem(409, str(error)) from error


@router.post(
    "/tickets/{ticket_id}/decisions",
    tags=["decisions"],
    summary="Decide about a ticket",
    description="Stores the decision and tells the ticket's workflow, which applies or refuses it.",
    response_model=None,
    responses=DECISION_RESPONSES,
)
async def decide_ticket(
    services: WithServices,
    caller: Caller,
    ticket_id: UUID,
    body: Annotated[dict[str, Any], decision_body(_DECISIONS)],
    wait: WaitSeconds = None,
) -> JSONResponse:
    process = services.processes.get(TICKET)
    if process is None:
        raise Problem(404, "tickets are not run here")
    return await answer_decision(services, process, ticket_id, caller, body, wait)


@router.get(
    "/decisions/{decision_id}",
    tags=["decisions"],
    summary="Show a decision",
    description="Who decided what, on which version, and what became of it.",
    response_model=DecisionView,
    responses={**DECISION_EXAMPLE, **documented(401, 404)},
)
async def show_decision(services: WithServices, caller: Caller, decision_id: UUID) -> DecisionView:
    return decision_view(await find(services, decision_id))
