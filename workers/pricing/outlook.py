"""What each candidate price would earn, for every likely elasticity of a SKU."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from workers.pricing.constraints import NONE, Constraints
from workers.pricing.panel import DemandPosterior, Floats, Ints

LEVEL_SEED = 20050502
"""Pairs levels of demand, and unknown costs, with elasticities in one fixed arbitrary order: all are independent."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that turns a price into earnings; S SKUs, K equally likely draws."""

    elasticity: Floats
    """(S, K)"""
    demand: Floats
    """(S, K) units demanded at the current price over the stock's cover; 1 where stock does not matter."""
    stock: Floats
    """(S,) units; infinite where stock does not matter."""
    cost: Floats
    """(S, K) minor units; an unknown cost is spread evenly between nothing and the current price."""
    for_profit: bool
    """Whether the objective is profit, else revenue."""
    current: Ints
    """(S,) current price."""

    def rows(self, which: slice) -> "Outlook":
        """The same of some SKUs."""
        return Outlook(
            self.elasticity[which],
            self.demand[which],
            self.stock[which],
            self.cost[which],
            self.for_profit,
            self.current[which],
        )

    def wanted(self, price: Ints) -> Floats:
        """(S, C, K) units demanded at ``price`` (S, C): q(p) = q(p0) (p / p0)^elasticity."""
        relative = np.log(price / self.current[:, None])
        return self.demand[:, None, :] * np.exp(self.elasticity[:, None, :] * relative[:, :, None])

    def earned(self, price: Ints, limited: bool = True) -> Floats:
        """(S, C, K) the objective at ``price`` (S, C); what is not in stock is not sold if ``limited``."""
        return self._money(price, self.cost if self.for_profit else np.zeros_like(self.cost), limited)

    def profit(self, price: Ints) -> Floats:
        """(S, C, K) profit at ``price`` (S, C), whatever the objective."""
        return self._money(price, self.cost, limited=True)

    def _money(self, price: Ints, cost: Floats, limited: bool) -> Floats:
        units = self.wanted(price)
        if limited:
            units = np.minimum(units, self.stock[:, None, None])
        return units * (price[:, :, None] - cost[:, None, :])


def outlook(posterior: DemandPosterior, constraints: Constraints, for_profit: bool) -> Outlook:
    """Build it. Stock needs a known level of demand."""
    points = posterior.elasticity_points
    k = points.shape[1]
    limited = np.isfinite(constraints.stock) & np.isfinite(posterior.log_base_demand)
    normal = np.array([NormalDist().inv_cdf((i + 0.5) / k) for i in range(k)])
    pairing = np.random.default_rng(LEVEL_SEED)
    level = pairing.permutation(normal)
    unknown_share = pairing.permutation((np.arange(k) + 0.5) / k)
    cost = np.where(
        (constraints.cost == NONE)[:, None],
        unknown_share * constraints.current_price[:, None],
        constraints.cost[:, None],
    )
    sd = posterior.log_base_sd[:, None]
    major = constraints.current_price / 10.0**constraints.exponent
    periods = constraints.stock_cover_days / posterior.period_days
    with np.errstate(invalid="ignore"):
        log_units = (
            (posterior.log_base_demand + np.log(periods))[:, None]
            + points * np.log(major / posterior.reference_price)[:, None]
            # Less half the variance: uncertainty of the level must not raise the expected demand.
            + sd * level
            - sd**2 / 2
        )
    return Outlook(
        elasticity=points,
        demand=np.where(limited[:, None], np.exp(np.where(limited[:, None], log_units, 0.0)), 1.0),
        stock=np.where(limited, constraints.stock, np.inf),
        cost=cost.astype(np.float64),
        for_profit=for_profit,
        current=constraints.current_price,
    )
