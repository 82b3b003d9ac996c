"""SMS, and WhatsApp by Twilio: a form hook for each message, answers by `POST Messages`.

Source: Twilio, "Validating requests are coming from Twilio" and the Messages resource (twilio_api_v2010).
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from activities._kit.accounts import TwilioAccount
from activities._kit.errors import Ambiguous, NotSupported, Rejected
from activities._kit.http import Call, Dialect, pause_in_seconds, read_json, send
from activities.channels.downloading import download
from activities.channels.phone_numbers import e164
from activities.channels.port import BadHook, BadSignature, Hook, HookAnswer, Limits, Media, Outbound, Polled, Receipt
from activities.channels.signatures import base64_digest, header, same
from domain.messages import Channel, InboundMessage, Sender

_TEXT_LENGTH = 1600
"""Twilio, error 21617."""
_MOST_FIELDS = 500
_MOST_MEDIA = 10
_CLOCKS = timedelta(minutes=5)
_NEWEST = 100
_NOT_SENT = ("failed", "undelivered", "canceled")


def _words(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    if not isinstance(body, dict):
        return response.reason_phrase
    return " ".join(str(body[name]) for name in ("code", "message") if body.get(name)) or response.reason_phrase


DIALECT = Dialect("Twilio", _words, lambda headers: pause_in_seconds(headers, "Retry-After"))


class TwilioSms:
    """One number for SMS. A hook bears no time of its own; a repeated one is known by its MessageSid."""

    name: ClassVar[str] = "twilio"
    channel: ClassVar[Channel] = Channel.SMS
    limits: ClassVar[Limits] = Limits(text_length=_TEXT_LENGTH)
    prefix: ClassVar[str] = ""
    """What stands before a number in Twilio's addresses."""

    def __init__(self, name: str, account: TwilioAccount, http: httpx.AsyncClient) -> None:
        self._name, self._account, self._http = name, account, http
        credentials = b64encode(f"{account.sid}:{account.token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._messages = f"{account.api}/2010-04-01/Accounts/{account.sid}/Messages.json"

    def verify(self, hook: Hook) -> HookAnswer | None:
        given = header(hook, "x-twilio-signature")
        signed = ""
        if _is_form(hook):
            fields = _fields(hook, BadSignature)
            signed = "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
        elif not same(hashlib.sha256(hook.body).hexdigest(), _query(hook.url, "bodySHA256")):
            raise BadSignature("the body is not the one that was signed")
        expected = [base64_digest(self._account.token, (url + signed).encode(), "sha1") for url in _spellings(hook.url)]
        if not any([same(digest, given) for digest in expected]):
            raise BadSignature(f"X-Twilio-Signature does not fit the body and {hook.url}")
        return None

    def parse(self, hook: Hook) -> Sequence[InboundMessage]:
        form = self._form(hook)
        if "MessageStatus" in form and "Body" not in form:
            return ()
        for name in ("MessageSid", "From", "To"):
            if not form.get(name):
                raise BadHook(f"the form has no {name}")
        if form["To"].removeprefix(self.prefix) != self._account.number:
            raise BadHook(f"the message is for {form['To']}, and this account is {self._account.number}")
        number = form["From"].removeprefix(self.prefix)
        kinds = [f"[{media.content_type}]" for media in self.media(hook)]
        return (
            InboundMessage(
                channel=self.channel,
                store=self._account.store,
                external_id=form["MessageSid"],
                sender=Sender(name=form.get("ProfileName") or None, phone=e164(number)),
                to=self._account.number,
                text=form.get("Body") or " ".join(kinds),
                conversation=e164(number) or number,
                provider=self.name,
                account=self._name,
                received_at=hook.received_at,
            ),
        )

    def media(self, hook: Hook) -> Sequence[Media]:
        form = self._form(hook)
        count = form.get("NumMedia", "0")
        if not count.isdecimal() or int(count) > _MOST_MEDIA:
            raise BadHook(f"NumMedia is {count!r}")
        return tuple(
            Media(
                message=form.get("MessageSid", ""),
                position=position,
                reference=form[f"MediaUrl{position}"],
                filename="",
                content_type=form.get(f"MediaContentType{position}", "application/octet-stream"),
            )
            for position in range(int(count))
            if f"MediaUrl{position}" in form
        )

    async def fetch(self, reference: str, limit: int) -> bytes:
        if not reference.startswith(f"{self._account.api}/"):
            raise Rejected(f"Twilio: the file is at {urlsplit(reference).hostname}, where our credentials do not belong")
        return await download(self._http, DIALECT, reference, self._headers, limit)

    async def poll(self, cursor: str | None) -> Polled:
        raise NotSupported("Twilio calls us; there is nothing to poll")

    async def send(self, outbound: Outbound) -> Receipt:
        form = {**self._addresses(outbound), "Body": outbound.text}
        response = await send(
            self._http,
            DIALECT,
            Call.WRITE,
            "POST",
            self._messages,
            headers={**self._headers, "Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(form).encode(),
        )
        body = read_json(DIALECT, Call.WRITE, response)
        if not isinstance(body, dict) or not body.get("sid"):
            raise Ambiguous("Twilio took the message and gave no sid")
        return Receipt(body["sid"])

    async def find(self, outbound: Outbound) -> Receipt | None:
        # Not filtered by DateSent: a message in Twilio's queue has none yet.
        params = {**self._addresses(outbound), "PageSize": str(_NEWEST)}
        response = await send(self._http, DIALECT, Call.SAFE, "GET", self._messages, headers=self._headers, params=params)
        for message in (read_json(DIALECT, Call.SAFE, response) or {}).get("messages", ()):
            if self._is(message, outbound):
                if message.get("status") in _NOT_SENT:
                    raise Rejected(f"Twilio: {message['status']}: {message.get('error_message') or 'no reason given'}")
                return Receipt(message["sid"])
        return None

    def _is(self, message: Mapping[str, Any], outbound: Outbound) -> bool:
        if message.get("body") != outbound.text or message["sid"] in outbound.others:
            return False
        created = message.get("date_created")
        since = outbound.written_at
        return since is None or created is None or parsedate_to_datetime(created).astimezone(UTC) >= since - _CLOCKS

    def _addresses(self, outbound: Outbound) -> dict[str, str]:
        if not outbound.conversation:
            raise Rejected("There is no number to answer to")
        return {"To": f"{self.prefix}{outbound.conversation}", "From": f"{self.prefix}{self._account.number}"}

    def _form(self, hook: Hook) -> dict[str, str]:
        if not _is_form(hook):
            raise BadHook(f"the body is {hook.headers.get('content-type', 'without a type')}, and messages come as forms")
        return {name: values[-1] for name, values in _fields(hook, BadHook).items()}


class TwilioWhatsApp(TwilioSms):
    """One number for WhatsApp by Twilio."""

    channel: ClassVar[Channel] = Channel.WHATSAPP
    limits: ClassVar[Limits] = Limits(text_length=_TEXT_LENGTH, window=timedelta(hours=24))
    prefix: ClassVar[str] = "whatsapp:"


def twilio(name: str, account: TwilioAccount, http: httpx.AsyncClient) -> TwilioSms:
    """The adapter of one number."""
    return (TwilioWhatsApp if account.channel == "whatsapp" else TwilioSms)(name, account, http)


def _is_form(hook: Hook) -> bool:
    return hook.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def _fields(hook: Hook, wrong: type[Exception]) -> dict[str, list[str]]:
    try:
        return parse_qs(hook.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise wrong(f"the form cannot be read: {error}") from error


def _query(url: str, name: str) -> str:
    return (parse_qs(urlsplit(url).query).get(name) or [""])[0]


def _spellings(url: str) -> list[str]:
    """The address as Twilio may have signed it: with its port, and without."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [url, *(parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{port}"))]
