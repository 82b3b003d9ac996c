"""The list: what is most urgent, narrowed by filters, live."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.identity import Agent
from api.pages.rendering import page, wants_part
from api.pages.words import intent_name, named
from api.problems import Problem
from api.services import Services, WithServices
from api.views.tickets import case_item
from storage.reading import PAGE_LIMIT, BadCursor, CaseFilter, count_by, list_cases, searched

router = APIRouter()

_STATUSES = ("open", "waiting", "resolved", "closed", "merged")
_COUNTED = ("status", "queue", "store", "owner")
_STEP = 50

Text = Annotated[str | None, Query(max_length=300)]


@dataclass(frozen=True)
class Choice:
    """One entry of a filter: its words, how many there are, and the address that picks it."""

    value: str
    words: str
    count: int
    query: dict[str, str]
    chosen: bool


@router.get("/")
async def inbox(
    request: Request,
    services: WithServices,
    agent: Agent,
    status: Text = None,
    store: Text = None,
    queue: Text = None,
    owner: Text = None,
    intent: Text = None,
    company: Text = None,
    q: Text = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = _STEP,
    cursor: Text = None,
) -> Response:
    """The tickets that wait for somebody, the nearest deadline first."""
    chosen = {"status": status, "store": store, "queue": queue, "owner": owner, "intent": intent, "company": company, "q": q}
    return await _list(request, services, agent, "ticket", chosen, limit, cursor)


@router.get("/returns")
async def returns(
    request: Request,
    services: WithServices,
    agent: Agent,
    status: Text = None,
    store: Text = None,
    q: Text = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = _STEP,
    cursor: Text = None,
) -> Response:
    """The returns, the nearest deadline first."""
    chosen = {"status": status, "store": store, "q": q}
    return await _list(request, services, agent, "rma", chosen, limit, cursor)


async def _list(
    request: Request,
    services: Services,
    agent: Agent,
    process: str,
    chosen: dict[str, str | None],
    limit: int,
    cursor: str | None,
) -> Response:
    given = {name: value for name, value in chosen.items() if value}
    wanted = _filter(process, given)
    try:
        async with services.database.begin() as connection:
            wanted = await searched(connection, wanted)
            found = await list_cases(connection, wanted, limit, cursor)
            counts = None if wants_part(request) else await count_by(connection, wanted, _COUNTED)
    except BadCursor as error:
        raise Problem(422, str(error)) from error
    shown: dict[str, Any] = {
        "agent": agent,
        "process": process,
        "items": [case_item(row) for row in found.items],
        "chosen": given,
        "stores": {key: entry.title for key, entry in services.playbook.now.stores.items()},
        "queues": {key: entry.title for key, entry in services.playbook.now.queues.items()},
        "limit": limit,
        "more": _more(given, limit, cursor, found.next_cursor),
        "reload": given | {"limit": str(limit)} | ({"cursor": cursor} if cursor else {}),
    }
    if wants_part(request):
        return page(request, "rows.html", **shown)
    filters = _choices(services, wanted, given, counts or {column: {} for column in _COUNTED})
    return page(request, "inbox.html", filters=filters, counted=counts is not None, active=_active(given), **shown)


def _filter(process: str, given: dict[str, str]) -> CaseFilter:
    status = given.get("status", "")
    statuses: tuple[str, ...] = ("open", "waiting") if not status else () if status == "any" else (status,)
    return CaseFilter(
        process=process,
        status=statuses,
        store=given.get("store"),
        queue=given.get("queue"),
        owner=given.get("owner"),
        intent=given.get("intent"),
        company=given.get("company"),
        words=given.get("q"),
    )


def _more(given: dict[str, str], limit: int, cursor: str | None, next_cursor: str | None) -> dict[str, str] | None:
    """The address that shows more: the same list longer, or where it is as long as it gets, its next page."""
    if next_cursor is None:
        return None
    if limit + _STEP <= PAGE_LIMIT:
        return given | {"limit": str(limit + _STEP)} | ({"cursor": cursor} if cursor else {})
    return given | {"limit": str(limit), "cursor": next_cursor}


def _choices(
    services: Services, wanted: CaseFilter, given: dict[str, str], counts: dict[str, dict[str, int]]
) -> dict[str, list[Choice]]:
    by_status = counts["status"]
    alive = by_status.get("open", 0) + by_status.get("waiting", 0)
    statuses = [("", "To do", alive), *((name, named(name), by_status.get(name, 0)) for name in _STATUSES)]
    statuses.append(("any", "All", sum(by_status.values())))
    always = ("", "open", "waiting", "any", given.get("status"))
    shown = [entry for entry in statuses if entry[2] or entry[0] in always or not by_status]
    playbook = services.playbook.now
    queues = {key: queue.title for key, queue in playbook.queues.items()}
    stores = {key: store.title for key, store in playbook.stores.items()}
    owners = {person.name: person.name for person in playbook.people}
    return {
        "Status": [_choice("status", entry, given) for entry in shown],
        "Queue": _named_choices("queue", queues, counts["queue"], given) if wanted.process == "ticket" else [],
        "Store": _named_choices("store", stores, counts["store"], given),
        "Owner": _named_choices("owner", owners, counts["owner"], given) if wanted.process == "ticket" else [],
    }


def _named_choices(name: str, known: dict[str, str], counts: dict[str, int], given: dict[str, str]) -> list[Choice]:
    names = known | {value: value for value in counts if value not in known}
    entries = [("", "Any", sum(counts.values())), *((value, words, counts.get(value, 0)) for value, words in names.items())]
    return [_choice(name, entry, given) for entry in entries]


def _choice(name: str, entry: tuple[str, str, int], given: dict[str, str]) -> Choice:
    value, words, count = entry
    return Choice(value, words, count, given | {name: value}, given.get(name, "") == value)


def _active(given: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Filters that have no place in the column beside the list, each with the address without it."""
    words = {"intent": intent_name(given.get("intent")), "company": given.get("company"), "q": f"“{given.get('q')}”"}
    return [
        (words[name] or "", {other: value for other, value in given.items() if other != name})
        for name in words
        if name in given
    ]
