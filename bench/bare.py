"""The yardstick: a Temporal workflow with a ticket's shape and nothing in it. Same signals, timers and calls, empty activities.

The sandbox imports this module for every workflow, so it imports little.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

QUEUE = "bare"
READ = "bare.read"
SHOW = "bare.show"
SEND = "bare.send"

_FIRST_DEADLINE = timedelta(hours=1)


@dataclass
class BareInput:
    case_id: str
    window_seconds: float


@activity.defn(name=READ)
async def read(case_id: str) -> str:
    return case_id


@workflow.defn(name="bare")
class BareTicket:
    """Local read and show, a timer; a signal with a call; a signal with a show and a shorter timer; a last show."""

    @workflow.init
    def __init__(self, start: BareInput) -> None:
        self._arrived: list[str] = []

    @workflow.signal
    def message(self, word: str) -> None:
        self._arrived.append(word)

    @workflow.run
    async def run(self, start: BareInput) -> str:
        await self._local(READ, start.case_id)
        await self._local(SHOW, start.case_id)
        first = asyncio.create_task(workflow.sleep(_FIRST_DEADLINE))
        await workflow.wait_condition(lambda: len(self._arrived) >= 2)
        await workflow.execute_activity(SEND, start.case_id, start_to_close_timeout=timedelta(seconds=55))
        await workflow.wait_condition(lambda: len(self._arrived) >= 3)
        await self._local(SHOW, start.case_id)
        first.cancel()
        await workflow.sleep(start.window_seconds)
        await self._local(SHOW, start.case_id)
        return "closed"

    async def _local(self, name: str, case_id: str) -> None:
        await workflow.execute_local_activity(name, case_id, schedule_to_close_timeout=timedelta(seconds=4))
