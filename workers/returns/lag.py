"""Units at risk: how many sold units may come back on a day, where returns follow sales by an unknown lag.

The lag is one of a few gamma distributions, told apart by the tenant's own returns: those lags whose units at risk
follow the returns best (Poisson, given each SKU's total of four weeks). Steady sales cannot tell them apart and need
not. Sales that grow can: a wrong lag would take a doubling of the sales for a doubling of the rate. So whatever is
still plausible is kept, and a finding has to hold under each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.returns.panel import Bools, Floats, Ints
from workers.returns.series import DailySeries, counts

MEAN_LAGS = {0.0: 0.10, 3.0: 0.12, 6.0: 0.16, 10.0: 0.18, 14.0: 0.16, 19.0: 0.13, 25.0: 0.09, 32.0: 0.06}
"""Days from the sale to the return, and how likely they are beforehand: most marketplaces take returns for 30 days
after delivery, and most buyers send back within two weeks."""
NARROW_LAGS = dict.fromkeys((3.0, 5.0, 7.0, 10.0, 13.0, 16.0, 19.0), 0.05)
"""The same where nearly all come back within a few days of each other. After a day of many sales, as Black Friday is,
they arrive as a wave, which a wide lag would take for a rate that rose."""
WIDE, NARROW, SPREAD = 2.0, 8.0, 2.5
"""Shapes of the wide gamma distributions (most returns some days after delivery, and a long tail) and, at least, of
the narrow ones, whose standard deviation is so many days at most."""
NEW_SELLER = 0.1
"""How likely it is that nothing was sold before the first sale that is known."""
LONGEST = 90
SEEN = 0.01
"""Share of the returns of a day that come from sales that are known, at least: with less, the rest cannot be told."""
STRAY = 0.05
"""Share of the returns that come at any time, whatever the lag: no day is quite without units at risk."""
TEMPER = 0.8
"""Power of the likelihood: returns vary more than Poisson and their rates drift."""
STRETCH = 28
"""Days in which returns are compared with each other: over longer times, a rate that changes looks like a lag."""
SHORT, BEGINNING = 90, 28
"""Of a history of more than ``SHORT`` days, up to ``BEGINNING`` are left out: what was sold before is a guess."""
TOLD = 3000.0
"""Returns that the likelihood is worth at most: with more, the least wrong of the lags would seem to be certain."""
PLAUSIBLE = 0.1
"""Lags of less than this posterior, relative to the likeliest, are left out."""
SAMPLE = 1000
"""SKUs that the lag is told from: those with most returns."""
ALIKE = 0.01
"""Units at risk that differ by less than this share are the same."""


@dataclass(frozen=True, slots=True)
class UnitsAtRisk:
    """(S, D) arrays, 0 where the sales or the returns are not known."""

    likely: Floats
    """Averaged over the lags that are plausible."""
    plausible: tuple[Floats, ...]
    """Under each lag that makes a difference, ``likely`` first."""
    known: Bools


@dataclass(frozen=True, slots=True)
class Lag:
    """Shares of the returns by days since the sale, and whether the sales before the first known day were alike.

    The other belief is that there were none: a new seller.
    """

    shares: Floats
    sold_before: bool
    prior: float


def units_at_risk(series: DailySeries) -> UnitsAtRisk:
    """The units at risk of all SKUs."""
    columns = np.arange(series.days)
    first = np.where(series.is_new, series.start, series.start + min(max(series.days - SHORT, 0), BEGINNING))
    known = (columns >= np.maximum(first, series.returns_known)[:, None]) & (columns < series.end[:, None])
    lags = list(_lags())
    weight = _posterior(series, known, lags)
    kept = np.flatnonzero(weight >= PLAUSIBLE * weight.max())
    exposed = [_exposed(series, np.arange(len(series.sold)), lags[i]) * known for i in kept]
    likely = np.sum([weight[i] * each for i, each in zip(kept, exposed, strict=True)], axis=0) / weight[kept].sum()
    differing = tuple(each for each in exposed if np.any(np.abs(each - likely) > ALIKE * likely))
    return UnitsAtRisk(likely, (likely, *differing), known)


def _lags() -> Iterator[Lag]:
    for mean, prior in MEAN_LAGS.items():
        yield Lag(_shares(mean, WIDE), True, prior * (1 - NEW_SELLER))
        if mean:
            yield Lag(_shares(mean, WIDE), False, prior * NEW_SELLER)
    for mean, prior in NARROW_LAGS.items():
        yield Lag(_shares(mean, max(NARROW, (mean / SPREAD) ** 2)), True, prior)


def _shares(mean: float, shape: float) -> Floats:
    """A gamma distribution by days; all on the day of the sale if the mean is 0."""
    days = np.arange(LONGEST, dtype=np.float64)
    if mean == 0:
        return np.where(days == 0, 1.0, 0.0)
    density = (days + 0.5) ** (shape - 1) * np.exp(-shape * (days + 0.5) / mean)
    return np.asarray(density / density.sum())


def _exposed(series: DailySeries, skus: Ints, lag: Lag) -> Floats:
    days = series.days
    sold, start, end = series.sold[skus], series.start[skus], series.end[skus]
    size = 1 << (days + LONGEST).bit_length()
    spectrum = np.fft.rfft(sold, size, axis=1) * np.fft.rfft(lag.shares, size)
    exposed = np.maximum(np.fft.irfft(spectrum, size, axis=1)[:, :days], 0.0)
    average = sold.sum(axis=1, keepdims=True) / np.maximum(end - start, 1)[:, None]
    if lag.sold_before:
        # As much as was sold since then, on average, for each day before.
        seen = np.cumsum(lag.shares)[np.clip(np.arange(days) - start[:, None], 0, LONGEST - 1)]
        guessed = np.where(seen < SEEN, average, exposed / np.maximum(seen, SEEN))
        exposed = np.where(series.is_new[skus, None], exposed, guessed)
    return np.asarray((1 - STRAY) * exposed + STRAY * average)


def _posterior(series: DailySeries, known: Bools, lags: list[Lag]) -> Floats:
    shape = (len(series.sold), series.days)
    returned = counts(series.sku, series.column, series.units, shape) * known
    skus = np.argsort(-returned.sum(axis=1), kind="stable")[:SAMPLE]
    returned, known = returned[skus], known[skus]
    total = _by_stretch(returned)
    power = min(TEMPER, TOLD / max(returned.sum(), 1.0))
    log_weight = np.empty(len(lags))
    for i, lag in enumerate(lags):
        exposed = np.maximum(_exposed(series, skus, lag), 1e-9) * known
        fit = (returned * np.log(np.where(known, exposed, 1.0))).sum()
        fit -= (total * np.log(np.maximum(_by_stretch(exposed), 1e-9))).sum()
        log_weight[i] = power * fit + np.log(lag.prior)
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _by_stretch(values: Floats) -> Floats:
    """Sums over the stretches; the last one may be shorter."""
    return np.asarray(np.add.reduceat(values, np.arange(0, values.shape[1], STRETCH), axis=1))
