"""The life of a process: workers and background work start together, and leave in order when they are told to."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerTuner

logger = logging.getLogger(__name__)

WORKFLOW_SLOTS = 16
"""Workflow tasks at the same time. A task lasts as long as its look-ups, and one that takes longer than its time-out of five
seconds is thrown away and begun again: with more at once than the machine opens in that time, a burst only makes waste. What
waits, waits at the server."""

STICKY_QUEUE_TIMEOUT = timedelta(seconds=1)
"""How long a workflow task waits for the worker that has it in memory. A dead worker costs this long, not ten seconds."""

SHUTDOWN_MARGIN = timedelta(seconds=5)
"""So much longer than running activities may take, a worker has to end."""

POLLER_CHECK_SECONDS = 0.1


@dataclass(frozen=True)
class QueueContents:
    """What one task queue runs. A worker registers every type of its queue."""

    workflows: Sequence[type] = ()
    activities: Sequence[Callable[..., Any]] = ()
    max_task_queue_activities_per_second: float | None = None


@dataclass(frozen=True)
class Background:
    """Work beside the workers or the API: `run` goes on until it is cancelled. If it ends by itself, the process ends."""

    name: str
    run: Callable[[], Coroutine[Any, Any, None]]


class StoppedByItself(RuntimeError):
    """A part that must run as long as its process came to an end."""


def runtime(metrics_port: int | None) -> Runtime:
    """The SDK's runtime, once a process: its log lines join ours, its metrics are served for Prometheus."""
    metrics = PrometheusConfig(bind_address=f"0.0.0.0:{metrics_port}") if metrics_port else None
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    log_lines = LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=log_lines, metrics=metrics))


def build_worker(client: Client, task_queue: str, contents: QueueContents, graceful_shutdown: timedelta) -> Worker:
    """A worker with Casework's tuning. Fixed slots first: what a case needs is small and known."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=contents.workflows,
        activities=contents.activities,
        max_task_queue_activities_per_second=contents.max_task_queue_activities_per_second,
        tuner=WorkerTuner.create_fixed(workflow_slots=WORKFLOW_SLOTS, activity_slots=100, local_activity_slots=100),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(initial=2, maximum=20),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(initial=2, maximum=20),
        sticky_queue_schedule_to_start_timeout=STICKY_QUEUE_TIMEOUT,
        graceful_shutdown_timeout=graceful_shutdown,
    )


async def run_workers(
    client: Client,
    queues: Mapping[str, QueueContents],
    *,
    stop: asyncio.Event,
    background: Iterable[Background] = (),
    graceful_shutdown: timedelta = timedelta(seconds=45),
    ready_file: Path | None = None,
) -> None:
    """Serves the queues until `stop` is set: then takes no new task, lets running activities finish, and returns.

    Raises what a worker or a background task failed with.
    """
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)  # of a process that was killed
    workers = [build_worker(client, name, contents, graceful_shutdown) for name, contents in queues.items()]
    serving = [asyncio.create_task(worker.run(), name=f"queue {worker.task_queue}") for worker in workers]
    announcing = asyncio.create_task(_announce(client, queues, ready_file), name="readiness")
    try:
        async with running(background) as background_tasks:
            try:
                await until_stopped(stop, [*serving, *background_tasks], announcing)
            finally:
                logger.info("stopping: running activities may finish", extra={"seconds": graceful_shutdown.seconds})
                await _shut_down(workers, serving, graceful_shutdown + SHUTDOWN_MARGIN)
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        announcing.cancel()
        await asyncio.gather(announcing, *serving, return_exceptions=True)


async def _shut_down(workers: Sequence[Worker], serving: Sequence[asyncio.Task[None]], limit: timedelta) -> None:
    """Ends the workers. What counts is that their runs end: a worker that failed, or has not begun, answers no shutdown,
    and one whose local activity fails again and again would never end by itself."""
    shutting = [asyncio.create_task(worker.shutdown()) for worker in workers]
    _, hanging = await asyncio.wait(serving, timeout=limit.total_seconds())
    for task in hanging:
        logger.warning("left without its last task: %s", task.get_name())
        task.cancel()
    for task in shutting:
        task.cancel()
    await asyncio.gather(*shutting, return_exceptions=True)


async def until_stopped(stop: asyncio.Event, parts: Sequence[asyncio.Task[Any]], *steps: asyncio.Task[Any]) -> None:
    """Returns when `stop` is set.

    Raises the error of a part or a step, or StoppedByItself where a part just ended. A step may end when it is done.
    """
    stopping = asyncio.create_task(stop.wait())
    waiting: set[asyncio.Task[Any]] = {stopping, *parts, *steps}
    try:
        while not stop.is_set():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                await task
                if task not in steps:
                    raise StoppedByItself(f"{task.get_name()} ended though nobody stopped it")
    finally:
        stopping.cancel()


@contextlib.asynccontextmanager
async def running(background: Iterable[Background]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Runs the background work during the block and ends it afterwards."""
    tasks = [asyncio.create_task(work.run(), name=work.name) for work in background]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. The SDK installs no handlers, and as process 1 the default does nothing."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _announce(client: Client, queues: Mapping[str, QueueContents], ready_file: Path | None) -> None:
    """Waits until the server sees this process poll every queue, then says so."""
    for name, contents in queues.items():
        if contents.workflows:
            await _until_polled(client, name, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
        if contents.activities:
            await _until_polled(client, name, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
    logger.info("ready", extra={"queues": list(queues)})
    if ready_file is not None:
        ready_file.write_text("\n".join(queues))


async def _until_polled(client: Client, task_queue: str, kind: TaskQueueType.ValueType) -> None:
    request = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind)
    while True:
        answer = await client.workflow_service.describe_task_queue(request)
        if any(poller.identity == client.identity for poller in answer.pollers):
            return
        await asyncio.sleep(POLLER_CHECK_SECONDS)
