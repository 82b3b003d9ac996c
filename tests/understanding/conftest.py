"""A reader taught once for the session, from the playbook the product ships with."""

import json
from pathlib import Path
from typing import Any

import pytest

from activities.understanding.embedding import Embedder, open_embedder
from activities.understanding.language import Languages
from activities.understanding.reader import Reader
from playbook.loader import DEFAULT_FOLDER

SEEDS = DEFAULT_FOLDER / "intents"
SIX = ("en", "de", "fr", "it", "es", "zh")
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("understanding"), SEEDS)


@pytest.fixture(scope="session")
def languages() -> Languages:
    return Languages()


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    found = open_embedder()
    assert found is not None, "the sentence encoder is among the requirements"
    return found


def messages(name: str) -> list[dict[str, Any]]:
    """The messages of a file of JSON lines beside the tests."""
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
