"""All that the page of a case shows, gathered once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.case_forms import (
    Around,
    decision_forms,
    named_first,
    return_form,
    unblock_forms,
    unmerge_form,
    waive_form,
    zone_of,
)
from api.pages.forms import Form
from api.problems import not_found
from api.services import Services
from api.views.order_context import context_view
from api.views.parts import ClockView, EffectView, clock_views, effect_view
from api.views.returns import LabelView, ReturnLine, label_view, return_lines
from api.views.tickets import JoinedView, OtherTicketView, ReferenceView, duplicates, joined, references
from storage.reading_case import CaseFile, Row, read_case, read_children
from storage.reading_merging import read_candidates, read_numbers, read_thread
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
class Merging:
    """What was joined with a ticket: those merged into it with the form that takes each out again, the one it was merged into,
    those that may be the same, and the numbers of the tickets that messages came from."""

    merged: list[tuple[JoinedView, Form]]
    into: JoinedView | None
    undo: Form | None
    duplicates: list[OtherTicketView]
    origins: dict[UUID, int]


@dataclass(frozen=True)
class CaseShown:
    """A case of any process; what a process does not have is empty."""

    case: Row
    state: dict[str, Any]
    messages: list[Row]
    context: dict[str, Any] | None
    orders: list[dict[str, Any]]
    clocks: list[ClockView]
    references: list[tuple[ReferenceView, Form | None]]
    """With the form that waives it, where it is open."""
    merging: Merging
    picked: int | None
    """The ticket that was picked for this one to be merged into, while nothing is decided."""
    history: list[LineOfHistory]
    returns: list[ReturnShown]
    related: list[Row]
    effects: list[EffectView]
    forms: list[Form]
    stuck: list[tuple[dict[str, Any], Form]]
    return_form: Form | None
    link: str | None
    zone: str
    is_ticket: bool

    def form(self, key: str) -> Form | None:
        """The form of that key, wherever on the page it is."""
        every = [*self.forms, *filter(None, [self.return_form]), *(form for _, form in self.stuck)]
        for shown in self.returns:
            every += [*shown.forms, *(form for _, form in shown.stuck)]
        return next((form for form in every if form.key == key), None)


async def show_case(services: Services, case_id: UUID, process: str | None = None, into: int | None = None) -> CaseShown:
    """Reads a case and the returns that belong to it. `into` is the ticket that the form for merging names already.

    Raises Problem 404.
    """
    async with services.database.begin() as connection:
        file = await read_case(connection, case_id, process)
        if file is None:
            raise not_found("case" if process is None else process, case_id)
        children = await read_children(connection, [row["id"] for row in file.children if row["process"] == "rma"])
        parent = await _parent(connection, file.case["parent_id"])
        around = await read_around(connection, file.case, into)
        origins = await read_numbers(connection, {message["origin_id"] for message in file.messages} - {case_id})
    is_return = file.case["process"] == "rma"
    related = [row for row in file.children if row["process"] == "ticket"] + ([parent] if parent else [])
    context = context_view(file, services.playbook.now)
    case, state = file.case, file.case["state"] or {}
    return CaseShown(
        case=case,
        state=state,
        messages=file.messages,
        context=context,
        orders=named_first(case, context),
        clocks=clock_views(state),
        references=[
            (one, waive_form(case, one.kind, one.value) if one.state == "open" and case["status"] != "merged" else None)
            for one in references(file)
        ],
        merging=_merging(case, origins),
        picked=into,
        history=_history(file),
        returns=[_return_shown(services, child) for child in ([file] if is_return else children)],
        related=related,
        effects=[effect_view(row) for row in file.effects],
        forms=[] if is_return else decision_forms(services, case, around),
        stuck=[] if is_return else unblock_forms(case),
        return_form=return_form(services, case, context),
        link=services.options.workflow_link(case["workflow_id"]),
        zone=zone_of(services.playbook.now, case["store"]),
        is_ticket=case["process"] == "ticket",
    )


async def read_around(connection: AsyncConnection, case: Row, into: int | None = None) -> Around:
    """What the forms of a ticket speak of; nothing for a case of another process."""
    if case["process"] != "ticket":
        return Around()
    return Around(await read_thread(connection, case["id"]), await read_candidates(connection, case), into)


def _merging(case: Row, origins: dict[UUID, int]) -> Merging:
    state = case["state"] or {}
    into = None if state.get("merged_into") is None else JoinedView.model_validate(state["merged_into"])
    return Merging(
        merged=[(one, unmerge_form(one.case_id, one.number)) for one in joined(state)],
        into=into,
        undo=None if into is None else unmerge_form(case["id"], case["number"]),
        duplicates=duplicates(state) if case["status"] not in ("merged", "closed") else [],
        origins=origins,
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
        forms=decision_forms(services, case, Around()),
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
