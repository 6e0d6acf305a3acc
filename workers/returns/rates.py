"""Return rates with intervals."""

from dataclasses import dataclass

import numpy as np

from workers.returns.baseline import dispersion
from workers.returns.beta import quantile
from workers.returns.lag import units_at_risk
from workers.returns.panel import Floats, Ints, ReturnsPanel
from workers.returns.series import counts, lay_out

OUTSIDE = 0.025
"""Share of the posterior on either side of an interval."""


@dataclass(frozen=True, slots=True)
class RateInterval:
    """A rate and its 95 % interval, all in 0 … 1."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SkuRates:
    """(S,) figures per SKU over the panel's last days."""

    returned: Ints
    """Units, whatever is known of the sales."""
    units_at_risk: Floats
    """Units sold whose returns fall due in these days (sales shifted by the usual lag); NaN: not known."""
    rate: Floats
    """Of the days whose sales are known; NaN where there are none, or nothing was sold."""
    low: Floats
    high: Floats


def rate(returned: float, sold: float) -> RateInterval:
    """Jeffreys' interval of a rate; ValueError where units are negative or nothing was sold.

    More returned than sold (returns of earlier sales) counts as all of it.
    """
    if returned < 0 or sold <= 0:
        raise ValueError("a rate needs units sold, and returned units that are not negative")
    low, high = intervals(np.array([float(returned)]), np.array([float(sold)]))
    return RateInterval(min(returned / sold, 1.0), float(low[0]), float(high[0]))


def rates(panel: ReturnsPanel, days: int) -> SkuRates:
    """Rates of all SKUs over the panel's last ``days`` days, with Jeffreys' intervals for overdispersed counts."""
    series = lay_out(panel)
    at_risk = units_at_risk(series)
    returned = counts(series.sku, series.column, series.units, at_risk.likely.shape)
    spread = dispersion(returned * at_risk.known, at_risk.likely)
    known = at_risk.known[:, -days:]
    sold = (at_risk.likely[:, -days:] * known).sum(axis=1)
    came_back = (returned[:, -days:] * known).sum(axis=1)
    told = sold > 0
    share = np.where(told, np.minimum(came_back / np.where(told, sold, 1.0), 1.0), np.nan)
    low, high = intervals(came_back / spread, np.where(told, sold, 1.0) / spread)
    return SkuRates(
        returned=returned[:, -days:].sum(axis=1).astype(np.int64),
        units_at_risk=np.where(known.any(axis=1), sold, np.nan),
        rate=share,
        low=np.where(told, low, np.nan),
        high=np.where(told, high, np.nan),
    )


def intervals(returned: Floats, sold: Floats) -> tuple[Floats, Floats]:
    """(n,) equal-tailed 95 % bounds under Jeffreys' prior; 0 and 1 where nothing, or everything, came back.

    All at once: a thousand cost hardly more than one.
    """
    kept = np.maximum(sold - returned, 0.0)
    low, high = (quantile(share, returned + 0.5, kept + 0.5) for share in (OUTSIDE, 1 - OUTSIDE))
    return np.where(returned > 0, low, 0.0), np.where(kept > 0, high, 1.0)
