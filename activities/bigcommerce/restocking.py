"""What came back goes into the stock again, once, although the store adds without any key (BigCommerce brief, section 8).

Before the call a metafield of the order keeps what was on hand. After a lost answer the stock tells: as planned it was added,
as before it was not, and anything else a person has to look at.
"""

from collections import Counter

from pydantic import BaseModel
from temporalio import activity

from activities._kit.effects import Done, Effect, EffectLedger, Found, Unconfirmed
from activities._kit.errors import Rejected
from activities.bigcommerce.client import StoreClient
from activities.bigcommerce.models import RESTOCK, Restocked, RestockRequest
from activities.bigcommerce.replacements import goods
from activities.bigcommerce.stores import Stores
from domain.effects import EffectKind


class _Plan(BaseModel):
    """Pieces on hand by SKU: before the call, and after it."""

    before: dict[str, int]
    after: dict[str, int]


class Restocking:
    """Adds accepted goods to the stock of the stores."""

    def __init__(self, ledger: EffectLedger, stores: Stores) -> None:
        self._ledger = ledger
        self._stores = stores

    @activity.defn(name=RESTOCK)
    async def restock(self, request: RestockRequest) -> Restocked:
        """What was added.

        Raises Rejected where lines are not the order's or the store does not keep their stock there, and the errors of the
        effect ledger.
        """
        restocking = _Restocking(self._stores.client(request.store), self._stores.title(request.store), request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.RESTOCK,
            provider="bigcommerce",
            account=request.store,
            request=request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"}),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, restocking.perform, restocking.find, restocking.unchanged)
        return Restocked.model_validate(done.result or {"skipped": done.skipped})


class _Restocking:
    """The calls of one addition."""

    def __init__(self, client: StoreClient, title: str, request: RestockRequest) -> None:
        self._client = client
        self._title = title
        self._request = request
        self._plan_key = f"restock.{request.op_key}"

    async def perform(self) -> Done | None:
        added = await self._added()
        before = await self._on_hand(list(added))
        plan = _Plan(before=before, after={sku: before[sku] + quantity for sku, quantity in added.items()})
        await self._client.claim_metafield(self._request.order_id, self._plan_key, plan.model_dump_json())
        items = [
            {"location_id": self._request.location_id, "sku": sku, "quantity": quantity} for sku, quantity in added.items()
        ]
        await self._client.adjust_stock(self._request.op_key, items)
        return _done(plan)

    async def find(self) -> Found:
        plan = await self._plan()
        if plan is None:
            return None
        on_hand = await self._on_hand(list(plan.before))
        if on_hand == plan.after:
            return _done(plan)
        if on_hand == plan.before:
            return None
        words = ", ".join(f"{sku} {on_hand[sku]} instead of {plan.after[sku]}" for sku in on_hand)
        return Unconfirmed(f"The stock in {self._title} moved meanwhile: {words}.")

    async def unchanged(self) -> bool:
        """Whether the stock still is what it was before the call."""
        plan = await self._plan()
        return plan is None or await self._on_hand(list(plan.before)) == plan.before

    async def _added(self) -> Counter[str]:
        """Pieces by SKU."""
        order_id = self._request.order_id
        products = await self._client.products(order_id) if order_id.isdecimal() else []
        added: Counter[str] = Counter()
        for line, product in goods(self._request.lines, products, order_id):
            added[product["sku"]] += line.quantity
        return added

    async def _on_hand(self, skus: list[str]) -> dict[str, int]:
        place = self._request.location_id
        found: dict[str, int] = {}
        for item in await self._client.stock(skus):
            for location in item["locations"]:
                if location["location_id"] == place:
                    found[item["identity"]["sku"]] = location["total_inventory_onhand"]
        if missing := [sku for sku in skus if sku not in found]:
            raise Rejected(f"{self._title} keeps no stock of {', '.join(missing)} at location {place}.")
        return found

    async def _plan(self) -> _Plan | None:
        held = await self._client.metafield(self._request.order_id, self._plan_key)
        return None if held is None else _Plan.model_validate_json(held["value"])


def _done(plan: _Plan) -> Done:
    added = {sku: plan.after[sku] - plan.before[sku] for sku in sorted(plan.after)}
    return Done("", Restocked(added=added).model_dump(mode="json"))
