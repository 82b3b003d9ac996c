"""Beginning a case of any process that a person may begin."""

from typing import Any, NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ValidationError

from api.problems import Problem, wrong_field, wrong_fields
from api.services import Services
from api.storable import require_storable
from api.views.titles import title_of
from storage.intake import open_case
from storage.people import SignedIn
from storage.reading_case import find_case
from workflows._kit.process import Process

_SENT_AGAIN = UUID("7b0a4a1e-61d5-4bb0-9c0d-0a6a3f1f8a55")
"""Namespace of the case ids made from Idempotency-Key headers."""


class Begun(NamedTuple):
    case_id: UUID
    number: int
    workflow_id: str


def id_for_key(person: SignedIn, process: Process, key: str | None) -> UUID | None:
    """The id of the case that this person's key stands for: the same key again is the same case."""
    return None if key is None else uuid5(_SENT_AGAIN, f"{person.user}\n{process.name}\n{key}")


async def begin(services: Services, process: Process, body: Any, person: SignedIn, case_id: UUID | None = None) -> Begun:
    """Checks `body` against what the process is started with, and opens the case. With `case_id` it may be repeated.

    Raises Problem: 409 not begun by a person, or the id was used for something else; 422 a field is wrong.
    """
    if process.start is None:
        raise Problem(409, f"a {process.title.lower()} is not begun by hand", reason="it begins when a message arrives")
    if not isinstance(body, dict):
        raise wrong_field("", "the body must be a JSON object")
    require_storable(body)
    try:
        start = process.start.model_validate(body)
    except ValidationError as error:
        raise wrong_fields(error.errors()) from error
    store = _store(services, start)
    content = start.model_dump(mode="json") | {"started_by": person.user}
    async with services.database.begin() as connection:
        parent_id = getattr(start, "ticket_id", None)
        parent = None if parent_id is None else await find_case(connection, parent_id, "ticket")
        if parent_id is not None and parent is None:
            raise wrong_field("ticket_id", f"there is no ticket {parent_id}")
        if parent is not None and parent["store"] != store:
            raise wrong_field("store", f"ticket #{parent['number']} is of store {parent['store']!r}, not of {store!r}")
        opened = await open_case(
            connection,
            process.name,
            store,
            title_of(process, content),
            content,
            parent_id,
            playbook_version=services.playbook.now.version,
            case_id=case_id,
        )
        case = await find_case(connection, opened.case_id)
    if case is None or case["process"] != process.name or case["start"] != content:
        reason = "this idempotency key was used before, for something else"
        raise Problem(409, reason, kind="key-used", reason=reason)
    return Begun(opened.case_id, opened.number, case["workflow_id"])


def _store(services: Services, start: BaseModel) -> str:
    store = getattr(start, "store", None)
    if not isinstance(store, str) or store not in services.playbook.now.stores:
        known = ", ".join(sorted(services.playbook.now.stores))
        raise wrong_field("store", f"store {store!r} is not in the playbook; it has {known}")
    return store
