"""What the packaged weights reach on sets that they have not learned from, beside VADER on the same rows."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from workers.sentiment import scoring
from workers.sentiment.adapting import labels_of
from workers.sentiment.training.corpora import Example

Reader = Callable[[Sequence[str]], NDArray[np.float64]]
"""From texts to negative, neutral, positive: the largest is the label."""

# As VADER's authors suggest.
VADER_NEUTRAL = 0.05
BINS = 10


def table(sets: Mapping[str, Sequence[Example]]) -> str:
    """One line per set and reader, in Markdown. Three classes are told apart as labels are, with neutral's weight."""
    scorer = scoring.load()
    readers: dict[str, Reader] = {
        "cascade": scorer.probabilities,
        "fast": scorer.fast_probabilities,
        "VADER": _vader,
    }
    lines = [
        "| set | rows | reader | two classes | three classes, macro-F1 | calibration error | texts/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, examples in sets.items():
        texts = [each.text for each in examples]
        labels = np.array([each.labels for each in examples]).argmax(axis=1)
        for reader_name, reader in readers.items():
            began = time.perf_counter()
            found = reader(texts)
            speed = len(texts) / (time.perf_counter() - began)
            three = f"{macro_f1(labels_of(found), labels):.3f}" if (labels == 1).any() else ""
            error = "" if reader_name == "VADER" else f"{calibration_error(found, labels):.3f}"
            two = two_classes(found, labels)
            lines.append(f"| {name} | {len(texts)} | {reader_name} | {two:.3f} | {three} | {error} | {speed:,.0f} |")
    return "\n".join(lines)


def two_classes(found: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The share of right signs among the texts that are not neutral."""
    polar = labels != 1
    right = (found[polar, 2] > found[polar, 0]) == (labels[polar] == 2)
    return float(right.mean())


def macro_f1(found: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    scores = []
    for label in range(3):
        both = ((found == label) & (labels == label)).sum()
        scores.append(2 * both / max((found == label).sum() + (labels == label).sum(), 1))
    return float(np.mean(scores))


def calibration_error(found: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """How far, on average, a label's probability is from how often it is right (Guo et al. 2017)."""
    sure, right = found.max(axis=1), found.argmax(axis=1) == labels
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(sure[bins == each].mean() - right[bins == each].mean()) * (bins == each).mean() for each in set(bins)]
    return float(sum(gaps))


def _vader(texts: Sequence[str]) -> NDArray[np.float64]:
    analyzer = SentimentIntensityAnalyzer()
    scores = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
    neutral = np.abs(scores) < VADER_NEUTRAL
    return np.stack([np.maximum(-scores, 0), np.where(neutral, 1.0, 0.0), np.maximum(scores, 0)], axis=1)
