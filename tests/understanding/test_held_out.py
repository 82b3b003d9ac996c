"""The numbers promised, on messages that are not among those learned from.

`held_out.jsonl` was written after the sentences of the playbook and never looked at to change them. `tuned_on.jsonl` came
before and is in roundabout words: its mistakes (75.3 % right) were looked at once, then the playbook got more sentences.
"""

import pytest

from activities.understanding.models import Reading
from activities.understanding.reader import Reader
from domain.triage import Intent
from playbook.seeds import load_seeds
from simulators.demo_mail import demo_mails
from tests.understanding.conftest import SEEDS, SIX, messages
from workers.understanding import Known

Read = list[tuple[Known, Reading]]
_AS_THE_DEMO_SAYS = {"change": "change_order", "cancel": "change_order", "credit": "invoice", "wholesale": "wholesale_price"}


def read_all(reader: Reader, name: str) -> Read:
    known = [Known(one["lang"], one["text"], tuple(Intent(intent) for intent in one["accept"])) for one in messages(name)]
    return [(one, reader.read("", one.text, SIX)) for one in known]


@pytest.fixture(scope="module")
def held_out(reader: Reader) -> Read:
    return read_all(reader, "held_out.jsonl")


def right(read: Read) -> float:
    return sum(reading.likeliest in one.accept for one, reading in read) / len(read)


def test_language_is_right(held_out: Read) -> None:
    assert sum(reading.language == one.language for one, reading in held_out) / len(held_out) >= 0.98


@pytest.mark.parametrize("language", SIX)
def test_intent_is_right_in_every_language(held_out: Read, language: str) -> None:
    of_it = [(one, reading) for one, reading in held_out if one.language == language]
    assert len(of_it) >= 40
    assert right(of_it) >= 0.8


def test_what_is_kept_is_right(held_out: Read) -> None:
    kept = [(one, reading) for one, reading in held_out if reading.sure]
    assert len(kept) / len(held_out) >= 0.65
    assert right(kept) >= 0.93


def test_where_is_my_order_is_found(held_out: Read) -> None:
    asked = [reading for one, reading in held_out if one.accept[0] is Intent.WISMO]
    assert sum(Intent.WISMO in reading.intents + reading.suggestions for reading in asked) / len(asked) >= 0.9


def test_roundabout_words(reader: Reader) -> None:
    read = read_all(reader, "tuned_on.jsonl")
    assert right(read) >= 0.8
    assert right([pair for pair in read if pair[1].sure]) >= 0.9


def test_the_demo_mails(reader: Reader) -> None:
    good = 0
    for mail in demo_mails():
        read = reader.read(mail["subject"], mail["text"], SIX)
        assert read.language == mail["language"], mail["subject"]
        good += read.likeliest == _AS_THE_DEMO_SAYS.get(mail["intent"], mail["intent"])
    assert good >= 17


def test_nothing_of_it_was_learned_from() -> None:
    learned = {seed.text.strip().lower() for seed in load_seeds(SEEDS)}
    assert not [
        one for one in messages("held_out.jsonl") + messages("tuned_on.jsonl") if one["text"].strip().lower() in learned
    ]


@pytest.mark.parametrize("language", SIX)
def test_the_playbook_teaches_every_language_and_intent(language: str) -> None:
    seeds = [seed for seed in load_seeds(SEEDS) if seed.language == language]
    assert len(seeds) >= 120
    assert all(sum(seed.intent is intent for seed in seeds) >= 14 for intent in Intent)
