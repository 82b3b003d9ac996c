"""Teaching the model of intents: from the playbook's sentences and from what agents corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from activities.understanding.embedding import Embedder, encoded
from activities.understanding.intent_model import IntentModel, Regression
from activities.understanding.ngrams import Ngrams
from activities.understanding.sentences import pieces
from domain.triage import Intent
from playbook.seeds import Seed

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

FOLDS = 5
CORRECTION_WEIGHT = 3.0
"""An agent's word about a real message outweighs that many of our own sentences."""
ALREADY_SEEN = 0.35
_INVERSE_REGULARISATION = 10.0


@dataclass(frozen=True)
class Correction:
    """A message an agent gave another intent."""

    text: str
    language: str
    intent: Intent


@dataclass(frozen=True)
class Example:
    """One sentence to learn from. Examples of one `fold` are tested together in cross-validation."""

    text: str
    intent: Intent
    fold: int
    weight: float = 1.0


def train(seeds: Sequence[Seed], corrections: Sequence[Correction], embedder: Embedder | None) -> IntentModel:
    """A model, in about 2 s. The same rows give the same model; `save` gives it its version."""
    examples = [Example(seed.text, seed.intent, seed.place % FOLDS) for seed in seeds]
    model = _fit(examples, _vectors(examples, embedder), embedder, len(corrections))
    if not corrections:
        return model
    examples += [_what_it_was_about(correction, place, model, embedder) for place, correction in enumerate(corrections)]
    return _fit(examples, _vectors(examples, embedder), embedder, len(corrections))


def cross_validate(seeds: Sequence[Seed], embedder: Embedder | None) -> float:
    """Share of seeds that a model taught without their fold gets right: translations of a sentence are in its fold."""
    examples = [Example(seed.text, seed.intent, seed.place % FOLDS) for seed in seeds]
    vectors = _vectors(examples, embedder)
    right = 0
    for fold in range(FOLDS):
        rest = [place for place, example in enumerate(examples) if example.fold != fold]
        tested = [example for example in examples if example.fold == fold]
        model = _fit([examples[place] for place in rest], None if vectors is None else vectors[rest], embedder, 0)
        best = model.score([example.text for example in tested], embedder).argmax(axis=1)
        right += sum(model.labels[label] is example.intent for label, example in zip(best, tested, strict=True))
    return right / len(examples)


def _what_it_was_about(correction: Correction, place: int, model: IntentModel, embedder: Embedder | None) -> Example:
    """The sentence of a corrected message that the correction is about: the one that speaks for the agent's intent, else the
    one that spoke loudest for a wrong one. Greetings and second wishes are not taught as something they are not."""
    sentences = pieces("", correction.text) or [correction.text]
    scores = model.score(sentences, embedder)
    wanted = scores[:, model.labels.index(correction.intent)]
    wishes = [number for number, label in enumerate(model.labels) if label is not Intent.OTHER]
    loudest = int(wanted.argmax() if wanted.max() > ALREADY_SEEN else scores[:, wishes].max(axis=1).argmax())
    return Example(sentences[loudest], correction.intent, place % FOLDS, CORRECTION_WEIGHT)


def _vectors(examples: Sequence[Example], embedder: Embedder | None) -> np.ndarray | None:
    return encoded(embedder, [example.text for example in examples])


def _fit(examples: Sequence[Example], vectors: np.ndarray | None, embedder: Embedder | None, corrections: int) -> IntentModel:
    from threadpoolctl import threadpool_limits

    labels = [example.intent.value for example in examples]
    weights = np.array([example.weight for example in examples])
    ngrams = Ngrams.learn([example.text for example in examples])
    with threadpool_limits(1):  # several threads on such small matrices only wait for each other
        by_ngrams = _regression().fit(_matrix(ngrams, examples), labels, weights)
        by_meaning = None if vectors is None else _regression().fit(vectors, labels, weights)
    return IntentModel(
        labels=tuple(Intent(label) for label in by_ngrams.classes_),
        ngrams=ngrams,
        ngram_regression=Regression(by_ngrams.coef_, by_ngrams.intercept_),
        encoder=None if embedder is None else embedder.name,
        sentence_regression=None if by_meaning is None else Regression(by_meaning.coef_, by_meaning.intercept_),
        rows={"seeds": len(examples) - corrections, "corrections": corrections},
    )


def _regression() -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression  # a second and 90 MB: whoever only reads does without

    return LogisticRegression(C=_INVERSE_REGULARISATION, class_weight="balanced", max_iter=1000)


def _matrix(ngrams: Ngrams, examples: Sequence[Example]) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    rows = [ngrams.row(example.text) for example in examples]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    values, places = np.concatenate([row[1] for row in rows]), np.concatenate([row[0] for row in rows])
    return csr_matrix((values, places, ends), shape=(len(rows), len(ngrams.weights)))
