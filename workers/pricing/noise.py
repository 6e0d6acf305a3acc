"""The noise of sales: dispersion per SKU, outliers, and zeros that are empty shelves rather than no demand."""

import numpy as np

from workers.pricing.panel import Bools, Floats

START_DISPERSION = 0.2
"""Relative variance beyond counting noise assumed before anything is known: sales vary by some 45 %."""
PRIOR_PERIODS = 10.0
"""Periods of data the tenant's dispersion is worth when a SKU's own is estimated."""
FALSE_ALARMS = 0.01
"""Chance, per SKU, of taking an honest run of zeros for an empty shelf."""
CLIP_SD = 3.0
"""Sales beyond this many standard deviations (and two pieces) over expectation count as just that many."""


def clip_outliers(units: Floats, mu: Floats, grain: Floats, dispersion: Floats) -> Floats:
    """``units`` cut from above (B, T). Two pieces of slack keep honest counts of slow sellers whole."""
    sd = np.sqrt(grain * mu + dispersion * mu**2)
    return np.minimum(units, mu + CLIP_SD * sd + 2 * grain)


def empty_shelves(units: Floats, valid: Bools, mu: Floats, grain: Floats, dispersion: Floats) -> Bools:
    """(B, T) zeros in runs so long that demand of ``mu`` would hardly ever have produced them.

    The probability of a zero is the negative binomial's, (1 + dispersion * mu)^(-1 / dispersion) in pieces,
    and those of a run multiply. ``grain`` and ``dispersion`` are (B, 1).
    """
    width = units.shape[1]
    zero = valid & (units == 0)
    shape = np.maximum(dispersion, 1e-3)
    log_zero = np.where(zero, -np.log1p(shape * mu / grain) / shape, 0.0)
    total = np.hstack([np.zeros((len(units), 1)), np.cumsum(log_zero, axis=1)])
    step = np.arange(width)
    before = np.maximum.accumulate(np.where(zero, 0, step + 1), axis=1)
    after = np.minimum.accumulate(np.where(zero, width, step)[:, ::-1], axis=1)[:, ::-1]
    run = np.take_along_axis(total, after, axis=1) - np.take_along_axis(total, before, axis=1)
    limit = np.log(FALSE_ALARMS / np.maximum(valid.sum(axis=1, keepdims=True), 1))
    return np.asarray(zero & (run < limit), dtype=np.bool_)


def own_dispersion(used: Bools, units: Floats, mu: Floats, grain: Floats, dispersion: Floats) -> Floats:
    """(B,) moment estimate of the variance beyond counting noise relative to mu^2, >= 0; NaN if no sales.

    Var(units) = grain * mu + dispersion * mu^2; the terms are weighted by the inverse of their variance
    under the current ``dispersion`` (B, 1), so that slow periods do not dominate.
    """
    weight = used * (mu / (grain + dispersion * mu)) ** 2
    excess = ((units - mu) ** 2 - grain * mu) / mu**2
    total = weight.sum(axis=1)
    raw = np.divide((weight * excess).sum(axis=1), total, out=np.full(len(units), np.nan), where=total > 0)
    return np.asarray(raw, dtype=np.float64)


def shrink_dispersion(raw: Floats, freedom: Floats) -> Floats:
    """(S,) estimates shrunk to the tenant's mean by the periods (less parameters spent) behind each."""
    known = np.isfinite(raw) & (freedom > 0)
    own = np.where(known, raw, 0.0)
    weight = np.where(known, freedom, 0.0)
    tenant = max(0.0, (PRIOR_PERIODS * START_DISPERSION + (weight * own).sum()) / (PRIOR_PERIODS + weight.sum()))
    pooled = (PRIOR_PERIODS * tenant + weight * own) / (PRIOR_PERIODS + weight)
    return np.asarray(np.maximum(pooled, 0.0), dtype=np.float64)
