"""What a store lets us call, as its answers say; people who wait go before work that nobody waits for.

A store counts all applications together (BigCommerce brief, section 2), so only its own headers know what is left.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar

_RESERVE = 0.3
"""The part of a window that work nobody waits for leaves to people, and to other applications."""
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")

nobody_waits: ContextVar[bool] = ContextVar("nobody_waits", default=False)
"""Set by background work: its calls stop at the reserve."""


class Quota:
    """One provider account's window. Nothing is known until the first answer."""

    def __init__(self) -> None:
        self._left: float | None = None
        self._allowed = 0.0
        self._until = 0.0
        """A moment of the monotonic clock, in seconds, at which the window begins anew."""

    async def admit(self) -> None:
        """Returns when a call may go out: at once for people while anything is left."""
        while self._left is not None and (pause := self._until - time.monotonic()) > 0:
            floor = self._allowed * _RESERVE if nobody_waits.get() else 0
            if self._left > floor:
                break
            await asyncio.sleep(pause)
        if self._left is not None:
            self._left = max(0.0, self._left - 1)

    def note(self, headers: Mapping[str, str]) -> None:
        """Takes what an answer says is left. BigCommerce and its B2B edition use other names, and the latter writes units."""
        for allowed, left, reset, seconds in _HEADERS:
            told = [_number(headers.get(name)) for name in (allowed, left, reset)]
            if None not in told:
                self._allowed, self._left = told[0] or 0.0, told[1]
                self._until = time.monotonic() + (told[2] or 0.0) * seconds
                return


_HEADERS = (
    ("X-Rate-Limit-Requests-Quota", "X-Rate-Limit-Requests-Left", "X-Rate-Limit-Time-Reset-Ms", 0.001),
    ("X-Requests-Allocated", "X-Requests-Remaining", "X-Request-Window-Resets-After", 1.0),
)


def _number(text: str | None) -> float | None:
    found = _NUMBER.search(text or "")
    return float(found.group()) if found else None
