"""The weight of neutral, fitted to a tenant's rated reviews and guarded on those held out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.sentiment.adapting import (
    DEFAULT,
    FEWEST_OF_A_LABEL,
    SMALLEST_GAIN,
    Floats,
    adapt,
    probabilities_of,
    relabel,
)
from workers.sentiment.shapes import LABELS


def shop(
    seed: int, count: int, shift: float, stars: tuple[float, float, float] = (0.2, 0.2, 0.6)
) -> tuple[Floats, list[int]]:
    """Calibrated probabilities and stars; the model gives neutral `shift` times what the default expects."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, size=count, p=stars)
    logits = rng.normal(0, 1, (count, 3)) + 1.5 * np.eye(3)[truth]
    odds = np.exp(logits) * np.array([1.0, shift / DEFAULT, 1.0])
    return odds / odds.sum(axis=1, keepdims=True), [(1, 3, 5)[each] for each in truth]


def names(count: int) -> list[str]:
    return [f"R{number}" for number in range(count)]


probability = st.tuples(*[st.floats(0.001, 1)] * 3).map(lambda each: np.array(each) / sum(each))


@given(probability)
def test_what_is_stored_of_a_review_tells_its_probabilities(known: Floats) -> None:
    label = int(known.argmax())
    [found] = probabilities_of([LABELS[label]], [known[2] - known[0]], [known[label]])
    assert found == pytest.approx(known)


@given(probability, st.floats(0.4, 6))
def test_a_label_under_a_weight_has_the_models_probability_of_it(known: Floats, weight: float) -> None:
    label = int((known * [1, DEFAULT, 1]).argmax())
    found, confidence = relabel(LABELS[label], known[2] - known[0], known[label], weight)
    assert confidence == pytest.approx(known[LABELS.index(found)], abs=1e-4)
    assert weight < DEFAULT or found in (LABELS[label], "neutral")


def test_the_default_weight_changes_nothing() -> None:
    assert relabel("neutral", 0.1, 0.4, DEFAULT) == ("neutral", 0.4)
    # 1 - 0.6703 - 0.1194 would have sixteen decimals.
    assert relabel("negative", -0.5509, 0.6703, 4.0) == ("neutral", 0.2103)


def test_a_shop_whose_neutral_reviews_are_missed_gets_another_weight() -> None:
    probabilities, ratings = shop(1, 6000, shift=0.25)
    found = adapt(names(6000), probabilities, ratings)
    assert found.default_f1 is not None
    assert found.best_f1 is not None
    assert found.weight > DEFAULT
    assert found.best_f1 - found.default_f1 >= SMALLEST_GAIN


def test_the_default_stays_without_enough_reviews_of_each_label() -> None:
    count = 2 * 5 * FEWEST_OF_A_LABEL
    probabilities, ratings = shop(2, count, shift=0.25, stars=(0.3, 0.05, 0.65))
    assert adapt(names(count), probabilities, ratings).weight == DEFAULT
    assert adapt([], np.empty((0, 3)), []).weight == DEFAULT


def test_where_the_default_is_right_it_stays() -> None:
    """60 seeded shops whose probabilities are calibrated for equal shares: no other weight may be taken."""
    taken = [
        adapt(names(3000), *shop(seed, 3000, shift=1.0, stars=(1 / 3, 1 / 3, 1 / 3))).weight for seed in range(60)
    ]
    assert taken == [DEFAULT] * 60


def test_what_is_taken_helps_on_reviews_that_nobody_has_seen() -> None:
    """40 seeded shops of all kinds: wherever the weight is another one, it is better on a fresh sample."""
    for seed in range(40):
        shift = 2.0 ** float(np.random.default_rng(seed).uniform(-2, 2))
        weight = adapt(names(4000), *shop(seed, 4000, shift)).weight
        if weight != DEFAULT:
            fresh, ratings = shop(1000 + seed, 4000, shift)
            truth = np.digitize(np.array(ratings), [3, 4])
            assert _f1(truth, fresh, weight) > _f1(truth, fresh, DEFAULT), seed


def _f1(truth: NDArray[np.int64], probabilities: Floats, weight: float) -> float:
    found = (probabilities * [1.0, weight, 1.0]).argmax(axis=1)
    figures = []
    for label in range(3):
        said, true = found == label, truth == label
        figures.append(2 * (said & true).sum() / (said.sum() + true.sum()))
    return float(np.mean(figures))


def test_the_halves_depend_on_the_ids_alone() -> None:
    probabilities, ratings = shop(3, 3000, shift=0.3)
    ids = names(3000)
    order = np.random.default_rng(0).permutation(3000)
    shuffled = adapt([ids[each] for each in order], probabilities[order], [ratings[each] for each in order])
    assert shuffled.weight == adapt(ids, probabilities, ratings).weight
