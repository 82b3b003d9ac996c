"""Numbers that are no references: telephones, accounts, dates, amounts, times, quantities, postal codes."""

import re

from domain.reference_words import CHINESE_UNITS, UNITS

HIDDEN = "\x00"
"""Stands in a text where a misleading number stood, so that places stay what they were."""

_CURRENCY = r"(?:EUR|USD|GBP|CHF|CNY|RMB|euros?|dollars?|pounds?|€|\$|£|¥|元|欧元|美元)"
_AMOUNT = r"[0-9]{1,9}(?:[.,' ][0-9]{3}(?![0-9])){0,3}(?:[.,][0-9]{1,4})?"
_START = r"(?<![A-Za-z0-9.,/#-])"
_MONTHS = (
    r"(?:jan|feb|mar|mär|apr|avr|abr|may|mai|mag|jun|juin|giu|jul|juil|lug|aug|août|ago|sep|set|oct|okt|ott|out|nov|dec|dez"
    r"|déc|dic|ene|gen|fév)[a-zà-ÿ]{0,9}"
)

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![A-Za-z0-9])")

_MISLEADING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Mail addresses, and the number of a ticket of ours in a subject.
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}|\[#[0-9]{1,15}\]",
        # Telephones: international, with a leading zero in brackets or groups, French pairs, American groups, Chinese mobile.
        r"(?<![A-Za-z0-9])\+[0-9](?:[ ()./-]{0,2}[0-9]){6,16}",
        r"\(0[0-9]{1,5}\)[ /-]{0,2}[0-9](?:[ /-]?[0-9]){3,10}",
        r"(?<![A-Za-z0-9./#-])(?<!PO )(?![0-9]{2,3}-[0-9]{5,7}-[0-9]{5,7})"
        r"0[0-9]{1,4}[ /.-]{1,3}[0-9]{2,8}(?:[ .-][0-9]{2,6}){0,4}(?![A-Za-z0-9])",
        r"(?<![A-Za-z0-9-])\(?[2-9][0-9]{2}\)?[ .-][0-9]{3}[ .-][0-9]{4}(?![A-Za-z0-9-])",
        r"(?<![A-Za-z0-9-])1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![A-Za-z0-9-])",
        r"转 ?[0-9]{2,6}(?![A-Za-z0-9])",
        # Dates and times.
        r"(?<![A-Za-z0-9-])(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9](?![A-Za-z0-9-])",
        r"(?<![A-Za-z0-9.-])[0-3]?[0-9][./-][0-3]?[0-9][./-](?:(?:19|20)[0-9]{2}|[0-9]{2})(?![A-Za-z0-9-])",
        r"(?:19|20)[0-9]{2} ?年(?: ?[0-9]{1,2} ?月)?(?: ?[0-9]{1,2} ?[日号])?|(?<![0-9])[0-9]{1,2} ?月 ?[0-9]{1,2} ?[日号]",
        rf"(?<![A-Za-z0-9])[0-9]{{1,2}}(?:st|nd|rd|th|\.|er)? (?:de |of )?{_MONTHS}\.?(?: (?:de )?(?:19|20)[0-9]{{2}})?",
        rf"(?<![A-Za-zà-ÿ]){_MONTHS}\.? (?:[0-3]?[0-9](?:st|nd|rd|th)?,? )?(?:19|20)[0-9]{{2}}(?![A-Za-z0-9])",
        r"(?<![0-9:])[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?![0-9:])",
        # Amounts, percentages, numbers with a fraction or groups of thousands.
        rf"{_START}{_AMOUNT} ?{_CURRENCY}(?![A-Za-z])|(?<![A-Za-z]){_CURRENCY} ?{_AMOUNT}(?![A-Za-z0-9])",
        rf"{_START}{_AMOUNT} ?[%‰]",
        rf"{_START}[0-9]{{1,9}}[.,][0-9]{{1,2}}(?![A-Za-z0-9,.-])",
        rf"{_START}[0-9]{{1,3}}(?:[.,'’][0-9]{{3}}){{1,3}}(?:[.,][0-9]{{1,2}})?(?![A-Za-z0-9-])",
        # Standards, as they are printed: DIN EN 12464-1.
        r"(?<![A-Za-z])(?:DIN|ISO|IEC|ANSI|VDE|UL)(?:[ /-]{1,2}(?:EN|IEC|ISO)){0,2}[ -]?[0-9]{3,6}(?:-[0-9]{1,3})?",
    )
)
_COUNTED = re.compile(
    rf" ?(?:[{CHINESE_UNITS}]|(?:{UNITS})(?![A-Za-z0-9à-ÿ'’])|[x×] ?[A-Za-z]|° ?[CF])",
    re.IGNORECASE,
)
_HOUSE = re.compile(r"(?:^[0-9]{1,4}[a-z]?,? \S|[ .][0-9]{1,4} ?[a-z]?$)", re.IGNORECASE)
_TOWN = re.compile(r" [A-ZÀ-Þ][A-Za-zà-ÿ'’.-]{1,30}(?: [(A-ZÀ-Þ][A-Za-zà-ÿ'’.)-]{0,30}){0,3} ?(?=[,;|·•.\n]|$)")
_STATE = re.compile(r", [A-Z]{2} $|(?:^|[\s,|·•])(?:DE?|A|AT|CH|I|IT|F|FR|E|ES|US)- ?$")
_TOWN_WORD = re.compile(r" [A-ZÀ-Þ]")
_PLACE = re.compile(r"(?<![A-Za-zà-ÿ])(?:in|at|near|to|nach|aus|bei|à|a|en|de|da)\s$", re.IGNORECASE)
_STREET = re.compile(
    r"(?: [A-Z][a-z]{1,20}){1,3} (?:Road|Rd|Street|St|Ave|Avenue|Drive|Dr|Lane|Blvd|Boulevard|Way|Court|Park|Square)(?![a-z])"
)
_STREET_AFTER = re.compile(r"[A-Za-zÀ-ÿ .'-]{2,50}, ?[A-ZÀ-Þ][^\n,;]{2,40} [0-9]{1,4}(?![0-9])")
_BREAK = re.compile(r"[,;|·•\n]| [-–] ")


