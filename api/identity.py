"""Who calls: a bearer token for the API, a session cookie for the pages."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Problem, unauthorized
from api.services import Services, WithServices
from domain.people import Role
from storage.people import Purpose, SignedIn, look_up
from storage.presence import touch_presence

SESSION_COOKIE = "casework_session"
ADMIN_USER = "admin"

_TOKEN_LIMIT = 500

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token made by `casework token create --user NAME --role ROLE`.",
)


async def person_of_token(services: Services, token: str) -> SignedIn | None:
    """Whose API token this is; the token of the settings is the admin's."""
    if not token or len(token) > _TOKEN_LIMIT:
        return None
    admin = services.options.admin_token
    if admin is not None and hmac.compare_digest(token.encode("utf-8", "replace"), admin.encode()):
        return SignedIn(ADMIN_USER, Role.ADMIN)
    return await _person_behind(services, token, Purpose.API)


async def require_token(
    services: WithServices, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> SignedIn:
    """The person behind the bearer token.

    Raises Problem 401.
    """
    person = await person_of_token(services, credentials.credentials) if credentials else None
    if person is None:
        raise unauthorized()
    return person


async def require_session(request: Request, services: WithServices) -> SignedIn:
    """The person behind the session cookie.

    Raises Problem 401, which the pages answer by asking to sign in.
    """
    token = request.cookies.get(SESSION_COOKIE, "")
    person = None
    if token and len(token) <= _TOKEN_LIMIT:
        person = await _person_behind(services, token, Purpose.SESSION)
    if person is None:
        raise unauthorized("sign in first: there is no session, or it has ended")
    return person


async def _person_behind(services: Services, token: str, purpose: Purpose) -> SignedIn | None:
    """Whose token this is. A call or page of somebody in the playbook says that they are there."""
    async with services.database.begin() as connection:
        person = await look_up(connection, token, purpose)
        if person is not None and person.unseen and any(known.name == person.user for known in services.playbook.now.people):
            await touch_presence(connection, person.user)
    return person


def require_role(person: SignedIn, role: Role, what: str) -> None:
    """Raises Problem 403 where the person lacks the authority."""
    if not person.role.may_act_as(role):
        raise Problem(403, f"{what} needs the role {role.value}; you are signed in as {person.role.value}")


Caller = Annotated[SignedIn, Depends(require_token)]
Agent = Annotated[SignedIn, Depends(require_session)]
