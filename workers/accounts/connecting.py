"""`casework connect`: a provider account is asked for, tried, and only then stored, sealed."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from activities._kit.accounts import Accounts, AccountsError, load_accounts
from activities._kit.http import open_client
from storage import credentials
from storage.credentials import Sealed
from storage.engine import Database
from storage.sealing import Sealer, SealError
from workers import database
from workers.accounts import xero_grant
from workers.accounts.checks import check
from workers.accounts.fields import Ask, account_of, completed, first_words, kind_of
from workers.accounts.sealing import sealer, sealer_for_writing
from workers.errors import CommandError
from workers.settings import Settings

_WITH_HOOKS = frozenset({"bigcommerce", "shipstation", "qapla", "xero"})


async def stored_accounts(settings: Settings, kept: Database) -> dict[str, dict[str, Any]]:
    """What has been connected: fields by name by provider. Raises CommandError where a key is missing or does not fit."""
    async with kept.begin() as connection:
        rows = await credentials.read_all(connection)
    found: dict[str, dict[str, Any]] = {}
    if rows:
        opener = sealer(settings)
        for row in rows:
            found.setdefault(row.provider, {})[row.name] = _opened(opener, row)
    return found


async def all_accounts(settings: Settings, kept: Database) -> Accounts:
    """Those of the accounts file and those connected.

    Raises CommandError for an account that stands in both, and for what is wrong in either.
    """
    written = _written(settings)
    connected = await stored_accounts(settings, kept)
    if not connected:
        return written
    whole = written.model_dump(exclude_unset=True)
    for provider, accounts in connected.items():
        held = whole.setdefault(provider, {})
        if twice := sorted(held.keys() & accounts.keys()):
            raise CommandError(
                f"{provider}/{twice[0]} stands in {settings.accounts_file} and is connected as well; take it out of the file, "
                f"or `casework disconnect {provider} {twice[0]}`"
            )
        whole[provider] = held | accounts
    try:
        return Accounts.model_validate(whole)
    except ValidationError as error:
        raise CommandError(f"a connected account is wrong: {first_words(error)}; connect it again") from error


async def connect(
    settings: Settings,
    provider: str,
    name: str,
    given: dict[str, Any],
    order_id: str | None,
    ask: Ask | None,
    say: Callable[[str], None],
) -> None:
    """Asks for what is not `given`, tries the account and stores it. Without `ask` nothing is asked for.

    Raises CommandError where something is missing or does not work; then nothing is stored.
    """
    kind = kind_of(provider)
    if name in getattr(_written(settings), provider):
        raise CommandError(f"{provider}/{name} stands in {settings.accounts_file}; take it out there first")
    async with database.opened(settings) as opened, open_client() as client:
        async with opened.begin() as connection:
            # Before anybody is asked: whether there is a place to keep the answers.
            await credentials.read_all(connection)
        if provider == "xero" and "token" not in given:
            given = await xero_grant.agreed(given, ask, say, client)
        account = account_of(kind, completed(kind, given, ask))
        async for line in check(provider, account, client, order_id):
            say(f"ok   {line}")
        opener, made = sealer_for_writing(settings)
        sealed = opener.seal(provider, name, account.model_dump(mode="json", exclude_unset=True))
        async with opened.begin() as connection:
            await credentials.store(connection, sealed)
    if provider in _WITH_HOOKS and not settings.inbox_url.startswith("https://"):
        say(f"note {settings.inbox_url} is no https address, so hooks do not come; what changes is found by looking")
    if made is not None:
        say(f"made the key {made}; keep a copy elsewhere: without it the accounts cannot be read")
    say(f"{provider}/{name} is connected; restart `casework worker` and `casework api` to use it")


async def disconnect(settings: Settings, provider: str, name: str) -> None:
    """Raises CommandError where there is no such account."""
    async with database.opened(settings) as opened, opened.begin() as connection:
        if not await credentials.forget(connection, provider, name):
            raise CommandError(f"{provider}/{name} is not connected")


async def reseal(settings: Settings) -> int:
    """Seals every account with the newest key, and returns how many there are. All or none."""
    opener = sealer(settings)
    async with database.opened(settings) as opened, opened.begin() as connection:
        rows = await credentials.read_all(connection, locked=True)
        for row in rows:
            await credentials.store(connection, opener.seal(row.provider, row.name, _opened(opener, row)))
    return len(rows)


def _written(settings: Settings) -> Accounts:
    try:
        return load_accounts(settings.accounts_file)
    except AccountsError as error:
        raise CommandError(str(error)) from error


def _opened(opener: Sealer, row: Sealed) -> dict[str, Any]:
    try:
        return opener.open(row)
    except SealError as error:
        raise CommandError(str(error)) from error
