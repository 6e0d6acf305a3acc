"""Log-linear demand of all SKUs at once: penalised IRLS inside empirical Bayes.

Sales y of SKU i in period t: E y = mu = exp(x' theta_i), Var y = grain * mu + dispersion_i * mu^2 (counting
noise plus a negative binomial's or a log-normal's multiplicative noise), theta_i ~ N(m, diag(tau^2)). Given m
and tau a Newton (Fisher scoring) step per SKU; given the SKUs, m and tau are re-estimated (Gelman & Hill 2007,
ch. 12-13; Morris 1983, "Parametric empirical Bayes inference"; MacKay 1992 for the tau update). Quasi-likelihood
(Wedderburn 1974) makes the same score right for counts with many zeros and for continuous weekly volumes, where
log(units + 1) would pull elasticities towards 0.
"""

from dataclasses import dataclass

import numpy as np

from workers.pricing import noise
from workers.pricing.design import INTERCEPT, PRICE, PROMO, Block, History, Layout, blocks
from workers.pricing.panel import Floats, Ints

STEPS = 12
"""Newton steps; the hyperparameters settle to a few per cent of their standard error by then."""
LEVEL_SD = 1.5
"""Prior standard deviation of a SKU's log level around the log of its mean sales: hardly any pull."""
LARGEST_STEP = 2.0
"""Of a coefficient per Newton step: keeps the first steps of near-empty SKUs from overflowing."""
LARGEST_ETA = 8.0
"""Expected sales stay within e^8 of a SKU's mean, for the same reason."""


@dataclass(frozen=True, slots=True)
class Hyper:
    """Distribution of the coefficients over the tenant's SKUs, each (width,)."""

    mean: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Hyperprior:
    """What is assumed of ``Hyper`` beforehand: mean ~ N(mean, mean_sd^2); sd as if seen in ``weight`` SKUs."""

    mean: Floats
    mean_sd: Floats
    sd: Floats
    weight: float = 4.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients and their uncertainty given the hyperparameters."""

    theta: Floats
    """(S, width)"""
    variance: Floats
    """(S, width) posterior variances."""
    price_covariance: Floats
    """(S, width) covariance of every coefficient with the elasticity."""
    dispersion: Floats
    """(S,)"""
    hyper: Hyper


ELASTICITY_MEAN, ELASTICITY_MEAN_SD, ELASTICITY_SD = -2.3, 0.8, 0.8
"""Between the meta-analyses: Tellis 1988 has a mean of -1.76, Bijmolt, Van Heerde & Pieters 2005 of -2.62."""


def hyperprior(layout: Layout) -> Hyperprior:
    """The weak prior: literature for the elasticity, order of magnitude for the rest."""
    mean, mean_sd, sd = np.zeros(layout.width), np.full(layout.width, 0.5), np.full(layout.width, 0.2)
    mean[PRICE], mean_sd[PRICE], sd[PRICE] = ELASTICITY_MEAN, ELASTICITY_MEAN_SD, ELASTICITY_SD
    # A feature or display without a price cut lifts sales by some 20-50 % (Blattberg & Neslin 1990).
    mean[PROMO], mean_sd[PROMO], sd[PROMO] = 0.2, 0.5, 0.3
    mean_sd[layout.year], sd[layout.year] = 0.2, 0.1
    mean_sd[layout.level], sd[layout.level] = 0.01, 0.03
    mean_sd[layout.swing], sd[layout.swing] = 0.05, 0.06
    mean_sd[INTERCEPT], sd[INTERCEPT] = 0.0, LEVEL_SD
    return Hyperprior(mean, mean_sd, sd)


def _update_mean(theta: Floats, covariance: Floats, hyper: Hyper, prior: Hyperprior) -> Floats:
    """(width,) Newton step for the tenant's means; ``covariance`` is the sum of the SKUs' posterior ones.

    With T = diag(sd^2) the information of a SKU about the mean is (A^-1 + T)^-1 = T^-1 - T^-1 C T^-1. The full
    matrix is needed: column by column the level's segments, which are correlated, would overshoot for ever.
    """
    free = prior.mean_sd > 0
    inverse, about = 1 / hyper.sd[free] ** 2, 1 / prior.mean_sd[free] ** 2
    information = np.diag(len(theta) * inverse + about)
    information -= inverse[:, None] * covariance[np.ix_(free, free)] * inverse
    gradient = inverse * (theta - hyper.mean).sum(axis=0)[free] + about * (prior.mean - hyper.mean)[free]
    mean = hyper.mean.copy()
    mean[free] += np.linalg.solve(information, gradient)
    return mean


def _update_sd(
    theta: Floats, variance: Floats, mean: Floats, hyper: Hyper, prior: Hyperprior, layout: Layout
) -> Floats:
    """(width,) fixed-point step for the tenant's standard deviations."""
    weight = np.maximum(1.0 - variance / hyper.sd**2, 0.0).sum(axis=0)
    spread = ((theta - mean) ** 2).sum(axis=0)
    # The level is one process over time: its columns share one standard deviation.
    for group in (layout.level, layout.swing):
        weight[group], spread[group] = weight[group].sum(), spread[group].sum()
    sd: Floats = np.sqrt((prior.weight * prior.sd**2 + spread) / (prior.weight + weight))
    sd[INTERCEPT] = LEVEL_SD
    return sd


