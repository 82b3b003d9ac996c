"""Signing in by link or by token, and out again."""

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.identity import SESSION_COOKIE, person_of_token
from api.pages.rendering import page
from api.pages.security import require_own_page
from api.services import Services, WithServices
from storage.people import SESSION_LIFE, SignedIn, create_session, revoke

router = APIRouter()


@router.get("/sign-in")
async def sign_in(request: Request, services: WithServices, token: str | None = None, next: str = "/") -> Response:
    """The form; or with a token in the link, the session itself, and the token leaves the address."""
    if token is None:
        return page(request, "sign_in.html", next=_own_path(next), wrong=False)
    return await _enter(request, services, token, next)


@router.post("/sign-in", dependencies=[Depends(require_own_page)])
async def sign_in_by_form(request: Request, services: WithServices) -> Response:
    fields = dict(await posted(request))
    return await _enter(request, services, fields.get("token", "").strip(), fields.get("next", "/"))


@router.post("/sign-out", dependencies=[Depends(require_own_page)])
async def sign_out(request: Request, services: WithServices) -> Response:
    session = request.cookies.get(SESSION_COOKIE, "")
    if session:
        async with services.database.begin() as connection:
            await revoke(connection, session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


async def posted(request: Request) -> list[tuple[str, str]]:
    """The fields of a form, in their order."""
    body = (await request.body()).decode("utf-8", "replace")
    return parse_qsl(body, keep_blank_values=True, max_num_fields=5000)


FormPairs = Annotated[list[tuple[str, str]], Depends(posted)]


async def _enter(request: Request, services: Services, token: str, target: str) -> Response:
    person = await person_of_token(services, token)
    if person is None:
        return page(request, "sign_in.html", 401, next=_own_path(target), wrong=True)
    answer = RedirectResponse(_own_path(target), 303)
    answer.set_cookie(
        SESSION_COOKIE,
        await _session(services, person),
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.options.is_secure,
        path="/",
    )
    return answer


async def _session(services: Services, person: SignedIn) -> str:
    async with services.database.begin() as connection:
        return await create_session(connection, person.user, person.role)


def _own_path(target: str) -> str:
    """`target` if it is an address of ours, else the list: a sign-in link must not lead elsewhere."""
    parts = urlsplit(target)
    own = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if own and "\\" not in target and target.isprintable() else "/"
