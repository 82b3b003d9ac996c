"""Goods sent again at no price, once: a new order in the store that bears our op_key (BigCommerce brief, section 8).

The store does not promise that an external order id is unique, so a call that was never found again is not repeated: a person
looks. Nobody is called for a call that did not go out at all; the plan, written before it, tells the two apart.
"""

from collections.abc import Sequence
from typing import Any

from temporalio import activity

from activities._kit.effects import Declined, Done, Effect, EffectLedger, Found
from activities._kit.errors import Rejected
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.models import REPLACE, GoodsLine, Replacement, ReplacementRequest
from activities.bigcommerce.stores import Stores, UnknownOrder
from domain.effects import EffectKind

_AWAITING_FULFILLMENT = 11
CANCELLED = 5
"""Ids of the store's order statuses (BigCommerce brief, section 4)."""

_ADDRESS_FIELDS = (
    *("first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip"),
    *("country", "country_iso2", "phone", "email"),
)
_PAYMENT_METHOD = "Replacement"


class Replacements:
    """Orders without a price that bring what a return promised."""

    def __init__(self, ledger: EffectLedger, stores: Stores) -> None:
        self._ledger = ledger
        self._stores = stores

    @activity.defn(name=REPLACE)
    async def replace(self, request: ReplacementRequest) -> Replacement:
        """The order that brings the goods, to the address of the first one.

        Raises UnknownOrder, Rejected where lines or quantities are not the order's or the store refuses, and the errors of the
        effect ledger.
        """
        replacing = _Replacing(self._stores.client(request.store), self._stores.title(request.store), request)
        effect = Effect(
            op_key=request.op_key,
            case_id=request.case_id,
            kind=EffectKind.REPLACEMENT,
            provider="bigcommerce",
            account=request.store,
            request=request.model_dump(mode="json", exclude={"op_key", "case_id", "attempt"}),
            attempt=request.attempt,
        )
        done = await self._ledger.once(effect, replacing.perform, replacing.find, replacing.never_sent)
        return Replacement(order_id="" if done.skipped else done.provider_id)


class _Replacing:
    """The calls of one replacement."""

    def __init__(self, client: StoreClient, title: str, request: ReplacementRequest) -> None:
        self._client = client
        self._title = title
        self._request = request
        self._plan_key = f"replacement.{request.op_key}"

    async def perform(self) -> Done | None:
        held = await self.find()
        if isinstance(held, Done):
            return held
        body = await self._body()
        await self._client.claim_metafield(self._request.order_id, self._plan_key, "sent")
        made = await self._client.create_order(body)
        return Done(str(made["id"]))

    async def find(self) -> Found:
        orders = await self._client.orders_by_external_id(self._request.op_key)
        live = [order for order in orders if order["status_id"] != CANCELLED and not order.get("is_deleted")]
        if live:
            return Done(str(min(order["id"] for order in live)))
        return Declined(f"Order {orders[0]['id']} was cancelled in {self._title}.") if orders else None

    async def never_sent(self) -> bool:
        return await self._client.metafield(self._request.order_id, self._plan_key) is None

    async def _body(self) -> Document:
        order_id = self._request.order_id
        order = await self._client.order(order_id) if order_id.isdecimal() else None
        if order is None or order.get("is_deleted"):
            raise UnknownOrder(f"Order {order_id} is not known to {self._title}.")
        addresses = await self._client.shipping_addresses(order_id)
        lines = goods(self._request.lines, await self._client.products(order_id), order_id)
        went_to = {product["order_address_id"] for _, product in lines}
        if len(went_to) > 1:
            raise Rejected(f"These goods went to {len(went_to)} addresses; ask for a replacement for each.")
        return {
            "customer_id": order["customer_id"],
            "channel_id": order["channel_id"],
            "status_id": _AWAITING_FULFILLMENT,
            "billing_address": _address(order["billing_address"]),
            "shipping_addresses": [_address(address) for address in addresses if address["id"] in went_to],
            "products": [
                {
                    "product_id": product["product_id"],
                    "variant_id": product["variant_id"],
                    "quantity": line.quantity,
                    # Overriding one price alone breaks the totals (BigCommerce brief, section 4).
                    "price_inc_tax": 0,
                    "price_ex_tax": 0,
                }
                for line, product in lines
            ],
            "payment_method": _PAYMENT_METHOD,
            "external_order_id": self._request.op_key,
            "staff_notes": self._request.note,
        }


def goods(lines: Sequence[GoodsLine], products: Sequence[Document], order_id: str) -> list[tuple[GoodsLine, Document]]:
    """Each line with the order's own. Raises Rejected where one is not the order's, is more than was bought, or is no longer
    in the catalogue."""
    known = {str(product["id"]): product for product in products}
    found: list[tuple[GoodsLine, Document]] = []
    for line in lines:
        product: dict[str, Any] | None = known.get(line.line_id)
        if product is None:
            raise Rejected(f"Order {order_id} has no line {line.line_id}.")
        if line.quantity > product["quantity"]:
            raise Rejected(
                f"{line.quantity} × {product['name']} is more than order {order_id} has of it: {product['quantity']}."
            )
        if not product["product_id"]:
            raise Rejected(f"{product['name']} is not in the catalogue; make its order by hand and note its number.")
        found.append((line, product))
    return found


def _address(address: Document) -> Document:
    return {name: address[name] for name in _ADDRESS_FIELDS if address.get(name)}
