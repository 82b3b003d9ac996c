"""From a reference to the words and the score of its match. Pure: what the store told is given."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from activities.bigcommerce.models import Match, MatchState, Order
from domain.reference_kinds import ReferenceKind
from domain.references import MessagePart, NamedReference, bare, plain

NAMES_AN_ORDER = frozenset(ReferenceKind) - {ReferenceKind.SKU, ReferenceKind.SERIAL}
"""The kinds that lead to orders; a product or a serial number only points into orders known otherwise."""

_ONE, _SEVERAL, _BY_PRODUCT, _BY_ADDRESS, _IN_QUOTE = 100, 70, 40, 30, 20


@dataclass(frozen=True)
class Hit:
    """Where a reference led. `words` are there where the orders alone do not say it."""

    state: MatchState
    order_ids: tuple[str, ...] = ()
    words: str = ""


UNKNOWN = Hit(MatchState.UNKNOWN)
UNANSWERED = Hit(MatchState.UNANSWERED, words="{value} could not be looked up; the store did not answer.")


def match_of(reference: NamedReference, hit: Hit, companies: Mapping[str, str], store: str) -> Match:
    """`companies` gives the company's name by order id; `store` is the store's name for people."""
    named = f"Order {reference.value}" if reference.kind is ReferenceKind.ORDER else reference.value
    if reference.kind is ReferenceKind.RMA:
        named = f"RMA {reference.value}"
    if hit.words:
        words = hit.words.replace("{value}", named)
    elif hit.state is MatchState.UNKNOWN:
        words = f"{named} is not known to {store}."
    else:
        words = _found_words(reference.kind, named, hit.order_ids, companies, store)
    return Match(
        kind=reference.kind,
        value=reference.value,
        state=hit.state,
        order_ids=hit.order_ids,
        words=f"{words.removesuffix('.')}.",
        score=_score(reference, hit),
    )


def by_address(order_id: str, store: str) -> Match:
    """The message names nothing, and its sender has one order."""
    words = f"Order {order_id} is the only one of this sender in {store}; the message names none."
    return Match(kind=None, value="", state=MatchState.FOUND, order_ids=(order_id,), words=words, score=_BY_ADDRESS)


def _score(reference: NamedReference, hit: Hit) -> int:
    """What resolves stands above every shape; what does not keeps half of what its shape was worth."""
    if hit.state is not MatchState.FOUND:
        return reference.score // 2
    if reference.kind not in NAMES_AN_ORDER:
        return _BY_PRODUCT if len(hit.order_ids) == 1 else _BY_PRODUCT // 2
    score = _SEVERAL if len(hit.order_ids) > 1 and reference.kind is not ReferenceKind.RMA else _ONE
    return score - _IN_QUOTE if reference.part is MessagePart.QUOTED else score


def _found_words(kind: ReferenceKind, named: str, order_ids: tuple[str, ...], companies: Mapping[str, str], store: str) -> str:
    of = {order_id: f" of {companies[order_id]}" if order_id in companies else "" for order_id in order_ids}
    if kind is ReferenceKind.ORDER:
        return f"{named} is one{of[order_ids[0]] or f' of {store}'}"
    orders = ", ".join(f"{order_id}{of[order_id]}" for order_id in order_ids)
    orders = f"order{'s' if len(order_ids) > 1 else ''} {orders}"
    leads = {
        ReferenceKind.INVOICE: "is the invoice of",
        ReferenceKind.TRACKING: "is a parcel of",
        ReferenceKind.RMA: "is our return of",
        ReferenceKind.SKU: "stands on",
    }
    return f"{named} {leads.get(kind, 'is')} {orders}"


def with_parcel(number: str, orders: Iterable[Order]) -> tuple[str, ...]:
    wanted = bare(number)
    return tuple(
        order.order_id for order in orders if any(bare(parcel.tracking_number) == wanted for parcel in order.shipments)
    )


def with_product(sku: str, orders: Iterable[Order]) -> tuple[str, ...]:
    wanted = bare(sku)
    return tuple(order.order_id for order in orders if any(bare(line.sku) == wanted for line in order.lines))


def sku_of_serial(serial: str, prefixes: Mapping[str, str]) -> str | None:
    """The product whose maker begins its serial numbers so; the longest beginning wins."""
    known = [prefix for prefix in prefixes if bare(serial).startswith(bare(prefix))]
    return prefixes[max(known, key=len)] if known else None


def order_of_invoice(value: str, numbering: str) -> str | None:
    """The order whose invoice is numbered so, by the store's `invoice_number`; digits alone are read as the order's."""
    pattern = re.escape(numbering).replace(re.escape("{order_id}"), "([0-9]{1,12})")
    found = re.fullmatch(pattern, plain(value), re.IGNORECASE)
    if found:
        return found[1]
    return value if value.isdecimal() and value.isascii() else None


def purchase_order_core(value: str) -> str:
    """What to search for: the number without the letters PO that one side writes and the other does not."""
    return re.sub(r"^P\.? ?O\.?[-_ #:]*(?=[0-9A-Z])", "", plain(value), flags=re.IGNORECASE)
