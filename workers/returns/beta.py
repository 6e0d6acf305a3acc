"""The regularised incomplete beta function and its inverse over arrays: tails and intervals of counts."""

import numpy as np

from workers.returns.panel import Floats

STEPS = 300
"""Terms of the continued fraction at most; it needs about the square root of the larger parameter."""
TINY = 1e-300


def log_gamma(x: Floats) -> Floats:
    """ln Γ(x) for x > 0, to 1e-10: Stirling's series after raising x above 8."""
    shift = np.zeros_like(x)
    product = np.ones_like(x)
    raised = x
    for _ in range(8):
        low = raised < 8
        product = np.where(low, product * raised, product)
        raised = np.where(low, raised + 1, raised)
    shift = np.log(product)
    inverse = 1 / raised
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    return np.asarray((raised - 0.5) * np.log(raised) - raised + 0.5 * np.log(2 * np.pi) + series - shift)


def cumulative(x: Floats, a: Floats, b: Floats) -> Floats:
    """I_x(a, b) for 0 <= x <= 1 and a, b > 0: the share of a beta distribution below x.

    The continued fraction of Lentz (Numerical Recipes, section 6.4), on the side where it converges quickly.
    """
    x, a, b = np.broadcast_arrays(x, a, b)
    swapped = x > (a + 1) / (a + b + 2)
    x, a, b = np.where(swapped, 1 - x, x), np.where(swapped, b, a), np.where(swapped, a, b)
    inner = np.clip(x, TINY, 1 - 1e-16)
    front = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * np.log(inner) + b * np.log1p(-inner)
    below = np.where(x > 0, np.exp(front) * _fraction(inner, a, b) / a, 0.0)
    return np.asarray(np.clip(np.where(swapped, 1 - below, below), 0, 1))


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    total = d.copy()
    for m in range(1, STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            total *= d * c
        if np.all(np.abs(d * c - 1) < 1e-12):
            break
    return total


def _away_from_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < TINY, TINY, values)


def quantile(share: float, a: Floats, b: Floats) -> Floats:
    """The x with I_x(a, b) = ``share``, by bisection."""
    low, high = np.zeros_like(a), np.ones_like(a)
    for _ in range(50):
        middle = (low + high) / 2
        above = cumulative(middle, a, b) > share
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray((low + high) / 2)
