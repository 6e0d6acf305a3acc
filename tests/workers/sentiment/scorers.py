"""A scorer for what is not about the model: it counts a few words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GOOD = {"great", "good", "love", "perfect", "excellent", "delicious", "happy", "nice", "recommend", "stars"}
BAD = {"bad", "terrible", "broke", "awful", "disappointed", "disgusting", "worst", "useless", "poor", "mediocre"}


class Counting:
    """Negative, neutral, positive by how many good and bad words there are; "not" turns the whole text round."""

    name = "counting"
    version = "counting-1"

    def __init__(self) -> None:
        self.read: list[str] = []

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.read += texts
        return self.fast_probabilities(texts)

    def fast_probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([_row(text) for text in texts]).reshape(-1, 3)


def _row(text: str) -> list[float]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
    balance = sum((word in GOOD) - (word in BAD) for word in words)
    if "not" in words:
        balance = -balance or -1
    return [0.1, 0.8, 0.1] if balance == 0 else [0.04, 0.06, 0.9] if balance > 0 else [0.9, 0.06, 0.04]