def _update_hyper(state: "_State", some: Ints, hyper: Hyper, prior: Hyperprior, layout: Layout) -> Hyper:
    """One step for mean and sd from the SKUs ``some`` that have observations."""
    theta, variance = state.theta[some], state.variance[some]
    mean = _update_mean(theta, state.covariance, hyper, prior)
    sd = _update_sd(theta, variance, mean, hyper, prior, layout)
    return Hyper(mean, sd)


@dataclass(slots=True)
class _State:
    """What the iterations carry along, per SKU."""

    theta: Floats
    variance: Floats
    price_covariance: Floats
    raw_dispersion: Floats
    freedom: Floats
    covariance: Floats
    """(width, width) sum over the SKUs with observations."""


def _step(block: Block, state: _State, dispersion: Floats, scale: Floats, grain: Floats, hyper: Hyper) -> None:
    """One Newton step of the SKUs of ``block``; units are relative to ``scale`` (mean sales of a SKU)."""
    rows = block.skus
    theta = state.theta[rows]
    eta = np.clip(np.matmul(block.x, theta[:, :, None])[:, :, 0], -LARGEST_ETA, LARGEST_ETA)
    mu = np.exp(eta)
    units = block.units / scale[rows][:, None]
    quantum, spread = (grain / scale)[rows][:, None], dispersion[rows][:, None]
    used = block.valid & ~noise.empty_shelves(units, block.valid, mu, quantum, spread)
    units = noise.clip_outliers(units, mu, quantum, spread)
    weight = used * mu / (quantum + spread * mu)
    gradient = np.matmul((weight * (units - mu) / mu)[:, None, :], block.x)[:, 0, :]
    gradient -= (theta - hyper.mean) / hyper.sd**2
    own = np.matmul((block.x * weight[:, :, None]).transpose(0, 2, 1), block.x)
    covariance = np.linalg.inv(own + np.diag(1 / hyper.sd**2))
    move = np.matmul(covariance, gradient[:, :, None])[:, :, 0]
    state.theta[rows] = theta + np.clip(move, -LARGEST_STEP, LARGEST_STEP)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    state.variance[rows] = variance
    state.price_covariance[rows] = covariance[:, PRICE, :]
    state.covariance += covariance.sum(axis=0)
    spent = (1 - variance / hyper.sd**2).clip(0, 1).sum(axis=1)
    freedom = used.sum(axis=1)
    state.freedom[rows] = np.maximum(freedom - spent, 0.0)
    # Residuals of a fit are too small by the parameters spent on it.
    inflate = freedom / np.maximum(freedom - spent, 0.25 * freedom + 1e-9)
    state.raw_dispersion[rows] = noise.own_dispersion(
        used, mu + (units - mu) * np.sqrt(inflate)[:, None], mu, quantum, spread
    )


def fit_all(history: History) -> Fit:
    """Fit all SKUs; those without observations keep the tenant's means."""
    layout, n = history.layout, history.panel.n_skus
    prior = hyperprior(layout)
    hyper = Hyper(prior.mean, prior.sd)
    scale = history.mean_units
    state = _State(
        theta=np.tile(prior.mean, (n, 1)),
        variance=np.tile(hyper.sd**2, (n, 1)),
        price_covariance=np.zeros((n, layout.width)),
        raw_dispersion=np.full(n, np.nan),
        freedom=np.zeros(n),
        covariance=np.zeros((layout.width, layout.width)),
    )
    state.price_covariance[:, PRICE] = hyper.sd[PRICE] ** 2
    dispersion = np.full(n, noise.START_DISPERSION)
    cached = list(blocks(history))
    some: Ints = np.flatnonzero(history.count > 0)
    for step in range(STEPS):
        state.covariance[:] = 0.0
        for block in cached:
            _step(block, state, dispersion, scale, history.grain, hyper)
        dispersion = noise.shrink_dispersion(state.raw_dispersion, state.freedom)
        if 1 < step < STEPS - 1 and len(some):
            hyper = _update_hyper(state, some, hyper, prior, layout)
    rest = history.count == 0
    state.theta[rest], state.variance[rest] = hyper.mean, hyper.sd**2
    return Fit(state.theta, state.variance, state.price_covariance, dispersion, hyper)
