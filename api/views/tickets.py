"""A ticket as the JSON API shows it, in a list and whole."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from api.views.mail_html import cleaned
from api.views.order_context import context_view
from api.views.parts import (
    EXAMPLE_TIME,
    ClockView,
    DecisionView,
    MessageView,
    TimelineLine,
    View,
    clock_views,
    decision_view,
    message_view,
    timeline_lines,
)
from domain.playbook import Playbook
from domain.references import evidence
from storage.reading_case import CaseFile, Row


class CaseItem(View):
    """A case in a list."""

    id: UUID
    number: int = Field(examples=[1042])
    title: str = Field(examples=["Where is order 10452?"])
    status: str = Field(description="open, waiting, resolved, closed or merged", examples=["open"])
    stage: str = Field(examples=["awaiting_agent"])
    store: str = Field(examples=["northwind-tools"])
    queue: str | None = Field(examples=["delivery"])
    owner: str | None = Field(examples=["Emma Clarke"])
    company: str | None = Field(examples=["Baltic Marine Works"])
    intent: str | None = Field(examples=["wismo"])
    tier: str | None = Field(examples=["gold"])
    language: str | None = Field(examples=["en"])
    orders: list[str] = Field(examples=[["10452"]])
    tags: list[str] = Field(examples=[["peak"]])
    next_due_at: datetime | None = Field(description="the nearest deadline", examples=[EXAMPLE_TIME])
    revision: int = Field(examples=[4])
    workflow_id: str = Field(examples=["ticket-1042"])
    created_at: datetime
    updated_at: datetime


class CaseList(View):
    """One page. Give `next_cursor` back as `cursor` for the next one; it is null on the last."""

    items: list[CaseItem]
    next_cursor: str | None = Field(examples=["WyIyMDI2LTAzLTAyVDA5OjMwOjAwKzAwOjAwIiwgMTA0Ml0"])


class ReferenceView(View):
    """Something the customer named: where it was read, what it was found to be, and whether it was answered."""

    kind: str = Field(examples=["order"])
    value: str = Field(examples=["10452"])
    evidence: str | None = Field(examples=["Where is my order 10452?"])
    state: str = Field(default="open", description="open, answered or waived", examples=["open"])
    found: str | None = Field(default=None, description="what the look-up found, in words")
    score: int = Field(default=0, description="how sure that is, of 100", examples=[90])
    part: str = Field(default="text", description="channel, subject, text, attachment or quoted", examples=["text"])
    message_id: UUID | None = None


class OtherTicketView(View):
    """Another ticket, and in words why it is spoken of."""

    case_id: UUID
    number: int = Field(examples=[1003])
    words: str = Field(default="", examples=["same company, order 10452, delivery"])


class JoinedView(OtherTicketView):
    """The other side of a merge."""

    by: str = Field(examples=["Jonas Weber"])
    at: datetime


class ReturnItem(View):
    """A return that belongs to a ticket."""

    id: UUID
    number: int = Field(examples=[1043])
    stage: str = Field(examples=["awaiting_goods"])
    title: str = Field(examples=["Return of 2 lines of order 10452"])


class TicketView(View):
    """A ticket with everything that belongs to it."""

    id: UUID
    number: int = Field(examples=[1042])
    title: str = Field(examples=["Where is order 10452?"])
    status: str = Field(examples=["open"])
    stage: str = Field(examples=["awaiting_agent"])
    store: str = Field(examples=["northwind-tools"])
    language: str | None = Field(examples=["en"])
    intent: str | None = Field(examples=["wismo"])
    intents: list[str] = Field(examples=[["wismo"]])
    tier: str | None = Field(examples=["gold"])
    company: str | None = Field(examples=["Baltic Marine Works"])
    queue: str | None = Field(examples=["delivery"])
    owner: str | None = Field(examples=["Emma Clarke"])
    orders: list[str] = Field(examples=[["10452"]])
    references: list[ReferenceView]
    tags: list[str]
    waiting_for: str | None = Field(description="the party that a `wait` decision named")
    clocks: list[ClockView]
    next_due_at: datetime | None
    revision: int = Field(description="rises with every change; give it back as `seen_revision`", examples=[4])
    workflow_id: str = Field(examples=["ticket-1042"])
    parent_id: UUID | None = Field(description="the closed ticket that this one follows")
    merged: list[JoinedView] = Field(description="tickets that were merged into this one")
    merged_into: JoinedView | None = Field(description="the ticket that this one was merged into")
    duplicates: list[OtherTicketView] = Field(description="tickets that may be about the same")
    created_at: datetime
    updated_at: datetime
    messages: list[MessageView]
    context: dict[str, Any] | None = Field(
        description="company, terms and orders line by line over all waves, each part with its age and source"
    )
    draft: None = Field(description="null: drafts are not made yet")
    rmas: list[ReturnItem]
    decisions: list[DecisionView]
    timeline: list[TimelineLine]


def case_item(row: Row) -> CaseItem:
    """A row of a list."""
    return CaseItem.model_validate({**row, "tags": row["tags"] or []})


def ticket_view(file: CaseFile, playbook: Playbook) -> TicketView:
    """The whole ticket. Seconds old, it has no state yet: then what the state would say is empty."""
    case = file.case
    state: dict[str, Any] = case["state"] or {}
    return TicketView.model_validate(
        {
            **case,
            "language": state.get("language"),
            "intents": state.get("intents") or [],
            "tier": state.get("tier"),
            "references": references(file),
            "tags": state.get("tags") or [],
            "waiting_for": state.get("waiting_for"),
            "merged": joined(state),
            "merged_into": state.get("merged_into"),
            "duplicates": duplicates(state),
            "clocks": clock_views(state),
            "messages": [message_view(row, None if row["html"] is None else cleaned(row["html"])) for row in file.messages],
            "context": context_view(file, playbook),
            "draft": None,
            "rmas": [ReturnItem.model_validate(child) for child in file.children if child["process"] == "rma"],
            "decisions": [decision_view(stored) for stored in file.decisions],
            "timeline": timeline_lines(file.timeline),
        }
    )


def joined(state: dict[str, Any]) -> list[JoinedView]:
    """The tickets that were merged into one."""
    return [JoinedView.model_validate(one) for one in state.get("merged") or []]


def duplicates(state: dict[str, Any]) -> list[OtherTicketView]:
    return [OtherTicketView.model_validate(one) for one in state.get("duplicates") or []]


def references(file: CaseFile) -> list[ReferenceView]:
    """What the customer named, and where. The place is looked up in the messages: the workflow knows no words."""
    said = [f"{message['subject']} {message['text']}" for message in file.messages]
    named = (file.case["state"] or {}).get("references") or []
    return [ReferenceView.model_validate({**one, "evidence": evidence(one["value"], said)}) for one in named]
