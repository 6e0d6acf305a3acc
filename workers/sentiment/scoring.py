"""How good or bad a text is: the fast model, and the encoder for what that one is not sure of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.sentiment import encoder
from workers.sentiment.encoder import WEIGHTS, Encoder, tokenizer
from workers.sentiment.fast import Fast

Probabilities = NDArray[np.float64]
"""Texts × negative, neutral, positive. Each row sums to 1."""


class Scorer(Protocol):
    @property
    def name(self) -> str:
        """As in results: cascade, or fast where the encoder cannot be loaded."""

    @property
    def version(self) -> str:
        """Of the weights. What else an analysis is made of has a number of its own: see `analysis.version`."""

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        """Calibrated: of the texts that are positive with 0.8, about eight in ten are. What is said of a text depends
        neither on the texts beside it nor on the process."""

    def fast_probabilities(self, texts: Sequence[str]) -> Probabilities:
        """The same by the fast model alone: for parts of texts, of which there are many."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Fitted on texts that were held out of the training."""

    version: str
    fast_temperature: float
    encoder_temperature: float
    unsure_below: float
    """The encoder reads what the fast model says with less than this probability."""
    short_unsure_below: float
    """The same for short texts, which take it a fraction of the time."""
    encoder_share: float
    """How much of the answer is the encoder's then."""


class Cascade:
    def __init__(self, calibration: Calibration, fast: Fast, encoder: Encoder | None) -> None:
        self._calibration, self._fast, self._encoder = calibration, fast, encoder

    @property
    def name(self) -> str:
        return "cascade" if self._encoder else "fast"

    @property
    def version(self) -> str:
        return f"{self.name}-{self._calibration.version}"

    def probabilities(self, texts: Sequence[str]) -> Probabilities:
        found = self.fast_probabilities(texts)
        below = [self._unsure_below(text) for text in texts]
        unsure = np.flatnonzero(found.max(axis=1, initial=0) < below)
        if self._encoder and len(unsure):
            logits = self._encoder.read([texts[number] for number in unsure.tolist()]).logits
            share = self._calibration.encoder_share
            theirs = softmax(logits, self._calibration.encoder_temperature)
            found[unsure] = np.round(share * theirs + (1 - share) * found[unsure], DECIMALS)
        return found

    def _unsure_below(self, text: str) -> float:
        short = len(text) <= SHORT
        return self._calibration.short_unsure_below if short else self._calibration.unsure_below

    def fast_probabilities(self, texts: Sequence[str]) -> Probabilities:
        return np.round(softmax(self._fast.logits(texts), self._calibration.fast_temperature), DECIMALS)


# Characters: a sentence.
SHORT = 160
# More of them say nothing, and the last ones differ from one processor to another.
DECIMALS = 4


def softmax(logits: NDArray[np.floating], temperature: float) -> Probabilities:
    """Probabilities of logits that are divided by the temperature."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return probabilities


@cache
def load() -> Scorer:
    """Loaded once per process, at its first use: what runs other jobs only loads nothing."""
    calibration = Calibration(**json.loads((WEIGHTS / "calibration.json").read_text(encoding="utf-8")))
    return Cascade(calibration, Fast(WEIGHTS / "fast.npz", tokenizer()), encoder.load())
