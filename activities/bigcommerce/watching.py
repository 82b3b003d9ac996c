"""Sees to a store's hooks and finds what they did not tell of (BigCommerce brief, section 11).

BigCommerce switches a hook off after 48 hours of failed calls and plays nothing back, so what changed is looked through by
`min_date_modified` all the same.
"""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities._kit.accounts import BigCommerceAccount
from activities._kit.models import Watched, WatchRequest
from activities.bigcommerce.client import StoreClient
from activities.bigcommerce.documents import moment
from activities.bigcommerce.models import WATCH_STORE
from activities.bigcommerce.quota import nobody_waits
from activities.bigcommerce.stores import Stores
from storage import order_records
from storage.engine import Database

SCOPES = (
    "store/order/created",
    "store/order/updated",
    "store/order/archived",
    "store/order/statusUpdated",
    "store/order/message/created",
    "store/order/refund/created",
    "store/shipment/created",
    "store/shipment/updated",
    "store/shipment/deleted",
)
"""Single scopes: `store/order/*` would bring metafield events, and with them our own writes."""
SECRET_HEADER = "x-casework-secret"
_MOST_ORDERS = 1000
"""Orders looked through in one go; what is left comes in the next, at once."""
_OVERLAP = timedelta(minutes=2)
"""The store's clock and ours differ, and a change is dated before it can be read."""
_SECOND = timedelta(seconds=1)


def hook_secret(account: BigCommerceAccount, store: str) -> str:
    """What the hooks we make bring along. It proves where a hook comes from also where BigCommerce tries again hours later."""
    return hmac.new(account.client_secret.encode(), f"hook of {store}".encode(), hashlib.sha256).hexdigest()


class StoreWatch:
    """Looks after the hooks of all stores. `public_url` is where the stores reach us."""

    def __init__(self, stores: Stores, database: Database, public_url: str) -> None:
        self._stores = stores
        self._database = database
        self._public_url = public_url.rstrip("/")

    @activity.defn(name=WATCH_STORE)
    async def watch(self, request: WatchRequest) -> Watched:
        """Creates the hooks that are missing, switches on those that are off, and has every order of an open case read again
        that changed since. Repeating it changes nothing.

        Raises Transient, and NeedsOperator where the store refuses us.
        """
        nobody_waits.set(True)
        client = self._stores.client(request.account)
        provable = client.account.client_secret
        created, switched_on = await self._see_to_hooks(client, request.account) if provable else ((), ())
        begun = datetime.now(UTC)
        orders = await client.orders_changed((request.since - _OVERLAP).isoformat(), most=_MOST_ORDERS)
        changed_at = {str(order["id"]): moment(order["date_modified"]) for order in orders}
        async with self._database.begin() as connection:
            known = await order_records.orders_changed_at(connection, request.account, changed_at)
        more = len(orders) >= _MOST_ORDERS
        until = max(changed_at.values()) if more else begun
        return Watched(
            until=max(until, request.since + _SECOND) if more else max(until, request.since),
            more=more,
            changed=known,
            created=created,
            switched_on=switched_on,
        )

    async def _see_to_hooks(self, client: StoreClient, store: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        destination = f"{self._public_url}/webhooks/bigcommerce/{store}"
        held = {hook["scope"]: hook for hook in await client.hooks(destination)}
        headers = {SECRET_HEADER: hook_secret(client.account, store)}
        missing = [scope for scope in SCOPES if scope not in held]
        for scope in missing:
            await client.create_hook(scope, destination, headers)
        off = [scope for scope in SCOPES if scope in held and not held[scope]["is_active"]]
        for scope in off:
            await client.switch_on_hook(int(held[scope]["id"]))
        return tuple(missing), tuple(off)
