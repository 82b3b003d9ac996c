"""The pieces of a message that are scored for intent: its subject and its sentences, as a person set them."""

import re

SCORED_CHARACTERS = 1_200
"""Of a long mail, what it wants stands at its beginning; this also bounds the time a message takes."""

MOST_PIECES = 16
_WRAPPED_LINE = 50
"""A line at least this long without a full stop goes on in the next one: mail programs wrap at 72 or so."""

_BEFORE_THE_SUBJECT = re.compile(r"^\s*(?:(?:re|aw|fwd?|wg|tr|rif|r|rv|回复|转发)\s*[:：]|\[[^\]]{0,40}\])\s*", re.IGNORECASE)
_END = re.compile(
    r"(?<=[!?])\s+|(?<=[^\d\s]{2}\.)\s+|(?<=\d\d\.)\s+(?=[A-ZÄÖÜÉÀ¿¡])|(?<=[。！？；])\s*|(?<=;)\s+"
    r"|(?<=,)\s+(?=(?:and|und|et|e|y)\s)"  # "Where is it, and can you send the invoice?" are two wishes
)
_LETTERS = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[\u3400-\u9fff]")


def pieces(subject: str, text: str) -> list[str]:
    """Subject and sentences with something to say, in their order, no more than MOST_PIECES. Empty where there is none."""
    found = [_bare(subject)]
    for paragraph in _unwrapped(text.strip()[:SCORED_CHARACTERS]):
        found.extend(_END.split(paragraph))
    trimmed = (piece.strip(" \t-–—*•>·") for piece in found)
    return list(dict.fromkeys(piece for piece in trimmed if _says_something(piece)))[:MOST_PIECES]


def _bare(subject: str) -> str:
    """A subject without what mail programs and ticket systems put before it."""
    subject = subject.strip()[:200]
    while (stripped := _BEFORE_THE_SUBJECT.sub("", subject)) != subject:
        subject = stripped
    return subject


def _unwrapped(text: str) -> list[str]:
    """Lines, with those put together again that a mail program broke."""
    lines: list[str] = []
    goes_on = False
    for line in text.splitlines():
        if goes_on and line.strip() and not line.lstrip().startswith(("-", "*", "•", ">")):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
        goes_on = len(line) >= _WRAPPED_LINE
    return lines


def _says_something(piece: str) -> bool:
    """At least a word of four letters or two Chinese characters."""
    return len(_LETTERS.findall(piece)) >= 4 or len(_HAN.findall(piece)) >= 2
