"""Telephone numbers as all channels write them."""

import phonenumbers


def e164(number: str) -> str | None:
    """The number in E.164; None for what is no number in the world's numbering plans, as a short code or a sender's name."""
    try:
        parsed = phonenumbers.parse(number if number.startswith("+") else f"+{number}")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
