"""Which forms a case shows now, and what they are filled with."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from api.deciding import decisions_of
from api.pages.forms import Form, Setting, form_fields, new_form
from api.pages.words import intent_name, moment, named
from api.services import Services
from api.views.returns import ReturnLine, return_lines
from domain.playbook import Playbook
from domain.triage import Intent
from storage.reading_case import Row
from workflows._kit.contract import Decision, Unblock
from workflows.rma.contract import Disposition, StartReturn
from workflows.ticket.contract import Merge, Split, Unmerge, WaiveReference


@dataclass(frozen=True)
class Around:
    """What stands around a case and its forms speak of: the messages of its thread, numbers and titles of the tickets it may
    be merged into, and the one that was picked already."""

    messages: list[Row] = field(default_factory=list)
    tickets: list[tuple[int, str]] = field(default_factory=list)
    into: int | None = None


_TICKET_HIDDEN = {
    "open": {"reopen"},
    "waiting": {"reopen"},
    "resolved": {"resolve", "snooze", "wait"},
    "closed": {"reply", "resolve", "snooze", "wait", "assign", "retag", "merge", "split"},
    "merged": {"reply", "resolve", "snooze", "wait", "assign", "retag", "reopen", "merge", "split"},
}
"""Decisions that make no sense at a status; all others of the process are shown."""

_ELSEWHERE = {"unmerge", "waive_reference"}
"""Decisions of a ticket that stand beside what they are about: the other ticket, the reference."""

_RETURN_SHOWN = {
    "approve": {"awaiting_approval"},
    "refuse": {"awaiting_approval"},
    "receive": {"awaiting_goods", "inspecting"},
    "inspect": {"awaiting_goods", "inspecting"},
    "settle": {"settling"},
    "cancel": {"requested", "awaiting_approval", "awaiting_goods", "inspecting"},
}
"""Stages at which a known decision of a return is shown; one that is not named here is always shown."""


def decision_forms(services: Services, case: Row, around: Around) -> list[Form]:
    """A form for each decision that can be taken now."""
    process = services.processes.get(case["process"])
    if process is None:
        return []
    shown = [model for model in decisions_of(process) if model is not Unblock and _is_shown(case, model)]
    forms = [decision_form(services, case, model, around) for model in shown]
    return [form for form in forms if form.kind != Split.kind or len(around.messages) > 1]


def decision_form(services: Services, case: Row, model: type[Decision], around: Around) -> Form:
    """The form of one decision, filled with what the case is now."""
    help_text = " ".join((model.__doc__ or "").replace("`", "").split())
    fields = form_fields(model, _setting(services.playbook.now, case, model.kind, around))
    key = f"{model.kind}-{case['number']}"
    preview = f"/tickets/{case['id']}/{model.kind}" if model in (Merge, Split) else ""
    return new_form(key, model.kind, model.title, help_text, _action(case), case["revision"], fields, preview)


def waive_form(case: Row, kind: str, value: str) -> Form:
    """The form that says that one reference needs no answer."""
    fields = form_fields(WaiveReference, Setting(fixed={"value": value, "reference_kind": kind}))
    key = f"waive-{hashlib.sha256(f'{kind} {value}'.encode()).hexdigest()[:12]}"
    return new_form(key, WaiveReference.kind, "Needs no answer", "", _action(case), case["revision"], fields)


def unmerge_form(case_id: UUID, number: int) -> Form:
    """The form that takes a merged ticket out again."""
    return new_form(f"unmerge-{number}", Unmerge.kind, "Undo", "", f"/cases/{case_id}/decisions", None, ())


def unblock_forms(case: Row) -> list[tuple[dict[str, Any], Form]]:
    """For each call that is stuck: what it is, and the form that decides it."""
    found = []
    for effect in (case["state"] or {}).get("effects") or []:
        if effect.get("status") == "blocked":
            found.append((effect, unblock_form(case, effect["op_key"])))
    return found


def unblock_form(case: Row, op_key: str) -> Form:
    fields = form_fields(Unblock, Setting(fixed={"op_key": op_key}))
    help_text = "Try it again, note that it was done by hand, or leave it out."
    return new_form(f"unblock-{op_key}", Unblock.kind, Unblock.title, help_text, _action(case), case["revision"], fields)


def return_form(services: Services, ticket: Row, context: dict[str, Any] | None) -> Form | None:
    """The form to begin a return of lines of the customer's orders; None where no order is known."""
    orders = [order for order in named_first(ticket, context) if order.get("lines")]
    if ticket["process"] != "ticket" or "rma" not in services.processes or not orders:
        return None
    rows = _returnable_rows(orders)
    reasons = [(reason, named(reason)) for reason in services.playbook.now.returns.reasons]
    fixed = {"ticket_id": str(ticket["id"]), "store": ticket["store"]}
    fields = form_fields(StartReturn, Setting(choices={"reason": reasons}, rows={"lines": rows}, fixed=fixed))
    help_text = "Give the quantity of each line that comes back, with its reason. Lines of several orders may come together."
    action = f"/tickets/{ticket['id']}/returns"
    return new_form("start-return", "start_return", "Begin a return", help_text, action, None, fields)


