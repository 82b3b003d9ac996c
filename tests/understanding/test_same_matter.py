"""Two messages of one company about one order: the same matter joins, another matter does not, on messages not learned from."""

from itertools import permutations

from activities.understanding.reader import Reader
from domain.conversations import MATTERS, Matter, agreed_matters, matters_by_words
from domain.triage import Intent, intents_of
from tests.understanding.conftest import SIX, messages

MOST_FALSE = 0.001
"""Of the pairs about different matters; measured 0.0007."""


def test_different_matters_do_not_join(reader: Reader) -> None:
    known: list[tuple[str, frozenset[Matter], Matter | None, frozenset[Matter]]] = []
    for one in messages("held_out.jsonl") + messages("tuned_on.jsonl"):
        meant = frozenset(matter for label in one["accept"] if (matter := MATTERS.get(Intent(label))) is not None)
        read = reader.read("", one["text"], SIX)
        by_words = matters_by_words(one["text"], intents_of(one["text"])[0])
        if meant:
            known.append((one["lang"], meant, *agreed_matters(by_words, read.intents, read.confidence)))
    false = different = true = 0
    for holder, newcomer in permutations(known, 2):
        if holder[0] != newcomer[0]:
            continue
        joins = newcomer[2] is not None and newcomer[2] in holder[3]
        if holder[1] & newcomer[1]:
            true += joins
        else:
            different += 1
            false += joins
    assert different > 20_000
    assert false / different <= MOST_FALSE
    assert true > 2_000, "a rule that never joins is not what is meant"
