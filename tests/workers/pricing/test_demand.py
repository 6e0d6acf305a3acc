"""The demand model on simulated sales with known elasticities, and at the edges."""

import dataclasses

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.drawing import draws, forms
from tests.workers.pricing.simulate import START, Truth, simulate
from workers.pricing import SalesPanel, fit, predict


def panel(sku: object, day: object, price: object, units: object, n_skus: int = 1) -> SalesPanel:
    rows = np.asarray(sku, dtype=np.int64)
    return SalesPanel(
        rows,
        np.asarray(day, dtype=np.int64) + START,
        np.asarray(price, dtype=np.float64),
        np.asarray(units, dtype=np.float64),
        np.zeros(len(rows)),
        n_skus,
    )


def select(sales: SalesPanel, which: NDArray[np.bool_ | np.int64]) -> SalesPanel:
    return SalesPanel(
        sales.sku[which],
        sales.day[which],
        sales.price[which],
        sales.units[which],
        sales.promoted[which],
        sales.n_skus,
    )


SCENARIOS = {
    "daily": {},
    "daily, slow": {"volume": 0.7},
    "daily, slow, Poisson": {"volume": 0.7, "noise": "poisson"},
    "daily, fast": {"volume": 60.0},
    "8 weeks daily": {"periods": 56, "price_changes": 4.0},
    "8 weeks": {"periods": 8, "spacing": 7, "volume": 50.0, "price_changes": 3.0},
    "61 weeks": {"periods": 61, "spacing": 7, "noise": "lognormal", "volume": 3000.0, "price_changes": 25.0},
    "outliers": {"outliers": 0.01},
    "empty shelves": {"stockouts": 0.05, "volume": 20.0},
    "inelastic": {"mean_elasticity": -1.0, "sd_elasticity": 0.4},
    "steep": {"mean_elasticity": -4.0, "sd_elasticity": 1.2},
    "drifting": {"level_sd": 0.1, "price_changes": 3.0},
    "one change": {"price_changes": 1.0},
}


@pytest.mark.parametrize("name", SCENARIOS)
@forms(2, 8)
def test_elasticities_are_unbiased_covered_and_negative(name: str, examples: int) -> None:
    """Over tenants of 150: bias below 0.2, 90 % intervals cover 80-97 %, none positive."""
    truths: list[Truth] = [
        simulate(seed, n_skus=150, **SCENARIOS[name])  # type: ignore[arg-type]
        for seed in range(11, 11 + examples)
    ]
    fits = [fit(truth.panel, truth.as_of_day) for truth in truths]
    true = np.concatenate([t.elasticity for t in truths])
    low = np.concatenate([f.elasticity_low for f in fits])
    high = np.concatenate([f.elasticity_high for f in fits])
    mean = np.concatenate([f.elasticity for f in fits])
    assert abs((mean - true).mean()) < 0.2
    assert 0.80 <= ((low <= true) & (true <= high)).mean() <= 0.97
    assert high.max() <= -0.05
    assert np.all((low < mean) & (mean < high))
    assert np.corrcoef(mean, true)[0, 1] > 0.15


def test_shrinking_beats_ordinary_least_squares() -> None:
    truth = simulate(21, n_skus=88, periods=61, spacing=7, noise="lognormal", volume=3000.0, price_changes=20.0)
    got = fit(truth.panel, truth.as_of_day)
    own = np.full(88, np.nan)
    for i in range(88):
        rows = truth.panel.sku == i
        x, y = np.log(truth.panel.price[rows]), np.log(truth.panel.units[rows])
        if np.ptp(x) > 1e-6:
            own[i] = np.polyfit(x, y, 1)[0]
    seen = np.isfinite(own)
    error = np.sqrt(np.mean((got.elasticity - truth.elasticity)[seen] ** 2))
    assert error < 0.9 * np.sqrt(np.mean((own - truth.elasticity)[seen] ** 2))


@pytest.mark.parametrize("weeks", [None, 8])
def test_hold_out_error_beats_the_mean_of_the_past(weeks: int | None) -> None:
    """By 10 % or more of WMAPE on the last 30 % of 61 weeks, from all of the others or from 8 of them."""
    truth = simulate(22, n_skus=88, periods=61, spacing=7, noise="lognormal", volume=3000.0, price_changes=30.0)
    sales = truth.panel
    cut = int(np.unique(sales.day)[42])
    past = select(sales, (sales.day <= cut) & (sales.day > cut - 7 * (weeks or 1000)))
    future = select(sales, sales.day > cut)
    expected = predict(fit(past, cut), future.sku, future.day, future.price, future.promoted)
    mean = np.bincount(past.sku, past.units) / np.bincount(past.sku)
    naive = np.abs(future.units - mean[future.sku]).sum()
    assert np.abs(future.units - expected).sum() < 0.9 * naive


