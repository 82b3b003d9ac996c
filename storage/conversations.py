"""Which ticket holds a conversation. Whoever asks first holds it; all who ask about one order wait for one another."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.conversations import Key, Matter
from storage.tables import conversation_keys

_KEY_LIMIT = 60
"""Keys of one message; a list of fifty orders is no conversation."""

_ITEM_LIMIT = 20

# Made once, since making them takes longer than carrying them out.
_LOCK = sql.select(sql.func.pg_advisory_xact_lock(sql.func.hashtextextended(sql.bindparam("name"), 1)))
_HOLDERS = (
    sql.select(*conversation_keys.c["reference", "matter", "line", "case_id"])
    .where(
        conversation_keys.c.store == sql.bindparam("store"),
        conversation_keys.c.party.in_(sql.bindparam("parties", expanding=True)),
        conversation_keys.c.reference.in_(sql.bindparam("references", expanding=True)),
        conversation_keys.c.last_at.between(sql.bindparam("since"), sql.bindparam("until")),
        conversation_keys.c.released_at.is_(None),
    )
    .order_by(conversation_keys.c.id)
)
_claim = insert(conversation_keys)
_CLAIM = _claim.on_conflict_do_update(
    index_elements=["store", "party", "reference", "matter", "line"],
    index_where=conversation_keys.c.released_at.is_(None),
    set_={"last_at": sql.func.greatest(conversation_keys.c.last_at, _claim.excluded.last_at)},
    where=conversation_keys.c.case_id == _claim.excluded.case_id,
)
_WRITTEN_ABOUT = (
    sql.update(conversation_keys)
    .where(conversation_keys.c.case_id == sql.bindparam("of_case"), conversation_keys.c.last_at < sql.bindparam("at"))
    .values(last_at=sql.bindparam("at"))
)


class Held(NamedTuple):
    """`by` is the one ticket that is about all of it, `also` the tickets about some of it."""

    by: UUID | None
    also: tuple[UUID, ...]


NOBODY = Held(None, ())


async def lock(connection: AsyncConnection, store: str, keys: Iterable[Key]) -> None:
    """Until this transaction ends, nobody else looks for, claims or hands over conversations about these orders."""
    for reference in sorted({key.reference for key in keys}):
        await connection.execute(_LOCK, {"name": f"{store}\n{reference}"})


async def find(
    connection: AsyncConnection,
    store: str,
    parties: Iterable[str],
    wanted: frozenset[Key],
    at: datetime,
    window: timedelta,
    but_not: UUID | None = None,
) -> Held:
    """Who holds the conversations `wanted`, if the customer last wrote about them within `window` of `at` (elapsed time)."""
    if not wanted:
        return NOBODY
    asked = {
        "store": store,
        "parties": list(parties),
        "references": sorted({key.reference for key in wanted}),
        "since": at - window,
        "until": at + window,
    }
    found = await connection.execute(_HOLDERS, asked)
    rows = [(_key(row.reference, row.matter, row.line), row.case_id) for row in found if row.case_id != but_not]
    holders = [{case_id for held, case_id in rows if held.is_about_the_same(key)} for key in wanted]
    also = tuple(dict.fromkeys(case_id for _, case_id in rows if any(case_id in each for each in holders)))
    if holders and all(len(each) == 1 for each in holders) and len(set.union(*holders)) == 1:
        return Held(also[0], ())
    return Held(None, also)


async def claim(
    connection: AsyncConnection, case_id: UUID, store: str, party: str, wanted: Iterable[Key], at: datetime
) -> None:
    """Makes a ticket the holder of what nobody holds yet; what it holds already is marked as written about at `at`."""
    rows = [
        {
            "case_id": case_id,
            "origin_id": case_id,
            "store": store,
            "party": party,
            "reference": key.reference,
            "matter": key.matter.value,
            "line": " ".join(sorted(key.items)[:_ITEM_LIMIT]),
            "last_at": at,
        }
        for key in sorted(wanted, key=lambda key: (key.reference, key.matter))[:_KEY_LIMIT]
    ]
    if rows:
        await connection.execute(_CLAIM, rows)


async def written_about(connection: AsyncConnection, case_id: UUID, at: datetime) -> None:
    """The customer wrote in this ticket: the time in which others join it counts from there."""
    await connection.execute(_WRITTEN_ABOUT, {"of_case": case_id, "at": at})


async def give_to_company(connection: AsyncConnection, case_id: UUID, company_id: str) -> None:
    """The party of a ticket turned out to be this company: its colleagues join from now on. What another ticket of the company
    holds is released."""
    party = f"company:{company_id}"
    mine = (
        conversation_keys.c.case_id == case_id,
        conversation_keys.c.released_at.is_(None),
        conversation_keys.c.party != party,
    )
    other = conversation_keys.alias()
    same = [other.c[name] == conversation_keys.c[name] for name in ("store", "reference", "matter", "line")]
    mine_before = sql.and_(other.c.case_id == case_id, other.c.id < conversation_keys.c.id)
    taken = sql.exists().where(*same, other.c.released_at.is_(None), sql.or_(other.c.party == party, mine_before))
    await connection.execute(sql.update(conversation_keys).where(*mine, taken).values(released_at=sql.func.now()))
    await connection.execute(sql.update(conversation_keys).where(*mine).values(party=party))


async def release(connection: AsyncConnection, case_id: UUID) -> None:
    """A closed ticket holds no conversation: the next message begins a new one."""
    await connection.execute(
        sql.update(conversation_keys)
        .where(conversation_keys.c.case_id == case_id, conversation_keys.c.released_at.is_(None))
        .values(released_at=sql.func.now())
    )


def _key(reference: str, matter: str, line: str) -> Key:
    return Key(reference=reference, matter=Matter(matter), items=frozenset(line.split()))
