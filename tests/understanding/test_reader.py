"""Reading a message: rules first, then the model, then whoever else is asked; and what happens where the model is not there."""

import time
from pathlib import Path

import pytest

from activities.understanding.reader import Reader, model_file
from domain.triage import Intent
from tests.understanding.conftest import SEEDS, SIX


class Oracle:
    """An adviser that always says the same, and remembers whether it was asked."""

    name = "the oracle"

    def __init__(self, answer: Intent | None) -> None:
        self.answer = answer
        self.asked = 0

    def intent_of(self, subject: str, text: str) -> Intent | None:
        self.asked += 1
        return self.answer


def with_model_of(reader: Reader, folder: Path, oracle: Oracle | None = None) -> Reader:
    """Another reader with the session's model in a folder of its own."""
    reader.load()
    model_file(folder).write_bytes(reader._file.read_bytes())
    return Reader(folder, SEEDS, oracle)


UNCLEAR = "Regarding what you and Peter talked about the other day."


def test_a_rule_comes_first_and_the_model_adds(reader: Reader) -> None:
    read = reader.read("", "Please cancel order 10452. And where is our order 10460, it should have arrived on Monday?", SIX)
    assert read.intents[0] is Intent.CHANGE_ORDER
    assert Intent.WISMO in read.intents
    assert read.confidence == 1.0
    assert read.intent_evidence.startswith("change_order: a word for cancelling beside an order; model ")


def test_two_wishes_in_one_message(reader: Reader) -> None:
    read = reader.read("", "Two of the lamps arrived broken.\nWhere are the other four? They are still missing.", SIX)
    assert set(read.intents) == {Intent.DAMAGED, Intent.WISMO}
    assert read.sure


def test_evidence_has_no_words_of_the_customer(reader: Reader) -> None:
    read = reader.read("Saffron Lane", "Our zebra shipment for Saffron Lane has not arrived, where is it?", SIX)
    assert read.intents == (Intent.WISMO,)
    assert read.model_version is not None
    assert read.intent_evidence == f"model {read.model_version}: wismo {read.confidence:.2f}"
    assert "zebra" not in str(read).lower()
    assert "saffron" not in str(read).lower()


def test_an_unclear_message_is_other_with_suggestions(reader: Reader) -> None:
    read = reader.read("", UNCLEAR, SIX)
    assert read.intents == (Intent.OTHER,)
    assert not read.sure
    assert 1 <= len(read.suggestions) <= 3
    assert read.intent_evidence.endswith("not sure enough")


def test_an_adviser_is_asked_only_where_nobody_is_sure(reader: Reader, tmp_path: Path) -> None:
    oracle = Oracle(Intent.QUOTE)
    advised = with_model_of(reader, tmp_path, oracle)
    assert advised.read("", "Where is my order? It has not arrived yet.", SIX).intents == (Intent.WISMO,)
    assert oracle.asked == 0
    read = advised.read("", UNCLEAR, SIX)
    assert (read.intents, read.sure) == ((Intent.QUOTE,), True)
    assert read.intent_evidence.endswith("the oracle was asked: quote")


def test_an_adviser_that_cannot_tell_leaves_it_to_a_person(reader: Reader, tmp_path: Path) -> None:
    read = with_model_of(reader, tmp_path, Oracle(None)).read("", UNCLEAR, SIX)
    assert not read.sure


@pytest.mark.parametrize("text", ["", "   \n", "👍👍", "10452", "🙏"])
def test_no_words_are_other(reader: Reader, text: str) -> None:
    read = reader.read("", text, SIX, ["de"])
    assert (read.intents, read.intent_evidence, read.language) == ((Intent.OTHER,), "no words to read", "de")


def test_emoji_do_not_hide_a_wish(reader: Reader) -> None:
    assert reader.read("", "😡😡 where is my order??? 😡 still not delivered 📦", SIX).intents[0] is Intent.WISMO


@pytest.mark.parametrize(
    "unit", ["a", "a ", "1", "a@", "Where is it? ", "invoice 1000 ", "退货", "\n", "\ud83d", "é.", "(", "Re: ", "add a "]
)
def test_a_megabyte_takes_no_longer_than_a_page(reader: Reader, unit: str) -> None:
    reader.read(unit, unit * 100, SIX)
    started = time.process_time()
    reader.read(unit * 1000, unit * (1_000_000 // len(unit)), SIX)
    assert time.process_time() - started < 1.0


def test_a_damaged_model_is_told_in_words(reader: Reader, tmp_path: Path) -> None:
    damaged = with_model_of(reader, tmp_path)
    whole = model_file(tmp_path).read_bytes()
    model_file(tmp_path).write_bytes(whole[: len(whole) // 2])
    read = damaged.read("", "Where is our order?", SIX)
    assert read.intents == (Intent.WISMO,)
    assert read.model_version is None
    assert read.intent_evidence.startswith("the model cannot be used, by words alone: ")
    model_file(tmp_path).write_bytes(whole)
    assert damaged.read("", "Where is our order?", SIX).model_version is not None


def test_without_sentences_to_learn_from_words_have_to_do(tmp_path: Path) -> None:
    read = Reader(tmp_path / "model", tmp_path / "nowhere").read("", "Wo bleibt unsere Lieferung? Danke und Gruß", SIX)
    assert (read.language, read.intents, read.model_version) == ("de", (Intent.WISMO,), None)
