"""Simulated sales and returns with known rates, for the tests and the benchmark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from workers.returns.anomalies import Anomaly, find, tests_of_skus
from workers.returns.baseline import Prior, dispersion, prior
from workers.returns.basis import LATELY, Basis, prepare
from workers.returns.lag import BEGINNING, SHORT, UnitsAtRisk
from workers.returns.panel import NONE, Floats, Ints, Returns, ReturnsPanel, Sales
from workers.returns.series import counts, lay_out

FIRST = 738_000
"""Ordinal of the first simulated day (in 2021)."""
REASONS = ("too_small", "defective", "changed_mind", "not_as_described", "other")
MIX = np.array([0.35, 0.2, 0.2, 0.15, 0.1])


@dataclass(frozen=True)
class World:
    """(S, D) units sold, and (S, D, R) units returned by day and reason."""

    sold: Floats
    returned: Ints
    category: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def until(self, days: int, history: int | None = None) -> ReturnsPanel:
        """What a job sees after so many days, of which it looks back ``history``."""
        low = 0 if history is None else max(days - history, 0)
        n = len(self.sold)
        sku, column = np.nonzero(self.sold[:, low:days] > 0)
        sales = Sales(sku, FIRST + low + column, self.sold[:, low:days][sku, column].astype(np.float64))
        sku, column, reason = np.nonzero(self.returned[:, low:days])
        units = self.returned[:, low:days][sku, column, reason]
        # Each unit is a return of its own.
        sku, column, reason = (np.repeat(array, units) for array in (sku, column, reason))
        none = np.full(len(sku), NONE)
        returns = Returns(sku, FIRST + low + column, np.ones_like(sku), reason, none, none)
        category = self.category if len(self.category) else np.full(n, NONE)
        names = [f"SKU-{i}" for i in range(n)]
        return ReturnsPanel(names, category, np.full(n, 5.0), REASONS, (), (), sales, returns, FIRST + days - 1)


def same_day(rng: np.random.Generator, sold: Ints, rate: Floats, mix: Floats = MIX) -> World:
    """Each unit sold comes back on the day of the sale with the (S, D) rate: no lag."""
    return World(sold.astype(np.float64), by_reason(rng, rng.binomial(sold, np.broadcast_to(rate, sold.shape)), mix))


def lagged(rng: np.random.Generator, sold: Ints, rate: Floats, lag: Floats, mix: Floats = MIX) -> World:
    """Each unit sold comes back with the (S, D) rate of its day of sale, after a lag with these chances by day."""
    n, days = sold.shape
    returned = np.zeros((n, days + len(lag)), dtype=np.int64)
    coming = rng.binomial(sold, np.broadcast_to(rate, sold.shape))
    for after, chance in enumerate(lag):
        left = 1 - lag[:after].sum()
        now = rng.binomial(coming, min(chance / left, 1.0) if left > 1e-12 else 1.0)
        coming = coming - now
        returned[:, after : after + days] += now
    return World(sold.astype(np.float64), by_reason(rng, returned[:, :days], mix))


def by_reason(rng: np.random.Generator, returned: Ints, mix: Floats) -> Ints:
    """(S, D, R) of (S, D): each unit with a reason of the (R,), or (S, D, R), mix."""
    return rng.multinomial(returned, mix)


def gamma_lag(mean: float, days: int = 60) -> Floats:
    """Chances by day of a lag with this mean, skewed to the right; not of the shape that the model assumes."""
    day = np.arange(days) + 0.5
    density = day**2 * np.exp(-3 * day / mean)
    return np.asarray(density / density.sum())


def first_alarms(world: World, change: int, looks: Sequence[int], history: int | None = None) -> Ints:
    """(S,) days after ``change`` at which a job first says that a SKU's rate rose, which looks on these days;
    the day after the last one: never."""
    first = np.full(len(world.sold), looks[-1] + 1)
    for after in reversed(looks):
        for anomaly in find(world.until(change + after, history)):
            if anomaly.kind == "rate_spike" and anomaly.sku and not anomaly.reason:
                first[number(anomaly)] = after
    return first


def alarms(
    world: World, warm_up: int, history: int, made_ready: Callable[[ReturnsPanel], Basis] = prepare, every: int = 1
) -> list[Anomaly]:
    """Alarms of the SKUs' tests that begin while a job looks at the world every so many days, from ``warm_up`` on.

    Alarms of each test in itself, before the control of false discoveries, which takes most of them back where
    nothing changed. One that comes back within a week is the same. One SKU's at a time are one.
    """
    last: dict[str | None, int] = {}
    begun = []
    for day in range(warm_up, world.sold.shape[1] + 1, every):
        for tested in tests_of_skus(made_ready(world.until(day, history))):
            for _, anomaly in tested.alarms:
                if day - last.get(anomaly.sku, -8) > 7:
                    begun.append(anomaly)
                last[anomaly.sku] = day
    return begun


def alone(panel: ReturnsPanel) -> Basis:
    """The basis as if each SKU were its tenant's only one, many times faster than tenant by tenant.

    For sales that are the same every day, so that the units at risk are those sold, whatever the lag.
    """
    series = lay_out(panel)
    left_out = max(series.returns_known, min(max(series.days - SHORT, 0), BEGINNING))
    known = np.broadcast_to(np.arange(series.days) >= left_out, series.sold.shape)
    units = series.sold * known
    returned = counts(series.sku, series.column, series.units, units.shape) * known
    earlier = slice(0, max(series.days - LATELY, series.days // 2))
    before, sold = returned[:, earlier, None].swapaxes(1, 2), units[:, earlier, None].swapaxes(1, 2)
    spread = [dispersion(*row) for row in zip(before, sold, strict=True)]
    rows = zip(panel.category[:, None], before.sum(axis=2), sold.sum(axis=2), spread, strict=True)
    usual = [prior(*row) for row in rows]
    of_each = Prior(*(np.concatenate([getattr(each, name) for each in usual]) for name in ("returns", "units")))
    return Basis(panel, series, UnitsAtRisk(units, (units,), known), returned, np.concatenate(spread), of_each)


def number(anomaly: Anomaly) -> int:
    """The index of its SKU."""
    return int(str(anomaly.sku).removeprefix("SKU-"))
