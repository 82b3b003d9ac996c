"""What the stores of the merchant know: orders, companies and buyers."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar

import httpx

from activities._kit.accounts import Accounts
from activities._kit.errors import NeedsOperator, OutsideError, Rejected
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.documents import buyer_address_of, company_of, order_of
from activities.bigcommerce.models import BuyerAddress, Company, LookUp, Order, OrderContext
from domain.playbook import Playbook

LOOK_UP_SECONDS = 3.0
"""A message waits so long for its order; what comes later fills in later."""
_RECENT_ORDERS = 5
_GUEST = "0"

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)


class UnknownOrder(Rejected):
    """The store has no such order."""


class Stores:
    """Reads from all stores. The titles of the playbook name them in words for people."""

    def __init__(
        self, accounts: Accounts, playbook: Playbook, client: httpx.AsyncClient, look_up_seconds: float = LOOK_UP_SECONDS
    ) -> None:
        self._accounts = accounts
        self._playbook = playbook
        self._http = client
        self._look_up_seconds = look_up_seconds

    def client(self, store: str) -> StoreClient:
        """The calls of one store. Raises NeedsOperator where no account is configured for it."""
        account = self._accounts.bigcommerce.get(store)
        if account is None:
            raise NeedsOperator(f"No BigCommerce account is configured for the store {store!r}.")
        return StoreClient(account, self._http)

    def title(self, store: str) -> str:
        """The store's name for people."""
        known = self._playbook.stores.get(store)
        return known.title if known else store

    async def order(self, store: str, order_id: str) -> Order | None:
        """An order with lines, shipments and purchase order number; None where the store does not know it.

        Raises Transient or NeedsOperator where the store cannot be read. A purchase order number that cannot be read is left
        out: it is shown, nothing is decided by it.
        """
        client = self.client(store)
        if not order_id.isdecimal():
            return None
        order, purchase_order = await asyncio.gather(
            self._order(client, store, order_id), _purchase_order(client, order_id), return_exceptions=True
        )
        if isinstance(order, BaseException):
            raise order
        if isinstance(purchase_order, OutsideError):
            _log.warning("The purchase order number of order %s could not be read: %s", order_id, purchase_order.message)
            return order
        if isinstance(purchase_order, BaseException):
            raise purchase_order
        return order and order.model_copy(update={"purchase_order": purchase_order})

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

    async def look_up(self, wanted: LookUp) -> OrderContext:
        """What the store knows about a message, within a few seconds, whatever the store does."""
        return await _LookingUp(self, wanted, self._look_up_seconds).context()

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
        products, shipments, purchase_order = await asyncio.gather(
            client.products(order_id), client.shipments(order_id), _purchase_order(client, order_id)
        )
        return order_of(store, order, products, shipments).model_copy(update={"purchase_order": purchase_order})

    async def company_of_customer(self, store: str, customer_id: str) -> Company | None:
        """The company a customer buys for, with its terms and hold."""
        client = self.client(store)
        user = await client.company_user(customer_id)
        company_id = str(user["companyId"]) if user and user.get("companyId") else None
        if company_id is None:
            return None
        company, credit, terms = await asyncio.gather(
            client.company(company_id), client.company_credit(company_id), client.payment_terms(company_id)
        )
        return None if company is None else company_of(company_id, company, credit, terms)


async def _purchase_order(client: StoreClient, order_id: str) -> str | None:
    order = await client.company_order(order_id)
    return str(order["poNumber"]) if order and order.get("poNumber") else None


class _LookingUp:
    """One look-up against its deadline: notes what is missing instead of failing."""

    def __init__(self, stores: Stores, wanted: LookUp, seconds: float) -> None:
        self._stores = stores
        self._wanted = wanted
        self._title = stores.title(wanted.store)
        self._until = asyncio.get_running_loop().time() + seconds
        self._unanswered: list[str] = []
        self._missing: list[str] = []

    async def context(self) -> OrderContext:
        orders = await self._orders_by_number()
        customer_id = next((order.customer_id for order in orders if order.customer_id != _GUEST), None)
        if not orders and self._wanted.email and not self._unanswered:
            orders = await self._orders_by_email(self._wanted.email)
            customer_id = next((order.customer_id for order in orders if order.customer_id != _GUEST), None)
            if customer_id is None and not self._unanswered:
                customer_id = await self._customer_by_email(self._wanted.email)
        company = None
        if customer_id is not None:
            company = await self._ask(
                self._stores.company_of_customer(self._wanted.store, customer_id), "company details will follow"
            )
        return OrderContext(
            orders=tuple(orders),
            company=company,
            missing=(*self._missing, *dict.fromkeys(self._unanswered)),
            store_answered=not self._unanswered,
            as_of=datetime.now(UTC),
        )

    async def _orders_by_number(self) -> list[Order]:
        numbers = tuple(dict.fromkeys(self._wanted.order_ids))
        found = await asyncio.gather(
            *(self._ask(self._known(number), "order details will follow") for number in numbers),
        )
        return [order for order in found if order is not None]

    async def _known(self, number: str) -> Order | None:
        order = await self._stores.order(self._wanted.store, number)
        if order is None:
            self._missing.append(f"Order {number} is not known to {self._title}.")
        return order

    async def _orders_by_email(self, email: str) -> list[Order]:
        asked = self._stores.recent_orders(self._wanted.store, email)
        return await self._ask(asked, "order details will follow") or []

    async def _customer_by_email(self, email: str) -> str | None:
        asked = self._stores.client(self._wanted.store).customers(email)
        customers = await self._ask(asked, "customer details will follow")
        if customers:
            return str(customers[0]["id"])
        if customers is not None and not self._wanted.order_ids:
            self._missing.append(f"The sender is not known to {self._title}.")
        return None

    async def _ask(self, asked: Awaitable[_Result], promise: str) -> _Result | None:
        """The answer, or None after noting in words that there was none."""
        try:
            async with asyncio.timeout_at(self._until):
                return await asked
        except NeedsOperator as error:
            _log.warning("%s refuses our access: %s", self._title, error.message)
            self._unanswered.append(f"{self._title} refuses our access; {promise} once that is mended.")
        except (TimeoutError, OutsideError) as error:
            _log.warning("%s did not answer a look-up: %s", self._title, error)
            self._unanswered.append(f"The store did not answer; {promise}.")
        return None
