"""The model of intents: the same rows teach the same, agents change it, and its file tells when it is damaged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sql

from activities.understanding.embedding import Embedder
from activities.understanding.intent_model import IntentModel, ModelError, load_model
from activities.understanding.training import Correction, train
from domain.messages import Channel, InboundMessage, Sender
from domain.playbook import Playbook
from domain.triage import Intent
from playbook.errors import PlaybookError
from playbook.seeds import Seed, load_seeds
from storage.blobs import Blobs
from storage.engine import Database
from storage.intake import receive
from storage.tables import messages
from storage.training import TrainingRow, insert_training_row, list_training_rows
from tests.understanding.conftest import SEEDS


@pytest.fixture(scope="module")
def few() -> list[Seed]:
    """Enough to learn something, little enough to be quick."""
    return [seed for seed in load_seeds(SEEDS) if seed.language in ("en", "de")]


def likeliest(model: IntentModel, text: str, embedder: Embedder | None) -> Intent:
    return model.labels[int(model.score([text], embedder)[0].argmax())]


def test_the_same_rows_give_the_same_version(few: list[Seed], embedder: Embedder, tmp_path: Path) -> None:
    first = train(few, (), embedder).save(tmp_path / "first.npz")
    second = train(few, (), embedder).save(tmp_path / "second.npz")
    other = train(few[:-1], (), embedder).save(tmp_path / "other.npz")
    assert first.version == second.version != other.version
    assert load_model(tmp_path / "first.npz").version == first.version


def test_agents_corrections_change_what_is_told(few: list[Seed], embedder: Embedder) -> None:
    asked = "Can the demo van come to our yard in May?"
    before = train(few, (), embedder)
    assert likeliest(before, asked, embedder) is not Intent.QUOTE
    corrections = [
        Correction(f"Demo van\n\nHello,\n\n{text}\n\nKind regards\nJoan", "en", Intent.QUOTE)
        for text in (
            "When could your demo van visit our yard?",
            "We would like the demo van at our depot.",
            "Please send the demo van round in spring.",
        )
    ]
    after = train(few, corrections, embedder)
    assert likeliest(after, asked, embedder) is Intent.QUOTE
    assert likeliest(after, "Kind regards", embedder) is Intent.OTHER, "greetings are not taught as what the message was about"
    assert likeliest(after, "Where is our order?", embedder) is Intent.WISMO
    assert after.rows == {"seeds": len(few), "corrections": 3}


def test_without_an_encoder_ngrams_work_alone(few: list[Seed], embedder: Embedder, tmp_path: Path) -> None:
    alone = train(few, (), None).save(tmp_path / "alone.npz")
    assert alone.encoder is None
    assert likeliest(alone, "Where is our order? When will it be delivered?", None) is Intent.WISMO
    both = train(few, (), embedder)
    np.testing.assert_allclose(both.score(["Please quote"], None), alone.score(["Please quote"], None), atol=0.02)


def test_vectors_of_another_encoder_are_left_out(few: list[Seed], embedder: Embedder) -> None:
    class Another:
        name = "another encoder"

        def encode(self, texts: list[str]) -> np.ndarray:
            raise AssertionError("its vectors do not fit")

    model = train(few, (), embedder)
    np.testing.assert_array_equal(model.score(["Please quote"], Another()), model.score(["Please quote"], None))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04", b"\x93NUMPY"])
def test_a_file_that_is_no_model_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "intents.npz"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"intents\.npz cannot be used .*run `casework train`"):
        load_model(file)


def test_a_changed_weight_is_found(few: list[Seed], tmp_path: Path) -> None:
    file = tmp_path / "intents.npz"
    train(few, (), None).save(file)
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["ngram_start"][0] += 1
    np.savez(file, **arrays)
    with pytest.raises(ModelError, match="does not have the hash"):
        load_model(file)


def test_a_file_of_pickles_is_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "intents.npz"
    np.savez(file, version=np.array([object()], dtype=object))
    with pytest.raises(ModelError):
        load_model(file)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("wismo: [Where is it, {a: b}]", "en.yaml:1: wismo #2: this is no sentence"),
        ("wismo: Where is it?", "en.yaml:1: wismo: this must be a list"),
        ("colour: [blue]", "en.yaml:1: there is no intent 'colour'"),
        ("- Where is it?", "must hold lists of sentences"),
        ("wismo: [", "en.yaml:1: this is not YAML"),
        ("wismo: ['Where is it?']", "no sentence for change_order"),
    ],
)
def test_sentences_that_cannot_be_learned_from_are_told(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "en.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(PlaybookError, match=said):
        load_seeds(tmp_path)


async def test_the_last_word_about_a_message_counts(database: Database, blobs: Blobs, playbook: Playbook) -> None:
    present = datetime(2026, 3, 2, 9, tzinfo=UTC)

    async def received(name: str) -> UUID:
        sender = Sender(email="anna@acme.example")
        message = InboundMessage(
            channel=Channel.EMAIL, store="northwind-tools", external_id=name, sender=sender, text="Hi", received_at=present
        )
        return (await receive(database, blobs, playbook, message)).message_id

    first, second = await received("first"), await received("second")
    async with database.begin() as connection:
        for message_id, intent, minutes in ((first, Intent.QUOTE, 0), (second, Intent.RETURN, 1), (first, Intent.INVOICE, 2)):
            at = present + timedelta(minutes=minutes)
            await insert_training_row(connection, TrainingRow("Hi", "en", intent, message_id, "Nadia", at))
    async with database.begin() as connection:
        rows = await list_training_rows(connection)
        assert [(row.message_id, row.intent) for row in rows] == [(second, Intent.RETURN), (first, Intent.INVOICE)]
        await connection.execute(sql.delete(messages).where(messages.c.id == first))
        assert [row.message_id for row in await list_training_rows(connection)] == [second], "erased with its message"
