"""What the stores of the merchant know: orders, companies and buyers."""

import asyncio
import logging

import httpx

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, OutsideError, Rejected
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.documents import buyer_address_of, company_of, order_of
from activities.bigcommerce.looking_up import LookingUp
from activities.bigcommerce.models import BuyerAddress, Company, LookUp, Order, OrderContext
from activities.bigcommerce.quota import Quota
from playbook.running import RunningPlaybook

LOOK_UP_SECONDS = 3.0
"""A message waits so long for its order; what comes later fills in later."""
_RECENT_ORDERS = 5

_log = logging.getLogger(__name__)


class UnknownOrder(Rejected):
    """The store has no such order."""


class Stores:
    """Reads from all stores. The titles of the playbook name them in words for people."""

    def __init__(
        self, accounts: Accounts, playbook: RunningPlaybook, client: httpx.AsyncClient, look_up_seconds: float = LOOK_UP_SECONDS
    ) -> None:
        self._accounts = accounts
        self.playbook = playbook
        self._http = client
        self._look_up_seconds = look_up_seconds
        self._quotas: dict[str, tuple[Quota, Quota]] = {}

    def client(self, store: str) -> StoreClient:
        """The calls of one store. Raises NeedsOperator where no account is configured for it."""
        account = self._accounts.bigcommerce.get(store)
        if account is None:
            raise NeedsOperator(f"No BigCommerce account is configured for the store {store!r}.")
        return StoreClient(account, self._http, self._quotas.setdefault(store, (Quota(), Quota())))

    def title(self, store: str) -> str:
        """The store's name for people."""
        known = self.playbook.now.stores.get(store)
        return known.title if known else store

    async def order(self, store: str, order_id: str) -> Order | None:
        """An order with lines, shipments and purchase order number; None where the store does not know it.

        Raises Transient or NeedsOperator where the store cannot be read. Purchase order number and company are left out where
        they cannot be read: no refund or label hangs on them.
        """
        client = self.client(store)
        if not order_id.isdecimal():
            return None
        order, company_side = await asyncio.gather(
            self._order(client, store, order_id), client.company_order(order_id), return_exceptions=True
        )
        if isinstance(order, BaseException):
            raise order
        if isinstance(company_side, OutsideError):
            _log.warning("The purchase order number of order %s could not be read: %s", order_id, company_side.message)
            return order
        if isinstance(company_side, BaseException):
            raise company_side
        return order and _with_company(order, company_side)

    async def buyer_address(self, store: str, order_id: str) -> BuyerAddress:
        """Name, e-mail and postal address of who bought. Personal data: keep it out of workflows.

        Raises UnknownOrder, Transient or NeedsOperator.
        """
        client = self.client(store)
        order, addresses = None, []
        if order_id.isdecimal():
            order, addresses = await asyncio.gather(client.order(order_id), client.shipping_addresses(order_id))
        if order is None:
            raise UnknownOrder(f"Order {order_id} is not known to {self.title(store)}.")
        return buyer_address_of(order, addresses[0] if addresses else None)

    async def buyer_email(self, store: str, order_id: str) -> str | None:
        """The address of an order's bill; None where the store does not know the order. Raises Transient or NeedsOperator."""
        order = await self.client(store).order(order_id)
        return None if order is None else str((order.get("billing_address") or {}).get("email") or "")

    async def look_up(self, wanted: LookUp) -> OrderContext:
        """What the store knows about a message, within a few seconds, whatever the store does."""
        return await LookingUp(self, wanted, self._look_up_seconds).context()

    async def _order(self, client: StoreClient, store: str, order_id: str) -> Order | None:
        order, products, shipments = await asyncio.gather(
            client.order(order_id), client.products(order_id), client.shipments(order_id)
        )
        return None if order is None else order_of(store, order, products, shipments)

    async def recent_orders(self, store: str, email: str) -> list[Order]:
        """The newest orders of a buyer, newest first."""
        client = self.client(store)
        found = await client.orders_of(email, _RECENT_ORDERS)
        return list(await asyncio.gather(*(self._completed(client, store, order) for order in found)))

    async def _completed(self, client: StoreClient, store: str, order: Document) -> Order:
        order_id = str(order["id"])
        products, shipments, company_side = await asyncio.gather(
            client.products(order_id), client.shipments(order_id), client.company_order(order_id)
        )
        return _with_company(order_of(store, order, products, shipments), company_side)

    async def company(self, store: str, company_id: str) -> Company | None:
        """A company with its terms and hold."""
        client = self.client(store)
        company, credit, terms = await asyncio.gather(
            client.company(company_id), client.company_credit(company_id), client.payment_terms(company_id)
        )
        return None if company is None else company_of(company_id, company, credit, terms)


def _with_company(order: Order, company_side: Document | None) -> Order:
    """The order with what the B2B edition knows of it; its companies count from 1."""
    known = company_side or {}
    more = {"purchase_order": known.get("poNumber"), "company_id": known.get("companyId")}
    return order.model_copy(update={name: str(value) if value else None for name, value in more.items()})
