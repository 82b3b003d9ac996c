"""Follows parcels, each where the store's playbook says that its carrier is followed."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

import httpx

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, NotSupported, Rejected
from activities.carriers import qapla_tracking, shipstation_tracking
from activities.carriers.qapla import QaplaClient
from activities.carriers.shipstation import client_of
from domain.playbook import Store
from domain.tracking import FINAL, TrackingSnapshot


@dataclass(frozen=True)
class Parcel:
    """A parcel as the store names it. `reference` is the number of its order."""

    carrier: str
    number: str
    shipped_on: date
    reference: str


class Tracking:
    """Reads parcels of the merchant's carrier accounts."""

    def __init__(self, accounts: Accounts, client: httpx.AsyncClient) -> None:
        self._accounts = accounts
        self._http = client

    async def track(self, store: Store, parcel: Parcel, before: TrackingSnapshot | None = None) -> TrackingSnapshot:
        """Where the parcel is, by what is told now and what was known `before`; a number that is not known yet has the status
        `unknown`.

        One that is seen for the first time is followed from then on: hooks tell of it.

        Raises Transient, NeedsOperator, NotSupported, and Rejected where the number or its carrier is not accepted.
        """
        courier = store.qapla.couriers.get(parcel.carrier) if store.qapla else None
        if store.qapla is not None and courier is not None:
            found = await self._at_qapla(store.qapla.account, courier, parcel)
            return qapla_tracking.read(parcel.carrier, parcel.number, found, datetime.now(UTC), before)
        client = client_of(self._accounts, store.carrier_account, self._http)
        answer = await client.tracking(parcel.carrier, parcel.number)
        found = shipstation_tracking.read(parcel.carrier, parcel.number, answer, datetime.now(UTC), before)
        if before is None and found.status not in FINAL:
            # Not every carrier's parcels can be followed by hooks; they are read again on a schedule all the same.
            with contextlib.suppress(NotSupported, Rejected):
                await client.follow(parcel.carrier, parcel.number)
        return found

    async def _at_qapla(self, account: str, courier: str, parcel: Parcel) -> qapla_tracking.Document:
        """Qapla' follows what it was told of, so a parcel that it does not know is told to it."""
        held = self._accounts.qapla.get(account)
        if held is None:
            raise NeedsOperator(f"No Qapla' account {account!r} is configured.")
        client = QaplaClient(held, self._http)
        found = await client.shipment(parcel.number)
        if found is None:
            await client.push(parcel.number, courier, parcel.shipped_on, parcel.reference)
            return await client.shipment(parcel.number) or {}
        replaced_by = found.get("newTrackingNumber")
        return (await client.shipment(str(replaced_by)) if replaced_by else None) or found
