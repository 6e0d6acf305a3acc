"""Rates that rose: of a SKU, of a reason of a SKU, of a reason over all SKUs; and rates far above the category's."""

from dataclasses import dataclass

import numpy as np

from workers.returns.baseline import dispersion
from workers.returns.basis import Basis
from workers.returns.beta import cumulative
from workers.returns.detection import REACH, Evidence, Streams, days_between, evidence
from workers.returns.findings import FALSE_ALARMS, SHARES, Anomaly, Tested
from workers.returns.panel import NONE, Bools, Floats, Ints
from workers.returns.sentences import above_category, rate_rose
from workers.returns.series import counts

WORTH_SAYING = 1.2
"""Rates that rose by less are not reported, however certain."""
WORTH_SAYING_OVER_ALL = 1.5
"""The same over all SKUs: with thousands of returns, a lag that is a few days off is as certain as a change."""
BEGINNING = 28
"""First days that are left out of it: what was sold before them can only be guessed."""
HISTORY = 14
"""Days before a window, at least, to speak of a SKU's own history; with fewer, it is the category that counts."""
FEWEST = 3
"""Units of a reason in the last ``REACH`` days, at least, to look at a SKU's reason."""
CATEGORY = 10
"""SKUs with sales that make a category to compare with; so many SKUs make up a tenant's rate of a reason."""
ABOVE_CATEGORY = 1e-4
"""p-value of a rate far above the category's, at most: few days bring another answer."""


def of_skus(basis: Basis) -> Tested:
    """Each SKU's rate against its own history."""
    skus = np.flatnonzero(basis.with_sales)
    streams = Streams(
        sku=skus,
        counts=basis.returned[skus],
        prior_returns=basis.prior.returns[skus],
        prior_units=basis.prior.units[skus],
        dispersion=basis.dispersion[skus],
    )
    found = evidence(streams, basis.at_risk.plausible)
    return _risen(basis, skus, np.full(len(skus), NONE), found, np.full(len(skus), SHARES["total"]))


def of_reasons(basis: Basis) -> Tested:
    """Each SKU's rate of each reason that it was returned for lately."""
    series, size = basis.series, len(basis.panel.reasons)
    known = basis.known(series.sku, series.column)
    pair = (series.sku * size + series.reason)[known]
    pairs, of = np.unique(pair, return_inverse=True)
    daily = counts(of, series.column[known], series.units[known], (len(pairs), series.days))
    lately = daily[:, -REACH:].sum(axis=1) >= FEWEST
    skus, reasons = pairs[lately] // size, pairs[lately] % size
    usual = np.bincount(series.reason[known], series.units[known], size) / max(series.units[known].sum(), 1.0)
    strength = np.maximum(basis.prior.returns[skus] * usual[reasons], 0.5)
    rate = basis.prior.returns[skus] / basis.prior.units[skus] * usual[reasons]
    streams = Streams(skus, daily[lately], strength, strength / rate, basis.dispersion[skus])
    found = evidence(streams, basis.at_risk.plausible)
    share = SHARES["reason"] / np.bincount(skus, minlength=len(basis.panel.skus))[skus]
    return _risen(basis, skus, reasons, found, share)


def _risen(basis: Basis, skus: Ints, reasons: Ints, found: Evidence, share: Floats) -> Tested:
    alarmed = days_between(found.statistic, found.daily) >= 1 / (FALSE_ALARMS * share)
    alarmed &= found.observed >= WORTH_SAYING * found.expected
    # What a SKU without a history is compared with is its category.
    alarmed &= _has_history(basis, skus, found.since) | (basis.panel.category[skus] != NONE)
    alarms = [(int(i), _spike(basis, int(skus[i]), int(reasons[i]), found, int(i))) for i in np.flatnonzero(alarmed)]
    return Tested(skus, found.p_value / share, alarms)


def _spike(basis: Basis, sku: int, reason: int, found: Evidence, i: int) -> Anomaly:
    with_history = bool(_has_history(basis, np.array([sku]), found.since[i : i + 1])[0])
    return _anomaly(basis, sku, reason, _window(found, i, float(found.units_at_risk[i])), not with_history)


def _has_history(basis: Basis, skus: Ints, since: Ints) -> Bools:
    """(n,) whether the units at risk of the SKUs are known long enough before these columns."""
    return np.asarray(since - np.argmax(basis.at_risk.known[skus], axis=1) >= HISTORY)


def _window(found: Evidence, i: int, units: float) -> "_Window":
    observed, expected, p_value = (float(array[i]) for array in (found.observed, found.expected, found.p_value))
    return _Window(int(found.since[i]), observed, expected, units, p_value)


@dataclass(frozen=True, slots=True)
class _Window:
    since: int
    observed: float
    expected: float
    units: float
    p_value: float


