"""Log-log demand per SKU with partial pooling over the tenant."""

import numpy as np

from workers.pricing import glmm, pooling
from workers.pricing.design import (
    FIXED,
    INTERCEPT,
    PRICE,
    PROMO,
    History,
    Layout,
    is_daily,
    level_columns,
    prepare,
    season_columns,
)
from workers.pricing.panel import DemandPosterior, Floats, Ints, SalesPanel

__all__ = ["DemandPosterior", "SalesPanel", "fit", "predict"]

NOTHING = 1e6
"""Variance of an estimate from data that say nothing, such as of a price that never moved."""


def _own_estimates(fitted: glmm.Fit) -> tuple[Floats, Floats]:
    """(S,) elasticities as the SKUs' own data have them, and their variances: the prior taken out again."""
    prior = fitted.hyper.sd[PRICE] ** 2
    precision = np.maximum(1 / fitted.variance[:, PRICE] - 1 / prior, 1 / NOTHING)
    pull = fitted.theta[:, PRICE] / fitted.variance[:, PRICE] - fitted.hyper.mean[PRICE] / prior
    known = precision > 1.01 / NOTHING
    return np.where(known, pull / precision, fitted.hyper.mean[PRICE]), 1 / precision


def _horizon_shift(history: History, theta: Floats, as_of_day: Ints, horizon_days: int) -> Floats:
    """(S,) mean log factor of weekday, year and the fading swing of the level over the horizon."""
    layout = history.layout
    ahead = np.arange(1, 1 + horizon_days)
    ends, end_of = np.unique(as_of_day, return_inverse=True)
    season = season_columns((ends[:, None] + ahead).ravel(), layout)
    mean_season = season.reshape(len(ends), horizon_days, season.shape[1]).mean(axis=1)
    shift = np.einsum("sp,sp->s", theta[:, FIXED : layout.level.start], mean_season[end_of])
    shift += theta[:, layout.level.start :] @ level_columns(-ahead, layout).mean(axis=0)
    return np.asarray(shift, dtype=np.float64)


def _level_variance(fitted: glmm.Fit, layout: Layout, horizon_days: int) -> Floats:
    """(S,) variance of the log level half-way through the horizon: of today's, and its drift until then."""
    drift = fitted.hyper.sd[layout.level][:1].sum() ** 2 * horizon_days / 2 / layout.segment_days
    return np.asarray(fitted.variance[:, INTERCEPT] + drift, dtype=np.float64)


def fit(panel: SalesPanel, as_of_day: int | Ints, horizon_days: int = 28) -> DemandPosterior:
    """Fit the demand model of one tenant to the sales up to and including ``as_of_day``: of all SKUs, or (S,) each.

    ``horizon_days`` is the time ahead over whose season ``log_base_demand`` is averaged. Deterministic, and
    independent of the order of rows. Raises ValueError where ``horizon_days`` < 1.
    """
    if horizon_days < 1:
        raise ValueError("horizon_days must be at least 1")
    ends = np.broadcast_to(np.asarray(as_of_day, dtype=np.int64), (panel.n_skus,))
    history = prepare(panel, ends)
    layout = history.layout
    fitted = glmm.fit_all(history)
    estimate, variance = _own_estimates(fitted)
    points = pooling.quantile_points(pooling.pool(estimate, variance, glmm.ELASTICITY_MEAN, glmm.ELASTICITY_MEAN_SD))
    elasticity = points.mean(axis=1)
    # The other coefficients follow the elasticity from its mode under the plug-in prior to its mean.
    slope = fitted.price_covariance / fitted.price_covariance[:, PRICE : PRICE + 1]
    theta = fitted.theta + slope * (elasticity - fitted.theta[:, PRICE])[:, None]
    theta[:, INTERCEPT] += np.log(history.mean_units)
    unseen = history.count == 0
    theta[unseen, INTERCEPT] = np.nan
    relative = np.where(unseen, np.nan, fitted.dispersion + history.grain / np.exp(theta[:, INTERCEPT]))
    low, high = np.quantile(points, [0.05, 0.95], axis=1, method="hazen")
    return DemandPosterior(
        elasticity=elasticity,
        elasticity_sd=points.std(axis=1),
        elasticity_low=low,
        elasticity_high=high,
        elasticity_points=points,
        log_base_demand=theta[:, INTERCEPT] + _horizon_shift(history, theta, ends, horizon_days),
        log_base_sd=np.sqrt(_level_variance(fitted, layout, horizon_days)),
        promo_effect=theta[:, PROMO],
        residual_scale=np.sqrt(relative),
        reference_price=history.reference_price,
        period_days=history.period_days,
        observations=history.count,
        identified=variance < fitted.hyper.sd[PRICE] ** 2,
        coefficients=theta,
        as_of_day=ends,
        span_days=layout.span_days,
        has_weekday=layout.has_weekday,
        has_year=layout.has_year,
    )


def predict(posterior: DemandPosterior, sku: Ints, day: Ints, price: Floats, promoted: Floats) -> Floats:
    """Expected units, shape of ``sku`` (flat); NaN for SKUs without observations.

    Days after ``as_of_day`` continue from the last level. Arguments as in ``SalesPanel``.
    """
    layout = Layout(posterior.span_days, posterior.has_weekday, posterior.has_year)
    theta = posterior.coefficients[sku]
    table = np.hstack([season_columns(day, layout), level_columns(posterior.as_of_day[sku] - day, layout)])
    table[:, : layout.weekday.stop - layout.weekday.start] *= is_daily(posterior.period_days, posterior.observations)[
        sku
    ][:, None]
    eta = theta[:, INTERCEPT] + theta[:, PROMO] * promoted
    eta += theta[:, PRICE] * np.log(price / posterior.reference_price[sku])
    eta += np.einsum("np,np->n", theta[:, layout.weekday.start :], table)
    return np.exp(eta)
