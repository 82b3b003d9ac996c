"""How one shop's numbers look: regular expressions of the merchant, refused where they could stall."""

import re
from re import _constants as codes  # pyright: ignore[reportAttributeAccessIssue]
from re import _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

LONGEST = 64
"""Characters of the longest number that a shape may describe."""
_MOST_WAYS = 100_000
"""Ways a pattern may divide a text: what one try can cost at worst."""


def checked_pattern(pattern: str, most_ways: int = _MOST_WAYS) -> str:
    """The pattern, if it compiles and reads a number in bounded time. Raises ValueError with the reason."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    _refuse_what_stalls(parsed, pattern, inside=False)
    if parsed.getwidth()[0] == 0:
        raise ValueError(f"{pattern!r} also fits nothing at all")
    if parsed.getwidth()[1] > LONGEST:
        raise ValueError(f"{pattern!r} fits more than {LONGEST} characters")
    if (ways := _ways(parsed)) > most_ways:
        raise ValueError(f"{pattern!r} can be read in {ways} ways, more than {most_ways}: use shorter ranges")
    return pattern


Pattern = Annotated[str, AfterValidator(checked_pattern)]


def _refuse_what_stalls(parsed: Any, pattern: str, inside: bool) -> None:
    """A repetition inside a repetition must begin with a fixed sign, so that each round is told apart: `(-[0-9]{1,3}){0,2}`."""
    for operation, argument in parsed:
        if operation in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, body = argument
            if high > LONGEST:
                raise ValueError(f"{pattern!r} repeats without an end: write a range such as {{1,9}} instead of + or *")
            varies = low != high and high > 1
            if varies and inside:
                raise ValueError(f"{pattern!r} repeats what is repeated already")
            begins = bool(body.data) and body.data[0][0] is codes.LITERAL
            _refuse_what_stalls(body, pattern, inside or (high > 1 and not begins))
        elif operation in (codes.GROUPREF, codes.GROUPREF_EXISTS):
            raise ValueError(f"{pattern!r} refers back to a group")
        else:
            for part in _parts(argument):
                _refuse_what_stalls(part, pattern, inside)


def _ways(parsed: Any) -> int:
    """An upper bound of the ways to match: repetitions multiply, alternatives add."""
    ways = 1
    for operation, argument in parsed:
        if operation in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            low, high, body = argument
            each = _ways(body)
            ways *= sum(each**times for times in range(low, high + 1))
        elif operation is codes.BRANCH:
            ways *= sum(_ways(part) for part in argument[1])
        else:
            for part in _parts(argument):
                ways *= _ways(part)
    return ways


def _parts(argument: Any) -> list[Any]:
    """The patterns inside a group, an assertion or a choice."""
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for item in argument for part in _parts(item)]
    return []


class ReferenceShapes(BaseModel):
    """What the numbers of one shop look like when they stand alone. Each pattern is a regular expression for a whole number,
    in which letter case counts unless it says `(?i:…)`; a range such as `{1,9}` takes the place of `+` and `*`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_number: Pattern = "1[0-9]{4}"
    """Digits only: the number by which the store knows an order."""
    order_prefixes: tuple[str, ...] = ()
    """What people write before it and the store does not, such as `NW-`."""
    purchase_order: tuple[Pattern, ...] = ("(?i:PO-?[A-Z]{0,4}-?[0-9][0-9A-Z/-]{2,20})",)
    purchase_orders_of: dict[str, tuple[Pattern, ...]] = {}
    """The companies' own numbers, by the company's name."""
    invoice: Pattern = "(?i:INV-[0-9]{3,12})"
    quote: Pattern = "(?i:(?:QT|QN|RFQ|QUOTE)-?[0-9]{3,12})"
    serial: Pattern | None = None
    """None: a serial number counts only after a word that says so."""
    serial_skus: dict[str, str] = {}
    """The SKU by the first characters of a serial number, where the maker writes the model there."""
    sku: Pattern = "[A-Z]{2,5}-[A-Z0-9]{2,10}(?:-[A-Z0-9]{1,10}){0,3}"
