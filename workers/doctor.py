"""Looks at everything Casework needs and says of each whether it is there."""

import asyncio
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.errors import CommandError
from workers.settings import Settings, require_database_url

if TYPE_CHECKING:
    import httpx

    from activities.finance.xero_access import XeroAccess

LEAST_FREE_BYTES = 1024**3
RELAY_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    name: str
    healthy: bool
    words: str


async def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which one would repair them."""
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "playbook": _playbook,
        "database": _database,
        "accounts": _accounts,
        "temporal": _temporal,
        "search attributes": _search_attributes,
        "mail relay": _mail_relay,
        "disk": _disk,
    }
    findings = [await _finding(name, check(settings)) for name, check in checks.items()]
    reached = all(finding.healthy for finding in findings if finding.name in ("accounts", "database"))
    return findings + (await _each_account(settings) if reached else [])


async def _each_account(settings: Settings) -> list[Finding]:
    """Every account that can be tried, tried now."""
    from activities._kit.http import open_client
    from workers import database
    from workers.accounts.checks import CHECKS
    from workers.composition import open_accounts, xero_access

    async with database.opened(settings) as opened, open_client() as client:
        accounts = await open_accounts(settings, opened)
        access = xero_access(settings, accounts, opened, client)
        return [
            await _finding(f"{provider}/{name}", _tried(provider, name, account, access, client))
            for provider in CHECKS
            for name, account in getattr(accounts, provider).items()
        ]


async def _tried(provider: str, name: str, account: Any, access: "XeroAccess", client: "httpx.AsyncClient") -> str:
    from workers.accounts.checks import check

    if provider == "xero":
        account = account.model_copy(update={"token": await _bearer(access, name, account)})
    return [line async for line in check(provider, account, client)][-1]


async def _bearer(access: "XeroAccess", name: str, account: Any) -> str:
    from activities._kit.errors import OutsideError

    try:
        return await access.bearer(name, account)
    except OutsideError as error:
        raise CommandError(error.message) from error


async def _finding(name: str, check: Awaitable[str]) -> Finding:
    try:
        return Finding(name, True, await check)
    except CommandError as error:
        return Finding(name, False, str(error))


async def _playbook(settings: Settings) -> str:
    from workers.playbooks import open_playbook

    version = open_playbook(settings.playbook).version
    return f"{settings.playbook} is good, version {version}"


async def _accounts(settings: Settings) -> str:
    from workers import database
    from workers.composition import open_accounts, require_alert_accounts
    from workers.playbooks import open_playbook

    async with database.opened(settings) as opened:
        accounts = await open_accounts(settings, opened)
    require_alert_accounts(open_playbook(settings.playbook), accounts)
    counts = {name: len(getattr(accounts, name)) for name in type(accounts).model_fields}
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


async def _database(settings: Settings) -> str:
    import psycopg

    from workers.database import on_one_line

    url = require_database_url(settings).replace("postgresql+psycopg://", "postgresql://")
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
            cursor = await connection.execute("SELECT current_setting('server_version'), to_regclass('alembic_version')")
            row = await cursor.fetchone()
    except psycopg.Error as error:
        raise CommandError(f"cannot be reached ({on_one_line(error)}); correct CASEWORK_DATABASE_URL") from error
    version, migrated = row if row is not None else ("unknown", None)
    if migrated is None:
        raise CommandError("has no tables yet; run `casework migrate`")
    return f"PostgreSQL {version} answers"


async def _temporal(_settings: Settings) -> str:
    from workers import temporal

    client = await temporal.connect()
    return f"{temporal.address()}, namespace {client.namespace}"


async def _search_attributes(_settings: Settings) -> str:
    from workers import search_attributes, temporal

    absent = await search_attributes.missing(await temporal.connect())
    if absent:
        raise CommandError(f"missing: {', '.join(key.name for key in absent)}; run `casework migrate`")
    return f"all {len(search_attributes.ALL)} are registered"


async def _mail_relay(settings: Settings) -> str:
    relay = settings.relay_address
    if relay is None:
        raise CommandError("CASEWORK_SMTP_RELAY is not set; set it to host:port of the relay that sends your mail")
    host, port = relay
    try:
        async with asyncio.timeout(RELAY_SECONDS):
            _reader, writer = await asyncio.open_connection(host, port)
            writer.close()
    except (OSError, TimeoutError) as error:
        reason = "no such host" if isinstance(error, socket.gaierror) else str(error) or "no answer"
        raise CommandError(f"{host}:{port} cannot be reached ({reason}); correct CASEWORK_SMTP_RELAY") from error
    return f"{host}:{port} answers"


async def _disk(settings: Settings) -> str:
    folder = settings.data.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise CommandError(f"{free // 1024**2} MiB free at {settings.data}; make room or set CASEWORK_DATA")
    return f"{free // 1024**3} GiB free at {settings.data}"
