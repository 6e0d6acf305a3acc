"""Small panels made by hand."""

from dataclasses import replace

import numpy as np

from tests.workers.returns.simulate import FIRST, World, by_reason
from workers.returns.panel import NONE, Floats, Ints, Returns, ReturnsPanel, Sales

NOTHING = np.zeros(0, dtype=np.int64)


def empty(skus: int = 0) -> ReturnsPanel:
    names = [f"SKU-{i}" for i in range(skus)]
    none, cost = np.full(skus, NONE), np.full(skus, np.nan)
    sales = Sales(NOTHING, NOTHING, np.zeros(0))
    returns = Returns(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    return ReturnsPanel(names, none, cost, ("defective", "other"), (), (), sales, returns, FIRST + 100)


def without_sales(panel: ReturnsPanel) -> ReturnsPanel:
    return replace(panel, sales=Sales(NOTHING, NOTHING, np.zeros(0)))


def with_returns(panel: ReturnsPanel, sku: int, days: Ints, reason: int, cluster: int = NONE) -> ReturnsPanel:
    """One more return of one unit on each of the days, counted from the first."""
    old, n = panel.returns, len(days)
    added = {"sku": sku, "units": 1, "reason": reason, "cluster": cluster, "buyer": NONE}
    columns = {name: np.concatenate([getattr(old, name), np.full(n, value)]) for name, value in added.items()}
    return replace(panel, returns=Returns(day=np.concatenate([old.day, FIRST + days]), **columns))


def weekly(world: World, days: int) -> ReturnsPanel:
    """The sales of the world as one row a week."""
    panel = world.until(days)
    weeks = days // 7
    sold = world.sold[:, : 7 * weeks].reshape(len(world.sold), weeks, 7).sum(axis=2)
    sku, week = np.nonzero(sold)
    return replace(panel, sales=Sales(sku, FIRST + 7 * week, sold[sku, week]))


def of_mix(rng: np.random.Generator, returned: Ints, mix: Floats) -> World:
    """20 units a day; (S, D) units returned, with the (S, D, R) mix of reasons."""
    return World(np.full(returned.shape, 20.0), by_reason(rng, returned, mix))
