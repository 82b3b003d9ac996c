"""The calls of one store: V2, V3 and the B2B edition. Documents come back as the store gives them, fractions as Decimal.

Every call raises the errors of `activities._kit.errors`; reads return None for what the store does not know.
"""

from datetime import date
from typing import Any

import httpx

from activities._kit import http
from activities._kit.accounts import BigCommerceAccount
from activities._kit.http import Call
from activities.bigcommerce.dialect import DIALECT
from activities.bigcommerce.quota import Quota

Document = dict[str, Any]

_MISSING = frozenset({404})
_PAGE = 250
"""The largest page of V2."""
_B2B_PAGE = 200
_MOST_QUOTES = 1_000
"""The largest page of the B2B edition's orders."""
METAFIELD_NAMESPACE = "casework"


class StoreClient:
    """One store. Thin: a method is a call."""

    def __init__(self, account: BigCommerceAccount, client: httpx.AsyncClient, quotas: tuple[Quota, Quota]) -> None:
        """`quotas` are those of the store and of its B2B edition, shared by all who call it."""
        self.account = account
        self._client = client
        self._quota, self._b2b_quota = quotas
        self._headers = {"X-Auth-Token": account.token}

    async def order(self, order_id: str) -> Document | None:
        return await self._read(f"/v2/orders/{order_id}")

    async def store(self) -> Document:
        """What the store says of itself: name, currency, plan, whether it is open."""
        return await self._read("/v2/store") or {}

    async def channels(self) -> list[Document]:
        """Where the store sells: its storefronts, marketplaces, points of sale."""
        return await self._v3_list("/v3/channels", {})

    async def orders_of(self, email: str, limit: int) -> list[Document]:
        """The newest orders with this billing address."""
        params = {"email": email, "sort": "date_created:desc", "limit": str(limit)}
        return await self._read("/v2/orders", params) or []

    async def orders_changed(self, since: str, most: int | None = None) -> list[Document]:
        """Orders changed since a moment (ISO 8601), the oldest change first; no more than `most`, in whole pages."""
        return await self._v2_list("/v2/orders", {"min_date_modified": since, "sort": "date_modified:asc"}, most)

    async def orders_below(self, order_id: int, created_since: str, limit: int) -> list[Document]:
        """The newest orders with an id of at most `order_id`, created since a moment (ISO 8601)."""
        params = {"max_id": str(order_id), "min_date_created": created_since, "sort": "id:desc", "limit": str(limit)}
        return await self._read("/v2/orders", params) or []

    async def order_messages(self, order_id: str) -> list[Document]:
        """What was written at an order, by the buyer and by the merchant's staff."""
        return await self._v2_list(f"/v2/orders/{order_id}/messages")

    async def customer(self, customer_id: str) -> Document | None:
        return next(iter(_data(await self._read("/v3/customers", {"id:in": customer_id})) or []), None)

    async def orders_by_external_id(self, external_id: str) -> list[Document]:
        """The orders that came from a marketplace under this number; the store does not promise that there is but one."""
        return await self._read("/v2/orders", {"external_order_id": external_id, "limit": "5"}) or []

    async def products(self, order_id: str) -> list[Document]:
        return await self._v2_list(f"/v2/orders/{order_id}/products")

    async def shipping_addresses(self, order_id: str) -> list[Document]:
        return await self._v2_list(f"/v2/orders/{order_id}/shipping_addresses")

    async def shipments(self, order_id: str) -> list[Document]:
        return await self._v2_list(f"/v2/orders/{order_id}/shipments")

    async def customers(self, email: str) -> list[Document]:
        return await self._v3_list("/v3/customers", {"email:in": email})

    async def transactions(self, order_id: str) -> list[Document]:
        return _data(await self._read(f"/v3/orders/{order_id}/transactions")) or []

    async def refunds(self, order_id: str) -> list[Document]:
        return _data(await self._read(f"/v3/orders/{order_id}/payment_actions/refunds")) or []

    async def quote_refund(self, order_id: str, items: list[Document]) -> Document:
        """POST that keeps nothing, so it may be repeated."""
        path = f"/v3/orders/{order_id}/payment_actions/refund_quotes"
        return _data(await self._write(Call.SAFE, "POST", path, {"items": items}))

    async def post_refund(self, order_id: str, items: list[Document], payments: list[Document]) -> None:
        """Must not be repeated blindly. 201 means scheduled: read it back."""
        path = f"/v3/orders/{order_id}/payment_actions/refunds"
        await self._write(Call.WRITE, "POST", path, {"items": items, "payments": payments})

    async def create_order(self, body: Document) -> Document:
        """Must not be repeated blindly: two orders may bear the same external order id."""
        return await self._write(Call.WRITE, "POST", "/v2/orders", body)

    async def set_status(self, order_id: str, status_id: int) -> None:
        """May be repeated."""
        await self._write(Call.SAFE, "PUT", f"/v2/orders/{order_id}", {"status_id": status_id})

    async def stock(self, skus: list[str]) -> list[Document]:
        """Stock of these SKUs at every location."""
        return await self._v3_list("/v3/inventory/items", {"sku:in": ",".join(skus)})

    async def adjust_stock(self, reason: str, items: list[Document]) -> None:
        """Adds to the stock. Must not be repeated blindly: it adds again."""
        await self._write(Call.WRITE, "POST", "/v3/inventory/adjustments/relative", {"reason": reason, "items": items})

    async def metafield(self, order_id: str, key: str) -> Document | None:
        params = {"namespace": METAFIELD_NAMESPACE, "key": key}
        found = _data(await self._read(f"/v3/orders/{order_id}/metafields", params))
        return found[0] if found else None

    async def claim_metafield(self, order_id: str, key: str, value: str) -> None:
        """Writes a metafield, replacing what stands under this key. Namespace and key are unique per order: 409."""
        path = f"/v3/orders/{order_id}/metafields"
        body = {"permission_set": "app_only", "namespace": METAFIELD_NAMESPACE, "key": key, "value": value}
        response = await self._request(Call.SAFE, "POST", path, body=body, accept=frozenset({409}))
        if response.status_code == 409:
            held = await self.metafield(order_id, key)
            if held is not None:
                await self._request(Call.SAFE, "PUT", f"{path}/{held['id']}", body=body)

    async def metafield_of(self, order_id: str, namespace: str, key: str) -> str | None:
        """The value of an order's metafield that another application keeps for all to read."""
        params = {"namespace": namespace, "key": key}
        found = _data(await self._read(f"/v3/orders/{order_id}/metafields", params))
        return str(found[0]["value"]) if found else None

    async def companies_of_customer(self, customer_id: str) -> list[Document]:
        """Every company the customer buys for."""
        return await self._b2b_list("/companies", {"customerId": customer_id})

    async def company(self, company_id: str) -> Document | None:
        return await self._b2b(f"/companies/{company_id}")

    async def company_credit(self, company_id: str) -> Document | None:
        return await self._b2b(f"/companies/{company_id}/credit")

    async def payment_terms(self, company_id: str) -> Document | None:
        return await self._b2b(f"/companies/{company_id}/payment-terms")

    async def company_order(self, order_id: str) -> Document | None:
        """The B2B side of an order: its purchase order number. The specification answers a list of one."""
        found = await self._b2b(f"/orders/{order_id}")
        return (found[0] if found else None) if isinstance(found, list) else found

    async def company_orders(self, company_id: str | None) -> list[Document]:
        """The B2B side of the newest orders of a company, or of the store. The edition cannot search them by purchase order
        number, and tells only those created or changed in the last year (specification: order.yaml)."""
        params = {"limit": str(_B2B_PAGE)} | ({"companyId": company_id} if company_id else {})
        return await self._b2b("/orders", params) or []

    async def invoices(self, field: str, words: str) -> list[Document]:
        """Portal invoices, of every company and age, whose `invoiceNumber` or `purchaseOrderNumber` contains the words."""
        return await self._b2b("/ip/invoices", {"searchBy": field, "q": words, "limit": "20"}) or []

    async def receipt_lines(self, invoice_id: int) -> list[Document]:
        """What receipts paid of an invoice, by the portal's own id of it."""
        return await self._b2b_list("/ip/receipt-lines", {"searchBy": "invoiceId", "q": str(invoice_id)})

    async def user(self, customer_id: str) -> Document | None:
        """The buyer as a user of their company; None for one without company."""
        return await self._b2b(f"/users/customer/{customer_id}")

    async def quote(self, quote_id: int, created_on: date) -> Document | None:
        """One quote with its messages. It is found by id and day of creation alone (specification: quote.yaml)."""
        return await self._b2b(f"/rfq/{quote_id}", {"date": created_on.strftime("%m/%d/%Y")})

    async def quotes(self, number: str) -> list[Document]:
        """Quotes whose number contains this."""
        found = await self._b2b("/rfq", {"quoteNumber": number, "limit": "20"})
        return found.get("list") or [] if found else []

    async def quotes_of_company(self, name: str) -> list[Document]:
        """Quotes of companies whose name contains this, no more than a thousand; they cannot be searched by order."""
        return await self._b2b_list("/rfq", {"company": name}, _MOST_QUOTES)

    async def hooks(self, destination: str) -> list[Document]:
        """The hooks of our account that go to this address."""
        return await self._v3_list("/v3/hooks", {"destination": destination})

    async def create_hook(self, scope: str, destination: str, headers: dict[str, str]) -> None:
        """BigCommerce keeps one hook for a scope and a destination, so that repeating it makes no second."""
        body = {"scope": scope, "destination": destination, "is_active": True, "headers": headers}
        await self._write(Call.SAFE, "POST", "/v3/hooks", body)

    async def switch_on_hook(self, hook_id: int) -> None:
        await self._write(Call.SAFE, "PUT", f"/v3/hooks/{hook_id}", {"is_active": True})

    async def _v2_list(self, path: str, params: dict[str, str] | None = None, most: int | None = None) -> list[Document]:
        found: list[Document] = []
        while True:
            page = str(len(found) // _PAGE + 1)
            # Past the end V2 answers 204 without a body.
            part = await self._read(path, {**(params or {}), "page": page, "limit": str(_PAGE)}) or []
            found += part
            if len(part) < _PAGE or (most is not None and len(found) >= most):
                return found

    async def _v3_list(self, path: str, params: dict[str, str]) -> list[Document]:
        """Page after page, for as long as the store says that there are more."""
        found: list[Document] = []
        page = pages = 1
        while page <= pages:
            body = await self._read(path, {**params, "page": str(page), "limit": str(_PAGE)}) or {}
            found += body.get("data") or []
            pages = ((body.get("meta") or {}).get("pagination") or {}).get("total_pages") or 1
            page += 1
        return found

    async def _b2b_list(self, path: str, params: dict[str, str], most: int | None = None) -> list[Document]:
        """By offset, to the first page that is not full, or until there are `most`. Quotes stand one level deeper."""
        found: list[Document] = []
        while True:
            data = await self._b2b(path, {**params, "offset": str(len(found)), "limit": str(_B2B_PAGE)}) or []
            part = data.get("list") or [] if isinstance(data, dict) else data
            found += part
            if len(part) < _B2B_PAGE or (most is not None and len(found) >= most):
                return found

    async def _read(self, path: str, params: dict[str, str] | None = None) -> Any:
        response = await self._request(Call.SAFE, "GET", path, params=params, accept=_MISSING)
        return None if response.status_code in _MISSING else http.read_json(DIALECT, Call.SAFE, response)

    async def _write(self, call: Call, method: str, path: str, body: Document) -> Any:
        return http.read_json(DIALECT, call, await self._request(call, method, path, body=body))

    async def _request(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Any = None,
        accept: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        await self._quota.admit()
        url = f"{self.account.api}{path}"
        response = await http.send(
            self._client, DIALECT, call, method, url, headers=self._headers, params=params, body=body, accept=accept
        )
        self._quota.note(response.headers)
        return response

    async def _b2b(self, path: str, params: dict[str, str] | None = None) -> Any:
        """The `data` of a B2B answer; None for 404, said by HTTP or by the body's own `code`."""
        if not self.account.b2b:
            return None
        await self._b2b_quota.admit()
        headers = {**self._headers, "X-Store-Hash": self.account.store_hash}
        url = f"{self.account.b2b}{path}"
        response = await http.send(
            self._client, DIALECT, Call.SAFE, "GET", url, headers=headers, params=params, accept=_MISSING
        )
        self._b2b_quota.note(response.headers)
        body = http.read_json(DIALECT, Call.SAFE, response)
        missing = response.status_code in _MISSING or not isinstance(body, dict) or body.get("code") in _MISSING
        return None if missing else body.get("data")


def _data(body: Any) -> Any:
    return body.get("data") if isinstance(body, dict) else None
