"""`casework route`: what the routing rules would do with tickets that are there."""

from collections.abc import Callable, Iterator, Sequence

from activities.records.routing import NotTriaged
from api.views.routing import routing_view
from domain.playbook import Playbook
from storage.reading_routing import StoredTicket, read_tickets
from workers import database
from workers.errors import CommandError
from workers.playbooks import open_playbook
from workers.settings import Settings


async def dry_run(settings: Settings, numbers: Sequence[int], tell: Callable[[str], None]) -> None:
    """Tells, line by line, which rule takes each ticket, why none before it does, and where the ticket is today.

    Raises CommandError where the database cannot be reached, and at the end where a ticket is unknown or was never triaged.
    """
    playbook = open_playbook(settings.playbook)
    async with database.opened(settings) as opened, opened.begin() as connection:
        tickets = await read_tickets(connection, numbers)
    problems = [f"there is no ticket {number}" for number in dict.fromkeys(numbers) if number not in tickets]
    for ticket in tickets.values():
        try:
            for line in _told(playbook, ticket):
                tell(line)
        except NotTriaged as error:
            problems.append(str(error))
    if problems:
        raise CommandError("; ".join(problems))


def _told(playbook: Playbook, ticket: StoredTicket) -> Iterator[str]:
    case, routing = ticket.case, routing_view(playbook, ticket)
    yield f"Ticket {case['number']}: {case['title']}"
    for attempt in routing.tried:
        yield f"  {'yes' if attempt.matched else 'no '}  {attempt.rule}: {attempt.why}"
    tags = f", tags {', '.join(routing.tags)}" if routing.tags else ""
    yield f"  goes to queue {routing.queue}, owner {routing.owner}{tags}. {routing.reason}"
    yield f"  is today in queue {case['queue']}, owner {case['owner'] or 'nobody'}"
