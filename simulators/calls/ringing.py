"""`POST /_sim/advance` with kind `call`: somebody calls the merchant."""

import base64
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request

from simulators import money, webhooks
from simulators.calls.ringcentral import living
from simulators.state import Document, State, Transaction

RING_SECONDS = 20
RECORDING = b"RIFF\x24\x00\x00\x00WAVEfmt "
"""Stands for a recording; nobody listens."""


class CallStep(BaseModel):
    """A call that ended, or with `ringing` one that goes on: name its `id` (3CX) in the step that ends it."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["call"]
    system: Literal["ringcentral", "threecx"]
    end: Literal["missed", "voicemail", "answered", "ringing"]
    number: str = Field(default="", description="the caller's; empty where it is withheld")
    name: str = ""
    called: str = Field(default="", description="the number (RingCentral) or extension (3CX) that was called")
    seconds: int = Field(default=42, ge=0)
    spoken: str = Field(default="", description="transcription of the voicemail (RingCentral)")
    transcribing: bool = Field(default=False, description="the transcription is still being made")
    at: AwareDatetime | None = Field(default=None, description="when it began; a minute ago when left out")
    id: str | None = None


def ring(request: Request, step: CallStep) -> Document:
    """Make one call and give its document."""
    began = step.at or money.now() - timedelta(minutes=1, seconds=step.seconds + RING_SECONDS)
    state: State = request.app.state.state
    with state.transaction() as transaction:
        if step.system == "threecx":
            return _threecx(transaction, step, began)
        return _ringcentral(request, transaction, step, began)


def _ringcentral(request: Request, transaction: Transaction, step: CallStep, began: datetime) -> Document:
    session = step.id or f"s-{uuid4().hex}"
    results = {"missed": "Missed", "voicemail": "Voicemail", "answered": "Accepted", "ringing": "In Progress"}
    caller = {"phoneNumber": step.number, "name": step.name} if step.number else {"name": "Anonymous"}
    call: Document = {
        "id": f"c-{session}",
        "sessionId": session.removeprefix("s-"),
        "telephonySessionId": session,
        "startTime": began.isoformat(timespec="milliseconds"),
        "duration": step.seconds,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "result": results[step.end],
        "from": caller,
        "to": {"phoneNumber": step.called, "name": "Support"},
        "extension": {"id": 400144455008},
    }
    if step.end == "voicemail":
        call["message"] = _voicemail(transaction, step)
    transaction.put("ringcentral.calls", call["id"], {"data": call})
    if step.end != "ringing":
        _tell(request, transaction, step, call, caller)
    return call


def _voicemail(transaction: Transaction, step: CallStep) -> Document:
    number = str(transaction.next_number("ringcentral.messages", 401001))
    parts: list[Document] = [
        {"id": f"{number}1", "type": "AudioRecording", "contentType": "audio/wav", "vmDuration": step.seconds}
    ]
    contents = {f"{number}1": {"type": "audio/wav", "base64": base64.b64encode(RECORDING).decode()}}
    if step.spoken and not step.transcribing:
        parts.append({"id": f"{number}2", "type": "AudioTranscription", "contentType": "text/plain"})
        contents[f"{number}2"] = {"type": "text/plain", "base64": base64.b64encode(step.spoken.encode()).decode()}
    status = "InProgress" if step.transcribing else "Completed" if step.spoken else "NotAvailable"
    message = {"id": int(number), "type": "VoiceMail", "vmTranscriptionStatus": status, "attachments": parts}
    transaction.put("ringcentral.messages", number, {"data": message, "contents": contents})
    return {"id": number, "type": "VoiceMail"}


def _tell(request: Request, transaction: Transaction, step: CallStep, call: Document, caller: Document) -> None:
    """The event of the end, to every living subscription; voicemail is told as such before the end."""
    state: State = request.app.state.state
    code = "VoiceMail" if step.end == "voicemail" else "Disconnected"
    party = {
        "id": f"p-{call['id']}-1",
        "direction": "Inbound",
        "from": caller,
        "to": call["to"],
        "status": {"code": code, "rcc": False},
        "missedCall": step.end == "missed",
        "extensionId": "400144455008",
    }
    for record in state.all("ringcentral.subscriptions"):
        subscription = living(state, record["data"]["id"])
        if subscription is None:
            continue
        body = {
            "sequence": 3,
            "sessionId": call["sessionId"],
            "telephonySessionId": call["telephonySessionId"],
            "eventTime": call["startTime"],
            "parties": [party],
            "origin": {"type": "Call"},
        }
        event = {
            "uuid": str(uuid4()),
            "event": subscription["eventFilters"][0],
            "timestamp": money.now().isoformat(),
            "subscriptionId": subscription["id"],
            "body": body,
        }
        mode = subscription["deliveryMode"]
        proof = {"Verification-Token": mode.get("verificationToken", "")}
        webhooks.emit(request.app, transaction, "ringcentral", "main", event, address=mode["address"], proof=proof)


def _threecx(transaction: Transaction, step: CallStep, began: datetime) -> Document:
    participant = int(step.id) if step.id else transaction.next_number("threecx.participants", 7001)
    answering = began + timedelta(seconds=3)
    extension = step.called or "101"
    legs: list[Document] = []
    if step.id is None:
        legs.append(_leg(transaction, step, participant, began, answering, ("800", 6), True))
    if step.end == "ringing":
        caller = f"{step.number} {step.name}".strip()
        active = {"Id": participant, "Caller": caller, "Callee": extension, "Status": "Talking"}
        transaction.put("threecx.active_calls", participant, {"data": active})
        return {"id": str(participant), "legs": legs}
    transaction.delete("threecx.active_calls", participant)
    over = answering + timedelta(seconds=step.seconds if step.end == "answered" else RING_SECONDS)
    legs.append(_leg(transaction, step, participant, answering, over, (extension, 0), step.end == "answered"))
    if step.end == "voicemail":
        legs.append(
            _leg(transaction, step, participant, over, over + timedelta(seconds=step.seconds), (f"*4{extension}", 5), True)
        )
    return {"id": str(participant), "legs": legs}


def _leg(
    transaction: Transaction,
    step: CallStep,
    participant: int,
    start: datetime,
    end: datetime,
    reached: tuple[str, int],
    answered: bool,
) -> Document:
    number = transaction.next_number("threecx.segments", 90001)
    line, kind = reached
    leg: Document = {
        "SegmentId": number,
        "SegmentStartTime": start.isoformat(),
        "SegmentEndTime": end.isoformat(),
        "SegmentType": 2,
        "SegmentActionId": 1 if answered else 5,
        "CallAnswered": answered,
        "CallTime": f"PT{(end - start).total_seconds():g}S" if answered else "PT0S",
        "SrcId": number * 2,
        "SrcParticipantId": participant,
        "SrcRecId": None,
        "SrcDn": "10000",
        "SrcDnType": 1,
        "SrcCallerNumber": step.number or None,
        "SrcDisplayName": step.name or None,
        "SrcExtendedDisplayName": step.name or None,
        "SrcExternal": True,
        "SrcInternal": False,
        "DstId": number * 2 + 1,
        "DstParticipantId": number * 2 + 1,
        "DstRecId": None,
        "DstDn": line,
        "DstDnType": kind,
        "DstCallerNumber": None,
        "DstDisplayName": line,
        "DstExtendedDisplayName": line,
        "DstExternal": False,
        "DstInternal": True,
    }
    transaction.put("threecx.segments", number, {"data": leg})
    return leg
