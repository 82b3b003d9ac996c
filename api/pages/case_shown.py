"""All that the page of a case shows, gathered once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.case_forms import decision_forms, named_first, return_forms, unblock_forms, zone_of
from api.pages.forms import Form
from api.pages.order_context import LineShown, order_lines
from api.problems import not_found
from api.services import Services
from api.views.parts import ClockView, EffectView, clock_views, effect_view
from api.views.returns import LabelView, ReturnLine, label_view, return_lines
from api.views.tickets import ReferenceView, references
from storage.reading_case import CaseFile, Row, read_case, read_children
from storage.tables import cases

_OWN_WORDS = ("text", "reason")


@dataclass(frozen=True)
class LineOfHistory:
    """A line of the case file with the words a person wrote, where it has some."""

    at: datetime
    actor: str
    kind: str
    text: str
    words: str | None


@dataclass(frozen=True)
class ReturnShown:
    """A return beside its ticket, or on its own page."""

    case: Row
    lines: list[ReturnLine]
    approvals: list[dict[str, Any]]
    label: LabelView | None
    effects: list[EffectView]
    clocks: list[ClockView]
    forms: list[Form]
    stuck: list[tuple[dict[str, Any], Form]]
    link: str | None


@dataclass(frozen=True)
class CaseShown:
    """A case of any process; what a process does not have is empty."""

    case: Row
    state: dict[str, Any]
    messages: list[Row]
    context: dict[str, Any] | None
    orders: list[tuple[dict[str, Any], list[LineShown]]]
    clocks: list[ClockView]
    references: list[ReferenceView]
    history: list[LineOfHistory]
    returns: list[ReturnShown]
    related: list[Row]
    effects: list[EffectView]
    forms: list[Form]
    stuck: list[tuple[dict[str, Any], Form]]
    return_forms: list[Form]
    link: str | None
    zone: str
    is_ticket: bool

    def form(self, key: str) -> Form | None:
        """The form of that key, wherever on the page it is."""
        every = [*self.forms, *self.return_forms, *(form for _, form in self.stuck)]
        for shown in self.returns:
            every += [*shown.forms, *(form for _, form in shown.stuck)]
        return next((form for form in every if form.key == key), None)


async def show_case(services: Services, case_id: UUID, process: str | None = None) -> CaseShown:
    """Reads a case and the returns that belong to it.

    Raises Problem 404.
    """
    async with services.database.begin() as connection:
        file = await read_case(connection, case_id, process)
        if file is None:
            raise not_found("case" if process is None else process, case_id)
        children = await read_children(connection, [row["id"] for row in file.children if row["process"] == "rma"])
        parent = await _parent(connection, file.case["parent_id"])
    is_return = file.case["process"] == "rma"
    related = [row for row in file.children if row["process"] == "ticket"] + ([parent] if parent else [])
    context = None if file.context is None else file.context["content"]
    case, state = file.case, file.case["state"] or {}
    return CaseShown(
        case=case,
        state=state,
        messages=file.messages,
        context=context,
        orders=[(order, order_lines(order)) for order in named_first(case, context)],
        clocks=clock_views(state),
        references=references(file),
        history=_history(file),
        returns=[_return_shown(services, child) for child in ([file] if is_return else children)],
        related=related,
        effects=[effect_view(row) for row in file.effects],
        forms=[] if is_return else decision_forms(services, case),
        stuck=[] if is_return else unblock_forms(case),
        return_forms=return_forms(services, case, context),
        link=services.options.workflow_link(case["workflow_id"]),
        zone=zone_of(services.playbook, case["store"]),
        is_ticket=case["process"] == "ticket",
    )


def _return_shown(services: Services, file: CaseFile) -> ReturnShown:
    case = file.case
    return ReturnShown(
        case=case,
        lines=return_lines(case),
        approvals=(case["state"] or {}).get("approvals") or [],
        label=label_view(case["id"], file.effects),
        effects=[effect_view(row) for row in file.effects],
        clocks=clock_views(case["state"]),
        forms=decision_forms(services, case),
        stuck=unblock_forms(case),
        link=services.options.workflow_link(case["workflow_id"]),
    )


def _history(file: CaseFile) -> list[LineOfHistory]:
    said: dict[UUID, str | None] = {
        stored.id: next((stored.payload[name] for name in _OWN_WORDS if stored.payload.get(name)), None)
        for stored in file.decisions
    }
    wrote: dict[UUID, str] = {message["id"]: message["text"] for message in file.messages}
    return [
        LineOfHistory(
            at=row["at"],
            actor=row["actor"],
            kind=row["kind"],
            text=row["text"],
            words=said.get(row["decision_id"]) or wrote.get(row["message_id"]),
        )
        for row in reversed(file.timeline)
    ]


async def _parent(connection: AsyncConnection, case_id: UUID | None) -> Row | None:
    if case_id is None:
        return None
    found = await connection.execute(cases.select().where(cases.c.id == case_id))
    row = found.mappings().one_or_none()
    return None if row is None else dict(row)