def hide(text: str) -> str:
    """The text with every misleading number replaced by HIDDEN signs, each sign in its place."""
    text = _IBAN.sub(lambda found: _hidden(found) if _is_iban(found.group()) else found.group(), text)
    for pattern in _MISLEADING:
        text = pattern.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    return HIDDEN * len(found.group())


def _is_iban(written: str) -> bool:
    """ISO 13616: moved by four, letters as numbers from 10, modulo 97 gives 1."""
    account = written.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1


def is_counted(text: str, end: int) -> bool:
    """Whether the number that ends here is a quantity: pieces, a length, a weight."""
    return _COUNTED.match(text, end) is not None


def is_of_an_address(text: str, start: int, end: int) -> bool:
    """Whether a bare number is of an address: a town follows, with a street or "in" before it or nothing else in the line."""
    if _STATE.search(text[max(0, start - 8) : start]):
        return True
    if _STREET.match(text, end):
        return True
    if not _TOWN_WORD.match(text, end):
        return False
    before = text[max(0, start - 80) : start]
    if _PLACE.search(before) or _STREET_AFTER.match(text, end):
        return True
    if not _TOWN.match(text, end):
        return False
    if before.endswith(", ") and re.search("[0-9]", before[-40:]):
        return True
    breaks = list(_BREAK.finditer(before))
    if not breaks or before[breaks[-1].end() :].strip(" >"):
        return False
    street = before[breaks[-2].end() if len(breaks) > 1 else 0 : breaks[-1].start()].strip(" >")
    line_ends = re.compile(r"[^\n]{0,60}(?:\n|$)").match(text, end)
    alone = breaks[-1].group() == "\n" and line_ends is not None and "," not in line_ends.group()
    return bool(_HOUSE.search(street)) or (alone and len(breaks) > 1)
