"""Rows of the `effects` table: what the product wants done in the outside world and how far it has come."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sql
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.effects import EffectKind, EffectState
from storage.tables import effects


class EffectRow(BaseModel):
    """One effect as stored. `age` is the time since its last change, by the database's clock."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    op_key: str
    case_id: UUID
    kind: EffectKind
    provider: str
    account: str
    request: dict[str, Any]
    request_hash: str
    state: EffectState
    looks: int
    calls: int
    provider_id: str | None
    amount: Decimal | None
    currency: str | None
    result: dict[str, Any] | None
    error: str | None
    updated_at: AwareDatetime
    age: timedelta


# clock_timestamp, not now: two changes in one transaction, or a wait for the lock, must not share a moment.
_CLOCK = sql.func.clock_timestamp()
_ROW = (*(effects.c[name] for name in EffectRow.model_fields if name != "age"), (_CLOCK - effects.c.updated_at).label("age"))


async def write_intent(connection: AsyncConnection, **columns: Any) -> None:
    """Writes the intent of an effect. A row that stands already under this op_key stays as it is."""
    row = {**columns, "state": EffectState.INTENDED.value}
    await connection.execute(insert(effects).values(row).on_conflict_do_nothing(index_elements=["op_key"]))


async def lock(connection: AsyncConnection, op_key: str) -> EffectRow | None:
    """The effect, locked until the transaction ends; None where there is none."""
    found = await connection.execute(sql.select(*_ROW).where(effects.c.op_key == op_key).with_for_update())
    row = found.one_or_none()
    return None if row is None else EffectRow.model_validate(row)


async def change(connection: AsyncConnection, op_key: str, **columns: Any) -> EffectRow:
    """Changes columns of a locked effect and returns it as it now is."""
    changed = await connection.execute(
        sql.update(effects).where(effects.c.op_key == op_key).values(**columns, updated_at=_CLOCK).returning(*_ROW)
    )
    return EffectRow.model_validate(changed.one())
