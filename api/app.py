"""The API and the inbox as one application. It talks to the database only; workers carry out what is decided."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from activities.channels.adapters import Channels
from activities.channels.changes import HookDoors
from api.chat.app import install_chat
from api.measures import Measures
from api.options import ApiOptions
from api.pages.app import install_pages
from api.problems import ProblemDocument, install_problems
from api.routes import files, health, lateness, messages, people, processes, rmas, tickets, webhooks
from api.services import Services
from api.traffic import Traffic
from playbook.running import RunningPlaybook
from storage.blobs import Blobs
from storage.engine import Database
from storage.notifications import Notifications
from workflows._kit.process import Process

_DESCRIPTION = """\
Support tickets and returns of B2B merchants. Every ticket and every return is a durable workflow; what people decide is
stored, told to the workflow, and answered with its outcome.

Send `Authorization: Bearer TOKEN`. Lists are `{items, next_cursor}`. Failures are `application/problem+json`."""

_TAGS = [
    {"name": "messages", "description": "What customers write, over any channel."},
    {"name": "tickets", "description": "Support tickets, the most urgent first."},
    {"name": "decisions", "description": "What people decide, and what became of it."},
    {"name": "returns", "description": "Goods that come back: approval, label, receipt, inspection, refund, credit note."},
    {"name": "processes", "description": "Any long-running process, by its declaration."},
    {"name": "people", "description": "Who is on duty, absences and extra shifts, teams."},
    {"name": "lateness", "description": "How late warnings, missed deadlines and escalations were given."},
    {"name": "webhooks", "description": "Hooks of the providers."},
    {"name": "health", "description": "For operators."},
]


def create_app(
    database: Database,
    blobs: Blobs,
    playbook: RunningPlaybook,
    processes: dict[str, Process],
    options: ApiOptions | None = None,
    channels: Channels | None = None,
    hook_doors: HookDoors | None = None,
) -> FastAPI:
    """The application. Its lifespan listens to the database; the database itself is the caller's to open and close, and so is
    the HTTP client of `channels`, whose hooks are taken."""
    services = Services(
        database=database,
        blobs=blobs,
        playbook=playbook,
        processes=processes,
        options=options or ApiOptions(),
        notifications=Notifications(database),
        measures=Measures(),
        channels=channels or {},
        hook_doors=hook_doors or {},
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await services.notifications.start()
        try:
            yield
        finally:
            await services.notifications.stop()

    app = FastAPI(
        title="Casework",
        version="1",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    _add_routes(app)
    install_problems(app)
    install_pages(app)
    app.add_middleware(Traffic, options=services.options, measures=services.measures)
    install_chat(app, services)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI) -> None:
    for module in (messages, tickets, rmas, processes, people, lateness, files):
        app.include_router(module.router, prefix="/api/v1")
    app.include_router(webhooks.router)
    app.include_router(health.router)


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. Failures are ours, not the framework's, so that its own shape of a 422 is left out."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["ProblemDocument"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in document["paths"].values():
            for operation in path.values():
                _drop_framework_errors(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _drop_framework_errors(operation: dict[str, Any]) -> None:
    answer = operation["responses"].get("422")
    if answer is not None and "application/json" in answer.get("content", {}):
        del operation["responses"]["422"]
