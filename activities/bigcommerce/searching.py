"""Where the references of a message lead in one store, before the orders themselves are read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from activities.bigcommerce.asking import Asking, NoAnswer
from activities.bigcommerce.client import Document, StoreClient
from activities.bigcommerce.matching import UNANSWERED, UNKNOWN, Hit, order_of_invoice, purchase_order_core
from activities.bigcommerce.models import LookUp, MatchState
from domain.reference_kinds import ReferenceKind
from domain.references import NamedReference, bare

if TYPE_CHECKING:
    from activities.bigcommerce.stores import Stores

_Result = TypeVar("_Result")
_ORDERS, _COMPANIES = "order details will follow", "company details will follow"

_MOST_CUSTOMERS = 3
"""Customers with one address: one for each channel of the store."""
_MOST_COMPANIES = 5
"""Companies of one contact whose orders are searched."""


@dataclass(frozen=True)
class Contact:
    """Who writes, as the store knows them: the companies they buy for, names by id."""

    is_known: bool
    companies: dict[str, str]


class Search:
    """One message's references in one store. `companies` collects the names of companies seen on the way, by id."""

    def __init__(self, stores: Stores, wanted: LookUp, asking: Asking, numbering: str) -> None:
        self._stores = stores
        self._store = wanted.store
        self._email = wanted.email
        self._returns = {one.number: one for one in wanted.returns}
        self._asking = asking
        self._numbering = numbering
        self._once: dict[str, asyncio.Task[Any]] = {}
        self.companies: dict[str, str] = {}

    def at_hand(self, reference: NamedReference) -> Hit | None:
        """Where it leads without asking: an order's own number, an invoice numbered after its order, a return of ours."""
        if reference.kind is ReferenceKind.ORDER:
            return Hit(MatchState.FOUND, (reference.value,))
        if reference.kind is ReferenceKind.INVOICE:
            order_id = order_of_invoice(reference.value, self._numbering)
            return Hit(MatchState.FOUND, (order_id,)) if order_id else None
        if reference.kind is ReferenceKind.RMA:
            known = self._returns.get(reference.value)
            return Hit(MatchState.FOUND, known.order_ids) if known else UNKNOWN
        return None

    async def hit(self, reference: NamedReference) -> Hit:
        """Where it leads by asking the store."""
        try:
            match reference.kind:
                case ReferenceKind.PURCHASE_ORDER:
                    return await self._purchase_order(reference.value)
                case ReferenceKind.INVOICE:
                    return await self._invoice(reference.value)
                case ReferenceKind.QUOTE:
                    return await self._quote(reference.value)
                case _:
                    return await self._marketplace_order(reference.value)
        except NoAnswer:
            return UNANSWERED

    async def contact(self) -> Contact:
        """The sender, asked for once. Raises NoAnswer."""
        if "contact" not in self._once:
            self._once["contact"] = asyncio.ensure_future(self._find_contact())
        return await self._once["contact"]

    async def companies_of(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """The companies that customers buy for, names by id. Raises NoAnswer."""
        chosen = list(dict.fromkeys(customer_ids))[:_MOST_CUSTOMERS]
        found = await asyncio.gather(
            *(self._ask(_COMPANIES, lambda client, one=one: client.companies_of_customer(one)) for one in chosen)
        )
        companies = {str(one["companyId"]): str(one.get("companyName") or "") for part in found for one in part}
        self.companies |= companies
        return companies

    async def name(self, company_id: str) -> str:
        """What a company is called. Raises NoAnswer."""
        if company_id not in self.companies:
            company = await self._ask(_COMPANIES, lambda client: client.company(company_id))
            self.companies[company_id] = str((company or {}).get("companyName") or company_id)
        return self.companies[company_id]

    async def _find_contact(self) -> Contact:
        email = self._email
        if not email:
            return Contact(is_known=False, companies={})
        customers = await self._ask("customer details will follow", lambda client: client.customers(email))
        return Contact(bool(customers), await self.companies_of(str(one["id"]) for one in customers))

    async def _ask(self, promise: str, call: Callable[[StoreClient], Awaitable[_Result]]) -> _Result:
        async def asked() -> _Result:
            return await call(self._stores.client(self._store))

        return await self._asking.ask(asked(), promise)

    async def _purchase_order(self, value: str) -> Hit:
        """By the portal's invoices, which can be searched; what is not invoiced yet by the newest orders, which cannot."""
        wanted = bare(value)
        core = purchase_order_core(value)
        asked = self._ask(_ORDERS, lambda client: client.invoices("purchaseOrderNumber", core))
        invoices, contact = await asyncio.gather(asked, self.contact())
        same = [one for one in invoices if bare(str(one.get("purchaseOrderNumber") or "")) == wanted]
        self.companies |= {str(one["customerId"]): str(one.get("customerName") or "") for one in same}
        found = {str(one["orderNumber"]): str(one["customerId"]) for one in same if one.get("orderNumber")}
        if not found or (contact.companies and not contact.companies.keys() & set(found.values())):
            newest = await self._newest_orders(contact)
            same = [one for one in newest if bare(str(one.get("poNumber") or "")) == wanted]
            found |= {str(one["bcOrderId"]): str(one.get("companyId") or "") for one in same}
        own = tuple(order_id for order_id, company_id in found.items() if company_id in contact.companies)
        return Hit(MatchState.FOUND, own or tuple(found)) if found else UNKNOWN

    async def _newest_orders(self, contact: Contact) -> list[Document]:
        if "orders" not in self._once:
            self._once["orders"] = asyncio.ensure_future(self._find_newest_orders(contact))
        return await self._once["orders"]

    async def _find_newest_orders(self, contact: Contact) -> list[Document]:
        companies = list(contact.companies)[:_MOST_COMPANIES] or [None]
        found = await asyncio.gather(
            *(self._ask(_ORDERS, lambda client, one=one: client.company_orders(one)) for one in companies)
        )
        return [one for part in found for one in part]

    async def _invoice(self, value: str) -> Hit:
        found = await self._ask(_ORDERS, lambda client: client.invoices("invoiceNumber", value))
        same = [one for one in found if bare(str(one.get("invoiceNumber") or "")) == bare(value)]
        order_ids = tuple(str(one["orderNumber"]) for one in same if one.get("orderNumber"))
        return Hit(MatchState.FOUND, order_ids) if order_ids else UNKNOWN

    async def _quote(self, value: str) -> Hit:
        found = await self._ask("quote details will follow", lambda client: client.quotes(value))
        same = [one for one in found if bare(str(one.get("quoteNumber") or "")) == bare(value)]
        if not same:
            return UNKNOWN
        order_ids = tuple(str(one["bcOrderId"]) for one in same if one.get("bcOrderId"))
        company = same[0].get("company")
        open_words = f"{{value}} is a quote{f' for {company}' if company else ''}, not ordered yet."
        return Hit(MatchState.FOUND, order_ids, words="" if order_ids else open_words)

    async def _marketplace_order(self, value: str) -> Hit:
        found = await self._ask(_ORDERS, lambda client: client.orders_by_external_id(value))
        return Hit(MatchState.FOUND, tuple(str(one["id"]) for one in found)) if found else UNKNOWN
