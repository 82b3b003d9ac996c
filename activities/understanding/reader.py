"""Reads a message: its language, and its intents by rules first, then by the model, then by whoever else is asked."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from activities.understanding.embedding import Embedder, open_embedder
from activities.understanding.intent_model import IntentModel, ModelError, load_model
from activities.understanding.language import Languages, Spoken
from activities.understanding.models import Reading
from activities.understanding.sentences import pieces
from domain.triage import Intent, intents_of, sure_intents

SURE_FROM = 0.45
"""Confidence of the main intent from which on the message is not left to a person."""
ALSO_FROM = 0.35
"""Confidence from which on a further intent of the same message is kept."""
READ_AS_A_WHOLE = 400
"""Characters."""
_SUGGESTED = 3
_LEAST_SUGGESTED = 0.1

log = logging.getLogger(__name__)


class Adviser(Protocol):
    """Asked only where rules and model are not sure, for instance a large language model. It answers one of the intents, or
    None where it cannot tell or did not answer in time; it must not raise for that."""

    @property
    def name(self) -> str: ...

    def intent_of(self, subject: str, text: str) -> Intent | None: ...


class Reader:
    """Understands messages. Cheap to make: what it needs (1.5 s, 230 MB) is loaded by the first `read`, or by `load`.

    `folder` has the model; without one there it is taught from `seeds` (a folder of the playbook) and kept, which takes
    some seconds once. A newer model in the folder is taken up by the next message. Safe for several threads.
    """

    def __init__(self, folder: Path, seeds: Path, adviser: Adviser | None = None) -> None:
        self._file = model_file(folder)
        self._seeds = seeds
        self._adviser = adviser
        self._loading = threading.Lock()
        self._languages: Languages | None = None
        self._embedder: Embedder | None = None
        self._model: IntentModel | None = None
        self._loaded: tuple[int, int] | None = None

    def read(
        self,
        subject: str,
        text: str,
        store_languages: Sequence[str],
        history: Sequence[str] = (),
        company_history: Sequence[str] = (),
    ) -> Reading:
        """Understands one message: `text` is the reply without what it quotes. `store_languages` has the main one first,
        `history` the languages of the contact's earlier messages, newest first, `company_history` those of the company's."""
        languages = self._open_languages()
        spoken = languages.of(subject, text, store_languages, history, company_history)
        try:
            self.load()
        except ModelError as error:
            log.warning("intents are told by words alone: %s", error)
            return _by_words(spoken, subject, text)
        assert self._model is not None
        return self._intents(spoken, subject, text, self._model)

    def load(self) -> None:
        """Loads the model of intents, or loads it again where its file is another one. Raises ModelError."""
        with self._loading:
            if not self._file.exists():
                self._teach()
            status = self._file.stat()
            found = (status.st_mtime_ns, status.st_size)
            if found != self._loaded:
                self._loaded, self._model = None, None
                self._embedder = self._embedder or open_embedder()
                self._model = load_model(self._file)
                self._loaded = found

    def _open_languages(self) -> Languages:
        with self._loading:
            if self._languages is None:
                self._languages = Languages()
            return self._languages

    def _teach(self) -> None:
        from activities.understanding.training import train
        from playbook.errors import PlaybookError
        from playbook.seeds import load_seeds

        try:
            seeds = load_seeds(self._seeds)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._embedder = self._embedder or open_embedder()
            train(seeds, (), self._embedder).save(self._file)
        except (PlaybookError, OSError) as error:
            raise ModelError(f"there is no model of intents and none can be taught: {error}") from error

    def _intents(self, spoken: Spoken, subject: str, text: str, model: IntentModel) -> Reading:
        rules = sure_intents(f"{subject}\n{text}")
        shares = _shares(model, pieces(subject, text), self._embedder)
        wishes = {intent: share for intent, share in shares.items() if intent is not Intent.OTHER}
        evidence = [f"{intent.value}: {why}" for intent, why in rules]
        kept = [intent for intent, _ in rules]
        best = max(shares, key=shares.__getitem__, default=Intent.OTHER)
        confidence = 1.0 if rules else shares.get(best, 0.0)
        suggestions: tuple[Intent, ...] = ()
        if rules or (best is not Intent.OTHER and confidence >= SURE_FROM):
            kept += [intent for intent, share in wishes.items() if share >= ALSO_FROM and intent not in kept]
        elif shares and confidence < SURE_FROM:
            suggestions = tuple(intent for intent, share in shares.items() if share >= _LEAST_SUGGESTED)[:_SUGGESTED]
            suggestions = suggestions or (best,)
        if shares:
            evidence.append(f"model {model.version}: {_told(shares)}" + (", not sure enough" if suggestions else ""))
        reading = Reading(
            language=spoken.language,
            language_evidence=spoken.evidence,
            unsupported_language=spoken.unsupported,
            intents=tuple(kept) or (Intent.OTHER,),
            intent_evidence="; ".join(evidence) or "no words to read",
            suggestions=suggestions,
            confidence=confidence,
            model_version=model.version,
        )
        return self._advised(reading, subject, text) if suggestions else reading

    def _advised(self, reading: Reading, subject: str, text: str) -> Reading:
        """What the adviser makes of a message that nobody was sure of."""
        if self._adviser is None or (advice := self._adviser.intent_of(subject, text)) is None:
            return reading
        evidence = f"{reading.intent_evidence}; {self._adviser.name} was asked: {advice.value}"
        return reading.model_copy(update={"intents": (advice,), "intent_evidence": evidence, "suggestions": ()})


def model_file(folder: Path) -> Path:
    """The one file of the model in the folder of what was learned."""
    return folder / "intents.npz"


def _shares(model: IntentModel, sentences: list[str], embedder: Embedder | None) -> dict[Intent, float]:
    """The confidence of each intent, the highest first; empty without sentences.

    Half of it is how the message reads as a whole, half its sentences one by one: of a wish the one that says it most
    clearly, of `other` the one that is least like it. Alone the first misses second wishes, the second trusts "Is it lost?".
    """
    if not sentences:
        return {}
    scores = model.score([*sentences, " ".join(sentences)[:READ_AS_A_WHOLE]], embedder)
    one_by_one, whole = scores[:-1], scores[-1]
    clearest = one_by_one.max(axis=0)
    other = model.labels.index(Intent.OTHER)
    clearest[other] = one_by_one[:, other].min()
    found = dict(zip(model.labels, ((clearest + whole) / 2).tolist(), strict=True))
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _told(shares: dict[Intent, float]) -> str:
    worth_telling = [f"{intent.value} {share:.2f}" for intent, share in shares.items() if share >= ALSO_FROM]
    return ", ".join(worth_telling or [f"{intent.value} {share:.2f}" for intent, share in list(shares.items())[:1]])


def _by_words(spoken: Spoken, subject: str, text: str) -> Reading:
    intents, evidence = intents_of(f"{subject}\n{text}")
    return Reading(
        language=spoken.language,
        language_evidence=spoken.evidence,
        unsupported_language=spoken.unsupported,
        intents=intents,
        intent_evidence=f"the model cannot be used, by words alone: {evidence}",
        confidence=0.0,
        model_version=None,
    )
