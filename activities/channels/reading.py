"""Reads the JSON of a hook; what it has beside the fields that are wanted is let be."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from activities.channels.port import BadHook

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: bytes | str) -> Model:
    """The body as `model`. Raises BadHook that says what is wrong and where, and repeats nothing of what was written."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise BadHook(_told(error)) from error


def read_part(model: type[Model], value: Any) -> Model:
    """The same for a part of a body that was read before."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise BadHook(_told(error)) from error


def _told(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
