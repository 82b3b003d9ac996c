"""The page that says how late clocks spoke, for those who answer for it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.identity import Agent, require_role
from api.pages.rendering import page
from api.services import WithServices
from api.views.lateness import lateness_report
from domain.people import Role

router = APIRouter()

_DAY, _WEEK = 24, 7 * 24


@router.get("/lateness")
async def lateness(request: Request, services: WithServices, agent: Agent) -> Response:
    require_role(agent, Role.SUPERVISOR, "Looking at lateness")
    day, week = await lateness_report(services, _DAY), await lateness_report(services, _WEEK)
    return page(request, "lateness.html", agent=agent, reports=[("Last day", day), ("Last week", week)], late=week.late)
