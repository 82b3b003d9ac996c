"""Sees to the hooks of a ShipStation account. A hook that fails is not switched off there, so only a missing one is mended.

What hooks did not tell of is found by reading the orders of open cases again."""

from datetime import UTC, datetime

import httpx
from temporalio import activity

from activities._kit.accounts import Accounts
from activities._kit.models import Watched, WatchRequest
from activities.carriers.models import WATCH_CARRIER
from activities.carriers.shipstation import client_of

_EVENT = "track"


class CarrierWatch:
    """Looks after the hooks of all carrier accounts. `public_url` is where ShipStation reaches us."""

    def __init__(self, accounts: Accounts, client: httpx.AsyncClient, public_url: str) -> None:
        self._accounts = accounts
        self._http = client
        self._public_url = public_url.rstrip("/")

    @activity.defn(name=WATCH_CARRIER)
    async def watch(self, request: WatchRequest) -> Watched:
        """Creates the hook of parcels that moved where it is missing. Repeating it changes nothing.

        Raises Transient, and NeedsOperator where the account refuses us.
        """
        client = client_of(self._accounts, request.account, self._http)
        until, address = datetime.now(UTC), f"{self._public_url}/webhooks/shipstation/{request.account}"
        if any((hook["event"], hook["url"]) == (_EVENT, address) for hook in await client.hooks()):
            return Watched(until=until)
        await client.create_hook(_EVENT, address)
        return Watched(until=until, created=(_EVENT,))
