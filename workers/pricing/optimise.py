"""The price that maximises expected profit under the constraints."""

from dataclasses import dataclass
from typing import Literal

from workers.pricing.constraints import NONE, Constraints
from workers.pricing.panel import Bools, DemandPosterior, Floats, Ints

__all__ = ["NONE", "Constraints", "Recommendations", "recommend"]

Objective = Literal["profit", "revenue"]


@dataclass(frozen=True, slots=True)
class Recommendations:
    """One recommendation per SKU (S elements each); money in minor units."""

    current_price: Ints
    recommended_price: Ints
    """Equal to ``current_price`` where ``held``."""
    held: Bools
    confidence: Floats
    """For a change: P(recommended price earns at least the current one's profit). For a held price:
    P(no allowed price would earn over 1 % more)."""
    expected_profit_change_pct: Floats
    """Posterior mean, percent; 0 where held. (Revenue where the objective is revenue or fell back to it.)"""
    profit_change_low_pct: Floats
    """5 % quantile."""
    profit_change_high_pct: Floats
    """95 % quantile."""
    elasticity: Floats
    elasticity_low: Floats
    elasticity_high: Floats
    observations: Ints
    binding_constraint: tuple[str | None, ...]
    """``min_margin``, ``min_price``, ``max_price``, ``map_price``, ``max_change``, ``charm_ending``,
    ``stock_cover`` or None."""
    objective_used: tuple[Objective, ...]
    reasoning: tuple[str, ...]
    """One sentence or two in plain words."""


def recommend(
    posterior: DemandPosterior, constraints: Constraints, objective: Objective = "profit"
) -> Recommendations:
    """The price per SKU that maximises the expected objective within the constraints."""
    raise NotImplementedError
