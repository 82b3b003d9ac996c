"""A case is any long-running process of support work: a ticket, a return, an approval. What all of them show the world."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from domain.sla import Notice


class Snapshot(BaseModel):
    """What a case publishes of itself. A lower `revision` never replaces a higher one.

    `state` is the state model as JSON without its `policy`, which comes with the first revision alone: the rules a case was
    born with never change and are most of what it remembers. Both are enough to show the case and to begin a new run with.
    """

    model_config = ConfigDict(frozen=True)

    case_id: UUID
    process: str
    number: int
    store: str
    status: str
    stage: str
    queue: str | None = None
    owner: str | None = None
    company: str | None = None
    intent: str | None = None
    orders: tuple[str, ...] = ()
    next_due_at: AwareDatetime | None = None
    revision: int
    playbook_version: str | None = None
    state: dict[str, Any] = Field(default_factory=dict)
    policy: dict[str, Any] | None = None


class TimelineEvent(BaseModel):
    """One line of the case file. `sequence` counts from 1 within the case; `text` is for a person to read.

    Prose that a person wrote stays in the database: `decision_id` or `message_id` says where.
    """

    model_config = ConfigDict(frozen=True)

    sequence: int
    at: AwareDatetime
    actor: str
    kind: str
    text: str
    decision_id: UUID | None = None
    message_id: UUID | None = None
    planned_for: AwareDatetime | None = None
    """When a clock had meant to say it: what `at` is later than that is lateness."""
    notice: Notice | None = None
    """What that clock had to say: which step of which ladder, by which deadline, and to whom."""


class Outcome(StrEnum):
    APPLIED = "applied"
    REFUSED = "refused"


class DecisionOutcome(BaseModel):
    """The one answer to a decision. `reason` is given where it was refused."""

    model_config = ConfigDict(frozen=True)

    decision_id: UUID
    outcome: Outcome
    reason: str | None = None
    decided_at: AwareDatetime
    revision: int


class Publication(BaseModel):
    """What a case makes visible at one moment: its state, the lines added to its file and the decisions judged."""

    model_config = ConfigDict(frozen=True)

    snapshot: Snapshot
    events: tuple[TimelineEvent, ...] = ()
    outcomes: tuple[DecisionOutcome, ...] = ()
