"""Taking a decision: checked against its declaration, stored, told to the workflow, and waited for (P4)."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter, ValidationError

from api.identity import require_role
from api.problems import Problem, not_found, wrong_field, wrong_fields
from api.services import Services
from api.storable import require_storable
from domain.case import Outcome
from storage import decisions
from storage.decisions import NewDecision, StoredDecision
from storage.people import SignedIn
from storage.reading_case import find_case
from workflows._kit.contract import Decision, Unblock
from workflows._kit.process import Process

POLL_SECONDS = 1.0
"""How often the outcome is looked up while no notification comes: the net below it."""

PENDING = "pending"

_revision = TypeAdapter(int | None)
_identity = TypeAdapter(UUID)
_REVISION_LIMIT = 2**31


@dataclass(frozen=True)
class DecisionRequest:
    """A decision as it was sent, apart into what belongs to every decision and the fields of its kind."""

    id: UUID
    model: type[Decision]
    seen_revision: int | None
    payload: Decision


def decisions_of(process: Process) -> tuple[type[Decision], ...]:
    """What may be decided about a case: what its process declares, and what to do about a stuck call."""
    return process.decisions if process.decision(Unblock.kind) else (*process.decisions, Unblock)


def read_request(process: Process, body: dict[str, Any]) -> DecisionRequest:
    """Finds the declaration that `kind` names and checks the rest against it.

    Raises Problem 422 that names the field.
    """
    require_storable(body)
    fields = dict(body)
    identity = fields.pop("id", None)
    kind = fields.pop("kind", None)
    seen_revision = fields.pop("seen_revision", None)
    declared = {decision.kind: decision for decision in decisions_of(process)}
    known = ", ".join(declared)
    model = declared.get(kind) if isinstance(kind, str) else None
    if model is None:
        said = "is missing" if kind is None else f"{kind!r} is not a decision of a {process.title.lower()}"
        raise wrong_field("kind", f"{said}; there are {known}")
    try:
        decision_id = uuid4() if identity is None else _identity.validate_python(identity)
    except ValidationError as error:
        raise wrong_fields(error.errors(), ("id",)) from error
    try:
        revision = _revision.validate_python(seen_revision)
    except ValidationError as error:
        raise wrong_fields(error.errors(), ("seen_revision",)) from error
    if revision is not None and not -_REVISION_LIMIT < revision < _REVISION_LIMIT:
        raise wrong_field("seen_revision", "is not a revision: it is out of range")
    try:
        payload = model.model_validate(fields)
    except ValidationError as error:
        raise wrong_fields(error.errors()) from error
    return DecisionRequest(decision_id, model, revision, payload)


async def take(
    services: Services, process: Process, case_id: UUID, person: SignedIn, body: dict[str, Any], wait: timedelta
) -> StoredDecision:
    """Stores the decision, has it signalled and waits for its outcome, at most `wait`.

    Raises Problem: 404 no such case, 403 no authority, 409 the id was used for something else, 422 a field is wrong.
    """
    async with services.database.begin() as connection:
        case = await find_case(connection, case_id, process.name)
    if case is None:
        raise not_found(process.title.lower(), case_id)
    request = read_request(process, body)
    require_role(person, request.model.authority, f"taking {request.model.kind!r}")
    new = NewDecision(
        id=request.id,
        case_id=case_id,
        kind=request.model.kind,
        author=person.user,
        role=person.role,
        seen_revision=request.seen_revision,
        payload=request.payload.model_dump(mode="json"),
        carried=request.payload.carried(),
        taken_at=datetime.now(UTC),
    )
    async with services.notifications.subscribe(frozenset({case_id})) as subscription:
        async with services.database.begin() as connection:
            if not await decisions.store(connection, new, case["workflow_id"], process.name):
                await _require_same(services, new)
        ends = time.monotonic() + wait.total_seconds()
        while True:
            subscription.take()
            stored = await find(services, new.id)
            left = ends - time.monotonic()
            if stored.outcome is not None or left <= 0:
                services.measures.decisions.labels(process.name, new.kind, stored.outcome or PENDING).inc()
                return stored
            await subscription.wait(min(left, POLL_SECONDS))


async def find(services: Services, decision_id: UUID) -> StoredDecision:
    """The decision with its outcome so far.

    Raises Problem 404.
    """
    async with services.database.begin() as connection:
        stored = await decisions.find(connection, decision_id)
    if stored is None:
        raise not_found("decision", decision_id)
    return stored


def refusal(stored: StoredDecision) -> Problem | None:
    """The problem that a refused decision is answered with; None where it was not refused."""
    if stored.outcome != Outcome.REFUSED.value:
        return None
    reason = stored.reason or "the process gave no reason"
    return Problem(
        409,
        f"refused: {reason}",
        kind="decision-refused",
        reason=reason,
        id=str(stored.id),
        outcome=stored.outcome,
        decided_at=stored.decided_at.isoformat() if stored.decided_at else None,
        revision=stored.revision,
    )


async def _require_same(services: Services, new: NewDecision) -> None:
    stored = await find(services, new.id)
    if not stored.is_same_as(new):
        reason = (
            f"the decision id {new.id} was used before, by {stored.author} for {stored.kind!r}, and with another content; "
            "give each decision its own id"
        )
        raise Problem(409, reason, kind="decision-id-used", reason=reason, id=str(new.id))