def _anomaly(basis: Basis, sku: int | None, reason: int, window: _Window, above: bool = False) -> Anomaly:
    excess = max(window.observed - window.expected, 0.0)
    units = max(window.units, 1e-9)
    name = None if sku is None else basis.panel.skus[sku]
    said = None if reason == NONE else basis.panel.reasons[reason]
    rate, usual = min(window.observed / units, 1.0), min(window.expected / units, 1.0)
    say = above_category if above else rate_rose
    since = basis.day(window.since)
    return Anomaly(
        kind="rate_spike",
        severity="low",
        sku=name,
        reason=said,
        cluster=None,
        buyer=None,
        compared_with="category" if above else "history",
        since=since,
        until=basis.until,
        observed=round(window.observed),
        expected=window.expected,
        units_at_risk=window.units,
        rate=rate,
        usual_rate=usual,
        p_value=window.p_value,
        q_value=1.0,
        excess_units=excess,
        expected_cost=_cost_over_all(basis, excess) if sku is None else basis.cost(sku, excess),
        sentence=say(name, said, usual, rate, since, window.expected, round(window.observed)),
    )


def _cost_over_all(basis: Basis, excess: float) -> float | None:
    """At the average cost of what came back lately; None unless all of it has one."""
    lately = basis.returned[:, -REACH:].sum(axis=1)
    cost = float((lately[lately > 0] * basis.panel.cost[lately > 0]).sum() / max(lately.sum(), 1.0))
    return None if np.isnan(cost) else excess * cost


def over_all(basis: Basis) -> Tested:
    """Each reason's rate over all SKUs, those that are of one SKU's making left out.

    The units at risk of a SKU count with its own rate of the reason, so that selling more of what is often returned
    is not a change.
    """
    series, (n, size) = basis.series, (len(basis.panel.skus), len(basis.panel.reasons))
    if np.count_nonzero(basis.with_sales) < CATEGORY:
        return Tested(np.zeros(0, dtype=np.int64), np.zeros(0), [])
    start = int(np.argmax(basis.at_risk.known.any(axis=0))) + BEGINNING
    known = basis.known(series.sku, series.column) & (series.column >= start)
    exposures = [np.where(np.arange(series.days) >= start, each, 0.0) for each in basis.at_risk.plausible]
    sku, column, reason = (array[known] for array in (series.sku, series.column, series.reason))
    units = series.units[known]
    of_sku = counts(sku, reason, units, (n, size))
    usual = of_sku.sum(axis=0) / max(units.sum(), 1.0)
    rate = of_sku + basis.prior.returns[:, None] * usual
    rate = rate / (exposures[0].sum(axis=1) + basis.prior.units)[:, None]
    expected = [rate.T @ exposed for exposed in exposures]
    daily = counts(reason, column, units, (size, series.days))
    half = np.full(size, 0.5)
    found = evidence(Streams(np.arange(size), daily, half, half, dispersion(daily, expected[0])), expected)
    alarms = []
    for i in np.flatnonzero(found.statistic >= size / FALSE_ALARMS):
        within = (reason == i) & (column >= found.since[i])
        of_one = np.bincount(sku[within], units[within], n).max()
        if found.observed[i] >= max(WORTH_SAYING_OVER_ALL * found.expected[i], 2 * of_one):
            at_risk = float(basis.at_risk.likely[:, found.since[i] :].sum())
            alarms.append((int(i), _anomaly(basis, None, int(i), _window(found, int(i), at_risk))))
    return Tested(np.arange(size), found.p_value, alarms)


def above_categories(basis: Basis) -> Tested:
    """Each SKU's rate of the last ``REACH`` days against its category's: the tail of the negative binomial."""
    observed, units = (array[:, -REACH:].sum(axis=1) for array in (basis.returned, basis.at_risk.likely))
    category = basis.panel.category
    kinds, of = np.unique(category, return_inverse=True)
    size = np.bincount(of, units > 0, len(kinds))[of]
    skus = np.flatnonzero((category != NONE) & (size >= CATEGORY) & (units > 0) & (observed > 0))
    strength, prior_units, spread = (a[skus] for a in (basis.prior.returns, basis.prior.units, basis.dispersion))
    at_risk = units[skus] / spread
    p_value = cumulative(at_risk / (at_risk + prior_units), observed[skus] / spread, strength)
    alarms = []
    for i in np.flatnonzero(p_value <= ABOVE_CATEGORY):
        sku = int(skus[i])
        expected = float(units[sku] * strength[i] / prior_units[i])
        since = max(basis.series.days - REACH, 0)
        window = _Window(since, float(observed[sku]), expected, float(units[sku]), float(p_value[i]))
        alarms.append((int(i), _anomaly(basis, sku, NONE, window, above=True)))
    return Tested(skus, p_value / SHARES["category"], alarms)
