"""How readily a tenant's reviews are called neutral, learned from those of its reviews that have stars.

What counts as neutral differs between shops more than what counts as good or bad. One number says it: the weight of
neutral's probability when the labels are compared. It is fitted on one half of the rated reviews, and taken only
where it helps on the other half, which has not seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from workers.sentiment.shapes import LABELS

NEUTRAL = 1
# The likeliest label of a review is seldom neutral. With this weight the macro-F1 on the sets that were held out
# (workers/sentiment/weights/MODEL_CARD.md) is .01 to .03 higher than without; a larger one takes too many labels from
# reviews that are good or bad.
DEFAULT = 1.5
# Quarters of octaves from a quarter to four times the default.
WEIGHTS = tuple(DEFAULT * 2.0 ** (step / 4) for step in range(-8, 9))
# Each half needs as many reviews of each label as this, and the macro-F1 of the half held out must rise by as much.
FEWEST_OF_A_LABEL = 200
SMALLEST_GAIN = 0.02

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Adapted:
    """The weight to use, and the macro-F1 on the half held out with the default and with the best other weight.

    The figures are None where a label has too few reviews to try.
    """

    weight: float
    default_f1: float | None
    best_f1: float | None

    @property
    def is_adapted(self) -> bool:
        return self.weight != DEFAULT


def relabel(label: str, score: float, confidence: float, weight: float) -> tuple[str, float]:
    """The label under a weight, and the model's probability of it. With the default weight nothing changes."""
    if weight == DEFAULT:
        return label, confidence
    [probabilities] = probabilities_of([label], [score], [confidence])
    [chosen] = labels_of(probabilities[None, :], weight)
    return LABELS[chosen], round(float(probabilities[chosen]), 4)


def probabilities_of(labels: Sequence[str], scores: Sequence[float], confidences: Sequence[float]) -> Floats:
    """The model's three probabilities of each review, from what is stored of them: shape (n, 3).

    A score is the probability of positive less that of negative, a confidence that of the label itself.
    """
    label = np.array([LABELS.index(each) for each in labels], dtype=np.int64)
    score, known = np.array(scores, dtype=np.float64), np.array(confidences, dtype=np.float64)
    negative = np.select([label == 0, label == NEUTRAL], [known, (1 - known - score) / 2], known - score)
    positive = negative + score
    found = np.stack([negative, 1 - negative - positive, positive], axis=1)
    return np.clip(found, 0.0, 1.0)


def adapt(ids: Sequence[str], probabilities: Floats, ratings: Sequence[int]) -> Adapted:
    """Choose the weight. `ids` name the reviews, and decide which half each is in; `ratings` are stars, 1 to 5."""
    truth = np.digitize(np.array(ratings, dtype=np.int64), [3, 4])
    held_out = np.array([crc32(each.encode()) & 1 for each in ids], dtype=bool)
    halves = (~held_out, held_out)
    if min(np.bincount(truth[half], minlength=3).min() for half in halves) < FEWEST_OF_A_LABEL:
        return Adapted(DEFAULT, None, None)
    # Of weights that are as good, the one closest to the default.
    nearest_first = sorted(WEIGHTS, key=lambda weight: abs(np.log(weight / DEFAULT)))
    best = max(nearest_first, key=lambda weight: macro_f1(truth[~held_out], probabilities[~held_out], weight))
    default_f1, best_f1 = (macro_f1(truth[held_out], probabilities[held_out], each) for each in (DEFAULT, best))
    return Adapted(best if best_f1 - default_f1 >= SMALLEST_GAIN else DEFAULT, default_f1, best_f1)


def macro_f1(truth: Ints, probabilities: Floats, weight: float) -> float:
    """The mean of the three labels' F1 under a weight."""
    table = np.bincount(3 * truth + labels_of(probabilities, weight), minlength=9).reshape(3, 3)
    return float(np.mean(2 * table.diagonal() / np.maximum(table.sum(axis=0) + table.sum(axis=1), 1)))


def labels_of(probabilities: Floats, weight: float = DEFAULT) -> Ints:
    """The label of each row, as its place in LABELS."""
    chosen: Ints = np.argmax(probabilities * np.array([1.0, weight, 1.0]), axis=1)
    return chosen
