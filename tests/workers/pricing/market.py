"""Constraints for simulated SKUs, and what a recommendation truly earns there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.workers.pricing.simulate import Truth
from workers.pricing import NONE, Constraints, Recommendations

Array = NDArray[np.float64]


def constraints(prices: Array, seed: int = 0, **changed: Any) -> Constraints:
    """Only the default step and a cost of 40-80 % of the price, unless ``changed``."""
    n = len(prices)
    current = np.round(prices * 100).astype(np.int64)
    none = np.full(n, NONE, dtype=np.int64)
    share = np.random.default_rng(seed).uniform(0.4, 0.8, n)
    fields: dict[str, Any] = {
        "current_price": current,
        "cost": np.round(current * share).astype(np.int64),
        "min_margin": np.full(n, np.nan),
        "min_price": none,
        "max_price": none,
        "map_price": none,
        "max_change": np.full(n, 0.10),
        "charm_ending": none,
        "stock": np.full(n, np.nan),
        "stock_cover_days": np.full(n, 28.0),
        "exponent": np.full(n, 2, dtype=np.int64),
    }
    return Constraints(**{**fields, **changed})


def true_gain(truth: Truth, asked: Constraints, price: Array | NDArray[np.int64]) -> Array:
    """(S,) true expected profit at ``price`` relative to the current one's, less 1."""
    current, cost = asked.current_price, asked.cost
    ratio = (price / current) ** truth.elasticity * (price - cost) / (current - cost)
    return np.asarray(ratio - 1.0)


def best_gain(truth: Truth, asked: Constraints) -> Array:
    """(S,) the most any price within the step truly earns, on a fine grid."""
    steps = np.linspace(1 - asked.max_change[0], 1 + asked.max_change[0], 201)
    return np.asarray(np.max([true_gain(truth, asked, asked.current_price * step) for step in steps], axis=0))


def outcomes(truth: Truth, asked: Constraints, got: Recommendations) -> tuple[Array, Array, Array, Array]:
    """Confidence and whether it came true, of changes and of held prices."""
    gain, best, held = true_gain(truth, asked, got.recommended_price), best_gain(truth, asked), got.held
    return (
        got.confidence[~held],
        (gain[~held] >= 0).astype(float),
        got.confidence[held],
        (best[held] <= 0.01).astype(float),
    )
