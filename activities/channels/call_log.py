"""What telephone systems have in common: a bearer token, a log that is read again and again, a call that becomes a message.

Only a call that nobody took becomes one. One that was answered asked for nothing that the person who took it does not know.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import AwareDatetime, BaseModel

from activities._kit import http
from activities._kit.http import Call, Dialect
from domain.calls import call_text, caller_name
from domain.messages import Channel, InboundAttachment, InboundMessage, Sender
from domain.phone_numbers import e164

OVERLAP = timedelta(hours=1)
"""The log is written when a call ends and asked for by when it began: so far back each poll looks again."""
_LONGEST_CALL = timedelta(hours=4)


class LogCursor(BaseModel):
    """Where a log was read to. `seen` are the calls since then that were dealt with, by their ids, with when they began."""

    since: AwareDatetime
    seen: dict[str, AwareDatetime] = {}

    def advanced(self, now: datetime, seen: Mapping[str, datetime], waiting: Iterable[datetime]) -> "LogCursor":
        """After a poll at `now` that dealt with `seen`, while calls that began at `waiting` are not told yet.

        A call that is never told holds the log for some hours and no longer.
        """
        since = max(self.since, now - _LONGEST_CALL, min((*waiting, now - OVERLAP)))
        both = {**self.seen, **seen}
        return self.model_copy(update={"since": since, "seen": {key: at for key, at in both.items() if at >= since}})


class Bearer:
    """An access token, fetched again before it is too old."""

    def __init__(self, client: httpx.AsyncClient, dialect: Dialect, now: Callable[[], datetime]) -> None:
        self._client, self._dialect, self._now = client, dialect, now
        self._token, self._until = "", None

    async def headers(self, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> dict[str, str]:
        """The header of a call. Raises NeedsOperator where the credentials are refused."""
        if self._until is None or self._now() >= self._until:
            try:
                response = await self._client.post(url, data=dict(form), auth=basic or httpx.USE_CLIENT_DEFAULT)
            except httpx.RequestError as error:
                raise http.outside_error(self._dialect, Call.SAFE, error) from error
            if not response.is_success:
                raise http.outside_error(self._dialect, Call.SAFE, response)
            answer = http.read_json(self._dialect, Call.SAFE, response)
            self._token = str(answer["access_token"])
            self._until = self._now() + timedelta(seconds=max(0, float(answer.get("expires_in", 60)) - 60))
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Has the next call fetch a new token, after one that was refused."""
        self._until = None


class Missed(BaseModel):
    """A call nobody took. `what` is what to call it, `spoken` what was said on the answering machine, where that is known."""

    call_id: str
    began: AwareDatetime
    number: str | None
    name: str | None = None
    what: str = "Missed call"
    seconds: int | None = None
    spoken: str = ""
    recording: InboundAttachment | None = None


def call_message(missed: Missed, provider: str, account: str, store: str, country: str) -> InboundMessage:
    """The message of a call. National numbers are read as of `country`. The caller's number is the conversation; callers who
    withhold theirs share none."""
    number = e164(missed.number, country)
    return InboundMessage(
        channel=Channel.PHONE,
        store=store,
        external_id=f"{provider}:{account}:{missed.call_id}",
        sender=Sender(phone=number, name=caller_name(missed.name)),
        text=missed.spoken or call_text(missed.what, number, missed.seconds),
        attachments=(missed.recording,) if missed.recording else (),
        conversation=number,
        provider=provider,
        account=account,
        received_at=missed.began,
    )


def moment(written: Any) -> datetime:
    """An ISO 8601 moment of a provider. Raises ValueError, also where the zone is missing."""
    found = datetime.fromisoformat(str(written).replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"{written!r} has no time zone")
    return found
