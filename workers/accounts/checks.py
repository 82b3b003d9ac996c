"""Looks whether a provider account does what it is there for: one line for each thing asked, the first refusal named."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from activities._kit import http
from activities._kit.accounts import BigCommerceAccount, ImapAccount, QaplaAccount, ShipStationAccount, XeroAccount
from activities._kit.errors import NeedsOperator, OutsideError
from activities._kit.http import Call
from activities.bigcommerce.client import StoreClient
from activities.bigcommerce.dialect import DIALECT as BIGCOMMERCE
from activities.bigcommerce.documents import order_of
from activities.bigcommerce.models import Order
from activities.bigcommerce.quota import Quota
from activities.carriers.qapla import QaplaClient
from activities.carriers.shipstation import DIALECT as SHIPSTATION
from activities.finance.dialect import DIALECT as XERO
from activities.mail.imap import Mailbox
from workers.errors import CommandError

CLOCK_LIMIT = timedelta(minutes=2)
"""Hooks are refused when they are five minutes old; half of that is left for their way."""

Lines = AsyncIterator[str]
Check = Callable[[Any, httpx.AsyncClient, str | None], Lines]


async def _bigcommerce(account: BigCommerceAccount, client: httpx.AsyncClient, order_id: str | None) -> Lines:
    store = StoreClient(account, client, (Quota(), Quota()))

    async def ask() -> httpx.Response:
        headers, params = {"X-Auth-Token": account.token}, {"limit": "1", "sort": "id:desc"}
        url = f"{account.api}/v2/orders"
        return await http.send(client, BIGCOMMERCE, Call.SAFE, "GET", url, headers=headers, params=params)

    response = await _allowed("store_v2_orders", ask)
    newest = http.read_json(BIGCOMMERCE, Call.SAFE, response)
    yield "allowed: store_v2_orders"
    yield _clock(response)
    yield await _introduced(store)
    scopes: dict[str, Callable[[], Awaitable[Any]]] = {
        "store_v2_customers": lambda: store.customers("nobody@casework.invalid"),
        "store_inventory": lambda: store.stock(["CASEWORK-CHECK"]),
        "hooks": lambda: store.hooks("https://casework.invalid/"),
    }
    for scope, look in scopes.items():
        await _allowed(scope, look)
        yield f"allowed: {scope}"
    if account.b2b:
        await _allowed("B2B Edition: modify", lambda: store.company_orders(None))
        yield "allowed: B2B Edition"
    wanted = order_id or (str(newest[0]["id"]) if newest else None)
    if wanted is None:
        yield "no order yet to look at"
        return
    found = await store.order(wanted)
    if found is None:
        raise CommandError(f"the store has no order {wanted}")
    order = order_of("", found, await store.products(wanted), await store.shipments(wanted))
    await _allowed("store_v2_transactions", lambda: store.transactions(wanted))
    yield "allowed: store_v2_transactions"
    yield _shown(order)


async def _introduced(store: StoreClient) -> str:
    """Which store it is. Nothing but this line needs the two scopes, so they are not demanded."""
    try:
        told, channels = await store.store(), await store.channels()
    except NeedsOperator:
        return "which store this is may not be read (store_v2_information_read_only, store_channel_listings_read_only)"
    fronts = ", ".join(str(channel.get("name")) for channel in channels if channel.get("type") == "storefront")
    return f"store: {told.get('name')}, {told.get('currency')}, {told.get('status')}; storefronts: {fronts or 'none'}"


def _shown(order: Order) -> str:
    lines = ", ".join(f"{line.quantity} × {line.sku or line.name}" for line in order.lines)
    waves = f"{len(order.shipments)} shipments" if len(order.shipments) != 1 else "1 shipment"
    return f"order {order.order_id} is read as: {order.status}, {order.total} {order.currency}, {lines}, {waves}"


async def _shipstation(account: ShipStationAccount, client: httpx.AsyncClient, _order: str | None) -> Lines:
    url = f"{account.api}/v1/carriers"
    response = await http.send(client, SHIPSTATION, Call.SAFE, "GET", url, headers={"API-Key": account.key})
    body = http.read_json(SHIPSTATION, Call.SAFE, response)
    carriers = [str(carrier.get("carrier_code")) for carrier in body.get("carriers") or []]
    if not carriers:
        raise CommandError("no carrier is connected to this account; connect one at ShipStation first")
    yield f"carriers: {', '.join(carriers)}"
    yield _clock(response)


async def _qapla(account: QaplaAccount, client: httpx.AsyncClient, _order: str | None) -> Lines:
    await QaplaClient(account, client).channel()
    yield "the channel answers to this key"


async def _xero(account: XeroAccount, client: httpx.AsyncClient, _order: str | None) -> Lines:
    headers = {"Authorization": f"Bearer {account.token}", "xero-tenant-id": account.tenant_id}
    for scope, path in (("accounting.contacts", "/Contacts"), ("accounting.transactions", "/CreditNotes")):

        async def ask(path: str = path) -> httpx.Response:
            url = f"{account.api}{path}"
            return await http.send(client, XERO, Call.SAFE, "GET", url, headers=headers, params={"page": "1"})

        response = await _allowed(scope, ask)
        yield f"allowed: {scope}"
    yield _clock(response)


async def _imap(account: ImapAccount, _client: httpx.AsyncClient, _order: str | None) -> Lines:
    def look() -> None:
        mailbox = Mailbox(account)
        try:
            mailbox.select()
        finally:
            mailbox.cut()

    await asyncio.to_thread(look)
    yield f"the folder {account.folder} of {account.user} can be opened"


CHECKS: dict[str, Check] = {
    "bigcommerce": _bigcommerce,
    "shipstation": _shipstation,
    "qapla": _qapla,
    "xero": _xero,
    "imap": _imap,
}
"""By the name of the provider in the accounts file."""


async def check(provider: str, account: Any, client: httpx.AsyncClient, order_id: str | None = None) -> Lines:
    """What works, line by line. Raises CommandError that names the first thing that does not."""
    try:
        async for line in CHECKS[provider](account, client, order_id):
            yield line
    except OutsideError as error:
        raise CommandError(error.message) from error


async def _allowed(scope: str, ask: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await ask()
    except NeedsOperator as error:
        raise CommandError(f"{scope}: {error.message}") from error


def _clock(response: httpx.Response) -> str:
    told = response.headers.get("date")
    if told is None:
        return "the provider does not tell its time"
    apart = abs(datetime.now(UTC) - parsedate_to_datetime(told))
    if apart > CLOCK_LIMIT:
        raise CommandError(f"this machine's clock and the provider's are {apart.total_seconds():.0f} s apart; set it right")
    return f"clocks agree to {apart.total_seconds():.0f} s"
