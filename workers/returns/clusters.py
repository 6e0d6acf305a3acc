"""Defects that are new for a SKU: several returns with one complaint, of one stretch of time.

A complaint is a cluster of comments where the caller gives one, and each reason that speaks of a defect. It is
tested as rates are, with ratios that suit "hardly ever before": given how often it came in all, how unlikely is it
that it came only lately?
"""

from dataclasses import dataclass

import numpy as np

from workers.returns.basis import Basis
from workers.returns.detection import REACH, Evidence, Streams, evidence
from workers.returns.findings import EARLY, FALSE_ALARMS, SHARES, Anomaly, Tested
from workers.returns.panel import NONE, Floats, Ints
from workers.returns.sentences import defect_appeared
from workers.returns.series import counts

DEFECTS = frozenset({"defective", "poor_quality", "missing_parts", "damaged_in_transit", "wrong_item_sent"})
"""Reasons that a faulty lot, or a fault in packing it, brings."""
RATIOS = {5.0: 0.3, 20.0: 0.4, 80.0: 0.3}
"""What a rate may have been multiplied by that was next to nothing."""
FEWEST = 3
"""Returns of a complaint, at least."""
BEFORE = 0.1
"""A complaint is new if it came before in so many cases, of those in the window, at most (once is always allowed)."""
HISTORY = 28
"""Days before the window, at least, for it to be new."""


@dataclass(frozen=True, slots=True)
class _Complaints:
    """(n,) pairs of a SKU and a complaint, and (m,) the returns of each."""

    sku: Ints
    reason: Ints
    """NONE for a cluster."""
    cluster: Ints
    pair: Ints
    column: Ints


def new_defect_clusters(basis: Basis) -> Tested:
    """Each complaint of each SKU."""
    complaints = _complaints(basis)
    shape = (len(complaints.sku), basis.series.days)
    daily = counts(complaints.pair, complaints.column, np.ones(len(complaints.pair)), shape)
    of_sku = np.bincount(complaints.sku, minlength=len(basis.panel.skus))
    looked_at = np.flatnonzero(daily[:, -REACH:].sum(axis=1) >= FEWEST)
    skus, none = complaints.sku[looked_at], np.zeros(len(looked_at))
    # Returns are counted, not units, and a complaint has no prior: it is known by itself.
    streams = Streams(skus, daily[looked_at], none, none, np.ones(len(looked_at)))
    found = evidence(streams, _exposed(basis), RATIOS)
    share = SHARES["cluster"] / of_sku[skus]
    before = streams.counts.sum(axis=1) - found.observed
    is_new = (before <= np.maximum(1, BEFORE * found.observed)) & (found.observed >= FEWEST)
    started = np.maximum(basis.series.start[skus], basis.series.returns_known)
    is_new &= found.since - np.where(started < basis.series.days, started, basis.series.returns_known) >= HISTORY
    alarmed = is_new & (found.statistic >= 1 / (FALSE_ALARMS * EARLY * share))
    alarms = [
        (int(i), _cluster(basis, complaints, int(looked_at[i]), found, int(i), int(before[i])))
        for i in np.flatnonzero(alarmed)
    ]
    return Tested(skus, found.p_value / share, alarms)


def _complaints(basis: Basis) -> _Complaints:
    series, panel = basis.series, basis.panel
    defects = np.array([reason in DEFECTS for reason in panel.reasons], dtype=np.bool_)
    usable = basis.known(series.sku, series.column) | ~basis.with_sales[series.sku]
    usable &= defects[series.reason] & (series.column >= series.returns_known)
    grouped = usable & (series.cluster != NONE)
    # Clusters are numbered after the reasons.
    key = np.concatenate([series.reason[usable], series.cluster[grouped] + len(panel.reasons)])
    sku, column, buyer = (
        np.concatenate([array[usable], array[grouped]]) for array in (series.sku, series.column, series.buyer)
    )
    size = len(panel.reasons) + len(panel.clusters)
    pairs, pair = np.unique(sku * size + key, return_inverse=True)
    first = _first_of_each_buyer(pair, buyer)
    of = pairs % size
    is_reason = of < len(panel.reasons)
    return _Complaints(
        sku=pairs // size,
        reason=np.where(is_reason, of, NONE),
        cluster=np.where(is_reason, NONE, of - len(panel.reasons)),
        pair=pair[first],
        column=column[first],
    )


def _first_of_each_buyer(pair: Ints, buyer: Ints) -> Ints:
    """Indices of the returns to count: one buyer who sends back three pieces is one complaint."""
    own = np.where(buyer == NONE, buyer.max(initial=0) + 1 + np.arange(len(buyer)), buyer)
    _, first = np.unique(np.stack([pair, own]), axis=1, return_index=True)
    return np.sort(first)


def _exposed(basis: Basis) -> list[Floats]:
    """Units at risk; of SKUs without sales, their returns for whatever reason."""
    series = basis.series
    shape = (len(basis.panel.skus), series.days)
    returned = counts(series.sku, series.column, np.ones(len(series.sku)), shape)
    returned[:, : series.returns_known] = 0.0
    without = ~basis.with_sales
    return [np.where(without[:, None], returned, exposed) for exposed in basis.at_risk.plausible]


def _cluster(basis: Basis, complaints: _Complaints, of: int, found: Evidence, i: int, before: int) -> Anomaly:
    sku, reason, cluster = int(complaints.sku[of]), int(complaints.reason[of]), int(complaints.cluster[of])
    name, since = basis.panel.skus[sku], basis.day(int(found.since[i]))
    complaint = basis.panel.reasons[reason] if cluster == NONE else basis.panel.clusters[cluster]
    observed, expected = round(float(found.observed[i])), float(found.expected[i])
    excess = max(observed - expected, 0.0)
    has_sales = bool(basis.with_sales[sku])
    units = float(found.units_at_risk[i])
    return Anomaly(
        kind="new_defect_cluster",
        severity="low",
        sku=name,
        reason=None if reason == NONE else basis.panel.reasons[reason],
        cluster=None if cluster == NONE else complaint,
        buyer=None,
        compared_with="history",
        since=since,
        until=basis.until,
        observed=observed,
        expected=expected,
        units_at_risk=units if has_sales else None,
        rate=min(observed / max(units, 1e-9), 1.0) if has_sales else None,
        usual_rate=float(found.usual_rate[i]) if has_sales else None,
        p_value=float(found.p_value[i]),
        q_value=1.0,
        excess_units=excess,
        expected_cost=basis.cost(sku, excess),
        sentence=defect_appeared(name, complaint, since, observed, before, _days_before(basis, sku, found, i)),
    )


def _days_before(basis: Basis, sku: int, found: Evidence, i: int) -> int:
    start = max(int(basis.series.start[sku]), basis.series.returns_known)
    start = start if start < basis.series.days else basis.series.returns_known
    return int(found.since[i]) - start
