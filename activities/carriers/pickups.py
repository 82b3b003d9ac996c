"""The carrier comes for the parcels of a return, once, and is told once where it need not.

ShipStation takes no key of ours for a pick-up. One is found by its labels among those made since it was asked for; where it is
not found after a lost answer a person decides: two vans cost more than a telephone call (carriers brief, section 8).
"""

from datetime import timedelta

import httpx
from temporalio import activity

from activities._kit.accounts import Accounts
from activities._kit.effects import Done, Effect, EffectLedger, Found
from activities._kit.errors import NeedsOperator
from activities.bigcommerce.models import BuyerAddress
from activities.bigcommerce.stores import Stores
from activities.carriers.models import CANCEL_PICKUP, SCHEDULE_PICKUP, CancelPickupRequest, Pickup, PickupRequest
from activities.carriers.shipstation import Document, ShipStationClient, client_of
from domain.effects import EffectKind
from domain.playbook import Store
from playbook.running import RunningPlaybook

_PROVIDER = "shipstation"
_CLOCKS = timedelta(minutes=5)
"""What ShipStation's clock may be behind ours."""


class Pickups:
    """Orders and cancels pick-ups in the carrier accounts of the stores."""

    def __init__(
        self,
        ledger: EffectLedger,
        stores: Stores,
        accounts: Accounts,
        playbook: RunningPlaybook,
        client: httpx.AsyncClient,
    ) -> None:
        self._ledger = ledger
        self._stores = stores
        self._accounts = accounts
        self._playbook = playbook
        self._http = client

    @activity.defn(name=SCHEDULE_PICKUP)
    async def schedule_pickup(self, request: PickupRequest) -> Pickup:
        """The pick-up as the carrier confirmed it.

        Raises Rejected where labels or window are refused, and the errors of the effect ledger.
        """
        store, client = self._at(request.store)

        async def perform() -> Done | None:
            buyer = await self._stores.buyer_address(request.store, request.order_id)
            await client.schedule_pickup(_body(request, buyer, store))
            return None

        async def find() -> Found:
            wanted = set(request.label_ids)
            for pickup in await client.pickups(store.carrier_id, request.asked_at - _CLOCKS):
                if wanted <= set(pickup.get("label_ids") or ()) and not pickup.get("cancelled_at"):
                    return _done(pickup)
            return None

        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.PICKUP,
            provider=_PROVIDER,
            account=store.carrier_account,
            request=request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"}),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, perform, find)
        return Pickup.model_validate(done.result or {"pickup_id": "" if done.skipped else done.provider_id})

    @activity.defn(name=CANCEL_PICKUP)
    async def cancel_pickup(self, request: CancelPickupRequest) -> None:
        """Raises Rejected where the carrier does not let go of it, and the errors of the effect ledger."""
        store, client = self._at(request.store)

        async def perform() -> Done | None:
            await client.cancel_pickup(request.pickup_id)
            return None

        async def find() -> Found:
            pickups = await client.pickups(store.carrier_id, request.asked_at - _CLOCKS)
            stands = any(pickup["pickup_id"] == request.pickup_id and not pickup.get("cancelled_at") for pickup in pickups)
            return None if stands else Done(request.pickup_id)

        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.CANCEL_PICKUP,
            provider=_PROVIDER,
            account=store.carrier_account,
            request={"pickup_id": request.pickup_id},
            attempt=request.attempt,
        )
        await self._ledger.once(effect, perform, find, repeatable=True)

    def _at(self, name: str) -> tuple[Store, ShipStationClient]:
        store = self._playbook.now.stores.get(name)
        if store is None:
            raise NeedsOperator(f"The playbook has no store {name!r}.")
        return store, client_of(self._accounts, store.carrier_account, self._http)


def _body(request: PickupRequest, buyer: BuyerAddress, store: Store) -> Document:
    """The carrier asks us where the buyer left no address or number."""
    return {
        "label_ids": list(request.label_ids),
        "contact_details": {
            "name": buyer.name or buyer.company,
            "email": buyer.email or store.address,
            "phone": buyer.phone or store.warehouse.phone,
        },
        "pickup_notes": request.notes,
        "pickup_window": {"start_at": request.first.isoformat(), "end_at": request.last.isoformat()},
    }


def _done(pickup: Document) -> Done:
    found = Pickup(pickup_id=str(pickup["pickup_id"]), confirmation=str(pickup.get("confirmation_number") or ""))
    return Done(found.pickup_id, found.model_dump(mode="json"))
