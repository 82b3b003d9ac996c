"""What a telephone call and its caller are called in a thread."""

_NOBODY = {
    "anonymous",
    "unknown",
    "withheld",
    "private",
    "restricted",
    "unavailable",
    "anonym",
    "unbekannt",
    "privato",
    "anónimo",
}


def caller_name(shown: str | None) -> str | None:
    """The name a telephone system shows, unless it says that it knows none."""
    name = (shown or "").strip()
    return name if name and name.casefold() not in _NOBODY else None


def call_text(what: str, number: str | None, seconds: int | None = None) -> str:
    """`Voicemail of 0:42 from +494012345678`, `Missed call from a withheld number`."""
    length = f" of {seconds // 60}:{seconds % 60:02d}" if seconds is not None else ""
    return f"{what}{length} from {number or 'a withheld number'}"
