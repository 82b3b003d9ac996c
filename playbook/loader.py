"""Reads a playbook folder: `stores.yaml`, `calendars.yaml`, `service_levels.yaml`, `queues.yaml`, `people.yaml`,
`teams.yaml`, `portals.yaml`, `rules.yaml`.

The texts in `templates/` are read when they are needed; the version covers them too.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.playbook import Playbook

DEFAULT_FOLDER = Path(__file__).parent
_FILES = ("stores", "calendars", "service_levels", "queues", "people", "teams", "portals")


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
        place = ".".join(str(part) for part in first["loc"])
        words = f"{place + ': ' if place else ''}{first['msg'].removeprefix('Value error, ')}"
        # A rule across files has no place of its own: its words begin with it.
        section = words.partition(".")[0]
        file = f"{section}.yaml" if section in _FILES else "rules.yaml" if place else ""
        raise PlaybookError(f"{folder / file}: {words}") from error


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlaybookError(f"{path}: no such file; a playbook needs it") from None
    except yaml.YAMLError as error:
        raise PlaybookError(f"{path}: not YAML: {error}") from error
