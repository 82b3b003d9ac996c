"""What PostgreSQL can hold: text without NUL and without half of a surrogate pair."""

from typing import Any

from api.problems import wrong_field


def require_storable(value: Any, place: str = "") -> None:
    """Raises Problem 422 with the place of the first text that cannot be stored."""
    if isinstance(value, str):
        if "\x00" in value:
            raise wrong_field(place, "holds a NUL character, which cannot be stored")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise wrong_field(place, "holds half of a surrogate pair, which is no character")
    elif isinstance(value, dict):
        for name, entry in value.items():
            require_storable(name, f"{place}.{name}".strip("."))
            require_storable(entry, f"{place}.{name}".strip("."))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            require_storable(entry, f"{place}.{position}".strip("."))
