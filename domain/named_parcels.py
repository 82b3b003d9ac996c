"""Parcel numbers in a text, by their shape, their check digit and the carrier's name near them."""

import re
from collections.abc import Iterator
from itertools import islice

from domain.reference_kinds import MOST_NUMBERS, SURE, WORD, Found, ReferenceKind
from domain.reference_labels import carrier_words, label_before
from domain.reference_words import CARRIER
from domain.tracking_numbers import carrier_of

_MOST_GROUPS = 200
"""Numbers written in groups that are looked at in one text."""
_RUN = re.compile(r"(?<![A-Za-z0-9/_.-])[0-9A-Z]{8,28}(?![A-Za-z0-9/_-])")
_GROUPS = re.compile(r"(?<![A-Za-z0-9/_.-])[0-9A-Z]{1,4}(?: [0-9A-Z]{1,4}){2,9}(?![A-Za-z0-9_-])")
_PIECE = re.compile(r"[0-9A-Z]+")


def parcels(text: str) -> Iterator[Found]:
    """Parcel numbers, also those written in groups: `1Z 999 AA1 01 2345 6784`."""
    for written in islice(_RUN.finditer(text), MOST_NUMBERS):
        if found := _parcel(text, *written.span()):
            yield found
    for written in islice(_GROUPS.finditer(text), _MOST_GROUPS):
        yield from _grouped_parcels(text, [piece.span() for piece in _PIECE.finditer(text, *written.span())])


def _grouped_parcels(text: str, pieces: list[tuple[int, int]]) -> Iterator[Found]:
    """The longest runs of pieces that make a parcel number: other words in capitals may stand around it."""
    first = 0
    while first < len(pieces):
        start = pieces[first][0]
        for last in range(len(pieces) - 1, first + 1, -1) if text[start].isdigit() else ():
            if found := _parcel(text, start, pieces[last][1]):
                yield found
                first = last
                break
        first += 1


def _parcel(text: str, start: int, end: int) -> Found | None:
    number = text[start:end].replace(" ", "")
    if sum(map(str.isdigit, number)) < 8:
        return None
    label = label_before(text, max(0, start - 48), start)
    labelled = label is not None and label.kind == ReferenceKind.TRACKING and label.tight
    taken = label is not None and label.tight and label.kind not in (ReferenceKind.TRACKING, CARRIER)
    found = carrier_of(number, frozenset() if taken else carrier_words(text, start, end), labelled)
    return Found(ReferenceKind.TRACKING, number, start, end, SURE if found[1] else WORD) if found else None
