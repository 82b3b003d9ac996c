"""The sentences that the model of intents is first taught with: one file a language in the playbook's folder `intents`."""

from pathlib import Path
from typing import NamedTuple

from domain.mistakes import suggestion
from domain.triage import Intent
from playbook.documents import read_document
from playbook.errors import Mistake, PlaybookError


class Seed(NamedTuple):
    language: str
    intent: Intent
    text: str
    place: int
    """Where it stands in its list. Lists of two languages follow each other, so equal places are often translations."""


def load_seeds(folder: Path) -> tuple[Seed, ...]:
    """All of `<folder>/<language>.yaml`. Raises PlaybookError with every mistake."""
    seeds, mistakes = list[Seed](), list[Mistake]()
    files = sorted(folder.glob("*.yaml"))
    if not files:
        words = "there are no files with sentences to learn intents from. Add one a language, such as en.yaml."
        raise PlaybookError([Mistake(folder.name, None, words)])
    for file in files:
        try:
            seeds += _read(file)
        except PlaybookError as error:
            mistakes += error.mistakes
    missing = set(Intent) - {seed.intent for seed in seeds}
    if missing and not mistakes:
        mistakes.append(Mistake(folder.name, None, f"there is no sentence for {', '.join(sorted(missing))}. Write some."))
    if mistakes:
        raise PlaybookError(mistakes)
    return tuple(seeds)


def _read(file: Path) -> list[Seed]:
    name = f"{file.parent.name}/{file.name}"
    document = read_document(file.parent.parent, name)
    if not isinstance(document.content, dict):
        raise PlaybookError([Mistake(name, 1, "the file must hold lists of sentences by intent.")])
    seeds, mistakes = list[Seed](), list[Mistake]()
    for label, texts in document.content.items():
        if label not in set(Intent):
            words = f"there is no intent {label!r}. {suggestion(str(label), [intent.value for intent in Intent])}"
            mistakes.append(Mistake(name, document.line((label,)), words))
        elif not isinstance(texts, list):
            mistakes.append(Mistake(name, document.line((label,)), f"{label}: this must be a list of sentences."))
        else:
            for place, text in enumerate(texts):
                if isinstance(text, str) and text.strip():
                    seeds.append(Seed(file.stem, Intent(label), text, place))
                else:
                    words = f"{label} #{place + 1}: this is no sentence. One with a colon needs quotes."
                    mistakes.append(Mistake(name, document.line((label, place)), words))
    if mistakes:
        raise PlaybookError(mistakes)
    return seeds
