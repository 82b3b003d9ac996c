"""When two messages are about the same thing: the same party, the same order, the same matter, within a time. Never the
sender alone (B3)."""

import re
from collections.abc import Iterable, Sequence
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


MATTERS = {
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

_ASKS_WHERE = re.compile(
    r"where(?:'s| is| are)\b|when (?:will|do|does|can|is|are)\b[^.?!\n]{0,60}(?:arriv|deliver|ship|com[ei]|get|sent)"
    r"|(?:not|n't|never) (?:yet |been )*(?:arrived?|delivered|received|shipped|come)|still waiting|(?:shipped|delivered) yet"
    r"|track(?:ing)?\b"
    r"|\bwo (?:ist|sind|bleib|steht|steckt)|wann (?:kommt|kommen|wird|werden|ist)\b|warten (?:noch|seit|immer|weiter)"
    r"|noch nicht (?:da\b|angekommen|geliefert|eingetroffen|erhalten)"
    r"|\boù (?:est|en est|sont|se trouve)|quand (?:arriv|sera|part|allons)|(?:pas|rien) encore|toujours (?:pas|rien)"
    r"|dov[’'e]\s?(?:è|si trova|sono)|quando (?:arriv|verr|sar)|non (?:è|sono) (?:ancora )?arriv|ancora (?:non|nulla)"
    r"|dónde est|cuándo (?:lleg|sal|van|recib)|(?:todavía|aún) no\b|no (?:ha|han) llegado"
    r"|什么时候(?:能)?(?:到|发|送)|何时|到哪|在哪|哪里了|还没(?:有)?(?:到|收到|发)|没(?:有)?收到",
    re.IGNORECASE,
)
"""Every other message has a word of delivery in it; only these ask after one."""

_SURE_WITHOUT_WORDS = 0.7
"""Confidence of the model from which on its word is enough."""

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


def matters_by_words(text: str, intents: Iterable[Intent]) -> tuple[Matter, ...]:
    """The matters that words speak for, of the intents found by them."""
    found = dict.fromkeys(matter for intent in intents if (matter := MATTERS.get(intent)) is not None)
    return tuple(matter for matter in found if matter is not Matter.DELIVERY or _ASKS_WHERE.search(text))


def agreed_matters(
    by_words: Iterable[Matter], intents: Sequence[Intent], confidence: float
) -> tuple[Matter | None, frozenset[Matter]]:
    """The matter a message joins a ticket by, and those its own ticket is about. Words and model must agree, or the model be
    sure: a wrong merge costs more than a duplicate that a person merges."""
    words = frozenset(by_words)
    main = MATTERS.get(intents[0])
    joins_by = main if main in words or confidence >= _SURE_WITHOUT_WORDS else None
    also = {matter for intent in intents if (matter := MATTERS.get(intent)) in words and matter is not None}
    return joins_by, frozenset({joins_by} if joins_by else ()) | also


def keys(references: Iterable[Reference], matters: Iterable[Matter]) -> frozenset[Key]:
    """What a message with these references and matters is about: every order it names, with every matter."""
    named, matters = tuple(references), tuple(matters)
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
