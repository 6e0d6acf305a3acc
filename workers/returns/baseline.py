"""What is usual: the rates of a category as a prior, and how much more than Poisson the counts vary."""

from dataclasses import dataclass

import numpy as np

from workers.returns.panel import NONE, Floats, Ints
from workers.returns.series import WEEK

ENOUGH = 5
"""SKUs from which the spread of a category's rates is told; with fewer, the whole tenant's is used."""
WEAKEST, STRONGEST = 0.5, 40.0
"""Returns that a prior is worth: at least next to nothing, and at most so few that a SKU's own history prevails. It
makes up for a history that is short, where all SKUs are alike: after 28 days, a doubling of 10 % is found in nine of
ten within 21 days with 40, within 23 with 20."""
OF_EACH = 4.0
"""The same, for each SKU that the spread is told from: five that are alike by chance do not say that all are."""
OTHER_UNITS, OTHER_RETURNS = 10.0, 0.5
"""Units and returns added to those of a category, so that its rate is never quite 0."""
PRIOR_DAYS, PRIOR_WEEKS = 200.0, 200.0
"""Pairs of days, and of weeks, that the belief in Poisson counts (and for a SKU, in the tenant's) is worth."""
LEAST = 0.7
"""Counts vary no less: of units sold with a rate of 30 %, all returned on the day of the sale."""


@dataclass(frozen=True, slots=True)
class Prior:
    """(S,) gamma distributions of the rates: ``returns`` of ``units``."""

    returns: Floats
    units: Floats


def prior(category: Ints, returned: Floats, units: Floats, dispersion: Floats) -> Prior:
    """Of each SKU's rate, from all SKUs of its category ((S,) units returned and at risk)."""
    everything = np.zeros_like(category)
    mean, strength, size = _spread(everything, returned, units, dispersion)
    mean_of, strength_of, size_of = _spread(np.where(category == NONE, -1, category), returned, units, dispersion)
    own = (size_of >= ENOUGH) & (category != NONE)
    strength = np.where(size >= ENOUGH, strength, WEAKEST)
    mean, strength = np.where(own, mean_of, mean), np.where(own, strength_of, strength)
    return Prior(strength, strength / mean)


def _spread(group: Ints, returned: Floats, units: Floats, dispersion: Floats) -> tuple[Floats, Floats, Floats]:
    """(S,) mean and strength of each SKU's group, and how many SKUs tell them (DerSimonian and Laird's moments)."""
    _, of = np.unique(group, return_inverse=True)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, values), dtype=np.float64)

    used = (units > 0).astype(np.float64)
    size, at_risk = total(used), total(units)
    mean = (total(returned) + OTHER_RETURNS) / (at_risk + OTHER_UNITS)
    rate = returned / np.maximum(units, 1e-9)
    misfit = total(used * units * (rate - mean[of]) ** 2 / dispersion) / mean
    spare = at_risk - total(units**2) / np.maximum(at_risk, 1e-9)
    variance = np.maximum(misfit - (size - 1), 1e-9) * mean / np.maximum(spare, 1e-9)
    most = np.clip(OF_EACH * size, WEAKEST, STRONGEST)
    strength = np.clip(mean**2 / np.maximum(variance, 1e-12), WEAKEST, most)
    return mean[of], strength[of], size[of]


def dispersion(returned: Floats, units: Floats) -> Floats:
    """(S,) variance over that of Poisson counts, of (S, D) units returned and at risk.

    From pairs of neighbouring days, so that a change of the rate does not count. What weeks vary more than days
    (a rate that drifts) is told from all SKUs together.
    """
    daily = _pairs(returned, units)
    pooled = float(_pulled(daily.pooled(), 1.0, PRIOR_DAYS)[0])
    weekly = float(_pulled(_pairs(_weeks(returned), _weeks(units)).pooled(), pooled, PRIOR_WEEKS)[0])
    return np.maximum(_pulled(daily, pooled, PRIOR_DAYS) * max(1.0, weekly / pooled), LEAST)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """(S,) sums over pairs of neighbouring periods with returns: squares, what they are in Poisson counts, pairs."""

    squares: Floats
    poisson: Floats
    pairs: Floats

    def pooled(self) -> "_Pairs":
        return _Pairs(*(np.array([array.sum()]) for array in (self.squares, self.poisson, self.pairs)))


def _pairs(returned: Floats, units: Floats) -> _Pairs:
    """Given the sum of two counts, one is binomial with the share of its units at risk, where they are Poisson."""
    first, second = returned[:, :-1], returned[:, 1:]
    product = units[:, :-1] * units[:, 1:]
    used = (product > 0) & (first + second > 0)
    difference = first * units[:, 1:] - second * units[:, :-1]
    squares = np.where(used, difference**2 / np.where(used, product, 1.0), 0.0)
    return _Pairs(squares.sum(axis=1), ((first + second) * used).sum(axis=1), used.sum(axis=1).astype(np.float64))


def _pulled(pairs: _Pairs, towards: float, strength: float) -> Floats:
    own = np.where(pairs.poisson > 0, pairs.squares / np.maximum(pairs.poisson, 1e-9), towards)
    return np.asarray((strength * towards + pairs.pairs * own) / (strength + pairs.pairs))


def _weeks(values: Floats) -> Floats:
    """Sums of whole weeks, the last ones."""
    weeks = values.shape[1] // WEEK
    return np.asarray(values[:, values.shape[1] - weeks * WEEK :].reshape(len(values), weeks, WEEK).sum(axis=2))
