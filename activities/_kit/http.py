"""HTTP to the outside: one client, and one place that says what a result means for what may happen next.

Nothing here tries again: Temporal does, told by the error when and whether it may.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import httpx

from activities._kit.errors import Ambiguous, NeedsOperator, OutsideError, Rejected, Transient

TIMEOUT = httpx.Timeout(12, connect=5, pool=5)
"""Seconds. Less than the effect ledger's limit of one attempt, so a call is dead before the next one begins."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_JITTER = 0.25
"""Part of a provider's pause that is added at random, so that those who were sent away do not come back together."""


class Call(Enum):
    """What a call can do. `SAFE`: a read, or a write that changes nothing when it is repeated. `WRITE`: any other."""

    SAFE = "safe"
    WRITE = "write"


@dataclass(frozen=True)
class Dialect:
    """How one provider speaks: its words for a refusal, its pause in seconds after 429, and what only it means.

    `verdict` goes before the rules of all providers; None leaves the answer to them.
    """

    provider: str
    words: Callable[[httpx.Response], str]
    pause: Callable[[httpx.Headers], float | None]
    verdict: Callable[[httpx.Response, Call], OutsideError | None] = lambda _response, _call: None


def open_client(transport: httpx.AsyncBaseTransport | None = None, timeout: httpx.Timeout = TIMEOUT) -> httpx.AsyncClient:
    """The one way to make a client: time-outs, no retries, no redirects. Close it when the process ends."""
    return httpx.AsyncClient(
        transport=transport or httpx.AsyncHTTPTransport(retries=0),
        timeout=timeout,
        follow_redirects=False,
        headers={"Accept": "application/json", "User-Agent": "Casework/0.1.0"},
    )


async def send(
    client: httpx.AsyncClient,
    dialect: Dialect,
    call: Call,
    method: str,
    url: str,
    *,
    accept: frozenset[int] = frozenset(),
    headers: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    body: Any = None,
    content: bytes | None = None,
) -> httpx.Response:
    """The answer to one request, if it is 2xx or a status in `accept`. `body` goes as JSON, `content` as it is.

    Raises what `outside_error` makes of everything else.
    """
    try:
        response = await client.request(method, url, headers=headers, params=params, json=body, content=content)
    except httpx.RequestError as error:
        raise outside_error(dialect, call, error) from error
    if response.is_success or response.status_code in accept:
        return response
    raise outside_error(dialect, call, response)


def outside_error(dialect: Dialect, call: Call, result: httpx.Response | httpx.RequestError) -> OutsideError:
    """What a refusal, or the lack of an answer, means for the next attempt (carriers brief, section 5)."""
    if isinstance(result, httpx.Response):
        return _from_response(dialect, call, result)
    return _from_exception(dialect, call, result)


def _from_exception(dialect: Dialect, call: Call, error: httpx.RequestError) -> OutsideError:
    reason = f"{dialect.provider}: {type(error).__name__}" + (f": {error}" if str(error) else "")
    if call is Call.WRITE and not isinstance(error, _NEVER_SENT):
        return Ambiguous(f"{reason}; the request went out and was not answered")
    return Transient(reason)


def _from_response(dialect: Dialect, call: Call, response: httpx.Response) -> OutsideError:
    special = dialect.verdict(response, call)
    if special is not None:
        return special
    status = response.status_code
    words = f"{dialect.provider} ({status}): {dialect.words(response)}"
    if status == 429:
        return Transient(words, retry_after=with_jitter(dialect.pause(response.headers)))
    if status in (401, 403):
        return NeedsOperator(words)
    if response.is_redirect:
        return NeedsOperator(f"{words}: the address of the account points elsewhere")
    if status >= 500 or status == 408:
        return Ambiguous(words) if call is Call.WRITE else Transient(words)
    return Rejected(words)


def with_jitter(seconds: float | None) -> timedelta | None:
    """A provider's pause, a little longer; None leaves the pause to the retry policy."""
    return None if seconds is None else timedelta(seconds=seconds * (1 + random.uniform(0, _JITTER)))


def pause_in_seconds(headers: httpx.Headers, *names: str) -> float | None:
    """The first of these headers that holds a number of seconds."""
    for name in names:
        try:
            return max(0.0, float(headers[name]))
        except (KeyError, ValueError):
            continue
    return None


def read_json(dialect: Dialect, call: Call, response: httpx.Response) -> Any:
    """The body, numbers with a fraction as Decimal; None where it is empty.

    Raises Ambiguous or Transient where it is no JSON: something between the provider and us has answered.
    """
    if not response.content:
        return None
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError as error:
        kind = response.headers.get("content-type", "of no kind")
        words = f"{dialect.provider} ({response.status_code}): the answer is {kind}, not JSON"
        raise (Ambiguous(words) if call is Call.WRITE else Transient(words)) from error


def number(amount: Decimal) -> float:
    """An amount in whole cents as a JSON number. Exact: the shortest notation of the float is the amount again."""
    return float(amount.quantize(Decimal("0.01")))
