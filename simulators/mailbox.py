"""The mailbox of the outside world: an SMTP door that keeps what the system sends, and a reading room for it."""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.connection import Call, Calls
from simulators.faults import Fault, Faults
from simulators.state import Document, State

LARGEST_MAIL = 50_000_000
COLLECTION = "mailbox.messages"


class Sink:
    """Accepts every mail for everybody; a mail is durable before the answer 250."""

    def __init__(self, state: State, faults: Faults, calls: Calls) -> None:
        self._state, self._faults, self._calls = state, faults, calls

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """What aiosmtpd calls with a whole mail; the fault switch knows it as `send_mail` of `mailbox`."""
        fault = self._faults.take("mailbox", "send_mail")
        call = Call("DATA", envelope.mail_from or "", None, money.now().isoformat(), "mailbox", "send_mail")
        call.fault = fault.fault if fault else None
        self._calls.add(call)
        if fault is None:
            answer = self._keep(envelope)
        else:
            answer = await self._struck(fault, server, envelope)
        call.status = int(answer[:3]) if answer else None
        return answer or "421 gone"

    async def _struck(self, fault: Fault, server: SMTP, envelope: Envelope) -> str | None:
        if fault.fault == "error_500":
            return "451 4.3.0 Requested action aborted: error in processing"
        if fault.fault == "rate_limit":
            return "450 4.7.1 Too many messages, try again later"
        if fault.fault == "slow":
            await asyncio.sleep(fault.seconds)
            return self._keep(envelope)
        if fault.fault == "lost_after_commit":
            self._keep(envelope)
        if fault.fault in ("lost_before", "lost_after_commit"):
            # aiosmtpd keeps the transport on the protocol object; closing it leaves the client without an answer.
            if server.transport is not None:
                server.transport.close()
            return None
        return self._keep(envelope)

    def _keep(self, envelope: Envelope) -> str:
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        with self._state.transaction() as transaction:
            number = transaction.next_number(COLLECTION)
            document = mail_document(raw) | {"id": number, "from": envelope.mail_from, "to": envelope.rcpt_tos}
            transaction.put(COLLECTION, number, document)
        return f"250 OK kept as {number}"


def mail_document(raw: bytes) -> Document:
    """A mail as `GET /mailbox` tells it."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    headers = {name: str(value) for name, value in message.items()}
    text, html = _body(message, "plain"), _body(message, "html")
    attachments = []
    for part in message.iter_attachments():
        content: Any = part.get_payload(decode=True) or b""
        described = {"filename": part.get_filename() or "", "content_type": part.get_content_type()}
        attachments.append({**described, "size": len(content)})
    return {
        "subject": headers.get("Subject", ""),
        "message_id": headers.get("Message-ID", ""),
        "in_reply_to": headers.get("In-Reply-To", ""),
        "references": headers.get("References", "").split(),
        "text": text,
        "html": html,
        "attachments": attachments,
        "headers": headers,
        "received_at": money.now().isoformat(),
        "raw": raw.decode("utf-8", "replace"),
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return None
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except (LookupError, UnicodeDecodeError):
        payload: Any = part.get_payload(decode=True) or b""
        return payload.decode("utf-8", "replace")


async def open_door(sink: Sink, host: str, port: int) -> asyncio.Server:
    """Start listening for mail on the running loop."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(sink, data_size_limit=LARGEST_MAIL, enable_SMTPUTF8=True, ident="mailbox", loop=loop)

    return await loop.create_server(protocol, host, port)


async def read_mailbox(request: Request) -> Response:
    """GET /mailbox: newest last; ?to= and ?subject= keep what contains the words, whatever the case."""
    state: State = request.app.state.state
    found = state.all(COLLECTION)
    if to := request.query_params.get("to", "").lower():
        found = [mail for mail in found if any(to in address.lower() for address in mail["to"])]
    if subject := request.query_params.get("subject", "").lower():
        found = [mail for mail in found if subject in mail["subject"].lower()]
    return JSONResponse(found)


async def empty_mailbox(request: Request) -> Response:
    """DELETE /mailbox."""
    state: State = request.app.state.state
    with state.transaction() as transaction:
        transaction.clear(COLLECTION)
    return Response(status_code=204)


def routes() -> list[Route]:
    """The routes of the reading room."""
    return [
        Route("/mailbox", read_mailbox, methods=["GET"]),
        Route("/mailbox", empty_mailbox, methods=["DELETE"]),
    ]
