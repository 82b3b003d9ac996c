"""The fields of foreign exports, read leniently where that loses nothing: numbers for names, dates in the ways they come."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError

from domain.messages import Channel

_LOCAL = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S %z", "%Y/%m/%d %H:%M:%S", "%d %b %Y %H:%M:%S")

CHANNELS = {
    "email": Channel.EMAIL,
    "mail": Channel.EMAIL,
    "web": Channel.FORM,
    "web form": Channel.FORM,
    "portal": Channel.FORM,
    "feedback widget": Channel.FORM,
    "contact form": Channel.FORM,
    "chat": Channel.CHAT,
    "live chat": Channel.CHAT,
    "native_messaging": Channel.CHAT,
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "amazon": Channel.MARKETPLACE,
    "ebay": Channel.MARKETPLACE,
}
"""Words of help desks for our channels; what is not here is taken for mail."""


def _name(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _words(value: object) -> object:
    return "" if value is None else value


def _instant(value: object) -> object:
    """A date without a zone is UTC; a number is seconds since 1970."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError(f"{value} is no time") from error
    if not isinstance(value, str):
        return value
    text = re.sub(r" UTC$", " +0000", value.strip())
    for shape in _LOCAL:
        try:
            at = datetime.strptime(text, shape)
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _tags(value: object) -> object:
    if value is None:
        return []
    return [tag.strip() for tag in value.split(",") if tag.strip()] if isinstance(value, str) else value


Name = Annotated[str, BeforeValidator(_name)]
Words = Annotated[str, BeforeValidator(_words)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant)]
Tags = Annotated[list[str], BeforeValidator(_tags)]


def _list(value: object) -> object:
    return [] if value is None else value


Items = Annotated[list[Any], BeforeValidator(_list)]
"""Parts that are read one by one, so that a broken one spoils no other."""


class Fields(BaseModel):
    """A record of an export; what we do not know in it is let be."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Person(Fields):
    id: Name | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str | None = None


def reason(error: ValidationError) -> str:
    """The first thing that is wrong with a record, on one line."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}" if place else first["msg"]


def person_of(address: str | None) -> Person:
    """`"Ada" <ada@example.com>` as a person."""
    found: Sequence[tuple[str, str]] = getaddresses([address]) if address else []
    name, email = found[0] if found else ("", "")
    return Person(name=name or None, email=email or None)
