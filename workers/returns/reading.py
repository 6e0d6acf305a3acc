"""What a comment says: two logistic regressions, on n-grams and on what the comment means, whose logits are added.

Where the encoder cannot be loaded, the n-grams decide alone, and the version says so.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.returns.ngrams import Ngrams, ngrams
from workers.returns.reasons import REASONS
from workers.sentiment import embedding
from workers.sentiment.embedding import Embedder

Probabilities = NDArray[np.float64]
"""Texts × reasons, in the order of REASONS. Each row sums to 1."""

WEIGHTS = Path(__file__).parent / "weights"
# More of them say nothing, and the last ones differ from one processor to another.
DECIMALS = 4
# From this probability on the n-grams are believed without the encoder, which takes 50 times as long: half of the
# labelled comments, of which the two were right as often in the cross-validation.
SURE = 0.98
# Texts whose n-grams are in memory at a time, and probabilities that are remembered: many customers write the same.
AT_ONCE = 512
REMEMBERED, LONGEST_REMEMBERED = 50_000, 200


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted to cross-validated logits of the labelled comments."""

    version: str
    meaning_share: float
    """What the logits of the meaning count beside those of the n-grams."""
    temperature: float
    ngrams_temperature: float
    """Where the n-grams decide alone."""


class NgramModel:
    """Weights of 8 bits, each reason's by its own scale; `idf` makes n-grams that are everywhere count less."""

    def __init__(self, stored: dict[str, NDArray[np.float32]]) -> None:
        self._weights = stored["ngrams"] * stored["ngrams_scale"]
        self._idf, self._bias = stored["idf"], stored["ngrams_bias"]

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        logits = np.tile(self._bias.astype(np.float64), (len(texts), 1))
        for begin in range(0, len(texts), AT_ONCE):
            found = ngrams(texts[begin : begin + AT_ONCE])
            rows = np.flatnonzero(np.diff(found.begins)) + begin
            logits[rows] += self._sums(found)
        return logits

    def _sums(self, found: Ngrams) -> NDArray[np.float32]:
        """Of the texts that have n-grams. By reduceat: a text's sum does not depend on the texts beside it."""
        begins = np.unique(found.begins)[:-1]
        if not len(begins):
            return np.zeros((0, len(self._bias)), np.float32)
        values = found.values * self._idf[found.places]
        length = np.sqrt(np.add.reduceat(values * values, begins))
        sums = np.add.reduceat(self._weights[found.places] * values[:, None], begins, axis=0)
        return np.asarray(sums / length[:, None], np.float32)


class Reader:
    """Read texts to probabilities of the reasons: calibrated, and independent of the texts beside them."""

    def __init__(self, calibration: Calibration, stored: dict[str, NDArray[np.float32]], embedder: Embedder | None):
        self._calibration, self._embedder = calibration, embedder
        self._ngrams = NgramModel(stored)
        self._meaning, self._meaning_bias = stored["meaning"], stored["meaning_bias"]
        self._remembered: dict[str, NDArray[np.float64]] = {}

    @property
    def version(self) -> str:
        """Of the weights. See `classifying.version`."""
        return f"{'full' if self._embedder else 'ngrams'}-{self._calibration.version}"

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        new = [text for text in dict.fromkeys(texts) if text not in self._remembered]
        found = dict(zip(new, self._read(new), strict=True))
        result = np.array([found[text] if text in found else self._remembered[text] for text in texts])
        self._remember(found)
        return result.reshape(len(texts), len(REASONS))

    def quick_probabilities(self, texts: Sequence[str]) -> Probabilities:
        """The same by the n-grams alone: for clauses, of which there are many."""
        return softmax(self._ngrams.logits(texts), self._calibration.ngrams_temperature)

    def _read(self, texts: Sequence[str]) -> Probabilities:
        quick = self.quick_probabilities(texts)
        unsure = np.flatnonzero(quick.max(axis=1, initial=0) < SURE)
        if self._embedder and len(unsure):
            quick[unsure] = self._thorough([texts[number] for number in unsure.tolist()], self._embedder)
        return quick

    def _thorough(self, texts: Sequence[str], embedder: Embedder) -> Probabilities:
        # By einsum and not by BLAS, whose sums depend on how many rows there are.
        meanings = np.einsum("nk,kr->nr", embedder.embed(texts), self._meaning).astype(np.float64)
        logits = self._ngrams.logits(texts) + self._calibration.meaning_share * (meanings + self._meaning_bias)
        return softmax(logits, self._calibration.temperature)

    def _remember(self, found: dict[str, NDArray[np.float64]]) -> None:
        for text, row in found.items():
            if len(self._remembered) < REMEMBERED and len(text) <= LONGEST_REMEMBERED:
                self._remembered[text] = row


def softmax(logits: NDArray[np.float64], temperature: float) -> Probabilities:
    scaled = logits / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(np.round(exponentials / exponentials.sum(axis=1, keepdims=True), DECIMALS), np.float64)


def from_files(embedder: Embedder | None) -> Reader:
    """The packaged weights; without an embedder the n-grams decide alone."""
    calibration = Calibration(**json.loads((WEIGHTS / "calibration.json").read_text(encoding="utf-8")))
    with np.load(WEIGHTS / "weights.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files}
    return Reader(calibration, arrays, embedder)


@cache
def load() -> Reader:
    """Loaded once per process."""
    return from_files(embedding.load())
