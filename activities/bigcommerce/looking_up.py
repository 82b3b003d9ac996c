"""What a store knows about a message: each reference followed, the orders read, the rest by the sender's address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from activities.bigcommerce.asking import Asking, NoAnswer
from activities.bigcommerce.matching import (
    NAMES_AN_ORDER,
    UNANSWERED,
    UNKNOWN,
    Hit,
    by_address,
    match_of,
    sku_of_serial,
    with_parcel,
    with_product,
)
from activities.bigcommerce.models import Company, LookUp, Match, MatchState, Order, OrderContext
from activities.bigcommerce.searching import Search
from domain.reference_kinds import ReferenceKind
from domain.references import MessagePart, NamedReference
from domain.threading import is_participant, shares_domain

if TYPE_CHECKING:
    from activities.bigcommerce.stores import Stores

MOST_LOOK_UPS = 12
"""References of one message that are followed to orders, and orders that are read for it."""
_MOST_ELSEWHERE = 3
"""Unknown order numbers that the other stores are asked about."""
_NOT_LOOKED_UP = Hit(
    MatchState.UNANSWERED, words=f"{{value}} was not looked up: only the first {MOST_LOOK_UPS} references of a message are."
)
_IN_ORDERS = frozenset({ReferenceKind.SKU, ReferenceKind.SERIAL, ReferenceKind.TRACKING})
"""What the store cannot be searched for: it is looked for in the orders that are known otherwise."""
_MOST_BUYERS = 3
"""Orders whose buyer is compared with the sender."""
_GUEST = "0"


class LookingUp:
    """One look-up against its deadline: notes what is missing instead of failing."""

    def __init__(self, stores: Stores, wanted: LookUp, seconds: float) -> None:
        self._stores = stores
        self._wanted = wanted
        self._title = stores.title(wanted.store)
        self._shop = stores.playbook.now.stores[wanted.store]
        self._until = asyncio.get_running_loop().time() + seconds
        self._asking = Asking(self._title, self._until)
        self._search = Search(stores, wanted, self._asking, self._shop.invoice_number)
        self._references = _wanted_references(wanted)
        self._tried: set[str] = set()
        self._read: dict[str, Order | None] = {}
        """By id; None where the store does not know it, absent where it did not answer."""
        self._recent: list[Order] = []
        self._missing: list[str] = []

    async def context(self) -> OrderContext:
        hits = await self._follow()
        await self._read_recent()
        # Parcels first: they may bring an order in, which products are then looked for in.
        within = sorted((one for one in self._references if one.kind in _IN_ORDERS), key=_is_no_parcel)
        hits |= {one: self._within_orders(one) for one in within}
        orders = self._known() or self._recent
        about = _about(hits)
        address = None
        if not about and len(orders) == 1 and not self._names_an_order():
            address = by_address(orders[0].order_id, self._title)
            about = address.order_ids
        company = await self._company([order for order in orders if order.order_id in about])
        elsewhere = await self._elsewhere(one for one, hit in hits.items() if hit is UNKNOWN)
        matches = [self._match(one, hits[one], elsewhere) for one in self._references]
        unknown = [match.words for match in matches if match.kind is ReferenceKind.ORDER and match.state is MatchState.UNKNOWN]
        return OrderContext(
            orders=tuple(orders),
            about=about,
            company=company,
            sender_belongs=await self._sender_belongs(company, about),
            matches=(*sorted(matches, key=lambda match: -match.score), *((address,) if address else ())),
            missing=(*unknown, *self._missing, *dict.fromkeys(self._asking.unanswered)),
            store_answered=not self._asking.unanswered,
            as_of=datetime.now(UTC),
        )

    def _names_an_order(self) -> bool:
        return any(one.kind in NAMES_AN_ORDER for one in self._references)

    def _known(self) -> list[Order]:
        return [order for order in self._read.values() if order is not None]

    async def _follow(self) -> dict[NamedReference, Hit]:
        """Where each reference leads; only orders that the store really has count as found."""
        leading = [one for one in self._references if one.kind not in _IN_ORDERS]
        followed = leading[:MOST_LOOK_UPS]
        hits = {one: hit for one in followed if (hit := self._search.at_hand(one))}
        asked = [one for one in followed if one not in hits]
        answers, _ = await asyncio.gather(
            asyncio.gather(*(self._search.hit(one) for one in asked)), self._read_orders(hits.values())
        )
        hits |= dict(zip(asked, answers, strict=True))
        await self._read_orders(answers)
        settled = {one: self._settled(hit) for one, hit in hits.items()}
        return settled | dict.fromkeys(leading[MOST_LOOK_UPS:], _NOT_LOOKED_UP)

    async def _read_orders(self, hits: Iterable[Hit]) -> None:
        wanted = dict.fromkeys(order_id for hit in hits for order_id in hit.order_ids if order_id not in self._tried)
        chosen = list(wanted)[: MOST_LOOK_UPS - len(self._tried)]
        self._tried.update(chosen)
        self._read |= dict.fromkeys(chosen)  # keeps the order in which they are named
        await asyncio.gather(*(self._read_order(order_id) for order_id in chosen))

    async def _read_order(self, order_id: str) -> None:
        try:
            asked = self._stores.order(self._wanted.store, order_id)
            self._read[order_id] = await self._asking.ask(asked, "order details will follow")
        except NoAnswer:
            del self._read[order_id]

    def _settled(self, hit: Hit) -> Hit:
        known = tuple(order_id for order_id in hit.order_ids if self._read.get(order_id))
        if known or not hit.order_ids:
            return replace(hit, order_ids=known) if known else hit
        if not self._tried.issuperset(hit.order_ids):
            return _NOT_LOOKED_UP
        return UNKNOWN if self._read.keys() >= set(hit.order_ids) else UNANSWERED

    async def _read_recent(self) -> None:
        """The sender's newest orders, where the references led to none or a parcel is not found yet."""
        parcels = [one.value for one in self._references if one.kind is ReferenceKind.TRACKING]
        known = self._known()
        is_open = not known or any(not with_parcel(number, known) for number in parcels)
        if not is_open or not self._wanted.email or self._asking.unanswered:
            return
        asked = self._stores.recent_orders(self._wanted.store, self._wanted.email)
        try:
            self._recent = await self._asking.ask(asked, "order details will follow")
        except NoAnswer:
            self._recent = []

    def _within_orders(self, reference: NamedReference) -> Hit:
        orders = self._known() or self._recent
        if self._asking.unanswered and not orders:
            return UNANSWERED
        if reference.kind is ReferenceKind.TRACKING:
            return self._parcel(reference.value)
        if reference.kind is ReferenceKind.SKU:
            found = with_product(reference.value, orders)
            nowhere = Hit(MatchState.UNKNOWN, words="{value} stands on none of the orders looked at.")
            return Hit(MatchState.FOUND, found) if found else nowhere
        sku = sku_of_serial(reference.value, self._shop.references.serial_skus)
        if sku is None:
            return Hit(MatchState.UNKNOWN, words="{value} tells no product, and the store keeps no serial numbers.")
        found = with_product(sku, orders)
        if not found:
            return Hit(MatchState.UNKNOWN, words=f"{{value}} is a {sku}, which stands on none of the orders looked at.")
        return Hit(MatchState.FOUND, found, words=f"{{value}} is a {sku}, which stands on order {', '.join(found)}.")

    def _parcel(self, number: str) -> Hit:
        """A parcel may show an order that no number named: it joins the orders of the context."""
        pool = {order.order_id: order for order in (*self._recent, *self._known())}
        found = with_parcel(number, pool.values())
        if not found:
            words = "{value} is a parcel of none of the orders looked at; the store cannot be searched by parcel number."
            return Hit(MatchState.UNKNOWN, words=words)
        self._read |= {order_id: pool[order_id] for order_id in found}
        return Hit(MatchState.FOUND, found)

    async def _company(self, about: list[Order]) -> Company | None:
        """The one company of the orders; where they tell none, the only one the sender buys for."""
        try:
            told = "The orders named are of {names}: no company was chosen."
            found = list(dict.fromkeys(order.company_id for order in about if order.company_id))
            if not found:
                customers = [order.customer_id for order in about if order.customer_id != _GUEST]
                found = list(await self._search.companies_of(customers))
            if not found:
                told = "The sender buys for {names}; no order is named that tells for which."
                found = await self._companies_of_the_sender()
            if len(found) > 1:
                names = ", ".join([await self._search.name(company_id) for company_id in found])
                self._missing.append(told.replace("{names}", names))
                return None
            if not found:
                return None
            asked = self._stores.company(self._wanted.store, found[0])
            company = await self._asking.ask(asked, "company details will follow")
        except NoAnswer:
            return None
        if company is not None:
            self._search.companies[company.company_id] = company.name
        return company

    async def _companies_of_the_sender(self) -> list[str]:
        if self._asking.unanswered:
            return []
        contact = await self._search.contact()
        if self._wanted.email and not contact.is_known and not self._recent and not self._names_an_order():
            self._missing.append(f"The sender is not known to {self._title}.")
        of_orders = dict.fromkeys(order.company_id for order in self._recent if order.company_id)
        return list(contact.companies) or list(of_orders)

    async def _sender_belongs(self, company: Company | None, about: tuple[str, ...]) -> bool:
        """Whether the sender buys for the company of the orders: as one of its users, as the buyer of such an order, or from
        the buyer's own mail domain. To name a company's order proves nothing."""
        if company is None or not self._wanted.email:
            return False
        try:
            if company.company_id in (await self._search.contact()).companies:
                return True
        except NoAnswer:
            return False
        asking = Asking(self._title, self._until)
        for order_id in about[:_MOST_BUYERS]:
            try:
                buyer = await asking.ask(self._stores.buyer_email(self._wanted.store, order_id), "")
            except NoAnswer:
                return False
            known = [buyer] if buyer else []
            if is_participant(self._wanted.email, known) or shares_domain(self._wanted.email, known):
                return True
        return False

    async def _elsewhere(self, unknown: Iterable[NamedReference]) -> dict[str, str]:
        """What another store of the merchant knows about an order number that this one does not, if it is the sender's."""
        email = (self._wanted.email or "").casefold()
        numbers = [one.value for one in unknown if one.kind is ReferenceKind.ORDER and one.value.isdecimal()]
        others = [key for key in self._stores.playbook.now.stores if key != self._wanted.store]
        if not email or not numbers:
            return {}
        asked = [(number, other) for number in numbers[:_MOST_ELSEWHERE] for other in others]
        found = await asyncio.gather(*(self._is_of_sender(other, number, email) for number, other in asked))
        words: dict[str, str] = {}
        for (number, other), is_theirs in zip(asked, found, strict=True):
            if is_theirs:
                words[number] = f"{words.get(number, '')} {self._stores.title(other)} has an order {number} of this sender."
        return words

    async def _is_of_sender(self, store: str, number: str, email: str) -> bool:
        """Whether another store has this order for this address; a store that does not answer is no concern of this ticket."""
        try:
            asked = self._stores.buyer_email(store, number)
            return (await Asking(self._stores.title(store), self._until).ask(asked, "") or "").casefold() == email
        except NoAnswer:
            return False

    def _match(self, reference: NamedReference, hit: Hit, elsewhere: dict[str, str]) -> Match:
        names = self._search.companies
        of = {key: names[order.company_id or ""] for key, order in self._read.items() if order and order.company_id in names}
        match = match_of(reference, hit, of, self._title)
        more = elsewhere.get(reference.value, "") if reference.kind is ReferenceKind.ORDER else ""
        return match.model_copy(update={"words": match.words + more})


def _is_no_parcel(reference: NamedReference) -> bool:
    return reference.kind is not ReferenceKind.TRACKING


def _wanted_references(wanted: LookUp) -> list[NamedReference]:
    """What to follow, the surest first, each once."""
    told = [
        NamedReference(kind=ReferenceKind.ORDER, value=order_id, part=MessagePart.CHANNEL, score=100)
        for order_id in wanted.order_ids
    ]
    once: dict[tuple[ReferenceKind, str], NamedReference] = {}
    for one in (*told, *sorted(wanted.references, key=lambda one: -one.score)):
        once.setdefault((one.kind, one.value), one)
    return list(once.values())


def _about(hits: dict[NamedReference, Hit]) -> tuple[str, ...]:
    """The orders found; those that only the quoted part names count where nothing else is found."""
    found = [(one, hit) for one, hit in hits.items() if hit.state is MatchState.FOUND and one.kind in NAMES_AN_ORDER]
    own = [(one, hit) for one, hit in found if one.part is not MessagePart.QUOTED]
    ranked = sorted(own or found, key=lambda pair: (len(pair[1].order_ids) > 1, -pair[0].score))
    return tuple(dict.fromkeys(order_id for _, hit in ranked for order_id in hit.order_ids))
