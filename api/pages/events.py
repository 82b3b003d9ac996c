"""Live change: a stream that says which cases changed, so that open pages look again."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import sqlalchemy as sql
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from api.identity import Agent
from api.services import Services, WithServices
from storage.tables import cases

router = APIRouter()

HEARTBEAT_SECONDS = 15.0
GATHER_SECONDS = 0.3
"""Changes that come together are told together."""

LIFE_SECONDS = 600.0
"""Then the browser connects again, and shows that its session still holds."""


@router.get("/events")
async def events(services: WithServices, agent: Agent, case: UUID | None = None) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(changes(services, case), media_type="text/event-stream", headers=headers)


async def changes(services: Services, case_id: UUID | None, life: float = LIFE_SECONDS) -> AsyncIterator[str]:
    """Server-sent events: `cases` when any case changed, or `case` when this one or a return of it did."""
    ends = time.monotonic() + life
    async with services.notifications.subscribe() as subscription:
        yield "retry: 2000\n\n"
        while (left := ends - time.monotonic()) > 0:
            if not await subscription.wait(min(HEARTBEAT_SECONDS, left)):
                yield ": still here\n\n"
                continue
            await asyncio.sleep(GATHER_SECONDS)
            changed, missed = subscription.take()
            if case_id is None:
                yield "event: cases\ndata: changed\n\n"
            elif missed or await _concerns(services, case_id, changed):
                yield "event: case\ndata: changed\n\n"


async def _concerns(services: Services, case_id: UUID, changed: frozenset[UUID]) -> bool:
    if case_id in changed:
        return True
    query = sql.select(sql.func.count()).where(cases.c.parent_id == case_id, cases.c.id.in_(list(changed)))
    try:
        async with services.database.begin() as connection:
            return bool(await connection.scalar(query))
    except SQLAlchemyError:
        return True
