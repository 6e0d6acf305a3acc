"""Buyers who send back far more often than others who send back.

Who bought and kept everything is not known, so the others are buyers with at least one return: their counts follow
a zero-truncated negative binomial distribution, fitted to those of ordinary counts only, so that the few who
stand out do not become the rule.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from workers.returns.beta import cumulative, log_gamma
from workers.returns.findings import DISCOVERIES, Anomaly, Tested
from workers.returns.panel import NONE, Floats, Ints, ReturnsPanel
from workers.returns.sentences import buyer_returns

BUYERS = 50
"""Buyers who returned, at least, to tell what is usual."""
FEWEST = 4
"""Returns of a buyer who stands out, at least."""
ORDINARY = 0.95
"""Share of the buyers whose counts are ordinary: the distribution is fitted to counts up to theirs (at least 2)."""
MEANS = np.geomspace(0.01, 10, 40)
SHAPES = np.geomspace(0.05, 50, 25)
"""What is tried: returns per buyer (of all, also those without), and the shape of their gamma distribution."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """A zero-truncated negative binomial distribution."""

    mean: float
    shape: float

    def tail(self, count: Floats) -> Floats:
        """(n,) the chance of so many returns or more, of a buyer with at least one."""
        share = np.asarray(self.mean / (self.mean + self.shape))
        above = cumulative(share, count, np.asarray(self.shape))
        return np.asarray(above / cumulative(share, np.ones(1), np.asarray(self.shape)))

    @property
    def expected(self) -> float:
        """Returns of a buyer with at least one."""
        none = (self.shape / (self.shape + self.mean)) ** self.shape
        return float(self.mean / (1 - none))


def serial_returners(panel: ReturnsPanel) -> Tested:
    """Every buyer with a return; groups are the buyers."""
    returns = panel.returns
    rows = np.flatnonzero((returns.buyer != NONE) & (returns.day <= panel.as_of))
    buyers, of, count = np.unique(returns.buyer[rows], return_inverse=True, return_counts=True)
    if len(buyers) < BUYERS:
        return Tested(np.zeros(0, dtype=np.int64), np.zeros(0), [])
    usual = _fitted(count)
    p_value = usual.tail(count.astype(np.float64))
    alarms = [
        (int(i), _returner(panel, rows[of == i], usual.expected, float(p_value[i])))
        for i in np.flatnonzero((count >= FEWEST) & (p_value <= DISCOVERIES))
    ]
    return Tested(np.arange(len(buyers)), p_value, alarms)


def _fitted(count: Ints) -> _Usual:
    """By maximum likelihood on a grid, from the counts up to the largest ordinary one."""
    cut = max(int(np.quantile(count, ORDINARY)), 2)
    seen = np.bincount(count[count <= cut], minlength=cut + 1)[1:].astype(np.float64)
    # One more buyer with two: a hundred with one each do not say that nobody ever returns twice.
    seen[1] += 1
    k = np.arange(1, cut + 1, dtype=np.float64)
    mean, shape = (array[..., None] for array in np.meshgrid(MEANS, SHAPES, indexing="ij"))
    log_chance = log_gamma(k + shape) - log_gamma(k + 1) + k * np.log(mean / (mean + shape))
    chance = np.exp(log_chance - log_chance.max(axis=-1, keepdims=True))
    log_likelihood = (seen * np.log(chance / chance.sum(axis=-1, keepdims=True))).sum(axis=-1)
    best = np.unravel_index(int(log_likelihood.argmax()), log_likelihood.shape)
    return _Usual(float(MEANS[best[0]]), float(SHAPES[best[1]]))


def _returner(panel: ReturnsPanel, rows: Ints, expected: float, p_value: float) -> Anomaly:
    day, cost = panel.returns.day[rows], float(panel.cost[panel.returns.sku[rows]].mean())
    buyer = panel.buyers[int(panel.returns.buyer[rows[0]])]
    since, until = date.fromordinal(int(day.min())), date.fromordinal(int(day.max()))
    excess = max(len(rows) - expected, 0.0)
    return Anomaly(
        kind="serial_returner",
        severity="low",
        sku=None,
        reason=None,
        cluster=None,
        buyer=buyer,
        compared_with="buyers",
        since=since,
        until=until,
        observed=len(rows),
        expected=expected,
        units_at_risk=None,
        rate=None,
        usual_rate=None,
        p_value=p_value,
        q_value=1.0,
        excess_units=excess,
        expected_cost=None if np.isnan(cost) else excess * cost,
        sentence=buyer_returns(buyer, len(rows), expected, since, until),
    )
