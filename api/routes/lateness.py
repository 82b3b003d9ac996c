"""How late clocks spoke."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.identity import Caller, require_role
from api.problems import documented
from api.services import WithServices
from api.views.lateness import LatenessReport, lateness_report
from domain.people import Role

router = APIRouter(tags=["lateness"])

Hours = Annotated[int, Query(ge=1, le=24 * 366, description="how far to look back", examples=[24])]


@router.get(
    "/lateness",
    summary="How late warnings and escalations were",
    description="By kind and step of the ladder: how many notices there were and how late, in seconds after the moment each "
    "was planned for. Needs the role supervisor.",
    response_model=LatenessReport,
    responses=documented(401, 403, 422),
)
async def read_lateness(services: WithServices, caller: Caller, hours: Hours = 24) -> LatenessReport:
    require_role(caller, Role.SUPERVISOR, "Looking at lateness")
    return await lateness_report(services, hours)
