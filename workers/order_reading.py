"""Keeps what is known of the orders of open cases fresh, in the background."""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from activities._kit.errors import OutsideError
from activities.bigcommerce.quota import nobody_waits
from activities.records.order_reading import OrderReading
from activities.records.order_record import OrderRecord
from storage import order_records
from storage.engine import Database

LOOK_EVERY = timedelta(minutes=15)
"""An order of an open case is read again after so long, also where no hook says that it changed."""
LONGEST_PAUSE = timedelta(hours=1)
_SHORTEST_PAUSE = timedelta(seconds=30)
_IDLE_SECONDS = 3.0
_AT_ONCE = 3
"""Orders that one process reads at the same time."""

log = structlog.get_logger()


class OrderReader:
    """One per worker process; several share the work by what each has taken."""

    def __init__(self, database: Database, reading: OrderReading) -> None:
        self._database = database
        self._reading = reading

    async def run(self) -> None:
        """Works until cancelled. An outage of the database is waited out."""
        nobody_waits.set(True)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._read_for_ever())
            tasks.create_task(self._note_for_ever())

    async def _note_for_ever(self) -> None:
        while True:
            try:
                async with self._database.begin() as connection:
                    await order_records.note_orders(connection)
            except SQLAlchemyError as error:
                log.warning("Orders of open cases cannot be noted; trying again.", error=str(error))
            await asyncio.sleep(_IDLE_SECONDS)

    async def _read_for_ever(self) -> None:
        while True:
            try:
                while await self.read_one():
                    pass
            except SQLAlchemyError as error:
                log.warning("Orders cannot be kept; trying again.", error=str(error))
            await asyncio.sleep(_IDLE_SECONDS)

    async def read_one(self) -> bool:
        """Reads the order that has waited longest. False where none waits."""
        async with self._database.begin() as connection:
            order = await order_records.take_due(connection)
        if order is None:
            return False
        begun = datetime.now(UTC)
        try:
            before = None if order.content is None else OrderRecord.model_validate(order.content)
            record = await self._reading.read(order.store, order.order_id, before)
        except (OutsideError, ValidationError) as error:
            asked_for = getattr(error, "next_retry_delay", None)
            pause = asked_for or min(_SHORTEST_PAUSE * 2 ** min(order.failures, 8), LONGEST_PAUSE)
            words = error.message if isinstance(error, OutsideError) else f"it could not be understood: {error}"
            log.warning("An order could not be read.", store=order.store, order=order.order_id, error=words)
            async with self._database.begin() as connection:
                await order_records.put_off(connection, order, words, pause)
            return True
        async with self._database.begin() as connection:
            content = record.model_dump(mode="json")
            await order_records.keep(connection, order.store, order.order_id, content, begun, LOOK_EVERY)
        return True
