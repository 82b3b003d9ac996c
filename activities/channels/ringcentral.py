"""Calls by RingCentral (A7): a hook tells of a missed call at once, the call log of voicemail and of what hooks missed.

Facts: developers.ringcentral.com, guides Creating Webhooks, Receiving Webhooks, Account Telephony Sessions Event, Call Log.
"""

import hmac
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel

from activities._kit import http
from activities._kit.accounts import RingCentralAccount
from activities._kit.errors import NeedsOperator, NotSupported
from activities._kit.http import Call, Dialect, pause_in_seconds
from activities.channels.call_log import Bearer, LogCursor, Missed, call_message, moment
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer, Limits, Outbound, Polled, Receipt
from activities.channels.readable import readable
from domain.messages import Channel, InboundAttachment, InboundMessage
from domain.phone_numbers import e164
from domain.safe_names import file_name
from playbook.running import RunningPlaybook

SUBSCRIPTION_LIFE = timedelta(days=7)
RENEW_BEFORE = timedelta(days=2)
TRANSCRIPTION_PATIENCE = timedelta(minutes=5)
"""So long a voicemail waits for its transcription."""

_FILTER = "/restapi/v1.0/account/~/telephony/sessions?direction=Inbound&missedCall=true"
_NOT_TAKEN = {"missed", "no answer", "busy", "hang up", "abandoned", "declined", "rejected", "ip phone offline"}
_TOKEN = re.compile(r"[\x21-\x7e]{1,256}")
_PAGE = 250
_GONE = frozenset({404})


