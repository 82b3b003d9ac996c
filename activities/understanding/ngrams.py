"""Texts as weighted counts of their words and letter groups (TF-IDF): what works without any model of language."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from domain.triage import words_for

_WORD = re.compile(r"[\u3400-\u9fff]{1,30}|[^\W_\u3400-\u9fff]+")
_NUMBER = re.compile(r"\d+")
_LETTER_GROUPS = range(2, 6)
_LONGEST_WORD = 30
"""Letters of a word that count; a line of 100,000 letters is no word."""


def ngrams(text: str) -> Iterator[str]:
    """Words, pairs of words, groups of two to five letters inside words, and the intents that the rules have words for, which
    are the same in every language. Every number is the same number."""
    words = [_NUMBER.sub("0", word)[:_LONGEST_WORD] for word in _WORD.findall(text.lower())]
    for intent in words_for(text):
        yield f"i {intent.value}"
    previous = ""
    for word in words:
        yield f"w {word}"
        yield f"p {previous} {word}"
        previous = word
        edged = word if "\u3400" <= word[0] <= "\u9fff" else f"^{word}$"
        for size in _LETTER_GROUPS:
            for start in range(len(edged) - size + 1):
                yield edged[start : start + size]


class Ngrams:
    """The n-grams a model knows, each with its place and its weight: the rarer, the heavier."""

    def __init__(self, vocabulary: Mapping[str, int], weights: np.ndarray) -> None:
        self.vocabulary = vocabulary
        self.weights = weights

    @classmethod
    def learn(cls, texts: Sequence[str], at_least: int = 2) -> "Ngrams":
        """From texts: every n-gram that stands in `at_least` of them."""
        seen = Counter(gram for text in texts for gram in set(ngrams(text)))
        known = sorted(gram for gram, number in seen.items() if number >= at_least)
        frequency = np.array([seen[gram] for gram in known], dtype=np.float32)
        weights = np.log((1 + len(texts)) / (1 + frequency)) + 1
        return cls({gram: place for place, gram in enumerate(known)}, weights.astype(np.float32))

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """Places of the known n-grams of a text and their values, of length 1 together; both empty where none is known."""
        counts = Counter(place for gram in ngrams(text) if (place := self.vocabulary.get(gram)) is not None)
        places = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self.weights[places]
        length = float(np.sqrt(values @ values))
        return places, values / length if length else values
