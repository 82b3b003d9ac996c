"""The outermost layer: lists the calls received, strikes with faults, and cuts connections without an answer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators import money, refusals
from simulators.faults import OPERATIONS, Fault, Faults

KEPT_CALLS = 10_000

Handler = Callable[[Request], Awaitable[Response]]
Operation = str | Callable[[Request], Awaitable[str]]

webhook_fault: ContextVar[Fault | None] = ContextVar("webhook_fault", default=None)
"""The webhook fault that struck the call being served; `webhooks.emit` reads it."""


@dataclass
class Call:
    """One call of a provider; status is None when the connection was cut without an answer."""

    method: str
    path: str
    status: int | None
    at: str
    provider: str | None = None
    operation: str | None = None
    fault: str | None = None


class Calls:
    """The newest 10,000 calls of the providers, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)

    def add(self, call: Call) -> None:
        """Remember one call."""
        self._calls.append(call)

    def clear(self) -> None:
        """Forget all."""
        self._calls.clear()

    def listing(self) -> list[dict[str, Any]]:
        """As `GET /_sim/calls` answers."""
        return [asdict(call) for call in self._calls]


class Cut(Response):
    """Stands for no answer at all: nothing is sent, and the outermost layer closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["simulators.cut"] = True


def guarded(provider: str, operation: Operation, handler: Handler) -> Handler:
    """A provider's handler behind the fault switch, under the stable name of its operation."""

    async def endpoint(request: Request) -> Response:
        name = operation if isinstance(operation, str) else await operation(request)
        faults: Faults = request.app.state.faults
        fault = faults.take(provider, name)
        call: Call = request.scope["simulators.call"]
        call.provider, call.operation, call.fault = provider, name, fault.fault if fault else None
        if fault is None:
            return await handler(request)
        if fault.fault == "lost_before":
            return Cut()
        if fault.fault == "error_500":
            return refusals.server_error(provider)
        if fault.fault == "rate_limit":
            return refusals.rate_limited(provider)
        if fault.fault == "slow":
            # Whole, so that what was asked is done also for a caller who has given up waiting.
            await request.body()
            await asyncio.sleep(fault.seconds)
        if fault.fault in ("duplicate_webhook", "late_webhook"):
            webhook_fault.set(fault)
        if fault.fault == "stale_read" and request.method == "GET":
            with request.app.state.state.as_of(fault.then):
                return await handler(request)
        answer = await handler(request)
        if fault.fault == "error_500_after_commit":
            return refusals.server_error(provider)
        return Cut() if fault.fault == "lost_after_commit" else answer

    return endpoint


class Connections:
    """ASGI layer around the whole application."""

    def __init__(self, inner: ASGIApp, calls: Calls) -> None:
        self._inner = inner
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        call = Call(scope["method"], scope["path"], None, money.now().isoformat())
        scope["simulators.call"] = call

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        await self._inner(scope, receive, noting)
        first = call.path.split("/")[1] if "/" in call.path else ""
        if first in OPERATIONS:
            # Also a path that no handler knows is a call, and worth finding in the list.
            call.provider = first
            self._calls.add(call)
        if scope.get("simulators.cut"):
            await _cut(receive, send)


async def _cut(receive: Receive, send: Send) -> None:
    # uvicorn hands over a bound method of its request cycle, for h11 and httptools alike; the cycle knows the transport.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the simulated provider cut the connection")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        continue
