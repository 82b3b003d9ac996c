"""What pydantic refuses, in words for whoever wrote the file."""

import re
from collections.abc import Collection, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from domain.mistakes import Place, suggestion

_WANTED = {
    "string": "text. Put it in quotes",
    "int": "a whole number",
    "decimal": "a number",
    "bool": "true or false",
    "tuple": "a list. Write it as [one, two], or as lines that begin with a dash",
    "dict": "a mapping. Write it as lines of `key: value`",
    "model": "a mapping. Write it as lines of `key: value`",
    "time": 'a time of day. Write it in quotes, as "08:30"',
    "date": "a day. Write it as 2026-12-24",
}
"""What must stand there, by the beginning of pydantic's name for the error."""


def explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with the input of `model`, and how it is mended."""
    kind, given = error["type"], error["input"]
    if kind == "mistake":
        return error["msg"]
    if kind == "value_error":
        return _sentence(error["msg"].removeprefix("Value error, "))
    if kind == "missing":
        return "this is missing. Add it."
    if kind == "extra_forbidden":
        *parent, key = error["loc"]
        known = _keys_at(model, tuple(parent))
        return f"there is no such key here. {suggestion(str(key), known) if known else 'Take it out.'}"
    if given is None:
        return "this is empty. Write what it is to be, or take the key out."
    if kind in ("enum", "literal_error"):
        known = re.findall(r"'([^']*)'", error.get("ctx", {})["expected"])
        return f"this cannot be {given!r}. {suggestion(str(given), known)}"
    if kind == "too_short":
        return f"there must be at least {error.get('ctx', {})['min_length']} here. Write it, or take the key out."
    wanted = _WANTED.get(kind.split("_")[0])
    if wanted is None or not kind.endswith(("_type", "_parsing")):
        return _sentence(f"{error['msg'].replace('Input should', 'this should', 1)}, not {_shown(given)}")
    return f"this is {_shown(given)} and must be {wanted}."


def _keys_at(model: type[BaseModel], place: Place) -> Collection[str]:
    """The keys that the mapping at `place` in the input of `model` may have; none where that cannot be told."""
    at: Any = model
    for part in place:
        if _is_model(at):
            field = at.model_fields.get(part)
            inside = field.annotation if field else None
        else:
            inside = next(iter(get_args(at)[-1:] if get_origin(at) is dict else get_args(at)), None)
        at = _bare(inside)
    return list(at.model_fields) if _is_model(at) else []


def _bare(annotation: Any) -> Any:
    """The type without `Annotated` and `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(each for each in get_args(annotation) if each is not NoneType))
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _shown(given: Any) -> str:
    if isinstance(given, Mapping):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    return repr(given) if len(repr(given)) <= 60 else f"{repr(given)[:60]}…"


def _sentence(words: str) -> str:
    return words if words.endswith((".", "?", "!")) else f"{words}."
