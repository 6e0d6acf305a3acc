"""Rates with intervals, and the special functions under them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing import draws
from workers.returns.beta import cumulative, log_gamma, quantile
from workers.returns.rates import intervals


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
    low, high = intervals(np.array([0.0, 2.0]), np.array([7.0, 7.0]))
    assert low == pytest.approx([0, 0.065], abs=0.001)
    assert high == pytest.approx([0.292, 0.648], abs=0.001)


@draws(6, 300, st.integers(0, 500), st.integers(1, 500))
def test_the_rate_lies_in_its_interval(returned: int, sold: int) -> None:
    (low,), (high,) = intervals(np.array([float(returned)]), np.array([float(sold)]))
    assert 0 <= low <= min(returned / sold, 1) <= high <= 1


def test_intervals_cover_their_rates() -> None:
    sold = np.full(2_000, 1_200.0)
    low, high = intervals(np.random.default_rng(1).binomial(1_200, 0.1, 2_000).astype(np.float64), sold)
    assert np.mean((low <= 0.1) & (high >= 0.1)) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2_000))
