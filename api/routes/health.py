"""Whether the API lives, whether it can work, and its numbers."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

import storage
from api.services import WithServices
from storage.reading_health import migration_revision, outbox_backlog

router = APIRouter(tags=["health"])


def _example(content: dict[str, object]) -> dict[str, object]:
    return {"content": {"application/json": {"example": content}}}


@router.get(
    "/healthz",
    summary="Is the process alive",
    description="Answers as long as the process runs; asks nothing else.",
    response_model=None,
    responses={200: {"description": "Alive.", **_example({"status": "ok"})}},
)
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Can it work",
    description="Whether the database answers and has the tables this version wants.",
    response_model=None,
    responses={
        200: {"description": "Ready.", **_example({"status": "ready", "database": "ok", "migration": "0001"})},
        503: {"description": "Not ready, with the reason.", **_example({"status": "not ready", "database": "down"})},
    },
)
async def readyz(services: WithServices) -> JSONResponse:
    wanted = newest_migration()
    try:
        async with services.database.begin() as connection:
            found = await migration_revision(connection)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return JSONResponse({"status": "not ready", "database": "down", "reason": reason}, 503)
    if found != wanted:
        reason = f"the database is at migration {found}, this version needs {wanted}; run `casework migrate`"
        return JSONResponse({"status": "not ready", "database": "ok", "migration": found, "reason": reason}, 503)
    return JSONResponse({"status": "ready", "database": "ok", "migration": found})


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    description="Requests, decisions, the outbox, the playbook and how late clocks spoke, in Prometheus's text format.",
    response_class=Response,
    responses={200: {"description": "The numbers.", "content": {"text/plain": {"example": "casework_outbox_waiting 0.0"}}}},
)
async def metrics(services: WithServices) -> Response:
    try:
        async with services.database.begin() as connection:
            backlog = await outbox_backlog(connection)
            await services.measures.lateness.count(connection)
    except SQLAlchemyError:
        waiting = age = float("nan")
    else:
        waiting, age = float(backlog.waiting), backlog.oldest_seconds
    services.measures.outbox_waiting.set(waiting)
    services.measures.outbox_age.set(age)
    services.measures.listening.set(services.notifications.connected.is_set())
    services.measures.playbook_refused.set(services.playbook.refused is not None)
    return Response(services.measures.exposition(), media_type=CONTENT_TYPE_LATEST)


@cache
def newest_migration() -> str | None:
    """The migration that this code was written for."""
    return ScriptDirectory(str(Path(storage.__path__[0]) / "migrations")).get_current_head()
