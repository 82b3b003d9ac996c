"""People and teams: who is on duty, and what differs from their shifts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field

from api.identity import Caller
from api.problems import documented
from api.rostering import ChangeKind, Entry, enter, read_people, remove
from api.services import WithServices
from api.views.parts import EXAMPLE_ID
from api.views.people import PersonList, TeamList, team_views

router = APIRouter(tags=["people"])

_AWAY = {"starts": "2026-03-02T07:00:00+01:00", "ends": "2026-03-06T20:00:00+01:00", "why": "Holiday"}

Name = Annotated[str, Path(max_length=200, description="as the playbook has it", examples=["Jonas Weber"])]
Kind = Annotated[ChangeKind, Path(description="absences, or extra shifts")]


class EnteredChange(BaseModel):
    """It counts from now on; tickets whose owner may be another are told."""

    id: UUID = Field(examples=[EXAMPLE_ID])


@router.get(
    "/people",
    summary="List people",
    description="Everybody of the playbook: on duty until when, present or not, how many tickets they have, and which absences "
    "and extra shifts run or come.",
    response_model=PersonList,
    responses=documented(401),
)
async def list_people(services: WithServices, caller: Caller) -> PersonList:
    return PersonList(items=await read_people(services))


@router.get(
    "/teams",
    summary="List teams",
    description="Who shares the work of which queues.",
    response_model=TeamList,
    responses=documented(401),
)
async def list_teams(services: WithServices, caller: Caller) -> TeamList:
    return TeamList(items=team_views(services.playbook.now))


@router.post(
    "/people/{name}/{kind}",
    summary="Enter an absence or an extra shift",
    description="Agents enter their own, supervisors anybody's. An absence beats shifts and extra shifts.",
    status_code=201,
    response_model=EnteredChange,
    responses={201: {"description": "It is entered."}, **documented(401, 403, 404, 409, 422)},
)
async def enter_change(
    services: WithServices,
    caller: Caller,
    name: Name,
    kind: Kind,
    body: Annotated[Entry, Body(openapi_examples={"a week off": {"summary": "a week off", "value": _AWAY}})],
) -> EnteredChange:
    return EnteredChange(id=await enter(services, caller, name, kind, body))


@router.delete(
    "/people/{name}/{kind}/{change_id}",
    summary="Remove an absence or an extra shift",
    description="Agents remove their own, supervisors anybody's.",
    status_code=204,
    response_model=None,
    responses={204: {"description": "It is removed."}, **documented(401, 403, 404)},
)
async def remove_change(services: WithServices, caller: Caller, name: Name, kind: Kind, change_id: UUID) -> None:
    await remove(services, caller, name, kind, change_id)
