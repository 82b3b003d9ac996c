"""What a ticket has to answer: the references its messages name, each open until it is answered or waived."""

from collections.abc import Iterable

from activities.records.models import FoundReference
from domain.references import MessagePart, Reference, bare
from workflows.ticket.state import ReferenceState, TicketReference


def with_new(known: list[TicketReference], found: Iterable[FoundReference]) -> list[TicketReference]:
    """The references of a ticket and those of one more message, each once. What was found out about one since is kept; one
    that the customer names again after it was settled is open again."""
    merged = {name_of(named): named for named in known}
    for named in found:
        key = name_of(named)
        before = merged.get(key)
        state = ReferenceState.WAIVED if named.part is MessagePart.QUOTED else ReferenceState.OPEN
        if before is None:
            merged[key] = TicketReference(**named.model_dump(), state=state)
        elif named.part is not MessagePart.QUOTED or before.found is None:
            update = {"state": state if named.part is not MessagePart.QUOTED else before.state}
            if before.found is None or named.score > before.score:
                update |= {name: getattr(named, name) for name in ("found", "score", "orders")}
            merged[key] = before.model_copy(update=update)
    return list(merged.values())


def looked_up(known: list[TicketReference], found: Iterable[FoundReference]) -> list[TicketReference]:
    """The same references with what a later look-up found out about them."""
    answers = {name_of(named): named for named in found}
    return [
        named.model_copy(update={"found": answer.found, "score": answer.score, "orders": answer.orders})
        if (answer := answers.get(name_of(named)))
        else named
        for named in known
    ]


def settled(named: TicketReference) -> TicketReference:
    """Answered, if it was open."""
    return named.model_copy(update={"state": ReferenceState.ANSWERED}) if named.state is ReferenceState.OPEN else named


def waived(named: TicketReference) -> TicketReference:
    """Waived, if it was open."""
    return named.model_copy(update={"state": ReferenceState.WAIVED}) if named.state is ReferenceState.OPEN else named


def settled_by_reply(known: list[TicketReference], answers: list[str]) -> list[TicketReference]:
    """What a reply answers: the references it names; the only open one also where it is not named."""
    still_open = [named for named in known if named.state is ReferenceState.OPEN]
    if len(still_open) == 1:
        return [settled(named) for named in known]
    return [settled(named) if named.value in answers else named for named in known]


def name_of(named: Reference) -> str:
    """What tells one reference from another, however it is written."""
    return f"{named.kind.value}:{bare(named.value)}"


def kept_after_split(known: list[TicketReference], kept: tuple[str, ...]) -> list[TicketReference]:
    """Without those that only the messages that left had named."""
    return [named for named in known if name_of(named) in kept or named.message_id is None]


def in_words(references: list[TicketReference]) -> str:
    """`order 10401, purchase order PO-77120`."""
    return ", ".join(f"{named.kind.value.replace('_', ' ')} {named.value}" for named in references)
