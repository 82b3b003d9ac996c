"""The fields of an account: what is given, what has to be asked for, and whether they make one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from activities._kit.accounts import Accounts
from workers.accounts.checks import CHECKS
from workers.errors import CommandError

Account = TypeVar("Account", bound=BaseModel)
Ask = Callable[[str, bool], str]
"""Asks for a field; the second says whether what is typed is hidden."""


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


def kind_of(provider: str) -> type[BaseModel]:
    """The model of this provider's accounts. Raises CommandError where it cannot be connected."""
    if provider not in CHECKS:
        raise CommandError(
            f"{provider!r} cannot be connected by this command, only {', '.join(CHECKS)}; others stand in the accounts file"
        )
    values = Accounts.model_fields[provider].annotation
    return values.__args__[1]  # pyright: ignore[reportOptionalMemberAccess, reportAttributeAccessIssue]


def completed(kind: type[BaseModel], given: dict[str, Any], ask: Ask | None) -> dict[str, Any]:
    """The given fields, and every other that must be there as it was answered.

    Raises CommandError that names what is missing where nobody can be asked.
    """
    missing = {name: field for name, field in kind.model_fields.items() if field.is_required() and name not in given}
    if not missing:
        return given
    if ask is None:
        raise CommandError(f"missing: {', '.join(missing)}; give each with --set FIELD=VALUE")
    return given | {name: ask(name, is_secret(field)) for name, field in missing.items()}


def is_secret(field: FieldInfo) -> bool:
    """Whether what is typed is hidden: what is never shown is not shown then either."""
    return field.repr is False


def account_of(kind: type[Account], fields: dict[str, Any]) -> Account:
    """Raises CommandError that names the field that is wrong."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise CommandError(first_words(error)) from error


def first_words(error: ValidationError) -> str:
    """The first mistake and where it is, without what was typed."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
