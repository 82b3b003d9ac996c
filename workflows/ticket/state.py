"""What a ticket remembers."""

from activities.records.models import TicketPolicy
from domain.triage import Reference
from workflows._kit.state import CaseState


class TicketState(CaseState):
    """`waiting_for` is the party a `wait` decision named."""

    intents: list[str] = []
    intent_evidence: str = ""
    language_evidence: str = ""
    tier: str
    tags: list[str] = []
    references: list[Reference] = []
    missing: list[str] = []
    waiting_for: str | None = None
    outcome: str | None = None
    policy: TicketPolicy
