"""The watch of one account: hooks may be lost, switched off or deleted, and nothing that changed is missed for it."""

from datetime import timedelta

from temporalio import workflow

from activities._kit.models import Watched, WatchRequest
from activities.bigcommerce.models import WATCH_STORE, store_queue
from activities.carriers.models import WATCH_CARRIER, carrier_queue
from workflows._kit.calls import look_up_patiently
from workflows.account_watch.contract import WatchInput

_PAUSE = timedelta(minutes=15)
"""Hooks tell of a change at once; this is how long one stays unnoticed that no hook told of."""
_LOOKS = {"bigcommerce": (WATCH_STORE, store_queue), "shipstation": (WATCH_CARRIER, carrier_queue)}


@workflow.defn(name="account_watch")
class AccountWatch:
    @workflow.init
    def __init__(self, watch: WatchInput) -> None:
        self.since = watch.since

    @workflow.run
    async def run(self, watch: WatchInput) -> None:
        """Never ends by itself. Where the provider refuses us, it is asked again until somebody has mended that."""
        while not workflow.info().is_continue_as_new_suggested():
            found = await self._look(watch)
            if not found.more:
                await workflow.sleep(_PAUSE, summary="Until the account is looked at again")
        workflow.continue_as_new(watch.model_copy(update={"since": self.since}))

    async def _look(self, watch: WatchInput) -> Watched:
        activity, queue = _LOOKS[watch.provider]
        wanted = WatchRequest(account=watch.account, since=self.since)
        summary = f"See to the hooks, and to what changed since {self.since:%Y-%m-%d %H:%M} UTC"
        found = await look_up_patiently(activity, wanted, Watched, queue(watch.account), summary)
        self.since = found.until
        mended = [f"created {scope}" for scope in found.created] + [f"switched on {scope}" for scope in found.switched_on]
        workflow.set_current_details(
            f"{watch.account}: what changed until {self.since:%Y-%m-%d %H:%M} UTC is looked through. The last look found "
            f"{found.changed} orders that no hook told of. Hooks: {', '.join(mended) or 'all there and switched on'}."
        )
        return found
