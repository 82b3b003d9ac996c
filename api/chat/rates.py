"""How often a stranger may do something. Counted in this process alone: a flood must not reach the database."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MINUTE = 60.0
_DAY = 86_400.0
_KEYS = 50_000
"""Beyond so many, whoever was quiet longest is forgotten."""


class Rate:
    """At most `a_minute` and `a_day` for each key, in any minute and any day."""

    def __init__(self, a_minute: int, a_day: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute, self._a_day, self._clock = a_minute, a_day, clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Takes one and returns 0, or takes none and returns the seconds until one may be taken."""
        now = self._clock()
        times = self._taken.setdefault(key, deque())
        self._taken.move_to_end(key)
        if len(self._taken) > _KEYS:
            self._taken.popitem(last=False)
        while times and times[0] <= now - _DAY:
            times.popleft()
        waits = [0.0]
        if len(times) >= self._a_day:
            waits.append(times[-self._a_day] + _DAY - now)
        if len(times) >= self._a_minute:
            waits.append(times[-self._a_minute] + _MINUTE - now)
        if max(waits) <= 0:
            times.append(now)
        return max(waits)


def network(address: str) -> str:
    """What one sender can hardly leave: the address, or of an IPv6 address the first 64 bits, which are one customer's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
