"""What routing rules are asked about: a message as it is read, and a ticket as it is stored."""

from typing import Any

from activities.records.models import ContextFacts, FoundReference
from activities.understanding.models import Reading as Understood
from domain.playbook import Playbook
from domain.references import MessagePart
from domain.routing import Routed, RoutingFacts, route
from storage.reading_routing import StoredTicket

Row = dict[str, Any]


class NotTriaged(LookupError):
    """A ticket has no state that rules could be asked about; the words say so."""


def route_message(playbook: Playbook, message: Row, understood: Understood, context: ContextFacts) -> Routed:
    """Where the rules send the ticket that a message opens. What only quoted text names does not count."""
    facts = RoutingFacts(
        store=message["store"],
        channel=message["channel"],
        language=understood.language,
        intents=understood.intents,
        tier=context.tier or playbook.tickets.default_tier,
        company=context.company,
        company_id=context.company_id,
        references=_said(context.references),
        text=_text(message),
    )
    return route(playbook.routing, facts, playbook.tickets.default_queue)


def facts_of(ticket: StoredTicket) -> RoutingFacts:
    """The same of a stored ticket: its opening message, and intent, tier and company as they are now.

    Raises NotTriaged.
    """
    case, message, state = ticket.case, ticket.message, ticket.case["state"]
    if state is None:
        raise NotTriaged(f"ticket {case['number']} has not been triaged, so there is nothing to ask the rules about")
    named = [FoundReference.model_validate(each) for each in state.get("references", ())]
    intents = (case["intent"], *state.get("intents", ()))
    opening = None if message is None else message["id"]
    return RoutingFacts(
        store=case["store"],
        channel=None if message is None else message["channel"],
        language=state.get("language"),
        intents=tuple(dict.fromkeys(intent for intent in intents if intent)),
        tier=state.get("tier"),
        company=case["company"],
        company_id=ticket.company_id,
        references=_said(tuple(each for each in named if each.message_id in (None, opening))),
        text="" if message is None else _text(message),
    )


def _said(references: tuple[FoundReference, ...]) -> tuple[FoundReference, ...]:
    return tuple(each for each in references if each.part is not MessagePart.QUOTED)


def _text(message: Row) -> str:
    return f"{message['subject']}\n{message['text']}"
