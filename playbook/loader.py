"""Reads a playbook folder: a file for each section of `FILES`, `rules.yaml` for all others, and the texts in `templates/`."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.mistakes import Place
from domain.playbook import Playbook
from playbook.documents import Document, read_document, read_text
from playbook.errors import Mistake, PlaybookError
from playbook.explaining import explain
from playbook.texts import mistakes_in

DEFAULT_FOLDER = Path(__file__).parent
FILES = (
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
"""Sections with a file of their own."""

RULES = "rules.yaml"
TEMPLATES = "templates"
_NAMES = (*(f"{section}.yaml" for section in FILES), RULES)


def load(folder: Path) -> Playbook:
    """The playbook in `folder`, its version being the hash of what the files say (not of how they are laid out).

    Raises PlaybookError with every mistake, file by file. Whether rules fit together is asked once each is right by itself.
    """
    if not folder.is_dir():
        raise PlaybookError([Mistake(str(folder), None, "there is no such folder.")])
    documents, mistakes = _documents(folder)
    texts, bad_texts = _texts(folder)
    rules = documents[RULES].content if RULES in documents else {}
    content = {**rules, **{name: documents[f"{name}.yaml"].content for name in FILES if f"{name}.yaml" in documents}}
    try:
        playbook = Playbook.model_validate({**content, "version": "", "templates": texts})
    except ValidationError as error:
        mistakes += [_mistake(each, documents) for each in _worth_telling(error) if _file(each["loc"]) in documents]
        raise PlaybookError([*sorted(mistakes, key=_position), *bad_texts]) from error
    if mistakes or bad_texts:
        raise PlaybookError([*sorted(mistakes, key=_position), *bad_texts])
    everything = json.dumps({**content, "templates": texts}, sort_keys=True, default=str)
    return playbook.model_copy(update={"version": hashlib.sha256(everything.encode()).hexdigest()[:16]})


def _documents(folder: Path) -> tuple[dict[str, Document], list[Mistake]]:
    """The files that can be read, by name, and what is wrong with the others."""
    documents, mistakes = dict[str, Document](), list[Mistake]()
    for name in _NAMES:
        try:
            document = read_document(folder, name)
        except PlaybookError as error:
            mistakes += error.mistakes
            continue
        if document.content is None:
            mistakes.append(Mistake(name, 1, "the file is empty. Write its rules there; {} or [] says that there are none."))
        elif name == RULES and not isinstance(document.content, dict):
            mistakes.append(Mistake(name, 1, "the file must be a mapping. Write it as lines of `key: value`."))
        else:
            documents[name] = document
            if name == RULES:
                mistakes += _misplaced(document)
    return documents, mistakes


def _misplaced(rules: Document) -> list[Mistake]:
    """Keys of `rules.yaml` that would say again what another file says."""
    return [
        Mistake(
            RULES,
            rules.line((key,)),
            f"{key}: this has no place here. {f'Write it in {key}.yaml' if key in FILES else 'Take it out'}.",
        )
        for key in rules.content
        if key in (*FILES, "version", "templates")
    ]


def _texts(folder: Path) -> tuple[dict[str, str], list[Mistake]]:
    texts, mistakes = dict[str, str](), list[Mistake]()
    for path in sorted((folder / TEMPLATES).glob("*.jinja")):
        try:
            texts[path.name] = read_text(folder, f"{TEMPLATES}/{path.name}")
        except PlaybookError as error:
            mistakes += error.mistakes
    return texts, [*mistakes, *mistakes_in(texts, TEMPLATES)]


def _worth_telling(error: ValidationError) -> list[ErrorDetails]:
    """All but the lists that are too short only because what is in them was refused."""
    errors = error.errors()
    around = {each["loc"][:length] for each in errors for length in range(len(each["loc"]))}
    return [each for each in errors if each["type"] != "too_short" or each["loc"] not in around]


def _mistake(error: ErrorDetails, documents: Mapping[str, Document]) -> Mistake:
    file, place = _file(error["loc"]), error["loc"]
    if file != RULES:
        place = place[1:]
    if place[-1:] == ("[key]",):
        place = place[:-1]
    document, words = documents[file], explain(error, Playbook)
    way = ".".join(_way(document.content, place)).replace(".#", " #")
    return Mistake(file, document.line(place), f"{way}: {words}" if way else words)


def _way(content: Any, place: Place) -> Iterator[str]:
    """The way to `place` in words: an entry of a list goes by its name, or by its number from 1."""
    for part in place:
        if isinstance(part, int) and isinstance(content, list):
            content = content[part]
            name = content.get("name") if isinstance(content, dict) else None
            yield name if isinstance(name, str) else f"#{part + 1}"
        else:
            content = content.get(part) if isinstance(content, dict) else None
            yield str(part)


def _file(place: Place) -> str:
    """The file of what stands at `place` in the rules as a whole."""
    return f"{place[0]}.yaml" if place and place[0] in FILES else RULES


def _position(mistake: Mistake) -> tuple[int, int]:
    return _NAMES.index(mistake.file), mistake.line or 0
