"""`casework connect`: a provider account is asked for, tried, and only then stored, sealed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from activities._kit.accounts import Accounts, AccountsError, load_accounts
from activities._kit.http import open_client
from storage import credentials
from storage.credentials import Sealed
from storage.engine import Database, open_database
from storage.sealing import Sealer, SealError
from workers.accounts import xero_grant
from workers.accounts.checks import CHECKS, check
from workers.accounts.sealing import sealer, sealer_for_writing
from workers.errors import CommandError
from workers.settings import Settings, require_database_url

Ask = Callable[[str, bool], str]
"""Asks for a field; the second says whether what is typed is hidden."""


async def stored_accounts(settings: Settings, database: Database) -> dict[str, dict[str, Any]]:
    """What has been connected: fields by name by provider. Raises CommandError where a key is missing or does not fit."""
    async with database.begin() as connection:
        rows = await credentials.read_all(connection)
    found: dict[str, dict[str, Any]] = {}
    if rows:
        opener = sealer(settings)
        for row in rows:
            found.setdefault(row.provider, {})[row.name] = _opened(opener, row)
    return found


async def all_accounts(settings: Settings, database: Database) -> Accounts:
    """Those of the accounts file and those connected.

    Raises CommandError for an account that stands in both, and for what is wrong in either.
    """
    written = _written(settings)
    connected = await stored_accounts(settings, database)
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
        raise CommandError(f"a connected account is wrong: {_first(error)}; connect it again") from error


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
    kind = _kind(provider)
    if name in getattr(_written(settings), provider):
        raise CommandError(f"{provider}/{name} stands in {settings.accounts_file}; take it out there first")
    database = open_database(require_database_url(settings))
    try:
        async with open_client() as client:
            if provider == "xero" and "token" not in given:
                if ask is None:
                    raise CommandError("Xero is agreed to by a person in the browser; run this at a terminal")
                given = given | await xero_grant.agreed(given, ask, say, client)
            account = _account(kind, {**_asked(kind, given, ask), **given})
            async for line in check(provider, account, client, order_id):
                say(f"ok   {line}")
        if not settings.inbox_url.startswith("https://"):
            say(f"note {settings.inbox_url} is no https address, so hooks do not come; what changes is found by looking")
        opener, made = sealer_for_writing(settings)
        sealed = opener.seal(provider, name, account.model_dump(mode="json", exclude_unset=True))
        async with database.begin() as connection:
            await credentials.store(connection, sealed)
    finally:
        await database.close()
    if made is not None:
        say(f"made the key {made}; keep a copy elsewhere: without it the accounts cannot be read")
    say(f"{provider}/{name} is connected; restart `casework worker` and `casework api` to use it")


async def disconnect(settings: Settings, provider: str, name: str) -> None:
    """Raises CommandError where there is no such account."""
    database = open_database(require_database_url(settings))
    try:
        async with database.begin() as connection:
            if not await credentials.forget(connection, provider, name):
                raise CommandError(f"{provider}/{name} is not connected")
    finally:
        await database.close()


async def reseal(settings: Settings) -> int:
    """Seals every account with the newest key, and returns how many there are. All or none."""
    opener = sealer(settings)
    database = open_database(require_database_url(settings))
    try:
        async with database.begin() as connection:
            rows = await credentials.read_all(connection, locked=True)
            for row in rows:
                await credentials.store(connection, opener.seal(row.provider, row.name, _opened(opener, row)))
    finally:
        await database.close()
    return len(rows)


def given_fields(pairs: list[str], file: Path | None) -> dict[str, Any]:
    """What the command line says. Raises CommandError for a pair without `=` and for a file that is no YAML mapping."""
    given: dict[str, Any] = {}
    if file is not None:
        try:
            read = yaml.safe_load(file.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise CommandError(f"{file}: {error}") from error
        if not isinstance(read, dict):
            raise CommandError(f"{file}: must be fields with their values")
        given |= read
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals:
            raise CommandError(f"--set {field}: write it as {field}=value")
        given[field] = value
    return given


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


def _kind(provider: str) -> type[BaseModel]:
    if provider not in CHECKS:
        raise CommandError(
            f"{provider!r} cannot be connected by this command, only {', '.join(CHECKS)}; others stand in the accounts file"
        )
    values = Accounts.model_fields[provider].annotation
    return values.__args__[1]  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]


def _asked(kind: type[BaseModel], given: dict[str, Any], ask: Ask | None) -> dict[str, str]:
    missing = {name: field for name, field in kind.model_fields.items() if field.is_required() and name not in given}
    if missing and ask is None:
        raise CommandError(f"missing: {', '.join(missing)}; give each with --set FIELD=VALUE")
    return {name: ask(name, _is_secret(field)) for name, field in missing.items()} if ask is not None else {}


def _is_secret(field: FieldInfo) -> bool:
    return field.repr is False and field.default is PydanticUndefined


def _account(kind: type[BaseModel], fields: dict[str, Any]) -> BaseModel:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise CommandError(_first(error)) from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
