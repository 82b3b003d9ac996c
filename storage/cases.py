"""What activities read of a case, and the little they write beside its publications."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.effects import EffectState
from domain.playbook import Playbook
from storage.tables import attachments, cases, contexts, effects, messages, playbook_versions

Row = dict[str, Any]


STATE: sql.ColumnElement[Any] = sql.case(
    (cases.c.policy.is_(None), cases.c.state),
    else_=cases.c.state.op("||")(sql.func.jsonb_build_object("policy", cases.c.policy)),
).label("state")
"""The whole state model, with the rules the case was born with."""
WHOLE = (*(column for column in cases.c if column.name not in ("state", "policy")), STATE)
"""The columns of a case, its state whole."""


class UnknownCase(LookupError):
    """No case or message has this id: a defect, since ids come from our own records."""


async def read_birth(connection: AsyncConnection, case_id: UUID) -> Row:
    """The row of a case, with its whole state. Raises UnknownCase."""
    found = await connection.execute(sql.select(*WHOLE).where(cases.c.id == case_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownCase(f"no case {case_id}")
    return dict(row)


async def read_inbound(connection: AsyncConnection, case_id: UUID) -> list[Row]:
    """All messages that came in for a case, oldest first, each with its `filenames`."""
    query = _with_names().where(messages.c.case_id == case_id, messages.c.direction == "in").order_by(messages.c.at)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _with_names() -> sql.Select[Any]:
    names = sql.select(attachments.c.filename).where(attachments.c.message_id == messages.c.id).order_by(attachments.c.id)
    return sql.select(messages, sql.func.array(names.scalar_subquery()).label("filenames"))


async def languages_of(connection: AsyncConnection, message: Row, but_not: UUID) -> list[str]:
    """The languages of the latest tickets that the sender of a message wrote in, newest first."""
    email = message["sender"].get("email")
    if not email:
        return []
    query = (
        sql.select(cases.c.state["language"].astext)
        .join(messages, messages.c.origin_id == cases.c.id)
        .where(messages.c.sender["email"].astext == email, cases.c.id != but_not, cases.c.state.is_not(None))
        .order_by(messages.c.at.desc())
        .limit(3)
    )
    return [language for language in await connection.scalars(query) if language]


async def has_the_last_word(connection: AsyncConnection, case_id: UUID) -> bool:
    """Whether the newest message that a person wrote is ours."""
    query = (
        sql.select(messages.c.direction)
        .where(messages.c.case_id == case_id, messages.c.nature == "person")
        .order_by(messages.c.at.desc(), messages.c.created_at.desc())
        .limit(1)
    )
    return await connection.scalar(query) == "out"


async def read_message(connection: AsyncConnection, message_id: UUID) -> Row:
    """One message with its `filenames`. Raises UnknownCase."""
    row = (await connection.execute(_with_names().where(messages.c.id == message_id))).mappings().one_or_none()
    if row is None:
        raise UnknownCase(f"no message {message_id}")
    return dict(row)


async def latest_sender(connection: AsyncConnection, case_id: UUID) -> str | None:
    """The e-mail address of who wrote last, if the channel gives one."""
    query = (
        sql.select(messages.c.sender["email"].astext)
        .where(messages.c.case_id == case_id, messages.c.direction == "in", messages.c.nature == "person")
        .order_by(messages.c.at.desc())
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def quantities_under_return(
    connection: AsyncConnection, case_id: UUID, store: str, order_ids: Collection[str]
) -> dict[tuple[str, str], int]:
    """Pieces that other returns, not refused nor cancelled, ask back of these orders, by order and line."""
    of_them = [cases.c.start.contains({"lines": [{"order_id": order_id}]}) for order_id in order_ids]
    query = sql.select(cases.c.start).where(
        cases.c.process == "rma",
        cases.c.store == store,
        cases.c.id != case_id,
        cases.c.stage.not_in(("refused", "cancelled")),
        sql.or_(*of_them),
    )
    pieces: Counter[tuple[str, str]] = Counter()
    for start in (await connection.execute(query)).scalars():
        pieces.update({(line["order_id"], line["line_id"]): line["quantity"] for line in start["lines"]})
    return dict(pieces)


async def orders_of_returns(connection: AsyncConnection, store: str, numbers: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The orders that the returns with these numbers take back, by number; what is no return of the store is left out."""
    wanted = [int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) < 19]
    query = sql.select(cases.c.number, cases.c.start).where(
        cases.c.process == "rma", cases.c.store == store, cases.c.number.in_(wanted)
    )
    rows = (await connection.execute(query)).all()
    return {str(number): tuple(dict.fromkeys(line["order_id"] for line in start["lines"])) for number, start in rows}


async def keep_context(connection: AsyncConnection, case_id: UUID, content: Row, as_of: Any) -> None:
    """Stores what the store said about a case. Orders that it was asked about before and not now stay as they were."""
    before = await connection.scalar(sql.select(contexts.c.content).where(contexts.c.case_id == case_id).with_for_update())
    if before is not None:
        new = {order["order_id"] for order in content["orders"]}
        content = content | {
            "orders": [*content["orders"], *(order for order in before["orders"] if order["order_id"] not in new)],
            "company": content["company"] or before["company"],
        }
    row = {"case_id": case_id, "content": content, "as_of": as_of}
    statement = insert(contexts).values(row)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["case_id"], set_={"content": statement.excluded.content, "as_of": statement.excluded.as_of}
        )
    )


async def keep_playbook(connection: AsyncConnection, playbook: Playbook) -> None:
    """Stores a playbook version, so that a case can show later by which rules it was judged."""
    row = {"version": playbook.version, "content": playbook.model_dump(mode="json")}
    await connection.execute(insert(playbook_versions).values(row).on_conflict_do_nothing())


async def decide_effect(connection: AsyncConnection, op_key: str, state: EffectState, provider_id: str | None) -> None:
    """Notes what a person decided about an effect that a machine could not finish. An effect that is done stays done."""
    values: Row = {"state": state.value, "looks": 0, "calls": 0, "updated_at": sql.func.clock_timestamp()}
    if provider_id is not None:
        values["provider_id"] = provider_id
    await connection.execute(
        sql.update(effects).where(effects.c.op_key == op_key, effects.c.state != EffectState.DONE.value).values(**values)
    )
