"""What a ticket remembers."""

from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from activities.records.models import ContextFacts, FoundReference, MessageFacts, OtherTicket, TicketPolicy
from domain.promises import About, Promises
from domain.routing import Routed
from workflows._kit.contract import DecisionTaken
from workflows._kit.state import CaseState


class ReferenceState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    WAIVED = "waived"


class TicketReference(FoundReference):
    """A reference of a message of this ticket, and whether it was answered."""

    state: ReferenceState = ReferenceState.OPEN


class Joined(OtherTicket):
    """The other side of a merge: who decided it, and when."""

    by: str
    at: AwareDatetime


class Absorbed(BaseModel):
    """A ticket that was merged into this one, with its state at that moment."""

    model_config = ConfigDict(frozen=True)

    ticket: Joined
    state: dict[str, Any]


class Happening(BaseModel):
    """One thing that changed the ticket after a merge: exactly one of the fields below `at` is set. `sent` and `left_out` name
    the decision of a reply; `kept` are the references left after a split."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    message: MessageFacts | None = None
    decision: DecisionTaken | None = None
    context: ContextFacts | None = None
    sent: UUID | None = None
    left_out: UUID | None = None
    absorbed: Absorbed | None = None
    kept: tuple[str, ...] | None = None


class Apart(BaseModel):
    """All it takes to be as if a merge had never been: the state before the first one, and what happened since."""

    before: dict[str, Any]
    happenings: list[Happening] = []


class TicketState(CaseState):
    """`waiting_for` is the party a `wait` decision named. `reply_overtaken`: the customer wrote while a reply was on its way
    out. `never_joins`: a person took it out of a merge or off another ticket, so it is merged by hand only."""

    intents: list[str] = []
    intent_evidence: str = ""
    model_version: str | None = None
    suggestions: list[str] = []
    language_evidence: str = ""
    routed: Routed | None = None
    """Where the rules sent it; None where it was born before there were any."""
    tier: str
    tier_by_agent: bool = False
    """An agent's word on the tier stays, whatever the store's record says."""
    tags: list[str] = []
    references: list[TicketReference] = []
    missing: list[str] = []
    waiting_for: str | None = None
    chase_after: timedelta | None = None
    """How long the decision to wait said; None: what the playbook says of the party."""
    chased: int = 0
    """Reminders sent to whoever is waited for."""
    ask_owner_at: AwareDatetime | None = None
    """When the roster is asked who has it next."""
    owner_given: bool = False
    planned_at: AwareDatetime | None = None
    """The last beginning or end of a planned time that it took notice of."""
    channel: str | None = None
    """By which the customer wrote last."""
    outcome: str | None = None
    reply_overtaken: bool = False
    merged: list[Joined] = []
    merged_into: Joined | None = None
    duplicates: list[OtherTicket] = []
    never_joins: bool = False
    decided: bool = False
    """Whether a person decided something about it."""
    apart: Apart | None = None
    policy: TicketPolicy

    @property
    def promises(self) -> Promises:
        return self.policy.promises

    @property
    def about(self) -> About:
        return About(self.tier, self.queue, self.channel, tuple(self.tags))

    def open_references(self) -> list[TicketReference]:
        return [named for named in self.references if named.state is ReferenceState.OPEN]

    def has_absorbed(self, case_id: UUID) -> bool:
        return any(ticket.case_id == case_id for ticket in self.merged)
