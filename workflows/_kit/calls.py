"""How activities are called: every time-out and retry of a workflow is one of these three."""

from datetime import timedelta
from typing import Any, TypeVar, overload

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError, FailureError, is_cancelled_exception

from workflows._kit.contract import TASK_QUEUE

Result = TypeVar("Result", bound=BaseModel)

_LOOK_UP_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=4)
"""The time-out of a local activity does not run while it waits between attempts, so their number ends it, after 1.5 s."""

_PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5))
_EFFECT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))

_MENDING = timedelta(minutes=15)
"""So long after a final failure of a look-up it is tried again."""


@overload
async def look_up(activity: str, argument: BaseModel, result: None, summary: str) -> None: ...
@overload
async def look_up(activity: str, argument: BaseModel, result: type[Result], summary: str) -> Result: ...
async def look_up(activity: str, argument: BaseModel, result: type[Result] | None, summary: str) -> Result | None:
    """Reads and publications: short, repeatable, without an effect outside. First as a local activity, which costs least;
    one that cannot answer in a few seconds goes on as an activity that operators see."""
    try:
        return await workflow.execute_local_activity(
            activity,
            argument,
            result_type=result,
            schedule_to_close_timeout=timedelta(seconds=4),
            retry_policy=_LOOK_UP_RETRY,
            summary=summary,
        )
    except FailureError as error:
        # Not ActivityError: a local activity that failed raises what it failed with, and one that timed out raises
        # ActivityError when it happens but TimeoutError when it is replayed.
        if is_cancelled_exception(error):
            raise
        return await look_up_patiently(activity, argument, result, TASK_QUEUE, summary)


@overload
async def look_up_patiently(activity: str, argument: BaseModel, result: None, queue: str, summary: str) -> None: ...
@overload
async def look_up_patiently(activity: str, argument: BaseModel, result: type[Result], queue: str, summary: str) -> Result: ...
@overload
async def look_up_patiently(
    activity: str, argument: BaseModel, result: type[Result] | None, queue: str, summary: str
) -> Result | None: ...
async def look_up_patiently(
    activity: str, argument: BaseModel, result: type[Result] | None, queue: str, summary: str
) -> Result | None:
    """The same, asked again until it is answered. What no repetition mends is asked again after a while, since somebody may
    have mended it: a case is rather late than lost."""
    while True:
        try:
            return await workflow.execute_activity(
                activity,
                argument,
                result_type=result,
                task_queue=queue,
                start_to_close_timeout=timedelta(seconds=20),
                retry_policy=_PATIENT_RETRY,
                summary=summary,
            )
        except ActivityError as error:
            if isinstance(error.cause, CancelledError):
                raise
            await workflow.sleep(_MENDING, summary=f"Somebody must mend this: {summary}")


async def bring_about(activity: str, argument: dict[str, Any], queue: str, summary: str) -> dict[str, Any]:
    """Money, goods and mail: repeated until the provider answers; the op_key keeps it to one. The time-out is longer than
    an effect may take (activities/_kit/effects.py), so that one attempt is dead before the next begins."""
    return await workflow.execute_activity(
        activity,
        argument,
        result_type=dict,
        task_queue=queue,
        start_to_close_timeout=timedelta(seconds=30),
        retry_policy=_EFFECT_RETRY,
        summary=summary,
    )
