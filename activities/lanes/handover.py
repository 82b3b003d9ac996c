"""Hands a settlement to the lane of its order and waits for the answer."""

import asyncio

from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from activities._kit.errors import ByHand, NeedsOperator, Transient
from activities.lanes.models import LANE_UPDATE, LANE_WORKFLOW, SETTLE, SettlementRequest, SettlementResult, lane_id

_PATIENCE_SECONDS = 25.0
"""Shorter than the activity's time-out: a lane that is busy is asked again, under the same update id."""


class Lanes:
    """The lanes of all orders. `task_queue` is where their workflows run."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    @activity.defn(name=SETTLE)
    async def settle(self, request: SettlementRequest) -> SettlementResult:
        """Raises Transient while the lane is still at it, NeedsOperator with the lane's words where it is blocked, ByHand
        where a person has to do it."""
        start = WithStartWorkflowOperation(
            LANE_WORKFLOW,
            {"store": request.store, "order_id": request.order_id},
            id=lane_id(request.store, request.order_id),
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Money of order {request.order_id}, one settlement at a time",
        )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                result: SettlementResult = await self._client.execute_update_with_start_workflow(
                    LANE_UPDATE,
                    request,
                    start_workflow_operation=start,
                    id=f"{request.op_key}.{request.attempt}",
                    result_type=SettlementResult,
                )
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise Transient(f"Order {request.order_id} is still being settled.") from None
        except (RPCError, WorkflowUpdateFailedError) as error:
            raise Transient(f"The order's lane could not be reached: {error}") from error
        if result.blocked and result.by_hand:
            raise ByHand(result.blocked, details=(result.blocked_op_key,))
        if result.blocked:
            raise NeedsOperator(result.blocked)
        return result