def _words(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    names = ("errorCode", "message", "error_description") if isinstance(body, dict) else ()
    return ": ".join(str(body[name]) for name in names if body.get(name)) or response.reason_phrase


DIALECT = Dialect("RingCentral", _words, lambda headers: pause_in_seconds(headers, "Retry-After"))


class _Cursor(BaseModel):
    log: LogCursor
    subscription: str = ""


class RingCentral:
    """One account. `poll` also keeps the subscription of the hook alive."""

    name: ClassVar[str] = "ringcentral"
    channel: ClassVar[Channel] = Channel.PHONE
    limits: ClassVar[Limits] = Limits(text_length=0)

    def __init__(
        self,
        account_name: str,
        account: RingCentralAccount,
        playbook: RunningPlaybook,
        client: httpx.AsyncClient,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account_name, self._account, self._playbook = account_name, account, playbook
        self._client, self._now = client, now
        self._bearer = Bearer(client, DIALECT, now)

    def verify(self, hook: Hook) -> HookAnswer | None:
        """Our own token in Verification-Token proves a hook. The handshake before a subscription bears a Validation-Token and
        no body, and wants it back within three seconds."""
        given = hook.headers.get("verification-token")
        handshake = hook.headers.get("validation-token", "")
        if given is not None and not hmac.compare_digest(given.encode(), self._account.verification_token.encode()):
            raise BadSignature("Verification-Token is not the one of our subscription")
        if handshake and not hook.body.strip():
            if not _TOKEN.fullmatch(handshake):
                raise BadSignature("Validation-Token is not one visible word")
            return HookAnswer(headers={"Validation-Token": handshake})
        if given is None:
            raise BadSignature("Verification-Token is missing")
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        """The missed call in an event of a telephony session. One that goes to voicemail is left to the call log, which has
        what was said."""
        try:
            event: Any = json.loads(hook.body)
            if "/telephony/sessions" not in event["event"]:
                return ()
            body = event["body"]
            parties = [party for party in body["parties"] if party.get("direction") == "Inbound"]
            if any(party["status"]["code"].lower().startswith("voicemail") for party in parties):
                return ()
            for party in parties:
                if party.get("missedCall") is True and party["status"]["code"] == "Disconnected":
                    return (self._missed_by_hook(body, party),)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadHook(f"no telephony event of RingCentral: {type(error).__name__}: {error}") from error
        return ()

    async def poll(self, cursor: str | None) -> Polled:
        now = self._now()
        last = _Cursor.model_validate_json(cursor) if cursor else _Cursor(log=LogCursor(since=now))
        with readable("RingCentral"):
            return await self._poll(last, now)

    async def _poll(self, last: _Cursor, now: datetime) -> Polled:
        subscription = await self._subscribed(last.subscription, now)
        messages, seen, waiting = [], {}, []
        for record in await self._log(last.log.since):
            key, began = str(record["telephonySessionId"]), moment(record["startTime"])
            if key in last.log.seen or key in seen:
                continue
            result = str(record.get("result", "")).lower()
            if result == "voicemail" and record.get("message"):
                missed = await self._voicemail(record, began, now)
                if missed is None:
                    waiting.append(began)
                    continue
            elif result == "voicemail" or result in _NOT_TAKEN:
                missed = _missed(key, began, record["from"])
            elif result == "in progress":
                waiting.append(began)
                continue
            else:
                missed = None
            if missed is not None:
                messages.append(self._message(missed, record["to"].get("phoneNumber")))
            seen[key] = began
        found = _Cursor(log=last.log.advanced(now, seen, waiting), subscription=subscription)
        return Polled(messages, found.model_dump_json())

    async def send(self, outbound: Outbound) -> Receipt:
        raise NotSupported("A call is answered by calling back; RingCentral sends no text for us.")

    async def find(self, outbound: Outbound) -> Receipt | None:
        raise NotSupported("A call is answered by calling back: there is nothing of ours to find.")

    def _missed_by_hook(self, body: Any, party: Any) -> InboundMessage:
        missed = _missed(str(body["telephonySessionId"]), moment(body["eventTime"]), party["from"])
        return self._message(missed, party["to"].get("phoneNumber"))

    def _message(self, missed: Missed, called: str | None) -> InboundMessage:
        country = self._country(self._account.store)
        store = self._account.stores.get(e164(called, country) or "", self._account.store)
        return call_message(missed, self.name, self._account_name, store, self._country(store))

    def _country(self, store: str) -> str:
        known = self._playbook.now.stores.get(store)
        if known is None:
            raise NeedsOperator(f"The account {self._account_name} of RingCentral names an unknown store, {store!r}.")
        return known.warehouse.country_code

    async def _subscribed(self, subscription: str, now: datetime) -> str:
        """A living subscription: the one we have, renewed in time, else a new one. One whose hooks fail is given up."""
        path = f"/restapi/v1.0/subscription/{subscription}"
        held = await self._call("GET", path, accept=_GONE) if subscription else None
        if held is not None and held.get("status") == "Active":
            if moment(held["expirationTime"]) - now > RENEW_BEFORE:
                return subscription
            if await self._call("POST", f"{path}/renew", accept=_GONE) is not None:
                return subscription
        mode = {
            "transportType": "WebHook",
            "address": self._account.hook_url,
            "verificationToken": self._account.verification_token,
        }
        body = {"eventFilters": [_FILTER], "deliveryMode": mode, "expiresIn": int(SUBSCRIPTION_LIFE.total_seconds())}
        return str((await self._call("POST", "/restapi/v1.0/subscription", body=body))["id"])

    async def _log(self, since: datetime) -> list[Any]:
        found: list[Any] = []
        while True:
            params = {
                "dateFrom": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "direction": "Inbound",
                "type": "Voice",
                "view": "Detailed",
                "perPage": str(_PAGE),
                "page": str(len(found) // _PAGE + 1),
            }
            part = (await self._call("GET", "/restapi/v1.0/account/~/call-log", params=params))["records"]
            found += part
            if len(part) < _PAGE:
                return found

    async def _voicemail(self, record: Any, began: datetime, now: datetime) -> Missed | None:
        """The voicemail of a call with its recording and transcription; None while that is being made.

        It has an id of its own: should a hook have told the call as missed, what was said is not taken for the same message.
        """
        extension = str((record.get("extension") or {}).get("id") or "~")
        path = f"/restapi/v1.0/account/~/extension/{extension}/message-store/{record['message']['id']}"
        call_id = f"{record['telephonySessionId']}:voicemail"
        missed = _missed(call_id, began, record["from"]).model_copy(update={"what": "Voicemail"})
        held = await self._call("GET", path, accept=_GONE)
        if held is None:
            return missed
        if held.get("vmTranscriptionStatus") == "InProgress" and now - began < TRANSCRIPTION_PATIENCE:
            return None
        parts = {part["type"]: part for part in held.get("attachments", ())}
        audio, text = parts.get("AudioRecording"), parts.get("AudioTranscription")
        spoken = (await self._content(path, text)).decode("utf-8", "replace").strip() if text else ""
        recording = None
        if audio:
            kind = str(audio.get("contentType", "audio/mpeg"))
            name = file_name(str(audio.get("fileName") or f"voicemail.{kind.partition('/')[2]}"), kind)
            recording = InboundAttachment(filename=name, content_type=kind, content=await self._content(path, audio))
        seconds = audio.get("vmDuration") if audio else None
        return missed.model_copy(update={"seconds": seconds, "spoken": spoken, "recording": recording})

    async def _content(self, path: str, part: Any) -> bytes:
        return (await self._answer("GET", f"{path}/content/{part['id']}")).content

    async def _call(self, method: str, path: str, accept: frozenset[int] = frozenset(), **more: Any) -> Any:
        """The JSON of an answer; None for a status in `accept`."""
        response = await self._answer(method, path, accept, **more)
        return None if response.status_code in accept else http.read_json(DIALECT, Call.SAFE, response)

    async def _answer(self, method: str, path: str, accept: frozenset[int] = frozenset(), **more: Any) -> httpx.Response:
        """Every call is safe to repeat: a second subscription sends the same events, which are the same messages."""
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._account.jwt}
        basic = (self._account.client_id, self._account.client_secret)
        headers = await self._bearer.headers(f"{self._account.api}/restapi/oauth/token", form, basic)
        try:
            return await http.send(
                self._client, DIALECT, Call.SAFE, method, f"{self._account.api}{path}", accept=accept, headers=headers, **more
            )
        except NeedsOperator:
            self._bearer.forget()
            raise


def _missed(call_id: str, began: datetime, caller: Any) -> Missed:
    return Missed(call_id=call_id, began=began, number=caller.get("phoneNumber"), name=caller.get("name"))
