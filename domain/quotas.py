"""How much one sender may bring in a minute, so that a flood of one does not keep the others out."""

from collections.abc import Callable

_MINUTE = 60.0


class Quota:
    """A token bucket for each key: `per_minute` at once, and as many more each minute. It is asked each time: it may change.

    `now` is in seconds of any clock that does not go back. Who has been quiet for a minute is forgotten.
    """

    def __init__(self, per_minute: Callable[[], int]) -> None:
        self._per_minute = per_minute
        self._buckets: dict[str, tuple[float, float]] = {}
        self._pruned_at = 0.0

    def has(self, key: str, now: float) -> bool:
        """Whether one more may come."""
        return self._left(key, now) >= 1

    def take(self, key: str, now: float) -> None:
        """Counts one that came."""
        if now - self._pruned_at > _MINUTE:
            self._buckets = {known: bucket for known, bucket in self._buckets.items() if now - bucket[1] < _MINUTE}
            self._pruned_at = now
        self._buckets[key] = (self._left(key, now) - 1, now)

    def _left(self, key: str, now: float) -> float:
        per_minute = float(self._per_minute())
        left, at = self._buckets.get(key, (per_minute, now))
        return min(per_minute, left + (now - at) * per_minute / _MINUTE)
