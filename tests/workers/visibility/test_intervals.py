"""Whether 95 % intervals hold the truth as often as they say: simulated runs, whose truth is known.

A question has a chance of its own that an answer names the brand, and a rank of its own: that makes the answers to it
resemble each other. The long form has 1,000 runs of each of more designs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.visibility.intervals import Estimate, Floats, rate, ratio, wilson
from workers.visibility.scoring import score_of
from workers.visibility.shapes import Mention, Sentiment

# Scores by rank and feeling.
FEELINGS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
SCORES = np.array([[score_of(Mention("X", place or None, "", each)) for each in FEELINGS] for place in range(9)])


class World:
    """Answers to some questions: by question and answer, whether the brand is named, at which rank and how."""

    def __init__(self, random: np.random.Generator, questions: int, answers: int, mean: float, alike: float) -> None:
        weight = 1 / alike - 1
        chances = random.beta(mean * weight, (1 - mean) * weight, questions)[:, None]
        self.named = random.random((questions, answers)) < chances
        strengths = random.normal(-0.5, 0.8, questions)[:, None] + random.normal(0, 0.3, (questions, answers))
        self.ranks = 1 + random.binomial(6, 1 / (1 + np.exp(-strengths)))
        self.feelings = np.clip(np.rint(random.normal(0.5, 0.7, (questions, answers))), -1, 1).astype(int)
        self.others = random.binomial(3, 0.4 + 0.2 * chances, (questions, answers))
        self.all = np.full(questions, float(answers))

    def sums(self, values: NDArray[Any]) -> Floats:
        return np.asarray((values * self.named).sum(axis=1), dtype=np.float64)


# Of each figure, the sums and counts of questions.
FIGURES: dict[str, Callable[[World], tuple[Floats, Floats]]] = {
    "mention_rate": lambda w: (w.sums(np.ones_like(w.ranks)), w.all),
    "top3_rate": lambda w: (w.sums(w.ranks <= 3), w.all),
    "visibility_score": lambda w: (w.sums(SCORES[w.ranks, w.feelings + 1]), w.all),
    "mean_position": lambda w: (w.sums(w.ranks), w.sums(np.ones_like(w.ranks))),
    "sentiment": lambda w: (w.sums(w.feelings), w.sums(np.ones_like(w.ranks))),
    "share_of_voice": lambda w: (w.sums(np.ones_like(w.ranks)), (w.named + w.others).sum(axis=1).astype(np.float64)),
}
BOUNDS: dict[str, tuple[float, float | None]] = {
    "visibility_score": (0, 100),
    "mean_position": (1, None),
    "sentiment": (-1, 1),
    "share_of_voice": (0, 1),
}


def estimate(name: str, sums: Floats, counts: Floats) -> Estimate:
    return rate(sums, counts) if name.endswith("_rate") else ratio(sums, counts, *BOUNDS[name])


def coverage(runs: int, questions: int, answers: int, mean: float, alike: float) -> dict[str, float]:
    """How often each interval holds the truth, of those runs that have one."""
    random = np.random.default_rng(7)
    whole = World(random, 40_000, answers, mean, alike)
    truth = {name: float(np.divide(*(part.sum() for part in sums(whole)))) for name, sums in FIGURES.items()}
    held: dict[str, list[bool]] = {name: [] for name in FIGURES}
    for _ in range(runs):
        world = World(random, questions, answers, mean, alike)
        for name, sums in FIGURES.items():
            parts = sums(world)
            if not parts[1].sum():
                continue
            found = estimate(name, *parts)
            if found.low is not None and found.high is not None:
                held[name].append(found.low <= truth[name] <= found.high)
    return {name: sum(each) / len(each) for name, each in held.items() if len(each) > runs / 2}


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    found = coverage(runs=300, questions=50, answers=3, mean=0.4, alike=0.4)
    assert found.keys() == FIGURES.keys()
    # Of 300 runs, 95 % are 285; a standard deviation is 3.8 runs.
    assert all(0.92 <= share <= 0.985 for share in found.values()), found


@pytest.mark.long
@pytest.mark.parametrize("mean", [0.2, 0.4, 0.8])
@pytest.mark.parametrize("alike", [0.1, 0.4, 0.7])
@pytest.mark.parametrize("answers", [3, 9])
def test_intervals_hold_the_truth_in_93_to_98_of_100_runs(answers: int, alike: float, mean: float) -> None:
    found = coverage(1000, 50, answers, mean, alike)
    assert all(0.93 <= share <= 0.98 for share in found.values()), found


def test_an_interval_that_takes_answers_for_independent_holds_it_less_often() -> None:
    """Why the design effect is there: three answers to a question are not three questions."""
    random = np.random.default_rng(3)
    plain = [wilson(World(random, 50, 3, 0.4, 0.7).named.mean(), 150) for _ in range(300)]
    assert sum(low <= 0.4 <= high for low, high in plain) / 300 < 0.87


def test_of_nothing_and_of_everything_only_the_questions_count() -> None:
    answers = np.full(10, 3.0)
    low, high = wilson(0.0, 10)
    assert rate(np.zeros(10), answers) == Estimate(0.0, low, high)
    found = rate(answers, answers)
    assert found.low == pytest.approx(1 - high)
    assert (found.value, found.high) == (1.0, 1.0)


def test_too_few_questions_have_a_wide_interval_or_none() -> None:
    assert ratio(np.array([3.0, 2.0]), np.array([1.0, 1.0]), 1.0, None) == Estimate(2.5, None, None)
    few = ratio(np.array([80.0, 0.0]), np.array([1.0, 1.0]), 0.0, 100.0)
    assert few.low is not None
    assert few.high is not None
    assert few.high - few.low > 60


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=30))
def test_an_interval_holds_the_estimate_and_stays_within_bounds(rows: list[tuple[int, int]]) -> None:
    hits = np.array([min(hit, count) for hit, count in rows], dtype=np.float64)
    counts = np.array([count for _, count in rows], dtype=np.float64)
    for found in (rate(hits, counts), ratio(hits, counts, 0.0, 1.0)):
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1