def named_first(case: Row, context: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The orders the store gave, those that the case is about before the customer's other ones."""
    return sorted((context or {}).get("orders") or [], key=lambda order: order["order_id"] not in case["orders"])


def _returnable_rows(orders: list[dict[str, Any]]) -> list[tuple[str, dict[str, str], dict[str, int]]]:
    rows = []
    for order in orders:
        for line in order["lines"]:
            left = max(0, line["quantity"] - line["quantity_refunded"])
            if left:
                label = f"{order['order_id']} · {line['sku']} · {line['name']} · up to {left}"
                rows.append((label, {"order_id": order["order_id"], "line_id": line["line_id"]}, {"quantity_at_most": left}))
    return rows


def zone_of(playbook: Playbook, store: str) -> str:
    """The time zone of a store's calendar; UTC where the playbook no longer has the store."""
    known = playbook.stores.get(store)
    return "UTC" if known is None else playbook.calendars[playbook.service_levels[known.service_level].calendar].zone


def _action(case: Row) -> str:
    return f"/cases/{case['id']}/decisions"


def _is_shown(case: Row, model: type[Decision]) -> bool:
    if case["process"] == "ticket":
        return model.kind not in _TICKET_HIDDEN.get(case["status"], set()) | _ELSEWHERE
    if case["process"] == "rma":
        return case["stage"] in _RETURN_SHOWN.get(model.kind, {case["stage"]})
    return True


def _setting(playbook: Playbook, case: Row, kind: str, around: Around) -> Setting:
    state: dict[str, Any] = case["state"] or {}
    zone = zone_of(playbook, case["store"])
    if case["process"] == "rma":
        return Setting(rows={"lines": _return_rows(kind, return_lines(case), state)}, zone=zone)
    store = playbook.stores.get(case["store"])
    tiers = [] if store is None else sorted(playbook.service_levels[store.service_level].targets)
    choices = {
        "owner": [(person.name, f"{person.name} ({person.role.value})") for person in playbook.people],
        "queue": [(key, queue.title) for key, queue in playbook.queues.items()],
        "intent": [(intent.value, intent_name(intent.value)) for intent in Intent],
        "tier": [(tier, named(tier)) for tier in tiers],
    }
    still_open = [one for one in state.get("references") or [] if one.get("state") == "open"]
    choices |= {
        "into": [(str(number), title) for number, title in around.tickets],
        "message_ids": [(str(message["id"]), _gist(message)) for message in around.messages],
        "answers": [(one["value"], f"{named(one['kind'])} {one['value']}") for one in still_open if len(still_open) > 1],
    }
    values: dict[str, Any] = {}
    if kind == "merge":
        values = {"into": around.into}
    elif kind == "assign":
        values = {"owner": case["owner"], "queue": case["queue"]}
    elif kind == "retag":
        values = {"intent": case["intent"], "tags": state.get("tags") or [], "tier": state.get("tier")}
    return Setting(values=values, choices=choices, zone=zone)


def _gist(message: Row) -> str:
    """Who wrote when, and how it begins."""
    sender = message["sender"].get("name") or message["sender"].get("email") or message["sender"].get("phone") or "unknown"
    words = " ".join(message["text"].split())
    return f"{sender}, {moment(message['at'])}: {words[:100]}{'…' if len(words) > 100 else ''}"


def _return_rows(kind: str, lines: list[ReturnLine], state: dict[str, Any]) -> list[Any]:
    rows: list[Any] = []
    for line in lines:
        name = f"Line {line.line} · {line.sku or line.line_id}"
        found: dict[str, int] = (line.model_extra or {}).get("found") or {}
        if kind == "receive" and line.received < line.quantity:
            left = line.quantity - line.received
            rows.append((f"{name} · {left} to come", {"line": line.line}, {"quantity": left, "quantity_at_most": left}))
        elif kind == "inspect":
            left = line.quantity - sum(found.values())
            for disposition in Disposition if left else ():
                fixed = {"line": line.line, "disposition": disposition.value}
                rows.append((f"{name} · {named(disposition.value).lower()}", fixed, {"quantity_at_most": left}))
        elif kind == "settle":
            rows.append((f"{name} · {line.accepted or 0} accepted of {line.quantity}", {"line": line.line}, {}))
    return rows
