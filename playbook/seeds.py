"""The sentences that the model of intents is first taught with: one file a language in the playbook's folder `intents`."""

from pathlib import Path
from typing import NamedTuple

import yaml

from domain.triage import Intent
from playbook.loader import PlaybookError


class Seed(NamedTuple):
    language: str
    intent: Intent
    text: str
    place: int
    """Where it stands in its list. Lists of two languages follow each other, so equal places are often translations."""


def load_seeds(folder: Path) -> tuple[Seed, ...]:
    """All of `<folder>/<language>.yaml`. Raises PlaybookError that says file and place."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise PlaybookError(f"{folder}: no files with sentences to learn intents from")
    seeds = tuple(seed for file in files for seed in _read(file))
    missing = set(Intent) - {seed.intent for seed in seeds}
    if missing:
        raise PlaybookError(f"{folder}: no sentence for {', '.join(sorted(missing))}")
    return seeds


def _read(file: Path) -> list[Seed]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlaybookError(f"{file}: not YAML: {error}") from error
    if not isinstance(content, dict):
        raise PlaybookError(f"{file}: must hold lists of sentences by intent")
    seeds: list[Seed] = []
    for label, texts in content.items():
        if label not in set(Intent):
            raise PlaybookError(f"{file}: {label!r} is no intent; there are {', '.join(Intent)}")
        if not isinstance(texts, list):
            raise PlaybookError(f"{file}: {label}: must be a list of sentences")
        for place, text in enumerate(texts):
            if not isinstance(text, str) or not text.strip():
                raise PlaybookError(f"{file}: {label}: number {place + 1} is no sentence; one with a colon needs quotes")
            seeds.append(Seed(file.stem, Intent(label), text, place))
    return seeds
