"""Reasons that took another share: the mix of a SKU's returns against its own history (Dirichlet-multinomial).

Needs no sales. For each of a few windows up to today, the Bayes factor says how much better a mix of its own
explains the returns of the window than the mix before. The average over the windows is an e-value: without a change
it reaches c with a chance of 1 / c at most.
"""

import numpy as np

from workers.returns.basis import Basis
from workers.returns.beta import log_gamma
from workers.returns.detection import REACH
from workers.returns.findings import FALSE_ALARMS, SHARES, Anomaly, Tested
from workers.returns.panel import Floats
from workers.returns.sentences import share_rose
from workers.returns.series import counts

WINDOWS = (3, 5, 7, 10, 14, 20, 28, 40, 56, 80)
"""Days up to today."""
FEWEST = 8
"""Returns in the last ``REACH`` days, at least, to look at a SKU's mix."""
PRIOR, OTHER = 5.0, 3.0
"""Returns that the tenant's mix is worth as a SKU's history, and as its mix after a change."""
STEADY = 150.0
"""Returns that a history is worth at most: the mix of a SKU is never quite the same from month to month."""


def reason_shifts(basis: Basis) -> Tested:
    """The mix of each SKU that was returned often enough lately."""
    series, size = basis.series, len(basis.panel.reasons)
    age = series.days - 1 - series.column
    shape = (len(basis.panel.skus), size)
    lately = np.bincount(series.sku[age < REACH], minlength=shape[0])
    skus = np.flatnonzero(lately >= FEWEST)
    if size < 2 or not skus.size:
        return Tested(np.zeros(0, dtype=np.int64), np.zeros(0), [])
    ones = np.ones(len(age))
    in_all = counts(series.sku, series.reason, ones, shape)
    mix = (in_all.sum(axis=0) + 0.5) / (in_all.sum() + 0.5 * size)
    recent = np.stack(
        [counts(series.sku[w], series.reason[w], ones[w], shape)[skus] for w in (age < n for n in WINDOWS)]
    )
    usual = _usual(in_all[skus] - recent, mix)
    log_e = _log_marginal(recent, OTHER * (mix + 1 / size) / 2) - _log_marginal(recent, usual)
    e_value = np.exp(np.minimum(log_e, 600)).mean(axis=0)
    p_value = np.minimum(1 / e_value, 1.0)
    alarms = []
    for i in np.flatnonzero(e_value >= 1 / (FALSE_ALARMS * SHARES["shift"])):
        best = int(log_e[:, i].argmax())
        window = max(series.days - WINDOWS[best], 0)
        alarms.append(
            (int(i), _shift(basis, int(skus[i]), window, recent[best, i], usual[best, i], float(p_value[i])))
        )
    return Tested(skus, p_value / SHARES["shift"], alarms)


def _usual(before: Floats, mix: Floats) -> Floats:
    strength = before + PRIOR * mix
    in_all = strength.sum(axis=-1, keepdims=True)
    return np.asarray(strength * np.minimum(1.0, STEADY / in_all))


def _log_marginal(recent: Floats, strength: Floats) -> Floats:
    """Of counts in their order, whose mix is drawn from a Dirichlet distribution; sums over the last axis."""
    strength = np.broadcast_to(strength, recent.shape)
    in_all = strength.sum(axis=-1)
    each = (log_gamma(strength + recent) - log_gamma(strength)).sum(axis=-1)
    return np.asarray(each + log_gamma(in_all) - log_gamma(in_all + recent.sum(axis=-1)))


def _shift(basis: Basis, sku: int, column: int, recent: Floats, usual: Floats, p_value: float) -> Anomaly:
    in_all = float(recent.sum())
    shares = usual / usual.sum()
    reason = int((recent - in_all * shares).argmax())
    observed, share = int(recent[reason]), float(shares[reason])
    name, said, since = basis.panel.skus[sku], basis.panel.reasons[reason], basis.day(column)
    excess = max(observed - in_all * share, 0.0)
    return Anomaly(
        kind="reason_shift",
        severity="low",
        sku=name,
        reason=said,
        cluster=None,
        buyer=None,
        compared_with="history",
        since=since,
        until=basis.until,
        observed=observed,
        expected=in_all * share,
        units_at_risk=None,
        rate=observed / in_all,
        usual_rate=share,
        p_value=p_value,
        q_value=1.0,
        excess_units=excess,
        expected_cost=basis.cost(sku, excess),
        sentence=share_rose(name, said, share, observed / in_all, since, observed, int(in_all)),
    )
