"""What goes into the demand model and what comes out of it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SalesPanel:
    """Sales of one tenant: flat arrays of equal length n, one element per observation, in any order.

    One observation per SKU and day: removing duplicates is the database's matter.
    """

    sku: Ints
    """(n,) index of the SKU, 0 … n_skus - 1."""
    day: Ints
    """(n,) ``date.toordinal()`` of the observation (for weekly data: any fixed day of the week)."""
    price: Floats
    """(n,) price actually charged, > 0, in major units of the SKU's currency."""
    units: Floats
    """(n,) units sold in the period, >= 0."""
    promoted: Floats
    """(n,) share of the period under promotion, 0 … 1."""
    n_skus: int
    """Number of SKUs asked about; SKUs without an observation get the tenant's elasticity."""

    def __post_init__(self) -> None:
        """Raise ValueError where lengths differ or a value is outside its range."""
        n = self.sku.shape
        if any(a.shape != n or a.ndim != 1 for a in (self.day, self.price, self.units, self.promoted)):
            raise ValueError("sku, day, price, units and promoted must be flat arrays of one length")
        if n[0] and (self.sku.min() < 0 or self.sku.max() >= self.n_skus):
            raise ValueError("sku must be in 0 … n_skus - 1")
        if not (np.all(np.isfinite(self.price)) and np.all(self.price > 0)):
            raise ValueError("price must be finite and above 0")
        if not (np.all(np.isfinite(self.units)) and np.all(self.units >= 0)):
            raise ValueError("units must be finite and not negative")
        if not np.all((self.promoted >= 0) & (self.promoted <= 1)):
            raise ValueError("promoted must be in 0 … 1")


@dataclass(frozen=True, slots=True)
class DemandPosterior:
    """Posterior of the demand model, one row per SKU (S = n_skus, p = number of coefficients).

    Expected units of a period: ``exp(log_base_demand + elasticity * log(price / reference_price)
    + promo_effect * promoted)``, times the day-of-week and yearly factors ``predict`` adds.
    """

    elasticity: Floats
    """(S,) posterior mean; always <= -0.05."""
    elasticity_sd: Floats
    """(S,) posterior standard deviation."""
    elasticity_low: Floats
    """(S,) 5 % quantile."""
    elasticity_high: Floats
    """(S,) 95 % quantile; always <= -0.05."""
    elasticity_points: Floats
    """(S, K) equally likely quantiles of the posterior, ascending: averages over them integrate over it."""
    log_base_demand: Floats
    """(S,) log expected units per period, unpromoted, at ``reference_price``, averaged over the season of
    the coming horizon; NaN for a SKU without observations."""
    log_base_sd: Floats
    """(S,) its standard deviation, drift of the level over the horizon included."""
    promo_effect: Floats
    """(S,) log uplift of a fully promoted period."""
    residual_scale: Floats
    """(S,) standard deviation of one period's sales relative to their expectation."""
    reference_price: Floats
    """(S,) last observed price, major units; NaN for a SKU without observations."""
    period_days: Floats
    """(S,) spacing of the SKU's observations in days (1 daily, 7 weekly …)."""
    observations: Ints
    """(S,) observations used."""
    identified: Bools
    """(S,) whether the SKU's own data say more about its elasticity than the tenant's prior does."""
    coefficients: Floats
    """(S, p) all coefficients, in the order of the design matrix; ``predict`` needs them."""
    as_of_day: Ints
    """(S,) ordinal of the day the posterior speaks from."""
    span_days: int
    """How far the history used reaches back from there, at most."""
    has_weekday: bool
    """Whether the model has day-of-week effects (some SKU is daily)."""
    has_year: bool
    """Whether the model has a yearly cycle (some SKU's history spans more than a year)."""

    def of(self, skus: Ints) -> "DemandPosterior":
        """The posterior of these SKUs only, in this order."""
        per_sku: dict[str, Any] = {
            name: value[skus]
            for name in self.__dataclass_fields__
            if isinstance(value := getattr(self, name), np.ndarray)
        }
        return replace(self, **per_sku)
