"""Amounts and moments in the notations of the providers."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """An amount rounded half up to two decimals."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def decimal(value: Any) -> Decimal:
    """A JSON number or string as an exact decimal; raises decimal.InvalidOperation for anything else."""
    return Decimal(str(value))


def four_places(amount: Decimal) -> str:
    """Money as BigCommerce V2 writes it: "69.8400"."""
    return f"{amount:.4f}"


def number(amount: Decimal) -> float:
    """Money as a JSON number with at most two decimals (BigCommerce V3, Xero, ShipStation)."""
    return float(cents(amount))


def now() -> datetime:
    """The present moment in UTC, without microseconds."""
    return datetime.now(UTC).replace(microsecond=0)


def rfc2822(moment: datetime) -> str:
    """A moment as BigCommerce V2 writes it: "Tue, 05 Mar 2019 21:40:11 +0000"."""
    return format_datetime(moment.astimezone(UTC))


def iso(moment: datetime) -> str:
    """A moment as ShipStation writes it: "2018-09-23T15:00:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_offset(moment: datetime) -> str:
    """A moment as BigCommerce V3 writes it: "2022-06-16T18:39:00+00:00"."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def unix(moment: datetime) -> int:
    """A moment in seconds since 1970, as the B2B edition writes it."""
    return int(moment.timestamp())


def xero_date(moment: datetime) -> str:
    """A moment as Xero's JSON writes it: "/Date(1551822670731+0000)/"."""
    return f"/Date({unix(moment) * 1000}+0000)/"


def parse_moment(text: str) -> datetime:
    """A moment in ISO 8601, RFC 2822, Unix seconds or Xero's notation; raises ValueError for anything else."""
    text = text.strip()
    if text.startswith("/Date("):
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(text[6:].split("+")[0].split(")")[0]))
    if text.isdigit() and len(text) > 8:
        return datetime.fromtimestamp(int(text), UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
