"""What surrounds every request: its size limit, its measure, and headers that every answer carries."""

import time
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.measures import Measures
from api.options import ApiOptions
from api.problems import Problem

_PREFIX = "/api/v1"
_MESSAGES = "/api/v1/messages"
_ENVELOPE = 256 * 1024
"""What a message has beside its text and files."""
_CHAT = "/chat/"
_CHAT_SIZE_LIMIT = 64 * 1024
"""Bytes: anybody may write there, and 4,000 characters have at most 48,000 as JSON."""


class Traffic:
    """Refuses bodies that are too large and addresses that cannot be stored, counts and times what is answered."""

    def __init__(self, app: ASGIApp, options: ApiOptions, measures: Measures) -> None:
        self._app = app
        self._options = options
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._limited(scope, receive, counted)
        finally:
            self._count(scope, status, time.perf_counter() - begin)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._limit(scope["path"])
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        problem = None
        if not declared.isdigit():
            problem = Problem(400, "the Content-Length header is not a number")
        elif int(declared) > limit:
            problem = _too_large(limit, int(declared))
        elif "\x00" in scope["path"] or "\x00" in unquote(scope["query_string"].decode("latin-1")):
            problem = Problem(422, "the address holds a NUL character")
        if problem is not None:
            await problem.response()(scope, receive, send)
            return
        read, begun = 0, False

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise _too_large(limit, read)
            return message

        async def unless_too_large(message: Message) -> None:
            # The framework turns what goes wrong while a body is read into an answer of its own.
            nonlocal begun
            if read <= limit or begun:
                begun = True
                await send(message)

        await self._app(scope, bounded, unless_too_large)
        if read > limit and not begun:
            await _too_large(limit, read).response()(scope, receive, send)

    def _limit(self, path: str) -> int:
        if path.rstrip("/") == _MESSAGES:
            # base64 makes three bytes four; text may be escaped in JSON, so that it grows as well.
            return self._options.message_size_limit * 4 // 3 + _ENVELOPE
        return _CHAT_SIZE_LIMIT if path.startswith(_CHAT) else self._options.request_size_limit

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "unknown"
        if scope["path"].startswith(_PREFIX) and not route.startswith(_PREFIX):
            route = f"{_PREFIX}{route}"
        self._measures.requests.labels(scope["method"], route, str(status)).inc()
        if not route.endswith("/events"):
            self._measures.durations.labels(route).observe(seconds)


def _too_large(limit: int, size: int) -> Problem:
    return Problem(413, f"the body has {size} bytes or more; the limit at this address is {limit}")
