"""The page of a case, its live parts, and what is decided on it."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.deciding import refusal, take
from api.identity import Agent
from api.opening import begin
from api.pages.case_forms import Around, decision_form, unblock_form, unmerge_form, waive_form
from api.pages.case_shown import read_around, show_case
from api.pages.form_reading import joined, read_form
from api.pages.forms import Form
from api.pages.rendering import page, wants_part
from api.pages.security import require_own_page
from api.pages.sign_in import FormPairs
from api.problems import Problem, not_found
from api.services import Services, WithServices
from storage.decisions import StoredDecision
from storage.people import SignedIn
from storage.reading_case import Row, find_case
from workflows._kit.contract import Unblock
from workflows.rma.contract import StartReturn
from workflows.ticket.contract import Unmerge, WaiveReference

router = APIRouter()

Picked = Annotated[int | None, Query(ge=1, lt=2**53)]

_WAIT = timedelta(seconds=5)
_CHANGED = {"HX-Trigger": "caseChanged"}


@router.get("/tickets/{case_id}")
async def ticket_page(request: Request, services: WithServices, agent: Agent, case_id: UUID, into: Picked = None) -> Response:
    shown = await show_case(services, case_id, "ticket", into)
    return page(request, "case.html", agent=agent, shown=shown, answered=None)


@router.get("/cases/{case_id}")
async def case_page(request: Request, services: WithServices, agent: Agent, case_id: UUID) -> Response:
    """A case of any process; tickets have their own address."""
    shown = await show_case(services, case_id)
    if shown.is_ticket:
        return RedirectResponse(f"/tickets/{case_id}", 303)
    return page(request, "case.html", agent=agent, shown=shown, answered=None)


@router.get("/cases/{case_id}/parts")
async def case_parts(request: Request, services: WithServices, agent: Agent, case_id: UUID, into: Picked = None) -> Response:
    """Everything on the page that may change, each part to be put where it belongs."""
    shown = await show_case(services, case_id, into=into)
    return page(request, "parts.html", shown=shown)


@router.post("/cases/{case_id}/decisions", dependencies=[Depends(require_own_page)])
async def decide(request: Request, services: WithServices, agent: Agent, case_id: UUID, pairs: FormPairs) -> Response:
    """Takes a decision and answers with its form: done, on its way, or refused with the reason and what was typed."""
    async with services.database.begin() as connection:
        case = await find_case(connection, case_id)
    process = None if case is None else services.processes.get(case["process"])
    if case is None or process is None:
        raise not_found("case", case_id)
    typed = joined(pairs)
    kind = typed.get("kind", "")
    model = Unblock if kind == Unblock.kind else process.decision(kind)
    if model is None:
        raise Problem(422, f"{kind!r} is not a decision of a {process.title.lower()}")
    zone = typed.get("zone") or "UTC"
    try:
        body: dict[str, Any] = read_form(model, pairs, zone) | {"kind": kind, "id": typed.get("id")}
        body["seen_revision"] = typed.get("seen_revision") or None
        stored = await take(services, process, case_id, agent, body, _WAIT)
    except Problem as problem:
        if problem.status not in (403, 409, 422):
            raise
        fresh = await _fresh_form(services, case_id, kind, typed)
        return await _answer(request, services, agent, case, fresh.after(problem.detail, "bad", typed))
    fresh = await _fresh_form(services, case_id, kind, typed)
    return await _answer(request, services, agent, case, _with_outcome(fresh, stored, typed))


@router.post("/tickets/{case_id}/returns", dependencies=[Depends(require_own_page)])
async def start_return(request: Request, services: WithServices, agent: Agent, case_id: UUID, pairs: FormPairs) -> Response:
    """Begins a return of orders of the ticket's customer. The form's id makes a second click the same return."""
    shown = await show_case(services, case_id, "ticket")
    typed = dict(pairs)
    process = services.processes.get("rma")
    fresh = shown.return_form
    if fresh is None or process is None:
        raise Problem(422, "this ticket knows no order now; open the page again")
    try:
        begun = await begin(services, process, read_form(StartReturn, pairs, "UTC"), agent, _identity(typed))
    except Problem as problem:
        if problem.status not in (403, 409, 422):
            raise
        return await _answer(request, services, agent, shown.case, fresh.after(problem.detail, "bad", typed))
    said = fresh.after(f"Return #{begun.number} has begun; it appears under Returns.", "good")
    return await _answer(request, services, agent, shown.case, said)


async def _fresh_form(services: Services, case_id: UUID, kind: str, typed: dict[str, str]) -> Form:
    """The same form for the case as it is now, with an id of its own."""
    async with services.database.begin() as connection:
        case = await find_case(connection, case_id)
        around = Around() if case is None else await read_around(connection, case)
    if case is None:
        raise not_found("case", case_id)
    if kind == Unblock.kind:
        return unblock_form(case, typed.get("k.op_key", ""))
    if kind == Unmerge.kind:
        return unmerge_form(case_id, case["number"])
    if kind == WaiveReference.kind:
        return waive_form(case, typed.get("k.reference_kind", ""), typed.get("k.value", ""))
    model = services.processes[case["process"]].decision(kind)
    if model is None:
        raise Problem(422, f"{kind!r} is no decision")
    return decision_form(services, case, model, around)


async def _answer(request: Request, services: Services, agent: SignedIn, case: Row, form: Form) -> Response:
    """The form alone for a script; without one the whole page, the form open, or the page anew where all went well."""
    if wants_part(request):
        return page(request, "one_form.html", headers=_CHANGED if form.level != "bad" else None, form=form)
    if form.level == "good":
        return RedirectResponse(f"/cases/{case['parent_id'] or case['id']}", 303)
    shown = await show_case(services, case["id"])
    return page(request, "case.html", agent=agent, shown=shown, answered=form)


def _with_outcome(form: Form, stored: StoredDecision, typed: dict[str, str]) -> Form:
    refused = refusal(stored)
    if refused is not None:
        return form.after(refused.detail, "bad", typed)
    if stored.outcome is None:
        return form.after("Stored and on its way; the history shows it once it is done.", "wait")
    return form.after("Done.", "good")


def _identity(typed: dict[str, str]) -> UUID:
    try:
        return UUID(typed.get("id", ""))
    except ValueError:
        raise Problem(422, "the form carries no id; open the page again") from None
