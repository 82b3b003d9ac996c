"""How activities are called: every time-out and retry of a workflow is one of these three."""

from datetime import timedelta
from typing import Any, TypeVar, overload

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import RetryPolicy

Result = TypeVar("Result", bound=BaseModel)

_LOOK_UP_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
_PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5))
_EFFECT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


@overload
async def look_up(activity: str, argument: BaseModel, result: None, summary: str) -> None: ...
@overload
async def look_up(activity: str, argument: BaseModel, result: type[Result], summary: str) -> Result: ...
async def look_up(activity: str, argument: BaseModel, result: type[Result] | None, summary: str) -> Result | None:
    """Reads and publications, as local activities: short, repeatable, without an effect outside."""
    return await workflow.execute_local_activity(
        activity,
        argument,
        result_type=result,
        start_to_close_timeout=timedelta(seconds=5),
        retry_policy=_LOOK_UP_RETRY,
        summary=summary,
    )


async def look_up_patiently(activity: str, argument: BaseModel, result: type[Result], queue: str, summary: str) -> Result:
    """A read that the provider could not answer at once: asked again until it does."""
    return await workflow.execute_activity(
        activity,
        argument,
        result_type=result,
        task_queue=queue,
        start_to_close_timeout=timedelta(seconds=20),
        retry_policy=_PATIENT_RETRY,
        summary=summary,
    )


async def bring_about(activity: str, argument: dict[str, Any], queue: str, summary: str) -> dict[str, Any]:
    """Money, goods and mail: repeated until the provider answers; the op_key keeps it to one. The time-out is longer than
    an effect may take (activities/_kit/effects.py), so that one attempt is dead before the next begins."""
    return await workflow.execute_activity(
        activity,
        argument,
        result_type=dict,
        task_queue=queue,
        start_to_close_timeout=timedelta(seconds=55),
        retry_policy=_EFFECT_RETRY,
        summary=summary,
    )
