"""Reads a playbook folder: `stores.yaml`, `calendars.yaml`, `service_levels.yaml`, `queues.yaml`, `people.yaml`,
`routing.yaml`, `teams.yaml`, `portals.yaml`, `rules.yaml`.

The texts in `templates/` are read when they are needed; the version covers them too.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.playbook import Playbook
from playbook.scalars import PlainLoader

DEFAULT_FOLDER = Path(__file__).parent
_FILES = (
    "stores",
    "calendars",
    "service_levels",
    "ladders",
    "alert_channels",
    "waiting",
    "channel_clocks",
    "overlays",
    "queues",
    "people",
    "teams",
    "routing",
    "portals",
)


class PlaybookError(ValueError):
    """The playbook cannot be used; the message says file, place and what is wrong."""


def load(folder: Path) -> Playbook:
    """The playbook in `folder`, its version being the hash of what the files say (not of how they are laid out).

    Raises PlaybookError where a file is missing, is not YAML, or the rules do not fit together.
    """
    content: dict[str, Any] = {name: _read(folder / f"{name}.yaml") for name in _FILES}
    rules = _read(folder / "rules.yaml")
    if not isinstance(rules, dict):
        raise PlaybookError(f"{folder / 'rules.yaml'}: must hold `tickets` and `returns`")
    content.update(rules)
    templates = {path.name: path.read_text(encoding="utf-8") for path in sorted((folder / "templates").glob("*.jinja"))}
    rules_and_texts = {**content, "templates": templates}
    version = hashlib.sha256(json.dumps(rules_and_texts, sort_keys=True, default=str).encode()).hexdigest()[:16]
    try:
        return Playbook.model_validate({**content, "version": version})
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(first["loc"], content)
        words = f"{place + ': ' if place else ''}{first['msg'].removeprefix('Value error, ')}"
        if first["type"] == "enum":
            words += f"; it says {first['input']!r}"
        # A rule across files has no place of its own: its words begin with it.
        section = words.partition(".")[0]
        file = f"{section}.yaml" if section in _FILES else "rules.yaml" if place else ""
        raise PlaybookError(f"{folder / file}: {words}") from error


def _place(location: tuple[int | str, ...], content: Any) -> str:
    """Where in a file something stands, with dots; an entry of a list goes by its name, if it has one."""
    parts: list[str] = []
    for part in location:
        if isinstance(content, list) and isinstance(part, int):
            content = content[part]
        else:
            content = content.get(part) if isinstance(content, dict) else None
        name = content.get("name") if isinstance(part, int) and isinstance(content, dict) else None
        parts.append(str(name or part))
    return ".".join(parts)


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), PlainLoader)
    except FileNotFoundError:
        raise PlaybookError(f"{path}: no such file; a playbook needs it") from None
    except yaml.YAMLError as error:
        raise PlaybookError(f"{path}: not YAML: {error}") from error
