"""How BigCommerce words its refusals and pauses (BigCommerce brief, section 2)."""

from typing import Any

import httpx

from activities._kit.http import Dialect, pause_in_seconds


def _words(response: httpx.Response) -> str:
    """V2 answers a list with `message`; V3 `title` and `errors`; refunds `data` with `title` or `error`; B2B `errMsg`."""
    try:
        body: Any = response.json()
    except ValueError:
        return response.text[:200] or response.reason_phrase
    told = _told(body)
    return "; ".join(dict.fromkeys(told)) or response.reason_phrase


def _told(body: Any) -> list[str]:
    if isinstance(body, list):
        return [words for part in body for words in _told(part)]
    if not isinstance(body, dict):
        return []
    told = [str(body[name]) for name in ("message", "title", "error", "errMsg") if isinstance(body.get(name), str)]
    if isinstance(body.get("errMsg"), dict):
        told += [f"{field}: {words}" for field, words in body["errMsg"].items()]
    if isinstance(body.get("errors"), dict):
        told += [str(words) for words in body["errors"].values()]
    return told + _told(body.get("data"))


def _pause(headers: httpx.Headers) -> float | None:
    """Without these headers a 429 is platform load: the retry policy then backs off by itself."""
    milliseconds = pause_in_seconds(headers, "X-Rate-Limit-Time-Reset-Ms")
    return pause_in_seconds(headers, "X-Retry-After", "Retry-After") if milliseconds is None else milliseconds / 1000


DIALECT = Dialect("BigCommerce", _words, _pause)
