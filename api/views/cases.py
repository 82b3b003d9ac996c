"""A case of any process, and the processes themselves, as the JSON API shows them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.deciding import decisions_of
from api.views.parts import (
    EXAMPLE_ID,
    ClockView,
    DecisionView,
    EffectView,
    TimelineLine,
    View,
    clock_views,
    decision_view,
    effect_view,
    timeline_lines,
)
from api.views.returns import return_view
from api.views.tickets import ticket_view
from domain.playbook import Playbook
from storage.reading_case import CaseFile
from workflows._kit.contract import Decision
from workflows._kit.process import Process


class CaseView(View):
    """A case of a process that has no view of its own: its state as the process keeps it."""

    id: UUID
    process: str = Field(examples=["rma"])
    number: int = Field(examples=[1043])
    title: str
    status: str = Field(examples=["open"])
    stage: str
    store: str = Field(examples=["northwind-tools"])
    queue: str | None
    owner: str | None
    company: str | None
    orders: list[str]
    next_due_at: datetime | None
    clocks: list[ClockView]
    revision: int = Field(examples=[4])
    workflow_id: str = Field(examples=["rma-1043"])
    start: dict[str, Any] | None = Field(description="what it was begun with")
    state: dict[str, Any] | None = Field(description="the process's own state; null for a case seconds old")
    effects: list[EffectView]
    decisions: list[DecisionView]
    timeline: list[TimelineLine]
    created_at: datetime
    updated_at: datetime


class DecisionKind(View):
    """A decision that people may take. `schema` is the JSON Schema of its fields, beside `id`, `kind` and `seen_revision`."""

    kind: str = Field(examples=["approve"])
    title: str = Field(examples=["Approve"])
    description: str
    authority: str = Field(description="the least role that may take it", examples=["agent"])
    minds_changes: bool = Field(description="whether it is refused when the case changed since `seen_revision`")
    fields: dict[str, Any] = Field(serialization_alias="schema")


class ProcessView(View):
    """A long-running process and what people may tell it."""

    name: str = Field(examples=["rma"])
    title: str = Field(examples=["Return"])
    description: str
    start: dict[str, Any] | None = Field(description="JSON Schema of what it is begun with; null: not begun by a person")
    decisions: list[DecisionKind]


class ProcessList(View):
    items: list[ProcessView]
    next_cursor: None


class Begun(View):
    """A case was opened; its workflow starts within moments."""

    id: UUID = Field(examples=[EXAMPLE_ID])
    number: int = Field(examples=[1043])
    workflow_id: str = Field(examples=["rma-1043"])


def case_view(file: CaseFile, playbook: Playbook) -> BaseModel:
    """The view of a case: that of its process where it has one."""
    make = _VIEWS.get(file.case["process"])
    return make(file, playbook) if make else _generic(file)


def process_view(process: Process) -> ProcessView:
    return ProcessView(
        name=process.name,
        title=process.title,
        description=process.description,
        start=None if process.start is None else process.start.model_json_schema(),
        decisions=[decision_kind(decision) for decision in decisions_of(process)],
    )


def decision_kind(decision: type[Decision]) -> DecisionKind:
    return DecisionKind(
        kind=decision.kind,
        title=decision.title,
        description=" ".join((decision.__doc__ or "").split()),
        authority=decision.authority.value,
        minds_changes=decision.minds_changes,
        fields=decision.model_json_schema(),
    )


def _generic(file: CaseFile) -> CaseView:
    return CaseView.model_validate(
        {
            **file.case,
            "clocks": clock_views(file.case["state"]),
            "effects": [effect_view(row) for row in file.effects],
            "decisions": [decision_view(stored) for stored in file.decisions],
            "timeline": timeline_lines(file.timeline),
        }
    )


_VIEWS: dict[str, Callable[[CaseFile, Playbook], BaseModel]] = {
    "ticket": ticket_view,
    "rma": lambda file, _: return_view(file),
}
