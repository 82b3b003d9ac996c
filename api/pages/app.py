"""Puts the inbox pages into the application."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from api.pages import cases, events, inbox, lateness, mail_frame, merging, people, sign_in
from api.pages.rendering import FOLDER, error_page
from api.pages.security import SecurityHeaders


def install_pages(app: FastAPI) -> None:
    """Adds the pages; they are no part of the documented API."""
    for module in (sign_in, inbox, cases, merging, people, lateness, events, mail_frame):
        app.include_router(module.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.state.error_page = error_page
    app.add_middleware(SecurityHeaders)
