"""The competitor's price as a constraint: how far it pulls, what it never does, and what is said of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.pricing.market import constraints
from tests.workers.pricing.simulate import START
from tests.workers.pricing.test_optimise import asked, maybe_price, posterior
from workers.pricing import NONE, Constraints, DemandPosterior, Recommendations, SalesPanel, fit, recommend

OFFER = "9.50 of BestShop (the lowest of 5 offers)"


def anchored(**changed: Any) -> Constraints:
    """One SKU at its optimum of 10.00 that costs 6.00 and must not be sold below, with a competitor."""
    return replace(asked(**{"min_margin": 0.0, **changed}), anchor_label=(OFFER,))


def one(elasticity: float = -2.5, **changed: Any) -> tuple[int, str | None, str]:
    """Price, binding constraint and words."""
    got = recommend(posterior([elasticity], 0.05), anchored(**changed))
    return int(got.recommended_price[0]), got.binding_constraint[0], got.reasoning[0]


def never_sold(n_skus: int = 1) -> DemandPosterior:
    """What is known of SKUs without any observation."""
    none, nothing = np.array([], dtype=np.int64), np.array([])
    return fit(SalesPanel(none, none, nothing, nothing, nothing, n_skus), START)


@pytest.mark.parametrize(
    ("changed", "price", "binding"),
    [
        ({"anchor_high": 950}, 950, "competitor"),
        ({"anchor_high": 800}, 900, "competitor"),
        ({"anchor_high": 950, "min_price": 970}, 970, "competitor"),
        ({"anchor_high": 950, "map_price": 970}, 970, "competitor"),
        ({"anchor_high": 950, "min_margin": 0.38}, 968, "competitor"),
        ({"anchor_high": 950, "min_price": 1000}, 1000, "min_price"),
        ({"anchor_high": 950, "min_price": 1020}, 1020, "min_price"),
        ({"anchor_high": 950, "max_price": 980}, 950, "max_price"),
        ({"anchor_low": 1050, "anchor_high": 1200}, 1050, "competitor"),
        ({"anchor_low": 1150, "anchor_high": 1200}, 1100, "competitor"),
        ({"anchor_low": 1050, "anchor_high": 1200, "max_price": 1020}, 1020, "competitor"),
        ({"anchor_low": 1050, "anchor_high": 1200, "max_price": 1000}, 1000, "max_price"),
        ({"anchor_high": 950, "charm_ending": 9}, 949, "competitor"),
        ({"anchor_low": 935, "anchor_high": 938, "charm_ending": 9}, 929, "competitor"),
        ({"anchor_high": 950, "charm_ending": 95, "max_change": 0.04}, 995, "competitor"),
        ({"anchor_high": 950, "min_price": 1000, "charm_ending": 9}, 1000, "min_price"),
        ({"anchor_high": 990, "min_price": 960, "charm_ending": 50}, 1000, "charm_ending"),
        ({"anchor_low": 900, "anchor_high": 1100}, 1000, None),
        ({"anchor_high": 1000}, 1000, None),
        ({"anchor_high": 1, "cost": NONE, "min_price": 1, "current_price": 1}, 1, None),
    ],
)
def test_the_band_pulls_as_far_as_everything_else_allows(
    changed: dict[str, Any], price: int, binding: str | None
) -> None:
    assert one(**changed)[:2] == (price, binding)


@pytest.mark.parametrize(
    ("elasticity", "changed", "price"),
    [
        (-1.5, {"anchor_low": 900, "anchor_high": 1040}, 1040),
        (-1.5, {"anchor_high": 1000}, 1000),
        (-5.0, {"anchor_low": 950, "anchor_high": 1040}, 950),
    ],
)
def test_within_the_band_demand_decides(elasticity: float, changed: dict[str, Any], price: int) -> None:
    assert one(elasticity, **changed)[:2] == (price, "competitor")


def test_run_by_run_the_price_walks_to_the_floor_and_stays() -> None:
    path, price = [], 1000
    for _ in range(6):
        price = one(anchor_high=500, current_price=price)[0]
        path.append(price)
    assert path == [900, 810, 729, 657, 600, 600]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"anchor_high": 950},
            f"The competitor rule allows at most the {OFFER}: the price is cut by 5.0 % to 9.50, "
            "which is expected to earn 0.5 % less profit.",
        ),
        (
            {"anchor_high": 940},
            f"The competitor rule allows at most 9.40 against the {OFFER}: the price is cut by 6.0 % to 9.40",
        ),
        ({"anchor_high": 800}, "cut by 10.0 % to 9.00, as far as the largest step per run allows, which is expected"),
        ({"anchor_high": 950, "min_price": 970}, "to 9.70, as far as the minimum price allows"),
        ({"anchor_low": 1050}, f"allows at least 10.50 against the {OFFER}: the price is raised by 5.0 % to 10.50"),
        (
            {"anchor_high": 950, "min_price": 1000},
            f"The price cannot follow the {OFFER}, because the minimum price comes first. It is held.",
        ),
    ],
)
def test_the_words_name_the_offer(changed: dict[str, Any], words: str) -> None:
    assert words in one(**changed)[2]


def test_the_words_name_the_offer_that_limits_a_choice() -> None:
    assert one(-1.5, anchor_high=1040)[2].endswith(
        f"more profit. The competitor rule allows at most 10.40 against the {OFFER}."
    )
    assert f"allows. The competitor rule allows at most 10.00 against the {OFFER}." in one(-1.5, anchor_high=1000)[2]
    unnamed = recommend(posterior([-2.5]), replace(anchored(anchor_high=950), anchor_label=(None,)))
    assert "at most 9.50 against the competitor's offer:" in unnamed.reasoning[0]


def test_a_sku_without_sales_follows_and_is_otherwise_held() -> None:
    got = recommend(never_sold(), anchored(anchor_high=950))
    assert (got.recommended_price[0], got.binding_constraint[0]) == (950, "competitor")
    assert "less profit" in got.reasoning[0]
    within = recommend(never_sold(), anchored(anchor_high=1100))
    assert within.held[0]
    assert within.binding_constraint[0] is None
    assert "no sales" in within.reasoning[0]


@pytest.mark.parametrize("objective", ["profit", "revenue"])
def test_without_a_cost_only_a_floor_lets_the_price_follow(objective: Any) -> None:
    for post in (never_sold(), posterior([-2.5], 0.05)):
        held = recommend(post, anchored(anchor_high=950, cost=NONE), objective)
        assert held.held[0]
        assert held.binding_constraint[0] is None
        assert "Without a cost or a minimum price" in held.reasoning[0]
        for floor in ("min_price", "map_price"):
            got = recommend(post, anchored(anchor_high=950, cost=NONE, **{floor: 960}), objective)
            assert got.recommended_price[0] == 960
        assert recommend(post, anchored(anchor_low=1050, cost=NONE), objective).recommended_price[0] == 1050


def test_an_anchor_never_blocks() -> None:
    """What is blocked with an anchor is blocked, and said to be, without one."""
    for changed in ({"map_price": 1200}, {"min_price": 1050, "max_price": 1040}, {"charm_ending": 50}):
        limits = anchored(**{"max_change": 0.04, **changed})
        without, beside = (
            recommend(posterior([-2.5], 0.05), replace(limits, anchor_high=np.array([high]))) for high in (NONE, 950)
        )
        assert beside.held[0]
        assert beside.reasoning == without.reasoning
        assert beside.binding_constraint == without.binding_constraint


def test_an_impossible_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match="anchor_low"):
        anchored(anchor_low=1000, anchor_high=999)
    with pytest.raises(ValueError, match="one length"):
        replace(anchored(), anchor_label=(OFFER, None))


def test_left_out_and_absent_anchors_are_the_same() -> None:
    prices, none = np.array([10.0, 20.0]), np.full(2, NONE)
    believed = posterior([-1.5, -3.0], 0.3)
    plain = recommend(believed, constraints(prices))
    absent = recommend(believed, constraints(prices, anchor_low=none, anchor_high=none, anchor_label=(None, None)))
    assert plain.reasoning == absent.reasoning
    assert np.array_equal(plain.recommended_price, absent.recommended_price)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Any]:
    """Any constraints of one SKU, with any anchor."""
    ends = sorted(draw(st.lists(st.integers(1, 3000), min_size=2, max_size=2)))
    low, high = draw(st.sampled_from([(ends[0], ends[1]), (NONE, ends[1]), (ends[0], NONE)]))
    return {
        "anchor_low": low,
        "anchor_high": high,
        "current_price": draw(st.integers(1, 3000)),
        "cost": draw(maybe_price),
        "min_margin": draw(st.one_of(st.just(float("nan")), st.decimals(0, "0.95", places=2).map(float))),
        "min_price": draw(maybe_price),
        "max_price": draw(maybe_price),
        "map_price": draw(maybe_price),
        "max_change": draw(st.sampled_from([0.01, 0.05, 0.1, 0.333, 0.9])),
        "charm_ending": draw(st.sampled_from([NONE, 99, 9, 0])),
        "stock": draw(st.one_of(st.just(float("nan")), st.floats(0, 1000))),
    }


def check_hard_bounds(price: Decimal, given_: dict[str, Any]) -> None:
    """Floors, ceiling, step and ending, exactly."""
    assert price >= max(given_["min_price"], given_["map_price"], 1)
    assert given_["max_price"] == NONE or price <= given_["max_price"]
    assert abs(price - given_["current_price"]) <= Decimal(str(given_["max_change"])) * given_["current_price"]
    charm = given_["charm_ending"]
    assert charm == NONE or price % (100 if charm > 9 else 10) == charm
    if given_["cost"] != NONE and not np.isnan(given_["min_margin"]):
        assert price - given_["cost"] >= Decimal(str(given_["min_margin"])) * price


def distance(price: int, given_: dict[str, Any]) -> int:
    """How far ``price`` is outside the band."""
    low, high = int(given_["anchor_low"]), int(given_["anchor_high"])
    return max(low - price, price - high if high != NONE else 0, 0)


def decide(given_: dict[str, Any], elasticity: float, seen: bool, objective: Any) -> Recommendations:
    return recommend(posterior([elasticity], 0.3) if seen else never_sold(), anchored(**given_), objective)


@draws(25, 1500, limits(), st.floats(-8, -0.1), st.booleans(), st.sampled_from(["profit", "revenue"]))
def test_whatever_the_anchor_hard_bounds_hold(given_: dict[str, Any], slope: float, seen: bool, aim: str) -> None:
    got, again = (decide(given_, slope, seen, aim) for _ in range(2))
    price, current = int(got.recommended_price[0]), given_["current_price"]
    assert got.recommended_price[0] == again.recommended_price[0]
    assert got.reasoning == again.reasoning
    assert np.isfinite(got.expected_profit_change_pct[0])
    if price == current:
        return
    check_hard_bounds(Decimal(price), given_)
    broken = current < max(given_["min_price"], given_["map_price"]) or current > given_["max_price"] != NONE
    if got.binding_constraint[0] == "competitor" and not broken and distance(current, given_):
        # Towards the band, and not beyond it but for an ending.
        assert (price < current) == (given_["anchor_high"] != NONE and current > given_["anchor_high"])
        assert given_["charm_ending"] != NONE or distance(price, given_) < distance(current, given_)
    if not seen:
        assert got.binding_constraint[0] is not None


@draws(40, 3000, limits(), st.floats(-8, -0.1))
def test_an_anchor_only_narrows(given_: dict[str, Any], slope: float) -> None:
    """Blocked with it is blocked without it; and a price that moves without a charm ending never moves away."""
    got = decide(given_, slope, True, "profit")
    free = decide({**given_, "anchor_low": NONE, "anchor_high": NONE}, slope, True, "profit")
    for words in ("contradict each other", "one step cannot correct", "No allowed price keeps"):
        assert (words in got.reasoning[0]) == (words in free.reasoning[0])
    price, current = int(got.recommended_price[0]), given_["current_price"]
    mended = got.binding_constraint[0] in ("min_margin", "min_price", "map_price", "max_price")
    if price != current and given_["charm_ending"] == NONE and not mended:
        assert distance(price, given_) <= distance(current, given_)
