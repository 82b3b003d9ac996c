"""Telephone numbers as E.164, the form in which two of them can be compared."""

import phonenumbers
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher


def e164(number: str | None, country: str) -> str | None:
    """A number as `+4940…`, national ones read as of `country` (ISO 3166, two letters).

    None where it is no number a telephone could have: withheld ones, extensions, words.
    """
    if not number:
        return None
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164) if phonenumbers.is_possible_number(parsed) else None


def first_number(text: str, country: str) -> str | None:
    """The first telephone number in a text, as E.164. Dates, times and short numbers are none."""
    found = next(iter(PhoneNumberMatcher(text, country, leniency=Leniency.VALID, max_tries=200)), None)
    if found is None:
        found = next(iter(PhoneNumberMatcher(text, country, leniency=Leniency.POSSIBLE, max_tries=200)), None)
    return None if found is None else phonenumbers.format_number(found.number, PhoneNumberFormat.E164)
