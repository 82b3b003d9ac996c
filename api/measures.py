"""What Prometheus reads: requests, decisions, how far the outbox is behind and how late clocks spoke."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.lateness import LatenessHistogram


@dataclass(frozen=True)
class Measures:
    """The counters of one application, in a registry of their own."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Counter = field(init=False)
    durations: Histogram = field(init=False)
    decisions: Counter = field(init=False)
    messages: Counter = field(init=False)
    outbox_waiting: Gauge = field(init=False)
    outbox_age: Gauge = field(init=False)
    listening: Gauge = field(init=False)
    lateness: LatenessHistogram = field(init=False)
    playbook_refused: Gauge = field(init=False)

    def __post_init__(self) -> None:
        kept = {
            "requests": Counter(
                "casework_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
            ),
            "durations": Histogram(
                "casework_http_request_seconds", "Time to answer a request.", ("route",), registry=self.registry
            ),
            "decisions": Counter(
                "casework_decisions", "Decisions answered, by outcome.", ("process", "kind", "outcome"), registry=self.registry
            ),
            "messages": Counter(
                "casework_messages_accepted", "Messages accepted over HTTP.", ("channel", "again"), registry=self.registry
            ),
            "outbox_waiting": Gauge("casework_outbox_waiting", "Outbox rows not yet delivered.", registry=self.registry),
            "outbox_age": Gauge(
                "casework_outbox_oldest_seconds", "Age of the oldest row not yet delivered.", registry=self.registry
            ),
            "listening": Gauge(
                "casework_listening", "1 while the connection that hears of changes is up.", registry=self.registry
            ),
            "lateness": LatenessHistogram(self.registry),
            "playbook_refused": Gauge(
                "casework_playbook_refused",
                "1 while a changed playbook is refused and the old one in use.",
                registry=self.registry,
            ),
        }
        for name, measure in kept.items():
            object.__setattr__(self, name, measure)

    def exposition(self) -> bytes:
        return generate_latest(self.registry)
