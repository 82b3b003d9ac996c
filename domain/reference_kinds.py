"""What a reference can be, and what one reading of a place in a text says."""

from dataclasses import dataclass
from enum import StrEnum


class ReferenceKind(StrEnum):
    ORDER = "order"
    PURCHASE_ORDER = "purchase_order"
    INVOICE = "invoice"
    QUOTE = "quote"
    TRACKING = "tracking"
    SERIAL = "serial"
    SKU = "sku"
    RMA = "rma"
    MARKETPLACE_ORDER = "marketplace_order"


@dataclass(frozen=True)
class Found:
    """One reading of a place in `plain(text)`; `score` (0 to 100) is what its shape and its word are worth."""

    kind: ReferenceKind
    value: str
    start: int
    end: int
    score: int


WORD_AND_SHAPE, SURE, WORD, SHAPE, BUYERS_OWN, BARE = 100, 95, 85, 80, 70, 60
"""What a reading is worth: its word and its shape, a shape of one kind only, its word, its shape, a number of the buyer's own
making after the word "order", digits alone."""

MOST_NUMBERS = 3_000
"""Numbers looked at in one text."""
