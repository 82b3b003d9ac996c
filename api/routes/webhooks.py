"""Where providers' hooks arrive. Nothing of a hook is kept before its signature is proven, and all of it afterwards."""

import logging
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from activities._kit.errors import OutsideError
from activities.channels.port import BadSignature, FetchesKeys, Hook, HookAnswer, SecretInBody
from activities.channels.receiving import Receiving, Taken
from api.problems import Problem, documented, unauthorized
from api.services import Services, WithServices

router = APIRouter(tags=["webhooks"])
logger = logging.getLogger(__name__)

_EMPTY = {"text/plain": {"example": ""}}


@router.post(
    "/webhooks/{provider}/{account}",
    summary="Receive a provider's hook",
    description="Proves the signature, keeps the hook as it came, and files its messages under their tickets. Once this "
    "answers 2xx nothing of it is lost. A hook of an account that is not connected, or without a right signature, is turned "
    "away and nothing of it is stored.",
    status_code=200,
    response_model=None,
    responses={
        200: {"description": "Accepted, now or before.", "content": _EMPTY},
        202: {"description": "Kept; its content could not be read, and an operator has been told.", "content": _EMPTY},
        **documented(401, 413),
    },
)
async def receive_hook(provider: str, account: str, services: WithServices, request: Request) -> Response:
    return await _received(provider, account, services, request)


@router.get(
    "/webhooks/{provider}/{account}",
    summary="Answer a provider's challenge",
    description="Providers ask once, when the address is entered with them, whether it belongs to this account.",
    response_model=None,
    responses={200: {"description": "What the provider wants to hear.", "content": _EMPTY}, **documented(401)},
)
async def answer_challenge(provider: str, account: str, services: WithServices, request: Request) -> Response:
    return await _received(provider, account, services, request)


async def _received(provider: str, account: str, services: Services, request: Request) -> Response:
    adapter = services.channels.get((provider, account)) or services.hook_doors.get((provider, account))
    if adapter is None:
        raise unauthorized(f"no hook of {provider[:80]!r} is connected for {account[:80]!r}, so its signature cannot be right")
    hook = await _hook(services, request)
    try:
        if isinstance(adapter, FetchesKeys):
            await adapter.fetch_key(hook)
        answer = adapter.verify(hook)
    except BadSignature as error:
        logger.warning("a hook of %s for %s was turned away: %s", provider, account, error)
        raise unauthorized("the signature of this hook is not right") from None
    except OutsideError as error:
        raise Problem(503, f"the signature cannot be proven now: {error.message}", headers={"Retry-After": "30"}) from error
    if answer is not None:
        return _answer(answer)
    kept = adapter.without_secret(hook) if isinstance(adapter, SecretInBody) else hook
    taken = await Receiving(services.database, services.blobs, services.playbook).take(adapter, account, kept)
    if isinstance(adapter, SecretInBody):
        return _answer(adapter.thanks)
    return Response(status_code=200 if taken is Taken.ACCEPTED else 202, media_type="text/plain")


def _answer(answer: HookAnswer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), answer.content_type)


async def _hook(services: Services, request: Request) -> Hook:
    """The call as the provider made it: at the public address, not at the one behind a proxy."""
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return Hook(
        method=request.method,
        url=f"{services.options.public_url.rstrip('/')}{path}{f'?{query}' if query else ''}",
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        received_at=datetime.now(UTC),
    )
