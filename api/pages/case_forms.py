"""Which forms a case shows now, and what they are filled with."""

from typing import Any

from api.deciding import decisions_of
from api.pages.forms import Form, Setting, form_fields, new_form
from api.pages.words import intent_name, named
from api.services import Services
from api.views.returns import ReturnLine, return_lines
from domain.playbook import Playbook
from domain.triage import Intent
from storage.reading_case import Row
from workflows._kit.contract import Decision, Unblock
from workflows.rma.contract import Disposition, StartReturn

_TICKET_HIDDEN = {
    "open": {"reopen"},
    "waiting": {"reopen"},
    "resolved": {"resolve", "snooze", "wait"},
    "closed": {"reply", "resolve", "snooze", "wait", "assign", "retag"},
    "merged": {"reply", "resolve", "snooze", "wait", "assign", "retag", "reopen"},
}
"""Decisions that make no sense at a status; all others of the process are shown."""

_RETURN_SHOWN = {
    "approve": {"awaiting_approval"},
    "refuse": {"awaiting_approval"},
    "receive": {"awaiting_goods", "inspecting"},
    "inspect": {"awaiting_goods", "inspecting"},
    "settle": {"settling"},
    "cancel": {"requested", "awaiting_approval", "awaiting_goods", "inspecting"},
}
"""Stages at which a known decision of a return is shown; one that is not named here is always shown."""


def decision_forms(services: Services, case: Row) -> list[Form]:
    """A form for each decision that can be taken now."""
    process = services.processes.get(case["process"])
    if process is None:
        return []
    shown = [model for model in decisions_of(process) if model is not Unblock and _is_shown(case, model)]
    return [decision_form(services, case, model) for model in shown]


def decision_form(services: Services, case: Row, model: type[Decision]) -> Form:
    """The form of one decision, filled with what the case is now."""
    help_text = " ".join((model.__doc__ or "").replace("`", "").split())
    fields = form_fields(model, _setting(services.playbook, case, model.kind))
    return new_form(
        f"{model.kind}-{case['number']}", model.kind, model.title, help_text, _action(case), case["revision"], fields
    )


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


def return_forms(services: Services, ticket: Row, context: dict[str, Any] | None) -> list[Form]:
    """A form to begin a return for each order that the ticket is about."""
    if ticket["process"] != "ticket" or "rma" not in services.processes:
        return []
    return [start_return_form(services, ticket, order) for order in named_first(ticket, context) if order.get("lines")]


def named_first(case: Row, context: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The orders the store gave, those that the case is about before the customer's other ones."""
    return sorted((context or {}).get("orders") or [], key=lambda order: order["order_id"] not in case["orders"])


def start_return_form(services: Services, ticket: Row, order: dict[str, Any]) -> Form:
    rows = []
    for line in order["lines"]:
        left = max(0, line["quantity"] - line["quantity_refunded"])
        if left:
            label = f"{line['sku']} · {line['name']} · up to {left}"
            rows.append((label, {"order_id": order["order_id"], "line_id": line["line_id"]}, {"quantity_at_most": left}))
    reasons = [(reason, named(reason)) for reason in services.playbook.returns.reasons]
    setting = Setting(
        choices={"reason": reasons},
        rows={"lines": rows},
        fixed={"ticket_id": str(ticket["id"]), "store": ticket["store"]},
    )
    title = f"Return of order {order['order_id']}"
    help_text = "Give the quantity of each line that comes back, with its reason."
    action = f"/tickets/{ticket['id']}/returns"
    fields = form_fields(StartReturn, setting)
    return new_form(f"return-{order['order_id']}", order["order_id"], title, help_text, action, None, fields)


def zone_of(playbook: Playbook, store: str) -> str:
    """The time zone of a store's calendar; UTC where the playbook no longer has the store."""
    known = playbook.stores.get(store)
    return "UTC" if known is None else playbook.calendars[playbook.service_levels[known.service_level].calendar].zone


def _action(case: Row) -> str:
    return f"/cases/{case['id']}/decisions"


def _is_shown(case: Row, model: type[Decision]) -> bool:
    if case["process"] == "ticket":
        return model.kind not in _TICKET_HIDDEN.get(case["status"], set())
    if case["process"] == "rma":
        return case["stage"] in _RETURN_SHOWN.get(model.kind, {case["stage"]})
    return True


def _setting(playbook: Playbook, case: Row, kind: str) -> Setting:
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
    values: dict[str, Any] = {}
    if kind == "assign":
        values = {"owner": case["owner"], "queue": case["queue"]}
    elif kind == "retag":
        values = {"intent": case["intent"], "tags": state.get("tags") or [], "tier": state.get("tier")}
    return Setting(values=values, choices=choices, zone=zone)


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
