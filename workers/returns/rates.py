"""Return rates with intervals."""

from dataclasses import dataclass

from workers.returns.panel import Floats, Ints, ReturnsPanel


@dataclass(frozen=True, slots=True)
class RateInterval:
    """A rate and its 95 % interval, all in 0 … 1."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SkuRates:
    """(S,) figures per SKU over the panel's last ``days`` days."""

    returned: Ints
    units_at_risk: Floats
    """Units sold whose returns fall due in these days (sales shifted by the usual lag); NaN: not known."""
    rate: Floats
    """NaN where the units at risk are not known or 0."""
    low: Floats
    high: Floats


def rate(returned: float, sold: float) -> RateInterval:
    """Jeffreys' interval of a rate; ValueError where units are negative or nothing was sold."""
    raise NotImplementedError


def rates(panel: ReturnsPanel, days: int) -> SkuRates:
    """Rates of all SKUs over the panel's last ``days`` days."""
    raise NotImplementedError