def test_empty_shelves_do_not_lower_the_level() -> None:
    rng = np.random.default_rng(3)
    units = rng.poisson(10.0, 120).astype(float)
    units[40:55] = 0
    units[-6:] = 0
    got = fit(panel(np.zeros(120), np.arange(120), np.full(120, 5.0), units), START + 119)
    assert 8.5 < np.exp(got.log_base_demand[0]) < 11.5


def test_honest_zeros_of_a_slow_seller_count() -> None:
    units = np.random.default_rng(4).poisson(0.3, 180).astype(float)
    got = fit(panel(np.zeros(180), np.arange(180), np.full(180, 5.0), units), START + 179)
    assert np.exp(got.log_base_demand[0]) == pytest.approx(units.mean(), rel=0.35)


def test_nothing_known_gives_the_literatures_elasticity() -> None:
    """No sales, one observation, or a price that never moved: mean near -2.3, wide, not identified."""
    never = panel(np.zeros(50), np.arange(50), np.full(50, 5.0), np.full(50, 4.0))
    for sales in (panel([], [], [], [], 1), panel([0], [0], [5.0], [3.0]), never):
        got = fit(sales, START + 60)
        assert -2.8 < got.elasticity[0] < -1.9
        assert got.elasticity_high[0] - got.elasticity_low[0] > 2.5
        assert not got.identified[0]
    assert fit(panel([], [], [], [], 0), START).elasticity.shape == (0,)


def test_a_sku_without_sales_has_no_level_and_no_prediction() -> None:
    got = fit(panel([0], [0], [5.0], [3.0], n_skus=2), START)
    assert np.isnan(got.log_base_demand[1])
    assert got.observations.tolist() == [1, 0]
    one = np.array([1])
    assert np.isnan(predict(got, one, one + START, np.array([5.0]), np.zeros(1)))[0]


def test_a_positive_slope_in_the_data_ends_at_the_edge() -> None:
    price = np.where(np.arange(180) // 20 % 2 == 0, 10.0, 8.5)
    units = np.random.default_rng(5).poisson(50 * (price / 10) ** 2).astype(float)
    got = fit(panel(np.zeros(180), np.arange(180), price, units), START + 179)
    assert got.elasticity_high[0] <= -0.05


def test_spacing_is_inferred_per_sku() -> None:
    day = np.r_[np.arange(60), np.arange(0, 60, 7), np.arange(0, 60, 14)]
    sku = np.repeat([0, 1, 2], [60, 9, 5])
    got = fit(panel(sku, day, np.full(74, 3.0), np.full(74, 6.0), 3), START + 60)
    assert got.period_days.tolist() == [1.0, 7.0, 14.0]


def test_sales_after_the_day_are_not_used() -> None:
    truth = simulate(23, n_skus=10, periods=100)
    cut = truth.as_of_day - 30
    early = select(truth.panel, truth.panel.day <= cut)
    assert np.array_equal(fit(truth.panel, cut).coefficients, fit(early, cut).coefficients)


@pytest.mark.parametrize(
    ("field", "value"),
    [("price", 0.0), ("price", np.nan), ("units", -1.0), ("units", np.inf), ("promoted", 1.5), ("sku", 7)],
)
def test_nonsense_is_refused(field: str, value: float) -> None:
    good = panel([0, 0], [0, 1], [5.0, 5.0], [1.0, 2.0])
    bad = getattr(good, field).copy()
    bad[1] = value
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(good, **{field: bad})


def test_arrays_of_different_lengths_and_an_empty_horizon_are_refused() -> None:
    good = panel([0, 0], [0, 1], [5.0, 5.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="one length"):
        dataclasses.replace(good, units=np.ones(3))
    with pytest.raises(ValueError, match="horizon_days"):
        fit(good, START + 1, horizon_days=0)


@draws(3, 150, st.integers(0, 10_000), st.sampled_from([1 / 64, 3.0, 12.0, 1000.0]))
def test_neither_units_nor_order_matter(seed: int, factor: float) -> None:
    """Units times a constant, rows shuffled and SKUs renumbered: the same elasticities."""
    truth = simulate(seed, n_skus=12, periods=60, volume=3.0)
    sales, rng = truth.panel, np.random.default_rng(seed)
    plain = fit(sales, truth.as_of_day)
    scaled = fit(dataclasses.replace(sales, units=sales.units * factor), truth.as_of_day)
    assert np.allclose(scaled.elasticity_points, plain.elasticity_points, atol=1e-7)
    sold = np.bincount(sales.sku, sales.units) > 0
    shift = scaled.log_base_demand - plain.log_base_demand
    assert np.allclose(shift[sold], np.log(factor), atol=1e-7)
    shuffled = fit(select(sales, rng.permutation(len(sales.sku))), truth.as_of_day)
    assert np.array_equal(shuffled.elasticity_points, plain.elasticity_points)
    number = rng.permutation(12)
    renumbered = fit(dataclasses.replace(sales, sku=number[sales.sku]), truth.as_of_day)
    assert np.allclose(renumbered.elasticity_points[number], plain.elasticity_points, atol=1e-7)
