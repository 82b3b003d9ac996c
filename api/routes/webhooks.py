"""Where providers' hooks arrive. None is connected yet, so that none can prove where it comes from."""

from fastapi import APIRouter

from api.problems import documented, unauthorized

router = APIRouter(tags=["webhooks"])


@router.post(
    "/webhooks/{provider}/{account}",
    summary="Receive a provider's hook",
    description="No provider's hook is connected: each is turned away and nothing of it is stored.",
    status_code=202,
    response_model=None,
    responses={202: {"description": "Accepted.", "content": {"application/json": {"example": {}}}}, **documented(401)},
)
async def receive_hook(provider: str, account: str) -> None:
    raise unauthorized(f"no hook of {provider[:80]!r} is connected for {account[:80]!r}, so its signature cannot be right")
