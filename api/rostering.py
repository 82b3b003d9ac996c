"""Entering and removing absences and extra shifts, for the JSON API and the page alike."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.problems import Problem, not_found, wrong_field
from api.services import Services
from api.storable import require_storable
from api.views.people import PersonView, person_views
from domain.people import Role
from domain.roster import Absence, ExtraShift, Span, is_always_on_duty
from storage.people import SignedIn
from storage.presence import present_people
from storage.roster import Overlapping, add_change, open_tickets_by_owner, read_changes, remove_change, roster_of

_LONGEST = timedelta(days=366)
_FARTHEST = timedelta(days=2 * 366)


class ChangeKind(StrEnum):
    """What people enter, as addresses name it."""

    ABSENCES = "absences"
    SHIFTS = "shifts"

    @property
    def model(self) -> type[Absence] | type[ExtraShift]:
        return Absence if self is ChangeKind.ABSENCES else ExtraShift

    @property
    def words(self) -> str:
        return "absence" if self is ChangeKind.ABSENCES else "extra shift"


class Entry(Span):
    """When a person is away, or works beside their shifts, and why."""

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)] = Field(examples=["Holiday"])


async def read_people(services: Services) -> list[PersonView]:
    """Everybody of the playbook: on duty or not, present or not, with their load and what was entered for them."""
    at = datetime.now(UTC)
    async with services.database.begin() as connection:
        stored = await read_changes(connection, at)
        present = await present_people(connection, at)
        counts = await open_tickets_by_owner(connection)
    return person_views(roster_of(services.playbook.now, stored), stored, present, counts, at)


async def enter(services: Services, caller: SignedIn, name: str, kind: ChangeKind, entry: Entry) -> UUID:
    """Enters an absence or an extra shift of this person.

    Raises Problem: 403 only a supervisor enters it for somebody else; 404 no such person; 409 it overlaps another, or would add
    nothing; 422 the time is too long or too far away.
    """
    _require_theirs(services, caller, name, kind)
    if kind is ChangeKind.SHIFTS and is_always_on_duty(services.playbook.now, name):
        raise Problem(409, f"{name} has no shifts and is always on duty: an extra shift would add nothing")
    require_storable(entry.why, "why")
    at = datetime.now(UTC)
    if entry.ends - entry.starts > _LONGEST:
        raise wrong_field("ends", f"an {kind.words} may last a year at most; is the year right?")
    if abs(entry.starts - at) > _FARTHEST:
        raise wrong_field("starts", "is more than two years away; is the year right?")
    change = kind.model(person=name, starts=entry.starts, ends=entry.ends, why=entry.why)
    try:
        async with services.database.begin() as connection:
            return await add_change(connection, services.playbook.now, change, caller.user, at)
    except Overlapping as error:
        raise Problem(409, str(error), kind="overlapping") from error


async def remove(services: Services, caller: SignedIn, name: str, kind: ChangeKind, identity: UUID) -> None:
    """Takes an absence or an extra shift of this person out again.

    Raises Problem: 403 only a supervisor removes it for somebody else; 404 no such person, or nothing of this id.
    """
    _require_theirs(services, caller, name, kind)
    async with services.database.begin() as connection:
        if not await remove_change(connection, services.playbook.now, kind.model, name, identity, datetime.now(UTC)):
            raise Problem(404, f"{name} has no {kind.words} {identity}; perhaps it was removed already")


def may_enter(caller: SignedIn, name: str) -> bool:
    """Agents enter what is their own, supervisors everybody's."""
    return caller.user == name or caller.role.may_act_as(Role.SUPERVISOR)


def kinds_to_enter(services: Services, caller: SignedIn, name: str) -> list[ChangeKind]:
    """What this caller may enter for this person and would change something."""
    if not may_enter(caller, name):
        return []
    return [ChangeKind.ABSENCES] if is_always_on_duty(services.playbook.now, name) else list(ChangeKind)


def _require_theirs(services: Services, caller: SignedIn, name: str, kind: ChangeKind) -> None:
    if all(person.name != name for person in services.playbook.now.people):
        raise not_found("person called", name)
    if not may_enter(caller, name):
        raise Problem(
            403, f"only a supervisor may change the {kind.words}s of somebody else; you are signed in as {caller.user}"
        )
