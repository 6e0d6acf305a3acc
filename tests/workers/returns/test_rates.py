"""Rates with intervals, and the special functions under them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.returns.panels import empty, weekly, without_sales
from tests.workers.returns.simulate import gamma_lag, lagged, same_day
from workers.returns.beta import cumulative, log_gamma, quantile
from workers.returns.rates import rate, rates


@given(st.floats(0.01, 1e6))
def test_the_logarithm_of_gamma_is_that_of_the_standard_library(x: float) -> None:
    assert log_gamma(np.array([x]))[0] == pytest.approx(math.lgamma(x), rel=1e-9, abs=1e-9)


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_incomplete_beta_function_is_a_binomial_tail(k: int, more: int, p: float) -> None:
    n = k + more
    exact = math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
    assert cumulative(np.array([p]), np.array([float(k)]), np.array([n - k + 1.0]))[0] == pytest.approx(
        exact, rel=1e-8
    )


# Each takes hundred passes of the continued fraction: 50 ms.
@draws(6, 300, st.floats(0.5, 2000), st.floats(0.5, 2000), st.floats(0.01, 0.99))
def test_a_quantile_has_its_share_below_it(a: float, b: float, share: float) -> None:
    x = quantile(share, np.array([a]), np.array([b]))
    assert cumulative(x, np.array([a]), np.array([b]))[0] == pytest.approx(share, abs=1e-6)


def test_the_interval_is_jeffreys() -> None:
    # Brown, Cai and DasGupta 2001, table 5: n = 7.
    assert rate(0, 7).low == 0
    assert rate(0, 7).high == pytest.approx(0.292, abs=0.001)
    assert (rate(2, 7).low, rate(2, 7).high) == pytest.approx((0.065, 0.648), abs=0.001)


@draws(6, 300, st.integers(0, 500), st.integers(1, 500))
def test_the_rate_lies_in_its_interval(returned: int, sold: int) -> None:
    found = rate(returned, sold)
    assert 0 <= found.low <= found.rate <= found.high <= 1


@pytest.mark.parametrize(("returned", "sold"), [(-1, 5), (1, 0), (0, 0), (1, -2)])
def test_a_rate_of_nothing_is_refused(returned: float, sold: float) -> None:
    with pytest.raises(ValueError, match="a rate needs units sold"):
        rate(returned, sold)


def test_intervals_of_skus_cover_their_rates() -> None:
    rng = np.random.default_rng(1)
    found = rates(same_day(rng, np.full((400, 120), 20), np.array(0.1)).until(120), 60)
    covered = np.mean((found.low <= 0.1) & (found.high >= 0.1))
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 400))


def test_returns_that_have_yet_to_come_do_not_lower_the_rate() -> None:
    rng = np.random.default_rng(2)
    level = np.where(np.arange(150) >= 130, 60, 20)
    found = rates(lagged(rng, rng.poisson(level, (200, 150)), np.array(0.1), gamma_lag(12)).until(150), 20)
    assert found.rate.mean() == pytest.approx(0.1, abs=0.008)


def test_weekly_sales_stand_for_their_seven_days() -> None:
    rng = np.random.default_rng(3)
    found = rates(weekly(same_day(rng, np.full((50, 140), 20), np.array(0.1)), 140), 70)
    assert found.units_at_risk == pytest.approx(np.full(50, 1400.0), rel=0.02)


def test_without_sales_no_rate_is_given() -> None:
    world = same_day(np.random.default_rng(4), np.full((2, 60), 20), np.array(0.1))
    found = rates(without_sales(world.until(60)), 30)
    assert np.isnan(found.rate).all()
    assert np.isnan(found.units_at_risk).all()
    assert (found.returned > 0).all()


@pytest.mark.parametrize("skus", [0, 2])
def test_an_empty_panel_has_no_rates(skus: int) -> None:
    assert np.isnan(rates(empty(skus), 90).rate).all()
