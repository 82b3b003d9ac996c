"""The status of an order that we made, set to cancelled: how a replacement is taken back."""

from temporalio import activity

from activities._kit.effects import Done, Effect, EffectLedger, Found
from activities._kit.errors import Rejected
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.models import CANCEL_REPLACEMENT, Cancelled, CancelRequest
from activities.bigcommerce.replacements import CANCELLED
from activities.bigcommerce.stores import Stores, UnknownOrder
from domain.effects import EffectKind

_LEFT = frozenset({2, 3, 10})
"""Shipped, partially shipped, completed: staff may set them without a shipment."""


class Cancelling:
    """Takes back orders that we made."""

    def __init__(self, ledger: EffectLedger, stores: Stores) -> None:
        self._ledger = ledger
        self._stores = stores

    @activity.defn(name=CANCEL_REPLACEMENT)
    async def cancel_replacement(self, request: CancelRequest) -> Cancelled:
        """Whether the replacement is taken back; goods that are on their way are an answer, not an error.

        Raises UnknownOrder and the errors of the effect ledger.
        """
        cancelling = _Cancelling(self._stores.client(request.store), self._stores.title(request.store), request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.CANCEL_REPLACEMENT,
            provider="bigcommerce",
            account=request.store,
            request={"order_id": request.order_id},
            attempt=request.attempt,
        )
        try:
            # To set a status twice changes nothing.
            done = await self._ledger.once(effect, cancelling.perform, cancelling.find, repeatable=True)
        except _AlreadyShipped as refusal:
            return Cancelled(cancelled=False, words=refusal.message)
        if done.skipped:
            return Cancelled(cancelled=False, words="A person decided to let the replacement go out.")
        return Cancelled(cancelled=True, words=f"Order {request.order_id} is cancelled.")


class _AlreadyShipped(Rejected):
    """The goods have left."""


class _Cancelling:
    """The calls of one cancellation."""

    def __init__(self, client: StoreClient, title: str, request: CancelRequest) -> None:
        self._client = client
        self._title = title
        self._order_id = request.order_id

    async def perform(self) -> Done | None:
        order = await self._order()
        if order["status_id"] == CANCELLED:
            return Done(self._order_id)
        if order["items_shipped"] or order["status_id"] in _LEFT:
            raise _AlreadyShipped(f"Order {self._order_id} has left already, at least in part.")
        await self._client.set_status(self._order_id, CANCELLED)
        return Done(self._order_id)

    async def find(self) -> Found:
        order = await self._order()
        return Done(self._order_id) if order["status_id"] == CANCELLED else None

    async def _order(self) -> Document:
        order = await self._client.order(self._order_id) if self._order_id.isdecimal() else None
        if order is None:
            raise UnknownOrder(f"Order {self._order_id} is not known to {self._title}.")
        return order
