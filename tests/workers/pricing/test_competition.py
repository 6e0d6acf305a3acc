"""Bands, price wars and offers not to be believed."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.pricing import NONE, AnchorRule, band, price_war, suspicious

Own = list[tuple[float, float, float]]
Theirs = list[tuple[float, float]]

WAR: tuple[Own, Theirs] = (
    [(1, 10.5, 10.0), (3, 10.0, 9.8)],
    [(0, 10.0), (2, 9.9), (4, 9.7)],
)


@pytest.mark.parametrize(
    ("rule", "anchor", "expected"),
    [
        (AnchorRule("match", 0), 1240, (NONE, 1240)),
        (AnchorRule("beat_by", 0), 1240, (NONE, 1240)),
        (AnchorRule("beat_by", 1), 1240, (NONE, 1227)),
        (AnchorRule("beat_by", 10), 1000, (NONE, 900)),
        (AnchorRule("beat_by", 1.1), 1000, (NONE, 989)),
        (AnchorRule("beat_by", 50), 1, (NONE, 1)),
        (AnchorRule("stay_within", 5), 1240, (1178, 1302)),
        (AnchorRule("stay_within", 5), 1249, (1187, 1311)),
        (AnchorRule("stay_within", 0), 7, (7, 7)),
        (AnchorRule("stay_within", 3), 10**12, (97 * 10**10, 103 * 10**10)),
    ],
)
def test_the_band_of_a_rule(rule: AnchorRule, anchor: int, expected: tuple[int, int]) -> None:
    assert band(rule, anchor) == expected


@draws(25, 2000, st.decimals(0, "99.99", places=2), st.integers(1, 10**15))
def test_bands_are_exact_and_rounded_inwards(percent: object, anchor: int) -> None:
    share = Fraction(str(percent)) / 100
    low, high = band(AnchorRule("stay_within", float(str(percent))), anchor)
    assert low - 1 < anchor * (1 - share) <= low <= anchor <= high <= anchor * (1 + share) < high + 1
    _, most = band(AnchorRule("beat_by", float(str(percent))), anchor)
    assert most == 1 or most <= anchor * (1 - share) < most + 1


@pytest.mark.parametrize("percent", [-1.0, 100.0, float("nan")])
def test_a_percentage_without_meaning_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        AnchorRule("beat_by", percent)


def test_an_offer_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="anchor_minor"):
        band(AnchorRule("match", 0), 0)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        WAR,
        # They begin.
        ([(1, 10.0, 9.8), (3, 9.8, 9.5)], [(0, 10.1), (0.5, 9.9), (2, 9.7), (4, 9.4)]),
        # We match, they go below; and scans in between show nothing new.
        ([(1, 10.5, 10.0), (3, 10.0, 9.9)], [(0, 10.0), (1.5, 10.0), (2, 9.9), (2.5, 9.9), (4, 9.8)]),
        # We need two steps to get there.
        ([(1, 11.0, 10.5), (2, 10.5, 10.0), (4, 10.0, 9.5)], [(0, 10.0), (3, 9.5), (5, 9.0)]),
    ],
)
def test_a_war_is_seen(own: Own, theirs: Theirs) -> None:
    assert price_war(own, theirs)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ([], []),
        ([], WAR[1]),
        (WAR[0], []),
        # One exchange, and the last answer missing.
        ([(1, 10.5, 10.0)], [(0, 10.0), (2, 9.9)]),
        (WAR[0], WAR[1][:-1]),
        # A clearance of ours, and one of theirs.
        ([(1, 10.5, 7.0), (5, 7.0, 10.5)], [(0, 10.0), (2, 10.0), (6, 10.0)]),
        ([(1, 10.0, 9.9)], [(0, 10.2), (2, 7.0), (4, 10.2)]),
        # They match and never go below.
        ([(1, 10.5, 10.0), (3, 10.0, 9.8), (5, 9.8, 9.6)], [(0, 10.4), (2, 10.0), (4, 9.8), (6, 9.6)]),
        # Side by side downwards, a constant gap apart.
        ([(t + 0.5, 10 - t / 10, 9.9 - t / 10) for t in range(9)], [(t, 10.4 - t / 10) for t in range(9)]),
        # A new exchange from higher prices is not the old one going on.
        ([(1, 10.5, 10.0), (3, 10.0, 10.6), (5, 10.6, 10.4)], [(0, 10.0), (2, 9.9), (4, 10.5), (6, 10.3)]),
        # Undercuts of an instant do not answer each other.
        ([(1, 10.5, 10.0), (2, 10.0, 9.8)], [(1, 10.0), (2, 9.7)]),
    ],
)
def test_no_war_is_seen(own: Own, theirs: Theirs) -> None:
    assert not price_war(own, theirs)


def test_times_may_be_datetimes() -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(5)]
    assert price_war([(at[t], a, b) for t, a, b in WAR[0]], [(at[t], p) for t, p in WAR[1]])  # type: ignore[call-overload]


prices = st.lists(st.integers(90, 110), min_size=1, max_size=14)


def play(moves: list[int]) -> tuple[Own, Theirs]:
    """Moves in turn, theirs first."""
    ours = moves[1::2]
    own = [
        (2.0 * t + 1, float(before), float(after))
        for t, (before, after) in enumerate(zip([110, *ours], ours, strict=False))
    ]
    return own, [(2.0 * t, float(price)) for t, price in enumerate(moves[::2])]


@draws(
    25, 2000, prices, st.sampled_from([0.25, 4.0, 1024.0]), st.sampled_from([0.5, 86400.0]), st.integers(-1000, 1000)
)
def test_neither_units_nor_the_clock_matter(moves: list[int], money: float, pace: float, start: int) -> None:
    own, theirs = play(moves)
    moved_own = [(start + pace * t, money * before, money * after) for t, before, after in own]
    moved_theirs = [(start + pace * t, money * price) for t, price in theirs]
    assert price_war(own, theirs) == price_war(moved_own, moved_theirs)


@draws(25, 2000, st.lists(st.integers(1, 200), min_size=1, max_size=10), st.lists(st.integers(1, 200), max_size=10))
def test_the_cuts_of_one_side_are_no_war(cuts: list[int], offers: list[int]) -> None:
    """Ours alone against whatever they do without ever cutting; and theirs alone."""
    falling, rising = sorted(cuts, reverse=True), sorted(offers)
    own = [(2.0 * t + 1, float(a), float(b)) for t, (a, b) in enumerate(zip([200, *falling], falling, strict=False))]
    assert not price_war(own, [(2.0 * t, float(price)) for t, price in enumerate(rising)])
    raised = [(2.0 * t + 1, float(a), float(b)) for t, (a, b) in enumerate(zip([1, *rising], rising, strict=False))]
    assert not price_war(raised, [(2.0 * t, float(price)) for t, price in enumerate(falling)])


@draws(25, 2000, prices, st.integers(0, 8))
def test_a_war_needs_two_cuts_of_each_side(moves: list[int], spare: int) -> None:
    own, theirs = play(moves)
    cuts = sum(after < before for _, before, after in own)
    drops = sum(b < a for (_, a), (_, b) in pairwise(theirs))
    if price_war(own, theirs):
        assert cuts >= 2
        assert drops >= 1
        # What comes later takes no war away.
        assert price_war([*own, (99.0, own[-1][2], 90.0 + spare)], theirs)


@draws(25, 2000, st.integers(80, 120), st.integers(2, 7), st.integers(1, 5))
def test_every_staircase_of_two_rounds_is_a_war(start: int, rounds: int, step: int) -> None:
    moves = [1000 + start - step * turn for turn in range(2 * rounds + 1)]
    own, theirs = play(moves)
    own[0] = (own[0][0], float(moves[0] + 1), own[0][2])
    assert price_war(own, theirs)


@pytest.mark.parametrize(
    ("price", "expected"), [(1000, False), (2000, False), (2001, True), (500, False), (499, True), (0, True)]
)
def test_an_offer_far_off_our_price_is_suspicious(price: int, expected: bool) -> None:
    assert suspicious(price, 1000, 2.0) is expected
