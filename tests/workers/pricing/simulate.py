"""Simulated sales with known elasticities, for the tests and the benchmark."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.pricing import SalesPanel

START = 738_000
"""Ordinal of the first simulated day (in 2021)."""


@dataclass(frozen=True)
class Truth:
    """A simulated panel and what it was drawn from."""

    panel: SalesPanel
    elasticity: NDArray[np.float64]
    """(S,)"""
    base: NDArray[np.float64]
    """(S,) expected units per period at the last price at the end, unpromoted, without season."""
    last_price: NDArray[np.float64]
    """(S,)"""
    as_of_day: int


def simulate(
    seed: int,
    n_skus: int = 200,
    periods: int = 180,
    spacing: int = 1,
    volume: float = 5.0,
    noise: str = "negbin",
    mean_elasticity: float = -2.2,
    sd_elasticity: float = 0.8,
    price_changes: float = 8.0,
    price_sd: float = 0.12,
    promo_effect: float = 0.35,
    promo_share: float = 0.1,
    level_sd: float = 0.03,
    season: float = 0.15,
    sigma: float = 0.3,
    never_changed: float = 0.1,
    outliers: float = 0.0,
    stockouts: float = 0.0,
) -> Truth:
    """Draw a panel. ``noise``: ``poisson``, ``negbin`` or ``lognormal``; ``price_changes`` per SKU expected.

    Prices are piecewise constant around a list price; promotions run in windows, two thirds of them with a
    15 % cut; the level is a weekly random walk with a common part; demand has a weekday and a yearly cycle.
    """
    rng = np.random.default_rng(seed)
    s, t = n_skus, periods
    days = START + spacing * np.arange(t)
    elasticity = np.minimum(rng.normal(mean_elasticity, sd_elasticity, s), -0.2)
    listed = np.exp(rng.normal(3.0, 0.8, s))
    change = rng.random((s, t)) < price_changes / t
    change[:, 0] = True
    shift = rng.normal(0, price_sd, (s, t))
    index = np.maximum.accumulate(np.where(change, np.arange(t), 0), axis=1)
    log_price = np.take_along_axis(shift, index, axis=1)
    window = max(1, round(7 / spacing))
    begin = rng.random((s, t)) < promo_share / window
    promoted = np.zeros((s, t), dtype=bool)
    for k in range(min(window, t)):
        promoted[:, k:] |= begin[:, : t - k]
    cut = (rng.random((s, 1)) < 2 / 3) & promoted
    log_price = log_price - 0.16 * cut
    constant = rng.random(s) < never_changed
    log_price[constant] = 0.0
    price = np.round(listed[:, None] * np.exp(log_price), 2)
    weeks = np.sqrt(spacing / 7)
    walk = np.cumsum(rng.normal(0, level_sd * weeks, (s, t)) + rng.normal(0, 0.01 * weeks, t), axis=1)
    weekday = rng.normal(0, 0.15, 7) + rng.normal(0, 0.05, (s, 7)) if spacing == 1 else np.zeros((s, 7))
    seasonal = season * np.sin(2 * np.pi * days / 365.25 + rng.uniform(0, 6.28)) + weekday[:, days % 7]
    uplift = rng.normal(promo_effect, 0.15, (s, 1))
    last = price[:, -1]
    size = np.log(volume) + rng.normal(0, 1.0, (s, 1))
    relative = np.log(price / last[:, None])
    mu = np.exp(size + walk + seasonal + elasticity[:, None] * relative + uplift * promoted)
    if noise == "lognormal":
        units = mu * np.exp(rng.normal(0, sigma, (s, t)) - sigma**2 / 2)
    elif noise == "poisson":
        units = rng.poisson(mu).astype(float)
    else:
        shape = np.exp(rng.normal(np.log(2.0), 0.4, (s, 1)))
        units = rng.poisson(mu * rng.gamma(shape, 1 / shape, (s, t))).astype(float)
    units = np.where(rng.random((s, t)) < outliers, units * 6, units)
    out = np.zeros((s, t), dtype=bool)
    begin = rng.random((s, t)) < stockouts / 5
    for k in range(min(5, t)):
        out[:, k:] |= begin[:, : t - k]
    units = np.where(out, 0.0, units)
    sku = np.repeat(np.arange(s), t)
    panel = SalesPanel(sku, np.tile(days, s), price.ravel(), units.ravel(), promoted.ravel().astype(float), n_skus=s)
    return Truth(panel, elasticity, np.exp(size[:, 0] + walk[:, -1]), last, int(days[-1]))
