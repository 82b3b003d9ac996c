"""A return as the JSON API shows it."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

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
from domain.effects import EffectKind, EffectState
from storage.reading_case import CaseFile, Row


class ReturnLine(View):
    """One line of a return. `line` counts from 1; `accepted` is what the inspection let pass."""

    model_config = ConfigDict(extra="allow", frozen=True)

    line: int = Field(examples=[1])
    order_id: str = Field(examples=["10452"])
    line_id: str = Field(examples=["301"])
    sku: str | None = Field(examples=["DRL-18V"])
    quantity: int = Field(examples=[2])
    reason: str = Field(examples=["damaged"])
    serial: str | None = None
    exception: str | None = Field(default=None, description="why the rules do not cover the line, in words")
    received: int = Field(examples=[2])
    accepted: int | None = Field(examples=[2])
    outcome: str | None = Field(description="refund, credit_note, replacement or none, once settled", examples=["refund"])


class LabelView(View):
    """The return label; `url` gives its PDF."""

    label_id: str | None = Field(examples=["se-28529731"])
    carrier: str | None = Field(examples=["ups"])
    tracking_number: str | None = Field(examples=["1Z999AA10123456784"])
    cost: Decimal | None = Field(examples=["8.40"])
    currency: str | None = Field(examples=["EUR"])
    url: str = Field(examples=[f"/api/v1/rmas/{EXAMPLE_ID}/label"])


class ReturnView(View):
    """A return with everything that belongs to it."""

    id: UUID
    number: int = Field(examples=[1043])
    title: str = Field(examples=["Return of 2 lines of order 10452"])
    status: str = Field(examples=["open"])
    stage: str = Field(
        description="requested, awaiting_approval, awaiting_goods, inspecting, settling, closed, refused or cancelled",
        examples=["awaiting_goods"],
    )
    store: str = Field(examples=["northwind-tools"])
    ticket_id: UUID | None
    wish: str | None = Field(examples=["refund"])
    lines: list[ReturnLine]
    approvals: list[dict[str, Any]] = Field(
        examples=[[{"author": "Martin Krause", "role": "supervisor", "outcome": "approved"}]]
    )
    label: LabelView | None
    effects: list[EffectView]
    clocks: list[ClockView]
    revision: int = Field(examples=[4])
    workflow_id: str = Field(examples=["rma-1043"])
    decisions: list[DecisionView]
    timeline: list[TimelineLine]
    created_at: datetime
    updated_at: datetime


def return_view(file: CaseFile) -> ReturnView:
    """The whole return. Seconds old, it has no state yet: then its lines are those it was begun with."""
    case = file.case
    state: dict[str, Any] = case["state"] or {}
    start: dict[str, Any] = case["start"] or {}
    return ReturnView.model_validate(
        {
            **case,
            "ticket_id": case["parent_id"] or start.get("ticket_id"),
            "wish": state.get("wish") or start.get("wish"),
            "lines": return_lines(case),
            "approvals": state.get("approvals") or [],
            "label": label_view(case["id"], file.effects),
            "effects": [effect_view(row) for row in file.effects],
            "clocks": clock_views(state),
            "decisions": [decision_view(stored) for stored in file.decisions],
            "timeline": timeline_lines(file.timeline),
        }
    )


def return_lines(case: Row) -> list[ReturnLine]:
    """The lines of a return, from its state or else from what it was begun with."""
    state: dict[str, Any] = case["state"] or {}
    found = state.get("lines") or (case["start"] or {}).get("lines") or []
    return [_line(number, line) for number, line in enumerate(found, 1)]


def _line(number: int, line: dict[str, Any]) -> ReturnLine:
    found: dict[str, int] = line.get("found") or {}
    defaults = {
        "line": number,
        "sku": None,
        "received": 0,
        "accepted": found.get("accepted", 0) if found else None,
        "outcome": None,
    }
    return ReturnLine.model_validate(defaults | line)


def label_document(effects: list[Row]) -> str | None:
    """The blob of the label, once it is bought and unless it was given back."""
    result = _label_result(effects)
    return None if result is None else result.get("document")


def label_view(case_id: UUID, effects: list[Row]) -> LabelView | None:
    result = _label_result(effects)
    if result is None or not result.get("document"):
        return None
    names = ("label_id", "carrier", "tracking_number", "cost", "currency")
    return LabelView.model_validate({name: result.get(name) for name in names} | {"url": f"/api/v1/rmas/{case_id}/label"})


def _label_result(effects: list[Row]) -> dict[str, Any] | None:
    done = (
        effect["result"]
        for effect in reversed(effects)
        if effect["kind"] == EffectKind.RETURN_LABEL.value and effect["state"] == EffectState.DONE.value
    )
    return next((result for result in done if result), None)
