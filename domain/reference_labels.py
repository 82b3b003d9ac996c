"""The nearest word before a number that says what the number is."""

import re
from dataclasses import dataclass

from domain.reference_words import (
    CARRIER,
    CHINESE_LABEL,
    CHINESE_LABELS,
    EXACT_LABELS,
    LABELS,
    NOTHING,
    NUMBER_WORDS,
)
from domain.tracking_numbers import CARRIER_WORDS

_LETTERS = re.compile(r"[A-Za-zÀ-ɏ]+")
_HEAD = re.compile(r"([A-Za-z]{2,12})[-/]?(?=[0-9])")
_BETWEEN = re.compile(
    rf"(?:[\s:#°º()\[\]\"'“”„«»*=>_/\\|,+-]|(?<![A-Za-zÀ-ɏ])(?:{NUMBER_WORDS})(?![A-Za-zÀ-ɏ])\.?|号码|编号|号|为|是|[【】、])*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:#|[:°º]|号码?|编号|(?<![A-Za-zÀ-ɏ])(?:no|nr|nums?|numbers?|nummer|num[eé]ro|número|n)\.?) ?$", re.IGNORECASE
)
_ABBREVIATED = re.compile(r"(?:(?<![A-Za-zÀ-ɏ])[A-Za-zÀ-ɏ]{1,4}|nr)$", re.IGNORECASE)
_FAR = re.compile(r"[.!?。！？;\n]\s?")
_FOREIGN_NUMBER = re.compile(r"[a-zà-ÿ]{3,30}nummer:? $")
_NEAR, _FAR_AWAY = 14, 24


@dataclass(frozen=True)
class Label:
    """A word and what it says. `tight`: nothing but signs and words like "number" stands between it and the number.
    `numbered`: a sign or word for "number" stands right before the number. `inside`: word and number are written as one.
    `listed`: the number continues a list."""

    kind: str
    start: int
    end: int
    tight: bool
    numbered: bool = False
    inside: bool = False
    listed: bool = False


def label_within(text: str, start: int, end: int) -> Label | None:
    """The word at the head of `order10452`, `RMA-1003`, `INV-10406`."""
    head = _HEAD.match(text, start, end)
    kind = head and (EXACT_LABELS.get(head[1]) or LABELS.get(head[1].lower()))
    if head is None or kind is None or kind == CARRIER:
        return None
    return Label(kind, start, head.end(), tight=True, numbered=True, inside=True)


def label_before(text: str, window: int, number: int) -> Label | None:
    """The nearest word from `window` on that speaks for the number at `number`, if it is near enough to do so."""
    if _FOREIGN_NUMBER.search(text, window, number) and not _latin(text, window, number)[2]:
        return Label(NOTHING, window, number, tight=True)
    nearest = max(_latin(text, window, number), _chinese(text, window, number), key=lambda found: found[1])
    start, end, kind = nearest
    if not kind:
        return None
    if _ABBREVIATED.search(text, start, end) and text[end : end + 1] == ".":
        end += 1
    gap = text[end:number]
    number_word = _NUMBERED.search(gap)
    numbered = number_word is not None
    tight = _BETWEEN.fullmatch(gap) is not None and ("\n" not in gap or ":" in gap or numbered)
    if tight:
        return Label(kind, start, end, tight=True, numbered=numbered)
    limit = _NEAR if kind == NOTHING else _FAR_AWAY
    between = gap[: number_word.start()] if number_word else gap
    if len(gap) > limit or _FAR.search(between) or (kind == NOTHING and "," in gap):
        return None
    return Label(kind, start, end, tight=False, numbered=numbered)


_NO_LABEL = (-1, -1, "")


def _latin(text: str, window: int, number: int) -> tuple[int, int, str]:
    words = list(_LETTERS.finditer(text, window, number))
    for last in range(len(words) - 1, -1, -1):
        for length in (3, 2, 1):
            if length > last + 1:
                continue
            first = words[last - length + 1]
            phrase = " ".join(word.group() for word in words[last - length + 1 : last + 1])
            kind = (EXACT_LABELS.get(phrase) if length == 1 else None) or LABELS.get(phrase.lower())
            if kind is None and length == 1 and phrase.lower() in CARRIER_WORDS:
                kind = CARRIER
            if kind is not None and words[last].end() - first.start() < 30:
                return first.start(), words[last].end(), kind
    return _NO_LABEL


def _chinese(text: str, window: int, number: int) -> tuple[int, int, str]:
    found = _NO_LABEL
    for word in CHINESE_LABEL.finditer(text, window, number):
        found = word.start(), word.end(), CHINESE_LABELS[word.group()]
    return found


def carrier_words(text: str, start: int, end: int) -> frozenset[str]:
    """The carriers named at a place and near it."""
    near = text[max(0, start - 60) : end + 40]
    words = {word.group().lower() for word in _LETTERS.finditer(near)} & CARRIER_WORDS
    return frozenset(words | {word for word in CARRIER_WORDS if not word.isascii() and word in near})
