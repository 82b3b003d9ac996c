"""What the routing rules say about a ticket."""

from pydantic import Field

from activities.records.routing import facts_of
from api.views.parts import View
from domain.playbook import Playbook
from domain.routing import route, tried
from storage.reading_routing import StoredTicket


class TriedView(View):
    """A rule that was tried: what fits, or the first condition that does not."""

    rule: str = Field(examples=["gold quotes"])
    matched: bool = Field(examples=[False])
    why: str = Field(examples=["the intent is wismo, not quote or wholesale_price"])


class RoutingView(View):
    """Where the rules would send a ticket. `tried` has the rules from the top to the one that takes it."""

    queue: str = Field(examples=["sales"])
    owner: str = Field(description="the rule's own, or else the queue's", examples=["Martin Krause"])
    tags: list[str] = Field(examples=[["credit"]])
    rule: str | None = Field(description="null where no rule fits", examples=["gold quotes"])
    reason: str = Field(examples=["Rule “gold quotes”: store northwind-tools, intent quote, tier gold."])
    tried: list[TriedView]


def routing_view(playbook: Playbook, ticket: StoredTicket) -> RoutingView:
    """The rules tried on a ticket as it is stored. Raises NotTriaged."""
    facts = facts_of(ticket)
    routed = route(playbook.routing, facts, playbook.tickets.default_queue)
    attempts = [attempt.model_dump() for attempt in tried(playbook.routing, facts)]
    owner = routed.owner or playbook.queues[routed.queue].owner
    return RoutingView.model_validate({**routed.model_dump(), "owner": owner, "tried": attempts})
