"""Puts the chat's door into the application, open to the pages of listed sites (CORS) and to no others."""

from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.chat import routes
from api.chat.door import ChatDoor
from api.services import Services

_PREFLIGHT_SECONDS = 7200


class _ListedSites(CORSMiddleware):
    """CORS for the sites that the playbook lists now."""

    def __init__(self, door: ChatDoor, app: ASGIApp, **options: Any) -> None:
        super().__init__(app, **options)
        self._door = door

    def is_allowed_origin(self, origin: str) -> bool:
        return origin in self._door.origins


class ChatCors:
    """CORS for what is below /chat/; nothing else of the application may be read by pages of other sites."""

    def __init__(self, app: ASGIApp, door: ChatDoor) -> None:
        self._app = app
        self._chat = _ListedSites(
            door,
            app,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["Retry-After"],
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_chat = scope["type"] == "http" and scope["path"].startswith("/chat/")
        await (self._chat if is_chat else self._app)(scope, receive, send)


def install_chat(app: FastAPI, services: Services) -> None:
    """Adds the routes; they are the widget's own and no part of the documented API."""
    door = ChatDoor(services.playbook, services.options)
    app.state.chat = door
    app.include_router(routes.router, include_in_schema=False)
    app.add_middleware(ChatCors, door=door)
