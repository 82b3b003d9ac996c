"""Begins the watch of every account that has hooks to see to; one that runs goes on as it is."""

from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities._kit.accounts import Accounts
from workflows._kit.contract import TASK_QUEUE
from workflows.account_watch.contract import WatchInput


async def begin_watches(client: Client, accounts: Accounts) -> None:
    """Stores without a client secret have no hooks that could be proved, and are looked through all the same."""
    watched = [WatchInput(account=store, since=datetime.now(UTC)) for store in accounts.bigcommerce]
    watched += [WatchInput(provider="shipstation", account=name, since=datetime.now(UTC)) for name in accounts.shipstation]
    for watch in watched:
        await client.start_workflow(
            "account_watch",
            watch,
            id=f"account_watch-{watch.provider}-{watch.account}",
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Hooks and changes of {watch.provider}/{watch.account}",
        )
