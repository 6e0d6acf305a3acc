"""Significance of a change between two windows, and how often an alert is false."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sentiment.trends import Counts, false_discovery_rates, fisher, judge


def exact(before: Counts, now: Counts) -> Fraction:
    """Fisher's two-sided p-value in whole numbers."""
    negative, total = before.negative + now.negative, before.reviews + now.reviews
    support = range(max(0, negative - before.reviews), min(negative, now.reviews) + 1)
    ways = {k: comb(negative, k) * comb(total - negative, now.reviews - k) for k in support}
    return Fraction(sum(way for way in ways.values() if way <= ways[now.negative]), sum(ways.values()))


@st.composite
def windows(draw: st.DrawFn) -> Counts:
    reviews = draw(st.integers(1, 60))
    return Counts(reviews, draw(st.integers(0, reviews)))


@given(windows(), windows())
def test_the_p_value_is_that_of_whole_numbers(before: Counts, now: Counts) -> None:
    assert fisher(before, now) == pytest.approx(float(exact(before, now)), rel=1e-9)


def test_it_is_defined_for_windows_of_any_size() -> None:
    assert fisher(Counts(1_000_000, 0), Counts(1_000_000, 0)) == 1.0
    assert fisher(Counts(5, 5), Counts(5, 5)) == 1.0
    assert fisher(Counts(1_000_000, 100_000), Counts(1_000_000, 100_000)) == pytest.approx(1.0)
    assert fisher(Counts(100_000, 10_000), Counts(100_000, 20_000)) == 0.0


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    found = false_discovery_rates(np.array([0.04, 0.001, 0.03, 0.8]))
    assert found == pytest.approx([0.16 / 3, 0.004, 0.16 / 3, 0.8])
    assert false_discovery_rates(np.array([])).size == 0


def test_few_reviews_are_not_tested() -> None:
    [trend] = judge([(Counts(4, 0), Counts(100, 100))])
    assert (trend.direction, trend.p_value, trend.q_value, trend.is_alert) == ("too_few", None, None, False)


def test_a_clear_drop_is_an_alert_and_a_clear_rise_is_none() -> None:
    worse, better, same = judge(
        [(Counts(40, 4), Counts(40, 20)), (Counts(40, 20), Counts(40, 4)), (Counts(40, 8), Counts(40, 9))]
    )
    assert (worse.direction, worse.is_alert) == ("worse", True)
    assert (better.direction, better.is_alert) == ("better", False)
    assert (same.direction, same.is_alert) == ("unclear", False)


def test_a_drop_that_is_significant_but_small_is_no_alert() -> None:
    slight, relative = judge(
        [(Counts(50_000, 1000), Counts(50_000, 2000)), (Counts(50_000, 20_000), Counts(50_000, 22_500))]
    )
    assert [(each.direction, each.is_alert) for each in (slight, relative)] == [("worse", False)] * 2


def test_many_products_need_stronger_evidence_than_one() -> None:
    change = (Counts(20, 2), Counts(20, 9))
    quiet = (Counts(20, 4), Counts(20, 4))
    assert judge([change])[0].is_alert
    assert not judge([change, *[quiet] * 200])[0].is_alert


def simulate(rng: np.random.Generator, products: int, factor: float, changed: int) -> list[tuple[Counts, Counts]]:
    """Products with 5 to 60 reviews a window and a share of negative ones of their own; the first ones get worse."""
    found = []
    for index in range(products):
        share = float(rng.beta(2, 12))
        before, now = (int(rng.integers(5, 61)) for _ in range(2))
        later = min(0.95, share * factor + 0.05) if index < changed else share
        found.append((Counts(before, int(rng.binomial(before, share))), Counts(now, int(rng.binomial(now, later)))))
    return found


def test_where_nothing_changed_at_most_one_run_in_twenty_has_an_alert() -> None:
    """200 seeded runs over 60 products each: the bound is the level itself, which the exact test does not use up."""
    rng = np.random.default_rng(20261126)
    runs = [judge(simulate(rng, 60, 1.0, 0)) for _ in range(200)]
    assert sum(any(trend.is_alert for trend in run) for run in runs) / 200 <= 0.05


def test_among_products_of_which_some_got_worse_at_most_one_alert_in_twenty_is_false() -> None:
    """80 seeded runs over 100 products, of which 10 have four times as many negative reviews and 5 points more."""
    rng = np.random.default_rng(7)
    alerts = [
        (index < 10, trend.is_alert)
        for _ in range(80)
        for index, trend in enumerate(judge(simulate(rng, 100, 4.0, 10)))
    ]
    raised = [changed for changed, is_alert in alerts if is_alert]
    assert raised.count(False) / len(raised) <= 0.05
    assert raised.count(True) / (80 * 10) >= 0.4
