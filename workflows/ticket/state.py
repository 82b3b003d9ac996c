"""What a ticket remembers."""

from activities.records.models import TicketPolicy
from domain.references import Reference
from workflows._kit.state import CaseState


class TicketState(CaseState):
    """`waiting_for` is the party a `wait` decision named. `reply_overtaken`: the customer wrote while a reply
    was on its way out."""

    intents: list[str] = []
    intent_evidence: str = ""
    language_evidence: str = ""
    tier: str
    tags: list[str] = []
    references: list[Reference] = []
    missing: list[str] = []
    waiting_for: str | None = None
    outcome: str | None = None
    reply_overtaken: bool = False
    policy: TicketPolicy
