"""Tokens that change with every use, against the stand-in and a real database: renewed once, sealed, and never lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet

from activities._kit.accounts import Accounts, XeroAccount
from activities._kit.errors import NeedsOperator, Transient
from activities._kit.http import open_client
from activities.finance.ledger import Ledger
from activities.finance.xero_access import XeroAccess
from storage import credentials
from storage.engine import Database
from storage.sealing import Sealer
from tests.activities.conftest import Outside
from tests.simulators.conftest import Running

pytestmark = pytest.mark.simulators

NAME = "books"


@pytest.fixture
async def plain() -> AsyncIterator[httpx.AsyncClient]:
    """Xero publishes no specification of its sign-in that could judge."""
    async with open_client() as found:
        yield found


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(Fernet.generate_key().decode())


@pytest.fixture
async def account(simulators: Running, outside: Outside, database: Database, sealer: Sealer) -> XeroAccount:
    fields = {
        "api": f"{simulators.url}/xero/api.xro/2.0",
        "identity": f"{simulators.url}/xero/identity",
        "client_id": "xero-demo-client",
        "client_secret": "xero-demo-secret",
        "refresh_token": "xero-demo-refresh",
        "tenant_id": "7d1f3c52-6c4e-4a7b-9a55-0f6f2f1c9e10",
    }
    async with database.begin() as connection:
        await credentials.store(connection, sealer.seal("xero", NAME, fields))
    return XeroAccount.model_validate(fields)


async def kept(database: Database, sealer: Sealer) -> dict[str, Any]:
    async with database.begin() as connection:
        [row] = await credentials.read_all(connection)
    return sealer.open(row)


async def expire(database: Database, sealer: Sealer) -> None:
    fields = await kept(database, sealer)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    async with database.begin() as connection:
        await credentials.store(connection, sealer.seal("xero", NAME, fields | {"token_until": past}))


async def test_the_books_are_read_with_a_token_of_our_own(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    access = XeroAccess(database, sealer, plain)
    ledger = Ledger(Accounts(xero={NAME: account}), client, access)
    invoice = await ledger.invoice(NAME, "INV-10401")
    assert invoice is not None
    fields = await kept(database, sealer)
    assert fields["token"] == await access.bearer(NAME, account)
    assert fields["refresh_token"] not in ("xero-demo-refresh", "")


async def test_two_workers_renew_it_once(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient, outside: Outside
) -> None:
    workers = [XeroAccess(database, sealer, plain) for _ in range(5)]
    bearers = await asyncio.gather(*(worker.bearer(NAME, account) for worker in workers))
    assert len(set(bearers)) == 1
    assert len(outside.calls("token")) == 1


async def test_each_renewal_uses_the_token_that_the_last_one_brought(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient, outside: Outside
) -> None:
    seen = set()
    for _ in range(3):
        seen.add(await XeroAccess(database, sealer, plain).bearer(NAME, account))
        await expire(database, sealer)
    assert len(seen) == 3
    assert [call["status"] for call in outside.calls("token")] == [200, 200, 200]


async def test_while_xero_is_down_nothing_is_lost(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient, outside: Outside
) -> None:
    access = XeroAccess(database, sealer, plain)
    for fault in ("lost_before", "error_500"):
        outside.arm("xero", "token", fault)
        with pytest.raises(Transient):
            await access.bearer(NAME, account)
    assert (await kept(database, sealer))["refresh_token"] == "xero-demo-refresh"
    assert await access.bearer(NAME, account)


async def test_a_grant_that_is_gone_is_for_an_operator(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient
) -> None:
    fields = await kept(database, sealer)
    async with database.begin() as connection:
        await credentials.store(connection, sealer.seal("xero", NAME, fields | {"refresh_token": "revoked"}))
    with pytest.raises(NeedsOperator, match=r"invalid_grant.*`casework connect xero books`"):
        await XeroAccess(database, sealer, plain).bearer(NAME, account)


async def test_without_row_or_key_it_says_what_to_do(
    account: XeroAccount, database: Database, sealer: Sealer, plain: httpx.AsyncClient
) -> None:
    with pytest.raises(NeedsOperator, match="stands in the accounts file; connect it"):
        await XeroAccess(database, None, plain).bearer(NAME, account)
    with pytest.raises(NeedsOperator, match="was sealed with another key"):
        await XeroAccess(database, Sealer(Fernet.generate_key().decode()), plain).bearer(NAME, account)
    async with database.begin() as connection:
        await credentials.forget(connection, "xero", NAME)
    with pytest.raises(NeedsOperator, match="no longer connected"):
        await XeroAccess(database, sealer, plain).bearer(NAME, account)


async def test_a_token_that_somebody_else_renews_is_used_as_it_is(database: Database, plain: httpx.AsyncClient) -> None:
    account = XeroAccount(api="http://127.0.0.1:9", token="theirs", tenant_id="t")
    assert await XeroAccess(database, None, plain).bearer(NAME, account) == "theirs"
