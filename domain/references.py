"""What a message names: orders, purchase orders, invoices, serial numbers and the like, as written there."""

import re
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


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


class Reference(BaseModel):
    """Something a message names, as written there. Where it stands is told by `evidence`, which has the words."""

    model_config = ConfigDict(frozen=True)

    kind: ReferenceKind
    value: str


_REFERENCE_PATTERNS: tuple[tuple[ReferenceKind, re.Pattern[str]], ...] = (
    (ReferenceKind.RMA, re.compile(r"\bRMA[-# ]?(\d{3,10})\b", re.IGNORECASE)),
    (ReferenceKind.INVOICE, re.compile(r"\b(INV-\d{3,12})\b", re.IGNORECASE)),
    (ReferenceKind.QUOTE, re.compile(r"\b((?:QT|RFQ|QUOTE)-?\d{3,12})\b", re.IGNORECASE)),
    (ReferenceKind.PURCHASE_ORDER, re.compile(r"\b(PO[- #]{0,2}[A-Z]{0,4}-?\d[\dA-Z/-]{2,20})\b", re.IGNORECASE)),
    (ReferenceKind.TRACKING, re.compile(r"\b(1Z[0-9A-Z]{16}|JD\d{16,20}|00340\d{15})\b")),
    (
        ReferenceKind.SERIAL,
        re.compile(
            r"(?:\bS/?N|serial(?: number| no\.?)?|seriennummer|numéro de série|numero di serie|número de serie|序列号)"
            r"(?:[ :#.°º：]|n[°º.]|is |ist |lautet |est |è |es |是)*(?:S/?N[ :#]+)?([A-Z0-9-]*\d[A-Z0-9-]{3,30})",
            re.IGNORECASE,
        ),
    ),
    (ReferenceKind.SKU, re.compile(r"\b([A-Z]{2,5}-[A-Z0-9]{2,10}(?:-[A-Z0-9]{1,10}){0,3})\b")),
    (
        ReferenceKind.ORDER,
        re.compile(
            r"(?:order|bestellung|auftrag|commande|ordine|pedido|订单)[^\d\n]{0,24}#?(\d{4,9})\b|#(\d{4,9})\b"
            r"|\b(1\d{4})\b",
            re.IGNORECASE,
        ),
    ),
)


def references_of(text: str) -> tuple[Reference, ...]:
    """Every reference named, each once. A stretch of text is read as one kind only, the first of the kinds above."""
    found: dict[tuple[ReferenceKind, str], Reference] = {}
    taken: list[tuple[int, int]] = []
    for kind, pattern in _REFERENCE_PATTERNS:
        for match in pattern.finditer(text):
            group = next(number for number, value in enumerate(match.groups(), 1) if value)
            start, end = match.span(group)
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            value = match.group(group)
            found.setdefault((kind, value), Reference(kind=kind, value=value))
    return tuple(found.values())


def evidence(value: str, texts: Iterable[str]) -> str | None:
    """Where a reference is named: the value with some words around it, from the first of the texts that has it."""
    for text in texts:
        start = text.find(value)
        if start >= 0:
            return " ".join(text[max(0, start - 20) : start + len(value) + 20].split())
    return None
