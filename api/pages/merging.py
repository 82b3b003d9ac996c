"""What would come of merging two tickets or splitting one, shown before it happens."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.identity import Agent
from api.pages.forms import FREE
from api.pages.rendering import page, wants_part
from api.pages.words import named
from api.problems import not_found
from api.services import WithServices
from storage.reading_case import Row, find_case
from storage.reading_merging import find_ticket, read_thread

router = APIRouter()

_NUMBER_DIGITS = 15


@dataclass(frozen=True)
class Side:
    """One of the two tickets, with its thread."""

    case: Row
    messages: list[Row]

    @property
    def people(self) -> set[str]:
        """Addresses of who wrote."""
        senders = [message["sender"] for message in self.messages if message["direction"] == "in"]
        return {address.lower() for sender in senders if (address := sender.get("email") or sender.get("phone"))}

    @property
    def references(self) -> set[tuple[str, str]]:
        return {(one["kind"], one["value"]) for one in (self.case["state"] or {}).get("references") or []}


@dataclass(frozen=True)
class Comparison:
    """Two tickets side by side. `refused` says why it cannot be; `warnings` what to think of first."""

    sides: tuple[Side, ...] = ()
    refused: str = ""
    warnings: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)


@router.get("/tickets/{case_id}/merge")
async def merge_preview(request: Request, services: WithServices, agent: Agent, case_id: UUID) -> Response:
    """Both tickets side by side, as long as a number is being typed."""
    typed = request.query_params.get(f"{FREE}into", "").strip().removeprefix("#")
    if not wants_part(request):
        return RedirectResponse(f"/tickets/{case_id}?{urlencode({'into': typed})}", 303)
    is_number = typed.isascii() and typed.isdigit() and len(typed) <= _NUMBER_DIGITS
    async with services.database.begin() as connection:
        case = await find_case(connection, case_id, "ticket")
        if case is None:
            raise not_found("ticket", case_id)
        other = await find_ticket(connection, int(typed)) if is_number else None
        mine = Side(case, await read_thread(connection, case_id))
        theirs = None if other is None else Side(other, await read_thread(connection, other["id"]))
    if not typed:
        return page(request, "merge_preview.html", compared=None)
    compared = Comparison(refused=f"There is no ticket #{typed}.") if theirs is None else compare(mine, theirs, int(typed))
    return page(request, "merge_preview.html", compared=compared)


@router.get("/tickets/{case_id}/split")
async def split_preview(request: Request, services: WithServices, agent: Agent, case_id: UUID) -> Response:
    """What the new ticket would hold and what would stay, as messages are ticked."""
    if not wants_part(request):
        return RedirectResponse(f"/tickets/{case_id}", 303)
    ticked = set(request.query_params.getlist(f"{FREE}message_ids"))
    async with services.database.begin() as connection:
        case = await find_case(connection, case_id, "ticket")
        if case is None:
            raise not_found("ticket", case_id)
        thread = await read_thread(connection, case_id)
    moving = [message for message in thread if str(message["id"]) in ticked]
    staying = [message for message in thread if str(message["id"]) not in ticked]
    state: dict[str, Any] = case["state"] or {}
    return page(
        request,
        "split_preview.html",
        case=case,
        moving=moving,
        staying=staying,
        title=next((message["subject"] for message in moving if message["subject"]), case["title"]),
        named=[one for one in state.get("references") or [] if one.get("message_id") in ticked],
        refused=_no_split(moving, staying),
    )


def compare(mine: Side, theirs: Side, typed: int) -> Comparison:
    """What a person should know before `mine` goes into `theirs`."""
    one, other = mine.case, theirs.case
    number = other["number"]
    if one["id"] == other["id"]:
        same = typed == number
        return Comparison(refused="This is the ticket you are looking at." if same else f"#{typed} was merged into this one.")
    sides = (mine, theirs)
    if one["store"] != other["store"]:
        return Comparison(sides, refused=f"#{number} belongs to another store, {other['store']}.")
    if one["company_id"] and other["company_id"] and one["company_id"] != other["company_id"]:
        return Comparison(sides, refused=f"#{number} is of another company, {other['company']}.")
    warnings = []
    if typed != number:
        warnings.append(f"#{typed} was merged into #{number}, so the messages go there.")
    if one["company"] and other["company"] and one["company"] != other["company"]:
        warnings.append(f"Another company: {one['company']} here, {other['company']} there.")
    if other["status"] in ("resolved", "closed"):
        warnings.append(f"#{number} is {other['status']}.")
    shared = _shared(mine, theirs)
    if not shared:
        warnings.append("Nothing in common: no company, order, reference or person.")
    return Comparison(sides, warnings=warnings, shared=shared)


def _shared(mine: Side, theirs: Side) -> list[str]:
    one, other = mine.case, theirs.case
    shared = [f"company {one['company']}"] if one["company"] and one["company"] == other["company"] else []
    shared += [f"order {order}" for order in one["orders"] if order in other["orders"]]
    known = {("order", order) for order in one["orders"]}
    shared += [f"{named(kind).lower()} {value}" for kind, value in sorted(mine.references & theirs.references - known)]
    return shared + sorted(mine.people & theirs.people)


def _no_split(moving: list[Row], staying: list[Row]) -> str:
    def asked(messages: list[Row]) -> bool:
        return any(message["direction"] == "in" and message["nature"] == "person" for message in messages)

    if not moving:
        return "Tick the messages that are another matter."
    if not asked(moving):
        return "A new ticket needs at least one message of the customer."
    return "" if asked(staying) else "At least one message of the customer must stay."
