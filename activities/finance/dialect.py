"""How Xero words its refusals and pauses (carriers brief, section 5)."""

from typing import Any

import httpx

from activities._kit.errors import OutsideError, Transient
from activities._kit.http import Call, Dialect, pause_in_seconds, with_jitter

_OFFLINE_SECONDS = 120.0
"""An organisation that is offline stays so for minutes."""


def _words(response: httpx.Response) -> str:
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    if not isinstance(body, dict):
        return response.reason_phrase
    told = [
        str(error.get("Message"))
        for element in body.get("Elements") or []
        for error in element.get("ValidationErrors") or []
        if error.get("Message")
    ]
    told = told or [str(body[name]) for name in ("Message", "Detail", "Title") if body.get(name)][:1]
    return "; ".join(dict.fromkeys(told)) or response.reason_phrase


def _pause(headers: httpx.Headers) -> float | None:
    return pause_in_seconds(headers, "Retry-After")


def _verdict(response: httpx.Response, _call: Call) -> OutsideError | None:
    """The gateway says that the organisation is offline before anything reaches it."""
    if response.status_code == 503 and "offline" in response.text.lower():
        return Transient(f"Xero: {_words(response)}", retry_after=with_jitter(_OFFLINE_SECONDS))
    return None


DIALECT = Dialect("Xero", _words, _pause, _verdict)
