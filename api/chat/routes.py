"""The chat widget's door: its script, a session for a visitor, what the visitor writes, and what we answer."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Request
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from api.chat.door import Door, Visitor, bearer_of
from api.chat.stream import ConversationStream
from api.pages.rendering import FOLDER
from api.problems import wrong_field
from api.services import WithServices
from domain.business_time import next_open
from domain.messages import Channel, InboundMessage, Sender
from domain.playbook import Playbook
from domain.references import Reference, ReferenceKind
from domain.safe_names import clean
from storage import chat
from storage.chat import ChatSession
from storage.intake import receive

router = APIRouter(prefix="/chat")

WIDGET = FOLDER / "static" / "chat_widget.js"
TEXT_LIMIT = 4_000
"""Characters."""

OrderId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
_ADDRESS_PART = r"""[^@\s<>,;:"()\[\]\\\p{C}]+"""
EmailAddress = Annotated[str, Field(max_length=254, pattern=rf"^{_ADDRESS_PART}@{_ADDRESS_PART}\.{_ADDRESS_PART}$")]


class NewSession(BaseModel):
    """Where the visitor is."""

    model_config = ConfigDict(extra="forbid")

    store: str = Field(max_length=200)
    order: OrderId | None = None
    page: str | None = Field(None, max_length=2_000, pattern=r"^https?://[!-~]+$")
    language: str = Field("en", pattern=r"^[a-z]{2}$")


class Session(BaseModel):
    """`open` says whether somebody is at the desk, `opens_at` when somebody will be; `begun` whether anything was said."""

    token: str
    expires_at: AwareDatetime
    title: str
    open: bool
    opens_at: AwareDatetime | None
    begun: bool


class NewChatMessage(BaseModel):
    """`id` is the page's own: sent again, it is the same message. `order` is that of the page, where it has one."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    text: str = Field(min_length=1, max_length=TEXT_LIMIT)
    order: OrderId | None = None
    name: str | None = Field(None, max_length=120)
    email: EmailAddress | None = None


@router.get("/widget.js")
async def widget() -> FileResponse:
    headers = {
        "Cache-Control": "public, max-age=3600",
        "Access-Control-Allow-Origin": "*",  # lets a shop pin the script by its hash (Subresource Integrity)
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return FileResponse(WIDGET, media_type="text/javascript; charset=utf-8", headers=headers)


@router.post("/sessions", status_code=201)
async def enter(request: Request, services: WithServices, door: Door, wanted: NewSession) -> JSONResponse:
    """A session for the visitor: the one of their token, renewed, or a new one."""
    if wanted.store not in services.playbook.now.stores:
        raise wrong_field("store", f"{wanted.store!r} is not in the playbook")
    origin = door.require_origin(request, wanted.store)
    door.admit_visit(request)
    async with services.database.begin() as connection:
        session = await door.session(connection, bearer_of(request) or "", origin)
        known = session is not None and session.store == wanted.store
        if session is not None and known:
            await chat.move(connection, session.id, wanted.order, wanted.page, wanted.language)
        else:
            session = ChatSession(uuid4(), wanted.store, origin, wanted.order, wanted.page, wanted.language)
            await chat.keep(connection, session)
        token, expires_at = await door.token(connection, session)
        begun = known and await chat.has_begun(connection, session)
    is_open, opens_at = desk_hours(services.playbook.now, wanted.store, datetime.now(UTC))
    title = services.playbook.now.stores[wanted.store].title
    made = Session(token=token, expires_at=expires_at, title=title, open=is_open, opens_at=opens_at, begun=begun)
    return JSONResponse(made.model_dump(mode="json"), 200 if known else 201)


@router.post("/messages", status_code=202)
async def write(
    request: Request, services: WithServices, door: Door, visitor: Visitor, message: NewChatMessage
) -> JSONResponse:
    """Accepts a message: 202 once it is in its thread, 200 where it was there already."""
    if not message.text.strip():
        raise wrong_field("text", "has no words")
    door.admit_message(request, visitor)
    async with services.database.begin() as connection:
        session = await chat.introduce(connection, visitor, clean(message.name or "") or None, message.email)
    inbound = _inbound(replace(session, order_id=message.order or session.order_id), message)
    accepted = await receive(services.database, services.blobs, services.playbook.now, inbound)
    services.measures.messages.labels(Channel.CHAT.value, str(not accepted.created).lower()).inc()
    return JSONResponse({"id": str(message.id)}, 202 if accepted.created else 200)


@router.get("/events")
async def events(
    request: Request,
    services: WithServices,
    door: Door,
    visitor: Visitor,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> StreamingResponse:
    """What was said and what will be; after `Last-Event-ID` where a page resumes."""
    door.admit_visit(request)
    stream = ConversationStream(services, visitor, last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    gone = BackgroundTask(stream.left)
    return StreamingResponse(stream.events(), media_type="text/event-stream", headers=headers, background=gone)


def desk_hours(playbook: Playbook, store: str, now: datetime) -> tuple[bool, datetime | None]:
    """Whether the store's desk is open now, and otherwise when it opens next."""
    calendar = playbook.calendars[playbook.service_levels[playbook.stores[store].service_level].calendar]
    opens = next_open(calendar.pinned(now.date()), now)
    return (True, None) if opens <= now else (False, opens)


def _inbound(session: ChatSession, message: NewChatMessage) -> InboundMessage:
    named = (Reference(kind=ReferenceKind.ORDER, value=session.order_id),) if session.order_id else ()
    return InboundMessage(
        channel=Channel.CHAT,
        store=session.store,
        external_id=f"{session.id}:{message.id}",
        sender=Sender(email=session.email, name=session.name),
        text=message.text,
        named=named,
        conversation=str(session.id),
        provider=chat.PROVIDER,
        account=session.store,
        received_at=datetime.now(UTC),
    )
