"""The model of intents: logistic regression over sentence vectors (0.6) and over n-grams (0.4), in one file without pickle."""

import hashlib
import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from activities.understanding.embedding import Embedder
from activities.understanding.ngrams import Ngrams
from domain.triage import Intent

SENTENCE_SHARE = 0.6
_FORMAT = 1


class ModelError(ValueError):
    """The model's file cannot be used; the message names the file, what is wrong and what to do."""


@dataclass(frozen=True)
class Regression:
    """One row of weights an intent, and what each intent starts from."""

    weights: np.ndarray
    start: np.ndarray

    def probabilities(self, values: np.ndarray) -> np.ndarray:
        """From (texts, intents) sums of weighted features to shares that add up to 1."""
        values = values + self.start
        exponents = np.exp(values - values.max(axis=1, keepdims=True))
        return exponents / exponents.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class IntentModel:
    labels: tuple[Intent, ...]
    ngrams: Ngrams
    ngram_regression: Regression
    encoder: str | None
    """Name of the encoder whose vectors `sentence_regression` weighs; both are None where n-grams were learned alone."""
    sentence_regression: Regression | None
    rows: dict[str, int]
    """How many examples it was learned from, by where they came from."""
    version: str = ""
    """Hash of all of the above."""

    def score(self, texts: list[str], embedder: Embedder | None) -> np.ndarray:
        """Shape (texts, labels), each row adding up to 1. An embedder that is not the one learned with is left out."""
        shares = self.ngram_regression.probabilities(np.stack([self._by_ngrams(text) for text in texts]))
        if self.sentence_regression is None or embedder is None or embedder.name != self.encoder:
            return shares
        by_meaning = self.sentence_regression.probabilities(embedder.encode(texts) @ self.sentence_regression.weights.T)
        return SENTENCE_SHARE * by_meaning + (1 - SENTENCE_SHARE) * shares

    def _by_ngrams(self, text: str) -> np.ndarray:
        places, values = self.ngrams.row(text)
        return self.ngram_regression.weights[:, places] @ values

    def save(self, file: Path) -> "IntentModel":
        """Writes the file in one step, so that a worker finds the old or the new one. Returns the model with its version."""
        arrays = {"ngram_frequency": self.ngrams.weights, **_arrays("ngram", self.ngram_regression)}
        if self.sentence_regression is not None:
            arrays |= _arrays("sentence", self.sentence_regression)
        said = {
            "format": _FORMAT,
            "labels": list(self.labels),
            "vocabulary": list(self.ngrams.vocabulary),
            "encoder": self.encoder,
            "rows": self.rows,
        }
        arrays["said"] = np.frombuffer(json.dumps(said, ensure_ascii=False).encode(), dtype=np.uint8)
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as new:
            np.savez(new, allow_pickle=False, **arrays, version=np.frombuffer(_hash(arrays).encode(), dtype=np.uint8))
        os.replace(new.name, file)
        return load_model(file)


def load_model(file: Path) -> IntentModel:
    """Raises ModelError where the file is not what `save` wrote, FileNotFoundError where there is none."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            arrays: dict[str, np.ndarray] = {name: stored[name] for name in stored.files}
        version = bytes(arrays.pop("version")).decode()
        if version != _hash(arrays):
            raise ValueError("its content does not have the hash it was written with")
        return _model(arrays, json.loads(bytes(arrays["said"])), version)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{file} cannot be used ({error}); run `casework train` to write it anew") from error


def _model(arrays: dict[str, np.ndarray], said: dict[str, Any], version: str) -> IntentModel:
    if said["format"] != _FORMAT:
        raise ValueError(f"it has format {said['format']}, this version reads {_FORMAT}")
    vocabulary = {gram: place for place, gram in enumerate(said["vocabulary"])}
    return IntentModel(
        labels=tuple(Intent(label) for label in said["labels"]),
        ngrams=Ngrams(vocabulary, arrays["ngram_frequency"].astype(np.float32)),
        ngram_regression=_regression("ngram", arrays),
        encoder=said["encoder"],
        sentence_regression=_regression("sentence", arrays) if said["encoder"] else None,
        rows=said["rows"],
        version=version,
    )


def _arrays(name: str, regression: Regression) -> dict[str, np.ndarray]:
    """Half precision: the last bits, in which two machines may differ, change no answer."""
    return {f"{name}_weights": regression.weights.astype(np.float16), f"{name}_start": regression.start.astype(np.float16)}


def _regression(name: str, arrays: dict[str, np.ndarray]) -> Regression:
    return Regression(arrays[f"{name}_weights"].astype(np.float32), arrays[f"{name}_start"].astype(np.float32))


def _hash(arrays: dict[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:12]
