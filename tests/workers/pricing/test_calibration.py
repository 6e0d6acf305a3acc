"""Both confidences come true as often as they say, and prices earn, on simulated demand."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.drawing import forms
from tests.workers.pricing.market import best_gain, constraints, outcomes, true_gain
from tests.workers.pricing.simulate import simulate
from workers.pricing import fit, recommend

SCENARIOS = {
    "daily": {},
    "slow": {"volume": 0.7},
    "8 weeks": {"periods": 8, "spacing": 7, "volume": 50.0, "price_changes": 3.0},
    "61 weeks": {"periods": 61, "spacing": 7, "noise": "lognormal", "volume": 3000.0, "price_changes": 25.0},
    "steep": {"mean_elasticity": -4.0, "sd_elasticity": 1.2},
    "one change": {"price_changes": 1.0},
}
EDGES = (0.0, 0.35, 0.5, 0.7, 0.8, 0.9, 0.97, 1.01)


def check(confidence: NDArray[np.float64], came_true: NDArray[np.float64], allowed: float) -> None:
    """In each bucket: within ``allowed`` and two standard errors of what was said."""
    for low, high in pairwise(EDGES):
        inside = (confidence >= low) & (confidence < high)
        if inside.sum() < 30:
            continue
        said, seen = confidence[inside].mean(), came_true[inside].mean()
        slack = allowed + 2 * np.sqrt(said * (1 - said) / inside.sum())
        assert abs(said - seen) <= slack, f"{low}-{high}: said {said:.2f}, came true {seen:.2f}"


@pytest.mark.parametrize("name", SCENARIOS)
@forms(3, 12)
def test_confidence_is_calibrated_and_prices_earn(name: str, examples: int) -> None:
    """Over tenants of 150: each bucket within 6 points (10 where held) beyond its sampling error; and the prices
    earn at least half of what the best allowed ones would."""
    said = []
    earned = possible = 0.0
    for seed in range(41, 41 + examples):
        truth = simulate(seed, n_skus=150, **SCENARIOS[name])  # type: ignore[arg-type]
        limits = constraints(truth.last_price, seed)
        got = recommend(fit(truth.panel, truth.as_of_day), limits)
        said.append(outcomes(truth, limits, got))
        earned += true_gain(truth, limits, got.recommended_price).mean()
        possible += best_gain(truth, limits).mean()
    change, gained, held, right = (np.concatenate(parts) for parts in zip(*said, strict=True))
    check(change, gained, 0.06)
    check(held, right, 0.10)
    assert abs(change.mean() - gained.mean()) < 0.04
    assert earned > 0.5 * possible
