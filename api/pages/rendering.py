"""Turns templates into pages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from api.pages import words
from api.problems import Problem
from api.services import services_of

FOLDER = Path(__file__).resolve().parent.parent

environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=select_autoescape(default_for_string=True, default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters.update(
    due=words.due,
    clock_due=words.clock_due,
    clock_name=words.clock_name,
    ago=words.ago,
    moment=words.moment,
    local=words.local,
    seconds=words.seconds,
    day=words.day,
    money=words.money,
    size=words.size,
    intent=words.intent_name,
    named=words.named,
    channel=words.channel_name,
    query=lambda pairs: urlencode({name: value for name, value in pairs.items() if value}),
)
environment.tests["own_clock"] = words.is_own_clock


def page(
    request: Request, template: str, status: int = 200, headers: dict[str, str] | None = None, **shown: Any
) -> HTMLResponse:
    """A page, or a part of one."""
    refused = services_of(request).playbook.refused
    content = environment.get_template(template).render(
        request=request, path=request.url.path, now=datetime.now(UTC), playbook_refused=refused, **shown
    )
    return HTMLResponse(content, status, headers=headers)


def wants_part(request: Request) -> bool:
    """Whether a script of the page asks, which takes a part of it."""
    return request.headers.get("hx-request") == "true"


def error_page(request: Request, problem: Problem) -> Response | None:
    """A failure as a page, where a person looks; None where a program asks."""
    path = request.url.path
    if path.startswith(("/api/", "/webhooks/")) or "text/html" not in request.headers.get("accept", ""):
        return None
    if problem.status == 401:
        wanted = f"{path}?{request.url.query}" if request.url.query else path
        target = "/sign-in" if request.method != "GET" or path == "/" else f"/sign-in?{urlencode({'next': wanted})}"
        if wants_part(request):
            return Response(status_code=401, headers={"HX-Redirect": target})
        return Response(status_code=303, headers={"Location": target})
    return page(request, "error.html", problem.status, problem=problem)
