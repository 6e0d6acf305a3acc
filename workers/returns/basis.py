"""What all tests of a run stand on: the days, the units at risk, what is usual."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from workers.returns.baseline import Prior, dispersion, prior
from workers.returns.lag import UnitsAtRisk, units_at_risk
from workers.returns.panel import Bools, Floats, Ints, ReturnsPanel
from workers.returns.series import DailySeries, counts, lay_out


@dataclass(frozen=True, slots=True)
class Basis:
    """A panel made ready."""

    panel: ReturnsPanel
    series: DailySeries
    at_risk: UnitsAtRisk
    returned: Floats
    """(S, D) units returned on days with known sales."""
    dispersion: Floats
    prior: Prior

    def day(self, column: int) -> date:
        """The date of a column."""
        return date.fromordinal(self.series.first + column)

    @property
    def until(self) -> date:
        """The last day."""
        return date.fromordinal(self.panel.as_of)

    @property
    def with_sales(self) -> Bools:
        """(S,) whether the units at risk are known on any day."""
        return np.asarray(self.at_risk.known.any(axis=1), dtype=np.bool_)

    def known(self, sku: Ints, column: Ints) -> Bools:
        """(n,) whether the units at risk are known there."""
        return np.asarray(self.at_risk.known[sku, column])

    def cost(self, sku: int, excess: float) -> float | None:
        """Of so many returned units."""
        cost = float(self.panel.cost[sku])
        return None if np.isnan(cost) else excess * cost


def prepare(panel: ReturnsPanel) -> Basis:
    """The basis of all tests on the panel."""
    series = lay_out(panel)
    at_risk = units_at_risk(series)
    returned = counts(series.sku, series.column, series.units, at_risk.likely.shape) * at_risk.known
    spread = dispersion(returned, at_risk.likely)
    usual = prior(panel.category, returned.sum(axis=1), at_risk.likely.sum(axis=1), spread)
    return Basis(panel, series, at_risk, returned, spread, usual)
