"""The language of a message: py3langid among the store's languages, and what decides where too little is written."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from py3langid.langid import LanguageIdentifier

READ_CHARACTERS = 2_000
LETTERS_FOR_ANY_LANGUAGE = 4
LETTERS_TO_DECIDE = 15
"""Under this many letters earlier messages decide: "ok merci" and "Hi, urgent" are told wrong."""
LETTERS_FOR_A_SECOND_LOOK = 40
STRONG = 0.9
"""How sure a language outside the store's must be, in a pass over all languages, to be called unsupported."""
_HAN_WEIGHT = 3
"""A Chinese character says about as much as three letters."""

_MODEL_FILE = "data/model.npz.xz"
_ADDRESS = re.compile(r"(?<!\S)(?:https?://\S+|\S+@\S+)")
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9#/._-])[A-Za-z0-9#/._-]*[0-9][A-Za-z0-9#/._-]*"
    r"|(?<![A-Za-z])(?:RMA|PO|SKU|INV|RFQ|OK)(?![A-Za-z])"
)
_LETTER = re.compile(r"[^\W\d_]")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")


class Spoken(NamedTuple):
    """A language of the store, why, and the language of the text where that is none of the store's."""

    language: str
    evidence: str
    unsupported: str | None = None


class Languages:
    """Tells languages apart. Loads its model (0.5 s, 75 MB) when made; may be used by several threads at once."""

    def __init__(self) -> None:
        self._identifier = LanguageIdentifier.from_model_file(_MODEL_FILE)

    def of(
        self,
        subject: str,
        text: str,
        store_languages: Sequence[str],
        earlier: Sequence[str] = (),
        company_earlier: Sequence[str] = (),
    ) -> Spoken:
        """The language of a reply without what it quotes. `store_languages` has the main one first; `earlier` are the languages
        of the contact's messages before, `company_earlier` those of the company's, newest first."""
        read = _without_addresses(text)
        if _letters(read) < LETTERS_TO_DECIDE:
            read = f"{_without_addresses(subject)}\n{read}"
        letters = _letters(read)
        known = self._known(store_languages, earlier, company_earlier)
        if letters < LETTERS_FOR_ANY_LANGUAGE:
            return Spoken(known[0], f"too little is written to tell: {known[1]}")
        if _is_chinese(read):
            return _supported("zh", "Chinese characters", store_languages)
        if letters < LETTERS_TO_DECIDE and earlier and earlier[0] in store_languages:
            return Spoken(earlier[0], f"under {LETTERS_TO_DECIDE} letters: {known[1]}")
        scores = self._scores(read)
        foreign, sureness = _likeliest(scores, tuple(scores))
        is_long = letters >= LETTERS_FOR_A_SECOND_LOOK or not _is_latin(read)
        if foreign not in store_languages and is_long and sureness >= STRONG:
            return _supported(foreign, f"{sureness:.2f} sure among all languages", store_languages)
        language, sureness = _likeliest(scores, store_languages)
        return Spoken(language, f"{sureness:.2f} sure among the store's languages")

    def _known(self, store: Sequence[str], earlier: Sequence[str], company: Sequence[str]) -> tuple[str, str]:
        """What is to be taken where the text does not tell, and whose language it is."""
        for languages, whose in ((earlier, "the contact's last language"), (company, "the company's last language")):
            if languages and languages[0] in store:
                return languages[0], whose
        return store[0], "the store's main language"

    def _scores(self, text: str) -> dict[str, float]:
        """Log likelihood by language, spread so that the length of a text does not make it certain (as py3langid does)."""
        length = math.sqrt(len(text.encode("utf-8", "replace")) or 1)
        return {language: score / length for language, score in self._identifier.rank(text)}


def _likeliest(scores: dict[str, float], among: Sequence[str]) -> tuple[str, float]:
    """The best of some languages and its share of their likelihood. py3langid has to know one of them."""
    known = [language for language in among if language in scores]
    best = max(known, key=scores.__getitem__)
    return best, 1 / sum(math.exp(scores[language] - scores[best]) for language in known)


def _supported(language: str, why: str, store: Sequence[str]) -> Spoken:
    if language in store:
        return Spoken(language, why)
    return Spoken(store[0], f"unsupported language {language} ({why}): the store's main language", language)


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub(" ", text[:READ_CHARACTERS].encode("utf-8", "ignore").decode("utf-8"))


def _letters(text: str) -> int:
    """How much is written, in letters, without numbers and abbreviations that are the same in every language."""
    words = _IDENTIFIER.sub(" ", text)
    return len(_LETTER.findall(words)) + (_HAN_WEIGHT - 1) * len(_HAN.findall(words))


def _is_chinese(text: str) -> bool:
    """Mostly Chinese characters, and none of those that only Japanese has."""
    han = len(_HAN.findall(text))
    return han >= 2 and han * _HAN_WEIGHT >= len(_LATIN.findall(_IDENTIFIER.sub(" ", text))) and not _KANA.search(text)


def _is_latin(text: str) -> bool:
    return 2 * len(_LATIN.findall(text)) >= len(_LETTER.findall(text))
