"""What a message names: orders, purchase orders, invoices, serial numbers and the like, as written there.

A number is known by its own shape (`ReferenceShapes`, parcel numbers, marketplaces) or by the nearest word before it that says
what it is (`reference_words`). Borders are ASCII letters and digits only, since Chinese writes no spaces. Reading takes time in
proportion to the text: every pattern is bounded, and a text with more numbers than a person writes is read in its beginning.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from itertools import chain

from pydantic import BaseModel, ConfigDict, Field

from domain.misleading_numbers import HIDDEN, hide
from domain.named_numbers import numbers
from domain.named_parcels import parcels
from domain.reference_kinds import BARE, Found, ReferenceKind
from domain.reference_shapes import ReferenceShapes

MOST_REFERENCES = 100
"""A message that names more is a list; the first ones stand for it."""
_LONGEST_TEXT = 100_000
"""Characters read of a part: what is longer was pasted, not written."""


class MessagePart(StrEnum):
    """Where in a message something stands, the surest place first."""

    CHANNEL = "channel"
    SUBJECT = "subject"
    TEXT = "text"
    ATTACHMENT = "attachment"
    QUOTED = "quoted"


class Reference(BaseModel):
    """Something a message names, as written there. Where it stands is told by `evidence`, which has the words."""

    model_config = ConfigDict(frozen=True)

    kind: ReferenceKind
    value: str


class NamedReference(BaseModel):
    """A reference with the best place where it is named. `score` (0 to 100) says how sure the reading is, not the store."""

    model_config = ConfigDict(frozen=True)

    kind: ReferenceKind
    value: str
    part: MessagePart
    score: int = Field(ge=0, le=100)


PLAIN_SHAPES = ReferenceShapes()

_PART_WORTH = {
    MessagePart.CHANNEL: 1.0,
    MessagePart.SUBJECT: 0.95,
    MessagePart.TEXT: 0.9,
    MessagePart.ATTACHMENT: 0.7,
    MessagePart.QUOTED: 0.4,
}

_PLAIN = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_PLAIN |= dict.fromkeys((0x3000, 0xA0, 0x202F, 0x2009), " ") | dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_PLAIN |= dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD), "")


def plain(text: str) -> str:
    """Full-width signs, odd dashes and spaces as ASCII; signs without width are gone."""
    return text if text.isascii() else text.translate(_PLAIN)


def bare(value: str) -> str:
    """A number without the ways people write it: `PO# 4713-a` is `4713A`."""
    return re.sub(r"[^A-Z0-9]", "", plain(value).upper()).removeprefix("PO")


def references_of(text: str, shapes: ReferenceShapes = PLAIN_SHAPES) -> tuple[Reference, ...]:
    """Every reference named, each once, in order of place. A stretch of text is read as one kind only."""
    once: dict[tuple[ReferenceKind, str], Reference] = {}
    for found in find(text, shapes):
        once.setdefault((found.kind, bare(found.value)), Reference(kind=found.kind, value=found.value))
        if len(once) == MOST_REFERENCES:
            break
    return tuple(once.values())


def read_references(
    parts: Mapping[MessagePart, str], shapes: ReferenceShapes = PLAIN_SHAPES, named: Iterable[Reference] = ()
) -> tuple[NamedReference, ...]:
    """What a message names over all its parts, the surest first; `named` is what the channel itself says it is about.

    Attachments come as their file names, one a line; a bare number counts for nothing there.
    """
    best: dict[tuple[ReferenceKind, str], NamedReference] = {}
    for one in named:
        best[one.kind, bare(one.value)] = NamedReference(kind=one.kind, value=one.value, part=MessagePart.CHANNEL, score=100)
    for part in MessagePart:
        text = parts.get(part, "")
        texts = map(_file_name, text.splitlines()[:MOST_REFERENCES]) if part is MessagePart.ATTACHMENT else (text,)
        for found in chain.from_iterable(find(one, shapes) for one in texts):
            if part is MessagePart.ATTACHMENT and found.score == BARE:
                continue
            score = round(found.score * _PART_WORTH[part])
            key = found.kind, bare(found.value)
            if key not in best or best[key].score < score:
                best[key] = NamedReference(kind=found.kind, value=found.value, part=part, score=score)
    ranked = sorted(best.values(), key=lambda one: -one.score)
    return tuple(ranked[:MOST_REFERENCES])


def evidence(value: str, texts: Iterable[str]) -> str | None:
    """Where a reference is named: the value with some words around it, from the first of the texts that has it."""
    for text in map(plain, texts):
        start = text.find(value)
        if start >= 0:
            return " ".join(text[max(0, start - 20) : start + len(value) + 20].split())
    return None


def find(text: str, shapes: ReferenceShapes = PLAIN_SHAPES) -> tuple[Found, ...]:
    """Every place where a reference is named, in order."""
    text = plain(text[:_LONGEST_TEXT])
    found = list(parcels(text))
    signs = list(text)
    for parcel in found:
        signs[parcel.start : parcel.end] = HIDDEN * (parcel.end - parcel.start)
    return tuple(sorted((*found, *numbers(hide("".join(signs)), shapes)), key=lambda one: one.start))


def _file_name(name: str) -> str:
    """A file name as words: `PO_77120_rev2.pdf` is `PO 77120 rev2`."""
    return re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name).replace("_", " ")
