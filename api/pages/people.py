"""The page of the teams: who is on duty until when, their load, and what differs from their shifts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api.identity import Agent
from api.pages.form_reading import joined, read_form
from api.pages.forms import FormField, Setting, form_fields, typed_again
from api.pages.rendering import page
from api.pages.security import require_own_page
from api.pages.sign_in import FormPairs
from api.problems import Problem, wrong_fields
from api.rostering import ChangeKind, Entry, enter, kinds_to_enter, may_enter, read_people, remove
from api.services import Services, WithServices
from api.views.people import PersonView, team_views
from domain.roster import zone_of
from storage.people import SignedIn

router = APIRouter()

Name = Annotated[str, Path(max_length=200)]


@dataclass(frozen=True)
class Refusal:
    """What was wrong with a form, said beside it; `typed` is put back."""

    name: str
    kind: ChangeKind
    problem: Problem
    typed: Mapping[str, str]


@dataclass(frozen=True)
class EntryForm:
    """A form by which an absence or an extra shift of one person is entered."""

    title: str
    key: str
    action: str
    fields: tuple[FormField, ...]
    said: str


@router.get("/people")
async def people(request: Request, services: WithServices, agent: Agent) -> Response:
    """Everybody, by team."""
    return await _shown(request, services, agent, None)


@router.post("/people/{name}/{kind}", dependencies=[Depends(require_own_page)])
async def enter_change(
    request: Request, services: WithServices, agent: Agent, name: Name, kind: ChangeKind, pairs: FormPairs
) -> Response:
    try:
        await enter(services, agent, name, kind, _entry(services, name, pairs))
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        return await _shown(request, services, agent, Refusal(name, kind, problem, joined(pairs)))
    return RedirectResponse("/people", 303)


@router.post("/people/{name}/{kind}/{change_id}/remove", dependencies=[Depends(require_own_page)])
async def remove_change(services: WithServices, agent: Agent, name: Name, kind: ChangeKind, change_id: UUID) -> Response:
    await remove(services, agent, name, kind, change_id)
    return RedirectResponse("/people", 303)


def _entry(services: Services, name: str, pairs: list[tuple[str, str]]) -> Entry:
    """Raises Problem 422 that names the field."""
    try:
        return Entry.model_validate(read_form(Entry, pairs, zone_of(services.playbook.now, name)))
    except ValidationError as error:
        raise wrong_fields(error.errors()) from error


async def _shown(request: Request, services: Services, agent: SignedIn, refused: Refusal | None) -> Response:
    everybody = {person.name: person for person in await read_people(services)}
    teams = team_views(services.playbook.now)
    in_teams = {name for team in teams for name in team.members}
    groups: list[dict[str, Any]] = [
        {"team": team, "title": team.title, "people": [everybody[name] for name in team.members]} for team in teams
    ]
    others = [person for person in everybody.values() if person.name not in in_teams]
    groups.append({"team": None, "title": "In no team", "people": others})
    return page(
        request,
        "people.html",
        200 if refused is None else refused.problem.status,
        agent=agent,
        groups=[group for group in groups if group["people"]],
        queues={key: queue.title for key, queue in services.playbook.now.queues.items()},
        may_enter={name for name in everybody if may_enter(agent, name)},
        forms=lambda person, place: [
            _form(person, place, kind, refused) for kind in kinds_to_enter(services, agent, person.name)
        ],
    )


def _form(person: PersonView, place: int, kind: ChangeKind, refused: Refusal | None) -> EntryForm:
    fields = form_fields(Entry, Setting(zone=person.zone))
    said = ""
    if refused is not None and (refused.name, refused.kind) == (person.name, kind):
        fields = typed_again(fields, refused.typed)
        said = refused.problem.detail
    return EntryForm(
        title=f"Enter an {kind.words}",
        key=f"{kind.value}-{place}-{person.name.replace(' ', '-')}",
        action=f"/people/{quote(person.name, safe='')}/{kind.value}",
        fields=fields,
        said=said,
    )
