"""The HTML of a mail, cleaned, in a frame that can do nothing."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from api.identity import Agent
from api.pages.rendering import page
from api.pages.security import MAIL_POLICY
from api.problems import not_found
from api.routes.files import attachment_response
from api.routes.rmas import label_response
from api.services import WithServices
from api.views.mail_html import cleaned
from storage.reading_case import find_message

router = APIRouter()


@router.get("/messages/{message_id}/html")
async def mail_html(request: Request, services: WithServices, agent: Agent, message_id: UUID) -> Response:
    async with services.database.begin() as connection:
        message = await find_message(connection, message_id)
    if message is None or message["html"] is None:
        raise not_found("formatted mail", message_id)
    shown = Markup(cleaned(message["html"]))
    return page(request, "mail_frame.html", headers={"Content-Security-Policy": MAIL_POLICY}, content=shown)


@router.get("/attachments/{attachment_id}")
async def attachment(services: WithServices, agent: Agent, attachment_id: UUID) -> Response:
    return await attachment_response(services, attachment_id)


@router.get("/returns/{rma_id}/label")
async def label(services: WithServices, agent: Agent, rma_id: UUID) -> Response:
    return await label_response(services, rma_id)
