"""Calls by 3CX (A7): its call history is polled over the XAPI (OData v4, swagger of github.com/3cx/xapi-tutorial).

The history has a row for each leg of a call. The legs of one caller's call share SrcParticipantId; who was reached is told by
DstDnType: 0 an extension, 5 voicemail, 6 a digital receptionist, 12 the end. What was said on voicemail comes by mail.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx

from activities._kit import http
from activities._kit.accounts import ThreeCxAccount
from activities._kit.errors import NeedsOperator, NotSupported
from activities._kit.http import Call, Dialect, pause_in_seconds
from activities.channels.call_log import Bearer, LogCursor, Missed, call_message, moment
from activities.channels.port import BadSignature, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.readable import readable
from domain.messages import Channel, InboundMessage
from playbook.running import RunningPlaybook

SETTLING = timedelta(seconds=30)
"""After a leg's end so long another may follow: the caller waits in the next queue."""

_EXTENSION, _VOICEMAIL = 0, 5
_PAGE = 500
_DIGITS = re.compile(r"[0-9]+")
_DURATION = re.compile(r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.[0-9]+)?S)?)?")

_Leg = dict[str, Any]


def _words(response: httpx.Response) -> str:
    try:
        error = response.json()["error"]
        return str(error["message"]) if isinstance(error, dict) else str(error)
    except (ValueError, KeyError, TypeError):
        return response.text[:200] or response.reason_phrase


DIALECT = Dialect("3CX", _words, lambda headers: pause_in_seconds(headers, "Retry-After"))


class ThreeCx:
    """One telephone system. It has no hooks."""

    name: ClassVar[str] = "threecx"
    channel: ClassVar[Channel] = Channel.PHONE
    limits: ClassVar[Limits] = Limits(text_length=0)

    def __init__(
        self,
        account_name: str,
        account: ThreeCxAccount,
        playbook: RunningPlaybook,
        client: httpx.AsyncClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account_name, self._account, self._playbook = account_name, account, playbook
        self._client, self._now = client, now
        self._bearer = Bearer(client, DIALECT, now)

    def verify(self, hook: Hook) -> HookAnswer | None:
        raise BadSignature("3CX sends no hooks")

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        raise NotSupported("3CX sends no hooks: its call history is polled.")

    async def poll(self, cursor: str | None) -> Polled:
        now = self._now()
        last = LogCursor.model_validate_json(cursor) if cursor else LogCursor(since=now)
        with readable("3CX"):
            return await self._poll(last, now)

    async def _poll(self, last: LogCursor, now: datetime) -> Polled:
        calls: dict[str, list[_Leg]] = {}
        for leg in await self._history(last.since):
            if leg.get("SrcExternal"):
                calls.setdefault(str(leg["SrcParticipantId"]), []).append(leg)
        talking = await self._talking() if calls else []
        messages, seen, waiting = [], {}, []
        for participant, legs in calls.items():
            began = min(moment(leg["SegmentStartTime"]) for leg in legs)
            if participant in last.seen:
                continue
            if now - max(moment(leg["SegmentEndTime"]) for leg in legs) < SETTLING or _is_on(legs, talking):
                waiting.append(began)
                continue
            seen[participant] = began
            if not any(map(_taken, legs)):
                messages.append(self._message(participant, began, legs))
        return Polled(messages, last.advanced(now, seen, waiting).model_dump_json())

    async def send(self, outbound: Outbound) -> Receipt:
        raise NotSupported("A call is answered by calling back; 3CX sends no text for us.")

    async def find(self, outbound: Outbound) -> Receipt | None:
        raise NotSupported("A call is answered by calling back: there is nothing of ours to find.")

    def _message(self, participant: str, began: datetime, legs: list[_Leg]) -> InboundMessage:
        voicemail = next((leg for leg in legs if leg.get("DstDnType") == _VOICEMAIL), None)
        missed = Missed(
            # The number begins anew when the system's database is made anew; the moment does not.
            call_id=f"{participant}:{began.astimezone(UTC):%Y%m%dT%H%M%S}",
            began=began,
            number=legs[0].get("SrcCallerNumber"),
            name=legs[0].get("SrcDisplayName"),
            what="Missed call, taken by the voicemail," if voicemail else "Missed call",
            seconds=_seconds(voicemail.get("CallTime")) if voicemail else None,
        )
        called = (self._account.stores.get(str(leg.get("DstDn"))) for leg in legs)
        store = next(filter(None, called), self._account.store)
        known = self._playbook.now.stores.get(store)
        if known is None:
            raise NeedsOperator(f"The account {self._account_name} of 3CX names an unknown store, {store!r}.")
        return call_message(missed, self.name, self._account_name, store, known.warehouse.country_code)

    async def _history(self, since: datetime) -> list[_Leg]:
        found: list[_Leg] = []
        while True:
            params = {
                "$filter": f"SegmentStartTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "$orderby": "SegmentId",
                "$top": str(_PAGE),
                "$skip": str(len(found)),
            }
            part = (await self._read("/CallHistoryView", params))["value"]
            found += part
            if len(part) < _PAGE:
                return found

    async def _talking(self) -> list[str]:
        """The digits of who is on the line now."""
        calls = (await self._read("/ActiveCalls", {"$top": str(_PAGE)}))["value"]
        return [digits for call in calls for digits in _DIGITS.findall(str(call.get("Caller") or ""))]

    async def _read(self, path: str, params: dict[str, str]) -> Any:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._account.client_id,
            "client_secret": self._account.client_secret,
        }
        headers = await self._bearer.headers(f"{self._account.api}/connect/token", form)
        url = f"{self._account.api}/xapi/v1{path}"
        try:
            response = await http.send(self._client, DIALECT, Call.SAFE, "GET", url, headers=headers, params=params)
        except NeedsOperator:
            self._bearer.forget()
            raise
        return http.read_json(DIALECT, Call.SAFE, response)


def _taken(leg: _Leg) -> bool:
    """Whether a person took it: at an extension, or at a number outside that it was passed on to."""
    return bool(leg.get("CallAnswered")) and (leg.get("DstDnType") == _EXTENSION or bool(leg.get("DstExternal")))


def _is_on(legs: list[_Leg], talking: list[str]) -> bool:
    number = "".join(_DIGITS.findall(str(legs[0].get("SrcCallerNumber") or "")))
    return bool(number) and number in talking


def _seconds(duration: Any) -> int | None:
    found = _DURATION.fullmatch(str(duration or ""))
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
