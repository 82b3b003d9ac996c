"""Parcel numbers of the carriers: their shapes, check digits and the words that name the carrier.

Check digits of UPS, FedEx, USPS, DHL Express and S10 are those of the open data set `tracking_number_data`; the shapes of the
European and Chinese carriers are what they print on their labels and have no published check.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def gs1(number: str) -> bool:
    """Modulo 10 with the weights 3 and 1 from the right (GS1; FedEx Ground, USPS, DHL Paket)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
    return total % 10 == 0


def ups(number: str) -> bool:
    """The last digit over the fifteen before it; a letter counts as its place in the alphabet, plus one, modulo 10."""
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:]]
    return number[-1].isdigit() and (sum(values[0:15:2]) + 2 * sum(values[1:15:2]) + values[15]) % 10 == 0


def fedex_express(number: str) -> bool:
    """Twelve digits: weights 3, 1, 7, modulo 11, then modulo 10."""
    return _weighted(number[:11], (3, 1, 7) * 3 + (3, 1)) % 11 % 10 == int(number[11])


def seven(number: str) -> bool:
    """DHL Express: the number before the last digit, modulo 7."""
    return int(number[:-1]) % 7 == int(number[-1])


def s10(number: str) -> bool:
    """UPU S10: two letters, eight digits, a check digit, two letters of a country."""
    rest = 11 - _weighted(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7)) % 11
    return int(number[10]) == {10: 0, 11: 5}.get(rest, rest)


def fedex_ground(number: str) -> bool:
    """22 digits from 96: the check covers the last fifteen."""
    return gs1(number[-15:])


@dataclass(frozen=True)
class Shape:
    """How a carrier writes a number. A `sure` shape is known without the carrier's word near it, given its check holds."""

    pattern: re.Pattern[str]
    check: Callable[[str], bool] | None = None
    sure: bool = False


def _shape(pattern: str, check: Callable[[str], bool] | None = None, sure: bool = False) -> Shape:
    return Shape(re.compile(pattern), check, sure)


@dataclass(frozen=True)
class Carrier:
    name: str
    words: tuple[str, ...]
    """In lower case."""
    shapes: tuple[Shape, ...]


CARRIERS = (
    Carrier("UPS", ("ups",), (_shape(r"1Z[0-9A-Z]{16}", sure=True),)),
    Carrier("DHL Paket", ("dhl",), (_shape(r"00340[0-9]{15}", sure=True), _shape(r"JJ?D[0-9]{16,20}", sure=True))),
    Carrier("S10", ("ems", "post", "poste", "correos", "邮政"), (_shape(r"[A-Z]{2}[0-9]{9}[A-Z]{2}", s10, sure=True),)),
    Carrier("SF Express", ("sf", "顺丰"), (_shape(r"SF[0-9]{12,13}", sure=True), _shape(r"[0-9]{12}"))),
    Carrier("YTO", ("yto", "圆通"), (_shape(r"YT[0-9]{13}", sure=True), _shape(r"[0-9]{10,18}"))),
    Carrier(
        "USPS",
        ("usps",),
        (_shape(r"9[1-5][0-9]{20}", gs1, sure=True), _shape(r"9[1-5][0-9]{24}", gs1, sure=True), _shape(r"[0-9]{20}", gs1)),
    ),
    Carrier(
        "FedEx",
        ("fedex",),
        (
            _shape(r"[0-9]{12}", fedex_express),
            _shape(r"[0-9]{15}", gs1),
            _shape(r"96[0-9]{20}", fedex_ground),
            _shape(r"[0-9]{20}", gs1),
        ),
    ),
    Carrier("DHL Express", ("dhl",), (_shape(r"[0-9]{10,11}", seven), _shape(r"J[A-Z]{2,3}[0-9]{9,11}"))),
    Carrier("DHL", ("dhl",), (_shape(r"[0-9]{12}"),)),
    Carrier("DPD", ("dpd",), (_shape(r"[0-9]{14}"), _shape(r"[0-9]{27}[0-9A-Z]"))),
    Carrier("GLS", ("gls",), (_shape(r"[0-9]{11,12}"), _shape(r"Z[0-9A-Z]{7}"))),
    Carrier("BRT", ("brt", "bartolini"), (_shape(r"[0-9]{12}"), _shape(r"[0-9]{15}"), _shape(r"[0-9]{19}"))),
    Carrier("SEUR", ("seur",), (_shape(r"[0-9]{12,14}"), _shape(r"[0-9]{20,23}"))),
    Carrier("Colissimo", ("colissimo", "poste"), (_shape(r"[0-9][0-9A-Z][0-9]{11}"),)),
)
CARRIER_WORDS = frozenset(word for carrier in CARRIERS for word in carrier.words)


def carrier_of(number: str, words: frozenset[str], labelled: bool) -> tuple[Carrier, bool] | None:
    """Whose parcel number this is, and whether its shape alone says so; None where it is nobody's.

    `number` has capitals and no spaces; `words` are carrier words found near; `labelled` means that a word such as "tracking
    number" stands before it, which makes any carrier's shape count.
    """
    for carrier in CARRIERS:
        near = labelled or not words.isdisjoint(carrier.words)
        for shape in carrier.shapes:
            if (shape.sure or near) and shape.pattern.fullmatch(number) and (shape.check is None or shape.check(number)):
                return carrier, shape.sure
    return None
