"""When two messages are about the same thing: the same party, the same order, the same matter, within a time. Never the
sender alone (B3)."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from domain.references import Reference, ReferenceKind, bare
from domain.triage import Intent


class Matter(StrEnum):
    """A family of intents: what people call by several names and answer in one go."""

    DELIVERY = "delivery"
    ORDER_CHANGE = "order_change"
    GOODS = "goods"
    MONEY = "money"
    SALES = "sales"


_MATTERS = {
    Intent.WISMO: Matter.DELIVERY,
    Intent.CHANGE_ORDER: Matter.ORDER_CHANGE,
    Intent.RETURN: Matter.GOODS,
    Intent.EXCHANGE: Matter.GOODS,
    Intent.DAMAGED: Matter.GOODS,
    Intent.INVOICE: Matter.MONEY,
    Intent.QUOTE: Matter.SALES,
    Intent.WHOLESALE_PRICE: Matter.SALES,
}
"""`other` is no matter: two messages that are about nothing known are not about the same."""

_KEYS = (
    ReferenceKind.ORDER,
    ReferenceKind.PURCHASE_ORDER,
    ReferenceKind.MARKETPLACE_ORDER,
    ReferenceKind.INVOICE,
    ReferenceKind.QUOTE,
)
_ITEMS = (ReferenceKind.SKU, ReferenceKind.SERIAL)


class Key(BaseModel):
    """One order, or what stands for one, and one matter. `items` narrows goods to the articles and serial numbers named;
    none means the whole order."""

    model_config = ConfigDict(frozen=True)

    reference: str
    matter: Matter
    items: frozenset[str] = frozenset()

    def is_about_the_same(self, other: "Key") -> bool:
        """Whether both speak of the same thing. Two broken articles of one order are two problems; a serial number and an
        article may well be one."""
        if (self.reference, self.matter) != (other.reference, other.matter):
            return False
        return not any(_apart(_of(kind, self.items), _of(kind, other.items)) for kind in _ITEMS) or bool(
            _of(ReferenceKind.SERIAL, self.items) & _of(ReferenceKind.SERIAL, other.items)
        )


def keys(references: Iterable[Reference], intents: Iterable[Intent]) -> frozenset[Key]:
    """What a message with these references and intents is about: every order it names, with every matter."""
    named = tuple(references)
    matters = {matter for intent in intents if (matter := _MATTERS.get(intent)) is not None}
    items = frozenset(f"{reference.kind.value}:{bare(reference.value)}" for reference in named if reference.kind in _ITEMS)
    return frozenset(
        Key(
            reference=f"{reference.kind.value}:{bare(reference.value)}",
            matter=matter,
            items=items if matter is Matter.GOODS else frozenset(),
        )
        for reference in named
        if reference.kind in _KEYS
        for matter in matters
    )


def _apart(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other and not one & other)


def _of(kind: ReferenceKind, items: frozenset[str]) -> frozenset[str]:
    return frozenset(item for item in items if item.startswith(f"{kind.value}:"))
