"""Joining tickets and taking them apart again: what of it is in the tables. What it means to a ticket is in its workflow.

A message keeps in `origin_id` the ticket it would be in without merges, and so does what a ticket holds. A merge moves what
lies in one ticket to another; undoing it moves back what has its origin there. `survivor_id` is where a chain of merges ends,
so that a late message takes one hop.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.messages import MessageNature
from storage.intake import STAGE_NEW, next_number, put_in_outbox
from storage.tables import cases, conversation_keys, messages
from storage.threads import TICKET

MERGING_SIGNAL = "merging"


class Refusal(Exception):
    """It cannot be done; the words go to whoever asked."""


class Other(NamedTuple):
    """The ticket on the other side."""

    case_id: UUID
    number: int


async def merge(connection: AsyncConnection, case_id: UUID, into: int) -> Other:
    """Everything of a ticket moves to ticket number `into`, or to where that one was merged. Repeated, it changes nothing.

    Raises Refusal.
    """
    target = await _numbered(connection, into)
    rows = await _locked(connection, {case_id, target.survivor_id or target.id})
    loser = rows[case_id]
    if loser.merged_into_id is not None:
        holder = await _case(connection, loser.merged_into_id)
        return Other(holder.id, holder.number)
    winner = rows.get(target.survivor_id or target.id)
    if winner is None or winner.id == loser.id:
        raise Refusal(
            f"Ticket #{into} is this ticket." if target.id == case_id else f"Ticket #{into} was merged into this one."
        )
    if winner.survivor_id is not None:
        return await merge(connection, case_id, into)
    _require_fitting(loser, winner)
    moved = (cases.c.id == loser.id, cases.c.survivor_id == loser.id)
    await connection.execute(sql.update(cases).where(sql.or_(*moved)).values(survivor_id=winner.id))
    await connection.execute(sql.update(cases).where(cases.c.id == loser.id).values(merged_into_id=winner.id))
    for table in (messages, conversation_keys):
        await connection.execute(sql.update(table).where(table.c.case_id == loser.id).values(case_id=winner.id))
    await tell(connection, winner.id, {"kind": "absorb", "ticket": str(loser.id), "id": str(uuid4())})
    return Other(winner.id, winner.number)


async def unmerge(connection: AsyncConnection, case_id: UUID) -> None:
    """What has its origin in a merged ticket, or in those merged into it before, moves back. Repeated, it changes nothing."""
    ticket = await _case(connection, case_id)
    if ticket.survivor_id is None:
        return
    rows = await _locked(connection, {case_id, ticket.survivor_id})
    if rows[case_id].survivor_id != ticket.survivor_id:
        return await unmerge(connection, case_id)
    family = await family_of(connection, case_id)
    above = await _above(connection, rows[case_id].merged_into_id)
    await connection.execute(sql.update(cases).where(cases.c.id == case_id).values(merged_into_id=None, survivor_id=None))
    others = [member for member in family if member != case_id]
    await connection.execute(sql.update(cases).where(cases.c.id.in_(others)).values(survivor_id=case_id))
    for table in (messages, conversation_keys):
        mine = (table.c.case_id == ticket.survivor_id, table.c.origin_id.in_(family))
        await connection.execute(sql.update(table).where(*mine).values(case_id=case_id))
    news = {"kind": "release", "ticket": str(case_id), "family": [str(member) for member in family]}
    for each in above:
        await tell(connection, each, news | {"id": str(uuid4())})


async def split(connection: AsyncConnection, case_id: UUID, message_ids: Sequence[UUID], new_id: UUID) -> Other:
    """Moves messages of a ticket into a new one. Repeated with the same `new_id` it changes nothing.

    Raises Refusal: a message is not in this ticket, or one of the two would be left without a message of the customer.
    """
    made = await connection.execute(sql.select(cases.c.id, cases.c.number).where(cases.c.id == new_id))
    if (there := made.one_or_none()) is not None:
        return Other(there.id, there.number)
    ticket = (await _locked(connection, {case_id}))[case_id]
    found = await connection.execute(sql.select(messages).where(messages.c.case_id == case_id).order_by(messages.c.at))
    rows = found.all()
    moving = [row for row in rows if row.id in set(message_ids)]
    if len(moving) != len(set(message_ids)):
        raise Refusal("Not every one of these messages is in this ticket.")
    asked = [row for row in rows if row.direction == "in" and row.nature == MessageNature.PERSON.value]
    if not any(row in moving for row in asked):
        raise Refusal("A new ticket needs at least one message of the customer.")
    if all(row in moving for row in asked):
        raise Refusal("At least one message of the customer must stay.")
    number = await next_number(connection)
    title = next((row.subject for row in moving if row.subject), ticket.title)
    await connection.execute(
        insert(cases).values(
            id=new_id,
            process=TICKET,
            number=number,
            workflow_id=f"{TICKET}-{number}",
            store=ticket.store,
            title=title,
            status="open",
            stage=STAGE_NEW,
            start={"case_id": str(new_id), "number": number, "store": ticket.store, "title": title},
            split_from_id=case_id,
            playbook_version=ticket.playbook_version,
        )
    )
    ids = [row.id for row in moving]
    await connection.execute(sql.update(messages).where(messages.c.id.in_(ids)).values(case_id=new_id, origin_id=new_id))
    await put_in_outbox(connection, workflow_id=f"{TICKET}-{number}", case_id=new_id, process=TICKET)
    return Other(new_id, number)


async def tell(connection: AsyncConnection, case_id: UUID, news: dict[str, Any]) -> None:
    """Has the workflow of a ticket told what became of tickets merged into it."""
    case = await _case(connection, case_id)
    await put_in_outbox(
        connection, workflow_id=case.workflow_id, case_id=case_id, process=TICKET, signal=MERGING_SIGNAL, payload=news
    )


async def survivor_of(connection: AsyncConnection, case_id: UUID) -> UUID | None:
    """Where a merged ticket's messages go; None where it is not merged."""
    return await connection.scalar(sql.select(cases.c.survivor_id).where(cases.c.id == case_id))


