"""What a telephone call is called in a thread."""


def call_text(what: str, number: str | None, seconds: int | None = None) -> str:
    """`Voicemail of 0:42 from +494012345678`, `Missed call from a withheld number`."""
    length = f" of {seconds // 60}:{seconds % 60:02d}" if seconds is not None else ""
    return f"{what}{length} from {number or 'a withheld number'}"
