"""Telephone numbers as E.164, the form in which two of them can be compared."""

import phonenumbers
from phonenumbers import Leniency, PhoneNumber, PhoneNumberFormat, PhoneNumberMatcher

_SHORTEST = 6
"""Digits after the country's code. What is shorter is an extension or a short code, though some countries would allow it."""
_TRIES = 200


def e164(number: str | None, country: str) -> str | None:
    """A number as `+4940…`, national ones read as of `country` (ISO 3166, two letters).

    None where it is no number that could be called from outside: withheld ones, extensions, words.
    """
    if not number:
        return None
    try:
        return _written(phonenumbers.parse(number, country))
    except phonenumbers.NumberParseException:
        return None


def first_number(text: str, country: str) -> str | None:
    """The first telephone number in a text as E.164, one of a real range before one that is only long enough. Dates and times
    are none."""
    for leniency in (Leniency.VALID, Leniency.POSSIBLE):
        for match in PhoneNumberMatcher(text, country, leniency=leniency, max_tries=_TRIES):
            found = _written(match.number)
            if found is not None:
                return found
    return None


def _written(number: PhoneNumber) -> str | None:
    long_enough = len(str(number.national_number or "")) >= _SHORTEST
    possible = long_enough and phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if possible else None
