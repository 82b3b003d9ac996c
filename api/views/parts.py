"""The parts that cases of every process show: clocks, decisions, timeline, effects, messages."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.explaining import explain, recorded
from domain.sla import Acknowledgement, Pause
from storage.decisions import StoredDecision
from storage.reading_case import Row

EXAMPLE_ID = "5f0c3a52-8a53-4f0e-9c55-f2a3a1f4a001"
EXAMPLE_TIME = "2026-03-02T09:30:00Z"

PENDING = "pending"


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClockView(View):
    """A promise with its deadline. `explanation` says, step by step, why it is due when it is."""

    name: str = Field(description="first_response, resolution, waiting, …", examples=["first_response"])
    due_at: datetime | None = Field(examples=[EXAMPLE_TIME])
    state: str = Field(description="running, paused, met, missed or stopped", examples=["running"])
    explanation: list[str] = Field(examples=[["Tier gold at northwind-tools.", "Due Mon 2026-03-02 10:30 CET."]])
    party: str | None = Field(default=None, description="who is waited for", examples=["supplier"])
    started_at: datetime | None = None
    ended_at: datetime | None = None
    missed_at: datetime | None = None
    pauses: list[Pause] = Field(default=[], description="when it did not run, and who was waited for")
    acknowledged: Acknowledgement | None = Field(default=None, description="who has taken notice of a missed deadline")


class DecisionView(View):
    """A decision with its author and, once the workflow has judged it, its outcome."""

    id: UUID
    case_id: UUID
    process: str = Field(examples=["ticket"])
    kind: str = Field(examples=["reply"])
    author: str = Field(examples=["Jonas Weber"])
    role: str = Field(examples=["agent"])
    seen_revision: int | None = Field(description="the version of the case its author saw", examples=[4])
    payload: dict[str, Any] = Field(examples=[{"text": "Your order left on Monday.", "close": False}])
    created_at: datetime
    outcome: str = Field(description="pending, applied or refused", examples=["applied"])
    reason: str | None = Field(description="why it was refused")
    decided_at: datetime | None
    revision: int | None = Field(description="of the case once it was judged", examples=[5])


class TimelineLine(View):
    """One line of the case file. `decision_id` or `message_id` says where the person's own words are."""

    sequence: int = Field(examples=[1])
    at: datetime
    actor: str = Field(examples=["Jonas Weber"])
    kind: str = Field(examples=["reply"])
    text: str = Field(examples=["Jonas Weber answered."])
    decision_id: UUID | None
    message_id: UUID | None


class EffectView(View):
    """Something done in the outside world, once."""

    op_key: str = Field(examples=["rma-1002.refund.1"])
    kind: str = Field(examples=["refund"])
    provider: str = Field(examples=["bigcommerce"])
    state: str = Field(description="intended, sent, done, refused, unclear or skipped", examples=["done"])
    provider_id: str | None = Field(examples=["31"])
    amount: str | None = Field(description="a decimal number", examples=["119.00"])
    currency: str | None = Field(examples=["EUR"])
    error: str | None = Field(description="what is wrong, where something is")
    updated_at: datetime


class AttachmentView(View):
    """A file that came with a message; `url` gives its bytes."""

    id: UUID
    filename: str = Field(examples=["delivery-note.pdf"])
    content_type: str = Field(examples=["application/pdf"])
    size: int = Field(description="bytes", examples=[48213])
    url: str = Field(examples=[f"/api/v1/attachments/{EXAMPLE_ID}"])


class MessageView(View):
    """A message of the thread. `text` is what the person wrote, `full_text` the whole with its quotes, `html` is cleaned."""

    id: UUID
    direction: str = Field(description="in or out", examples=["in"])
    channel: str = Field(examples=["email"])
    sender: dict[str, Any] = Field(examples=[{"email": "buyer@example.com", "name": "Ada Buyer"}])
    to: str | None
    subject: str = Field(examples=["Where is order 10452?"])
    text: str
    full_text: str | None
    html: str | None
    at: datetime
    nature: str = Field(description="person, auto_reply, bounce or bulk", examples=["person"])
    delivery: str = Field(description="received, queued, sending, sent, unclear or failed", examples=["received"])
    decision_id: UUID | None
    origin_id: UUID = Field(description="the ticket it would be in without merges")
    evidence: str = Field(description="why it is in this thread", examples=["refers to an earlier mail of the thread"])
    provider: str | None = Field(description="the adapter it came or goes through; null is mail")
    attachments: list[AttachmentView]


def clock_views(state: dict[str, Any] | None) -> list[ClockView]:
    """The clocks of a state model, each with the derivation of its deadline."""
    clocks, promises = recorded(state or {})
    return [
        ClockView(
            explanation=explain(clock, promises),
            **{name: getattr(clock, name) for name in ClockView.model_fields if name != "explanation"},
        )
        for clock in clocks
    ]


def decision_view(stored: StoredDecision) -> DecisionView:
    values = {name: getattr(stored, name) for name in DecisionView.model_fields}
    return DecisionView.model_validate(values | {"outcome": stored.outcome or PENDING})


def timeline_lines(rows: Iterable[Row]) -> list[TimelineLine]:
    return [TimelineLine.model_validate(row) for row in rows]


def effect_view(row: Row) -> EffectView:
    return EffectView.model_validate({**row, "amount": plain_amount(row["amount"])})


def plain_amount(amount: Decimal | None) -> str | None:
    """A decimal number with two places, or more where it has more."""
    if amount is None:
        return None
    exact = amount.normalize()
    exponent = exact.as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{exact:.{places}f}"


def attachment_view(row: Row) -> AttachmentView:
    return AttachmentView.model_validate({**row, "url": f"/api/v1/attachments/{row['id']}"})


def message_view(row: Row, html: str | None) -> MessageView:
    """`html` is what is shown of the message's HTML, cleaned already."""
    files = [attachment_view(file) for file in row["attachments"]]
    return MessageView.model_validate({**row, "to": row["recipient"], "html": html, "attachments": files})
