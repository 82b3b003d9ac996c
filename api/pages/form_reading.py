"""What a posted form says, as the body that the JSON API would get."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from api.pages.forms import BEFORE, FIXED, FREE


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What was typed, by the name of the input; what was ticked under one name with commas between."""
    typed: dict[str, str] = {}
    for name, value in pairs:
        typed[name] = f"{typed[name]}, {value}" if name in typed else value
    return typed


def read_form(model: type[BaseModel], pairs: Iterable[tuple[str, str]], zone: str) -> dict[str, Any]:
    """The fields that were filled in. Empty ones, unchanged optional ones and empty rows are left out."""
    typed = joined(pairs)
    properties = _properties(model)
    body: dict[str, Any] = {}
    for name, value in typed.items():
        if not name.startswith(FREE) or typed.get(BEFORE + name) == value:
            continue
        path = name.removeprefix(FREE).split(".")
        if len(path) == 1:
            read = _value(properties.get(path[0], ""), value, zone, was_shown=BEFORE + name in typed)
            if read is not None:
                body[path[0]] = read
        elif len(path) == 3 and value.strip() not in ("", "0"):
            body.setdefault(path[0], {}).setdefault(path[1], {})[path[2]] = value.strip()
    for name, value in typed.items():
        path = name.removeprefix(FIXED).split(".")
        if not name.startswith(FIXED):
            continue
        if len(path) == 1:
            body[path[0]] = value
        elif len(path) == 3 and path[1] in body.get(path[0], {}):
            body[path[0]][path[1]][path[2]] = value
    return {name: _in_order(value) if isinstance(value, dict) else value for name, value in body.items()}


def _value(kind: str, value: str, zone: str, *, was_shown: bool) -> Any:
    if kind == "words":
        words = [word.strip() for word in value.split(",") if word.strip()]
        return words if words or was_shown else None
    if not value.strip():
        return None
    if kind == "datetime":
        return _aware(value.strip(), zone)
    if kind == "integer":
        return value.strip().removeprefix("#")
    return value


def _aware(value: str, zone: str) -> str:
    """A browser gives local time without a zone; it was shown as time of the store's calendar."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).isoformat()


def _properties(model: type[BaseModel]) -> dict[str, str]:
    """Which fields need reading: lists of words, times and numbers."""
    kinds: dict[str, str] = {}
    for name, schema in model.model_json_schema().get("properties", {}).items():
        parts = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
        if any(part.get("type") == "array" for part in parts):
            kinds[name] = "words"
        elif any(part.get("format") == "date-time" for part in parts):
            kinds[name] = "datetime"
        elif any(part.get("type") == "integer" for part in parts):
            kinds[name] = "integer"
    return kinds


def _in_order(rows: dict[str, Any]) -> list[Any]:
    return [rows[place] for place in sorted(rows, key=lambda place: int(place) if place.isdigit() else 0)]
