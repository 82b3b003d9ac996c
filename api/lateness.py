"""Lateness as Prometheus reads it: a histogram that is worked out of the database, and so is the same in every process.

What was said more than a day ago is added up once and kept; at each reading the last day is counted anew, which an index makes
cheap however long the history is. To observe each notice where it is said would lose what a dying worker had not exported, and
to count whatever appeared since the last reading would miss lines that are stored with a delay: within a day they are not.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.reading_lateness import Tally, tally_lateness

BOUNDS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds."""

_COUNTED_ANEW = timedelta(days=1)


class LatenessHistogram(Collector):
    """`casework_notice_lateness_seconds` by kind. It only grows, as Prometheus expects, also over a restart."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._kept: tuple[dict[str, Tally], datetime | None] = ({}, None)
        self._shown: dict[str, Tally] = {}
        registry.register(self)

    async def count(self, connection: AsyncConnection) -> None:
        """Takes what is shown from the database."""
        earlier, until = self._kept
        boundary = datetime.now(UTC) - _COUNTED_ANEW
        kept = _sum(earlier, await tally_lateness(connection, BOUNDS, until, boundary))
        self._shown = _sum(kept, await tally_lateness(connection, BOUNDS, boundary, None))
        self._kept = kept, boundary

    def collect(self) -> Iterator[HistogramMetricFamily]:
        family = HistogramMetricFamily(
            "casework_notice_lateness_seconds", "Time from when a notice was planned to when it was given.", labels=("kind",)
        )
        for kind, tally in sorted(self._shown.items()):
            buckets = [(str(bound), float(count)) for bound, count in zip(BOUNDS, tally.within, strict=True)]
            family.add_metric((kind,), [*buckets, ("+Inf", float(tally.count))], tally.seconds)
        yield family


def _sum(one: Mapping[str, Tally], other: Mapping[str, Tally]) -> dict[str, Tally]:
    nothing = Tally((0,) * len(BOUNDS), 0, 0.0)
    pairs = {kind: (one.get(kind, nothing), other.get(kind, nothing)) for kind in {*one, *other}}
    return {
        kind: Tally(
            tuple(mine + theirs for mine, theirs in zip(first.within, second.within, strict=True)),
            first.count + second.count,
            first.seconds + second.seconds,
        )
        for kind, (first, second) in pairs.items()
    }