async def family_of(connection: AsyncConnection, case_id: UUID) -> list[UUID]:
    """A ticket and all that were merged into it, directly or through others."""
    top = sql.select(cases.c.id).where(cases.c.id == case_id).cte("family", recursive=True)
    below = cases.alias()
    family = top.union(sql.select(below.c.id).join(top, below.c.merged_into_id == top.c.id))
    return list(await connection.scalars(sql.select(family.c.id)))


async def _above(connection: AsyncConnection, case_id: UUID) -> list[UUID]:
    """A ticket and the chain it was merged into."""
    top = sql.select(cases.c.id, cases.c.merged_into_id).where(cases.c.id == case_id).cte("above", recursive=True)
    parent = cases.alias()
    chain = top.union(sql.select(parent.c.id, parent.c.merged_into_id).join(top, parent.c.id == top.c.merged_into_id))
    return list(await connection.scalars(sql.select(chain.c.id)))


def _require_fitting(loser: sql.Row[Any], winner: sql.Row[Any]) -> None:
    if loser.store != winner.store:
        raise Refusal(f"Ticket #{winner.number} belongs to another store: {winner.store}.")
    if loser.company_id and winner.company_id and loser.company_id != winner.company_id:
        raise Refusal(f"Ticket #{winner.number} is of another company: {winner.company}.")


async def _numbered(connection: AsyncConnection, number: int) -> sql.Row[Any]:
    found = await connection.execute(sql.select(cases).where(cases.c.number == number, cases.c.process == TICKET))
    row = found.one_or_none()
    if row is None:
        raise Refusal(f"There is no ticket #{number}.")
    return row


async def _case(connection: AsyncConnection, case_id: UUID) -> sql.Row[Any]:
    return (await connection.execute(sql.select(cases).where(cases.c.id == case_id))).one()


async def _locked(connection: AsyncConnection, case_ids: set[UUID]) -> dict[UUID, sql.Row[Any]]:
    """The rows, locked in the order of their ids, so that two merges never wait for one another in a circle."""
    query = sql.select(cases).where(cases.c.id.in_(case_ids)).order_by(cases.c.id).with_for_update()
    return {row.id: row for row in await connection.execute(query)}
