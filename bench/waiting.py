"""Many real tickets that wait for a deadline at a chosen moment, without the minutes it takes to open so many.

One ticket is opened as every ticket is, by a message. The others are rows with its state and a deadline of their own, and the
outbox has their workflows started as it wakes a ticket that had closed: no look-up in the store, but the same workflow, worker
and tables.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sql
from temporalio.client import Client

from domain.sla import ClockName
from storage import intake
from storage.cases import read_birth
from storage.engine import Database
from storage.tables import cases, outbox
from storage.threads import TICKET
from tests.stack.clients import NORTHWIND, Api
from tests.stack.running import Running
from workflows.ticket.state import TicketState

_STORED_AT_ONCE = 200
_LOOKED_AT_ONCE = 20
_LOOK_AGAIN_SECONDS = 0.5
_LATER = timedelta(days=30)
"""What else a ticket promises falls due when no measurement runs any more."""

Done = Callable[[int], None]


async def opened_ticket(stack: Running, database: Database) -> TicketState:
    """The state of a ticket that a message opened, with no warning before its deadlines and no ladder after them."""
    api = Api(stack.ports)
    try:
        ticket_id = await asyncio.to_thread(api.say, "Where is our order? It should have been here last week.")
        await asyncio.to_thread(api.opened, ticket_id)
    finally:
        api.close()
    async with database.begin() as connection:
        state = TicketState.model_validate((await read_birth(connection, UUID(ticket_id)))["state"])
    for clock in state.clocks:
        clock.ladder = None
    state.ask_owner_at = None
    return state


def due(state: TicketState, moment: datetime) -> TicketState:
    """A copy whose first answer is due at `moment`."""
    copy = state.model_copy(deep=True)
    for clock in copy.clocks:
        clock.due_at = moment if clock.name is ClockName.FIRST_RESPONSE else moment + _LATER
    return copy


async def store(database: Database, state: TicketState, moments: Sequence[datetime], title: str, done: Done) -> list[str]:
    """Stores a ticket called `title` for every moment and has the relay start its workflow. Returns the workflows' ids."""
    workflow_ids: list[str] = []
    for first in range(0, len(moments), _STORED_AT_ONCE):
        async with database.begin() as connection:
            some = moments[first : first + _STORED_AT_ONCE]
            rows = [_row(title, await intake.next_number(connection), due(state, moment), moment) for moment in some]
            await connection.execute(sql.insert(cases), rows)
            for row in rows:
                await intake.put_in_outbox(connection, workflow_id=row["workflow_id"], case_id=row["id"], process=TICKET)
        workflow_ids += [row["workflow_id"] for row in rows]
        done(len(rows))
    return workflow_ids


def _row(title: str, number: int, state: TicketState, moment: datetime) -> dict[str, Any]:
    shown = state.model_dump(include={"status", "stage", "queue", "owner", "intent", "orders", "revision", "playbook_version"})
    return shown | {
        "id": uuid4(),
        "process": TICKET,
        "number": number,
        "workflow_id": f"{TICKET}-{number}",
        "store": NORTHWIND,
        "title": title,
        "next_due_at": moment,
        "state": state.model_dump(mode="json"),
    }


async def until_waiting(database: Database, client: Client, workflow_ids: Sequence[str], done: Done) -> None:
    """Returns when each workflow has done its first task, so that nothing but its timer is left."""
    await _until_delivered(database)
    left = list(workflow_ids)
    while left:
        some = left[:_LOOKED_AT_ONCE]
        waits = await asyncio.gather(*(_waits(client, workflow_id) for workflow_id in some))
        left = [each for each, is_waiting in zip(some, waits, strict=True) if not is_waiting] + left[_LOOKED_AT_ONCE:]
        done(sum(waits))
        if not any(waits):
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _until_delivered(database: Database) -> None:
    waiting = sql.select(sql.exists().where(outbox.c.delivered_at.is_(None)))
    while True:
        async with database.begin() as connection:
            if not await connection.scalar(waiting):
                return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _waits(client: Client, workflow_id: str) -> bool:
    described = await client.get_workflow_handle(workflow_id).describe()
    return not described.raw_description.HasField("pending_workflow_task")
