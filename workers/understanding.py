"""`casework train` and `casework evaluate`: teaching the model of intents, and measuring it on messages with known answers."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.triage import Intent
from workers.errors import CommandError
from workers.playbooks import open_playbook
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.understanding.models import Reading
    from activities.understanding.training import Correction
    from playbook.seeds import Seed

_SHOWN_PROBLEMS = 20


def learned_folder(settings: Settings) -> Path:
    """Where the model of intents is kept."""
    return settings.data / "understanding"


def seeds_folder(settings: Settings) -> Path:
    """Where the sentences are that the model is first taught with."""
    return settings.playbook / "intents"


async def train(settings: Settings) -> list[str]:
    """Teaches the model from the playbook's sentences and the agents' corrections, and tells what came of it.

    Workers take it up with their next message. Raises CommandError.
    """
    from activities.understanding.embedding import open_embedder
    from activities.understanding.reader import model_file
    from activities.understanding.training import cross_validate
    from activities.understanding.training import train as teach

    seeds = _seeds(settings)
    corrections = await _corrections(settings)
    embedder = open_embedder()
    model = teach(seeds, corrections or (), embedder).save(model_file(learned_folder(settings)))
    learned_from = (
        f"{len(corrections)} of agents" if corrections is not None else "none of agents (CASEWORK_DATABASE_URL is not set)"
    )
    return [
        f"rows: {len(seeds)} of the playbook, {learned_from}",
        f"encoder: {model.encoder or 'none installed, n-grams alone'}",
        f"version: {model.version}",
        f"accuracy: {100 * cross_validate(seeds, embedder):.1f} % in cross-validation over the playbook's sentences",
    ]


def _seeds(settings: Settings) -> "tuple[Seed, ...]":
    from playbook.errors import PlaybookError
    from playbook.seeds import load_seeds

    try:
        return load_seeds(seeds_folder(settings))
    except PlaybookError as error:
        raise CommandError(f"the playbook cannot be used: {error.mistakes[0]}") from error


async def _corrections(settings: Settings) -> "list[Correction] | None":
    """What agents corrected, or None where no database is set."""
    from activities.understanding.training import Correction
    from storage.training import list_training_rows
    from workers import database

    if settings.database_url is None:
        return None
    async with database.opened(settings) as opened, opened.begin() as connection:
        rows = await list_training_rows(connection)
    return [Correction(row.text, row.language, row.intent) for row in rows]


@dataclass(frozen=True)
class Known:
    """A message whose language is known, and the intents any of which is right as its main one."""

    language: str
    text: str
    accept: tuple[Intent, ...]


def evaluate(settings: Settings, file: Path, complain: Callable[[str], None]) -> list[str]:
    """Reads every message of a file of JSON lines and tells how many were understood.

    `complain` is told of every bad line. Raises CommandError where there is one: then nothing is measured.
    """
    from activities.understanding.intent_model import ModelError
    from activities.understanding.reader import Reader

    stores = open_playbook(settings.playbook).stores.values()
    languages = tuple(dict.fromkeys(language for store in stores for language in store.languages))
    known = _known(file, languages, complain)
    reader = Reader(learned_folder(settings), seeds_folder(settings))
    try:
        reader.load()
    except ModelError as error:
        raise CommandError(str(error)) from error
    return report([(one, reader.read("", one.text, languages)) for one in known])


def report(read: "list[tuple[Known, Reading]]") -> list[str]:
    """How many were right: over all, by language and by the first of the accepted intents; `kept` are those it was sure of."""
    tongues = sum(reading.language == one.language for one, reading in read) / len(read)
    everything = _Tally.of(read)
    lines = [
        f"accuracy: {100 * everything.accuracy:.1f} %",
        f"kept: {100 * everything.kept:.1f} %",
        f"accuracy of kept: {100 * everything.accuracy_of_kept:.1f} %",
        f"language: {100 * tongues:.1f} %",
        f"messages: {len(read)}, model {read[0][1].model_version}",
        "",
        f"{'':<18}{'messages':>9}{'accuracy':>10}{'kept':>8}{'of kept':>9}",
    ]
    for language in sorted({one.language for one, _ in read}):
        lines.append(_Tally.of([pair for pair in read if pair[0].language == language]).row(language))
    for intent in Intent:
        of_it = [pair for pair in read if pair[0].accept[0] is intent]
        if of_it:
            lines.append(_Tally.of(of_it).row(intent.value))
    return lines


@dataclass(frozen=True)
class _Tally:
    messages: int
    accuracy: float
    kept: float
    accuracy_of_kept: float

    @classmethod
    def of(cls, read: "list[tuple[Known, Reading]]") -> "_Tally":
        right = [reading.likeliest in one.accept for one, reading in read]
        of_kept = [good for good, (_, reading) in zip(right, read, strict=True) if reading.sure]
        kept_right = sum(of_kept) / len(of_kept) if of_kept else float("nan")
        return cls(len(read), sum(right) / len(read), len(of_kept) / len(read), kept_right)

    def row(self, name: str) -> str:
        shares = f"{100 * self.accuracy:>8.1f} %{100 * self.kept:>6.0f} %{100 * self.accuracy_of_kept:>7.1f} %"
        return f"{name:<18}{self.messages:>9}{shares}"


def _known(file: Path, languages: tuple[str, ...], complain: Callable[[str], None]) -> list[Known]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    known: list[Known] = []
    problems: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            known.append(_parse(line, languages))
        except ValueError as error:
            problems.append(f"{file}:{number}: {error}")
    for problem in problems[:_SHOWN_PROBLEMS]:
        complain(problem)
    if problems:
        raise CommandError(f"{file}: bad lines: {len(problems)}; nothing was measured")
    if not known:
        raise CommandError(f"{file}: holds no messages")
    return known


def _parse(line: str, languages: Iterable[str]) -> Known:
    """Raises ValueError that says what is wrong with the line."""
    try:
        said: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(said, dict) or set(said) != {"lang", "text", "accept"}:
        raise ValueError("must be an object with lang, text and accept")
    if said["lang"] not in languages:
        raise ValueError(f"lang: {said['lang']!r} is no language of a store; there are {', '.join(languages)}")
    if not isinstance(said["text"], str) or not said["text"].strip():
        raise ValueError("text: must be the words of a message")
    if not isinstance(said["accept"], list) or not said["accept"]:
        raise ValueError("accept: must be a list of intents")
    for intent in said["accept"]:
        if intent not in list(Intent):
            raise ValueError(f"accept: {intent!r} is no intent; there are {', '.join(Intent)}")
    return Known(said["lang"], said["text"], tuple(Intent(intent) for intent in said["accept"]))
