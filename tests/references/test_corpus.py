"""How well references are read over a labelled corpus of messages in six languages."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from domain.references import PLAIN_SHAPES, MessagePart, bare, read_references
from playbook.loader import DEFAULT_FOLDER, load

MESSAGES: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
]
STORES = load(DEFAULT_FOLDER).stores


def _read(message: dict[str, Any]) -> set[tuple[str, str]]:
    shapes = STORES[message["store"]].references if message["store"] else PLAIN_SHAPES
    parts = {MessagePart(part): text for part, text in message["parts"].items()}
    return {(one.kind.value, bare(one.value)) for one in read_references(parts, shapes)}


def test_the_corpus_is_large_and_varied() -> None:
    languages = Counter(message["language"] for message in MESSAGES)
    assert len(MESSAGES) >= 300
    assert set(languages) == {"en", "de", "fr", "it", "es", "zh"}
    assert min(languages.values()) >= 50
    assert len({kind for message in MESSAGES for kind, _ in message["expect"]}) == 9
    assert sum(not message["expect"] for message in MESSAGES) >= 100


@pytest.mark.parametrize("language", ["en", "de", "fr", "it", "es", "zh", "all"])
def test_what_is_read_is_there_and_what_is_there_is_read(language: str) -> None:
    right, wrong, missed = 0, list[Any](), list[Any]()
    for message in MESSAGES:
        if language not in (message["language"], "all"):
            continue
        expected = {(kind, bare(value)) for kind, value in message["expect"]}
        read = _read(message)
        right += len(read & expected)
        wrong += [(message["parts"], one) for one in read - expected]
        missed += [(message["parts"], one) for one in expected - read]
    assert right / (right + len(wrong)) >= 0.98, wrong
    assert right / (right + len(missed)) >= 0.95, missed
