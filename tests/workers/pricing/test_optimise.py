"""The recommended price: constraints, choice, words. All with posteriors of known elasticity."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.pricing.market import constraints
from tests.workers.pricing.simulate import START, simulate
from workers.pricing import NONE, Constraints, DemandPosterior, fit, from_minor, recommend, to_minor


def posterior(elasticity: list[float], sd: float = 0.0, per_day: float = 10.0) -> DemandPosterior:
    """A posterior as narrow as asked for, at a price of 10.00."""
    n = len(elasticity)
    mean = np.array(elasticity)
    points = np.minimum(mean[:, None] + sd * np.linspace(-2.0, 2.0, 101), -0.05)
    return DemandPosterior(
        elasticity=mean,
        elasticity_sd=np.full(n, sd),
        elasticity_low=points[:, 5],
        elasticity_high=points[:, 95],
        elasticity_points=points,
        log_base_demand=np.full(n, np.log(per_day)),
        log_base_sd=np.full(n, 0.05),
        promo_effect=np.zeros(n),
        residual_scale=np.full(n, 0.4),
        reference_price=np.full(n, 10.0),
        period_days=np.ones(n),
        observations=np.full(n, 180),
        identified=np.full(n, True),
        coefficients=np.zeros((n, 3)),
        as_of_day=np.full(n, START),
        span_days=180,
        has_weekday=False,
        has_year=False,
    )


def asked(**changed: Any) -> Constraints:
    """One SKU at 10.00 that costs 6.00: with elasticity -2.5 exactly the optimum, c * e / (1 + e)."""
    arrays: dict[str, Any] = {
        k: np.array([v], dtype=np.float64 if isinstance(v, float) else np.int64) for k, v in changed.items()
    }
    return constraints(np.array([10.0]), **{"cost": np.array([600]), **arrays})


def one(
    elasticity: float, objective: str = "profit", sd: float = 0.05, **changed: Any
) -> tuple[int, str | None, str]:
    got = recommend(posterior([elasticity], sd), asked(**changed), objective)  # type: ignore[arg-type]
    return int(got.recommended_price[0]), got.binding_constraint[0], got.reasoning[0]


def test_the_optimum_is_found_within_the_step() -> None:
    price, binding, words = one(-2.2, max_change=0.30)
    assert price == pytest.approx(600 * 2.2 / 1.2, abs=12)
    assert binding is None
    assert "Demand is elastic (−2.2): raising" in words


def test_at_the_optimum_the_price_is_held_with_confidence() -> None:
    got = recommend(posterior([-2.5], 0.02), asked())
    assert got.held[0]
    assert got.confidence[0] > 0.95
    assert got.binding_constraint[0] is None
    assert got.expected_profit_change_pct[0] == 0


@pytest.mark.parametrize(
    ("elasticity", "changed", "price", "binding"),
    [
        (-1.5, {}, 1100, "max_change"),
        (-5.0, {}, 900, "max_change"),
        (-1.5, {"max_price": 1060}, 1060, "max_price"),
        (-5.0, {"min_price": 950}, 950, "min_price"),
        (-5.0, {"map_price": 960}, 960, "map_price"),
        (-5.0, {"min_margin": 0.36}, 938, "min_margin"),
        (-5.0, {"min_margin": 0.36, "map_price": 960}, 960, "map_price"),
        (-1.5, {"charm_ending": 99}, 1099, "max_change"),
        (-2.5, {"map_price": 1050}, 1050, "map_price"),
        (-2.5, {"max_price": 950}, 950, "max_price"),
    ],
)
def test_each_constraint_binds(elasticity: float, changed: dict[str, Any], price: int, binding: str) -> None:
    got = one(elasticity, **changed)
    assert got[:2] == (price, binding)


def test_a_charm_ending_binds_between_two_endings() -> None:
    price = one(-2.2, max_change=0.30, charm_ending=99)[0]
    assert price in (1099, 1199)
    assert one(-2.2, charm_ending=50, max_change=0.04)[:2] == (1000, "charm_ending")


@pytest.mark.parametrize(
    ("changed", "binding", "words"),
    [
        (
            {"map_price": 1200},
            "max_change",
            "violates the minimum advertised price, and one step cannot correct that",
        ),
        ({"min_price": 1050, "max_price": 1040}, "min_price", "contradict each other"),
        ({"min_margin": 0.5}, "max_change", "violates the minimum margin"),
    ],
)
def test_what_cannot_be_met_is_held_and_said(changed: dict[str, Any], binding: str, words: str) -> None:
    price, bound, reasoning = one(-2.5, **changed)
    assert (price, bound) == (1000, binding)
    assert words in reasoning


def test_little_stock_forbids_the_cut_and_raises_the_price() -> None:
    """28 days at 10 a day are 280; a cut of 10 % with elasticity -5 would want 474."""
    assert one(-5.0)[0] == 900
    price, binding, words = one(-5.0, stock=300.0)
    assert 980 <= price <= 1000
    assert binding == "stock_cover"
    assert "stock" in words
    assert one(-5.0, stock=200.0)[0] > 1030
    assert one(-5.0, stock=1e6)[0] == 900


def test_without_a_cost_no_profit_is_claimed_and_the_price_is_held() -> None:
    price, binding, words = one(-2.5, cost=NONE, min_margin=0.5)
    assert (price, binding) == (1000, None)
    assert "Without the product's cost" in words


def test_revenue_is_maximised_where_it_is_asked_for() -> None:
    assert one(-2.5, objective="revenue")[0] == 900
    assert one(-2.5, objective="revenue", cost=NONE)[0] == 900
    assert one(-0.5, objective="revenue")[0] == 1100


def test_what_a_change_for_revenue_does_to_profit_is_said() -> None:
    """Elasticity -2, cost 800 of 1000: 900 sells 23 % more, and earns 38 % less."""
    got = recommend(posterior([-2.0], 0.02), asked(cost=800), "revenue")
    assert got.recommended_price[0] == 900
    assert got.expected_profit_change_pct[0] == pytest.approx(100 * (100 * (10 / 9) ** 2 / 200 - 1), abs=2)
    assert got.confidence[0] < 0.05


def test_an_uncertain_gain_is_not_chased() -> None:
    got = recommend(posterior([-2.5], 1.0), asked())
    assert got.held[0]
    assert got.confidence[0] < 0.5


def test_a_sku_never_seen_is_held() -> None:
    empty = fit(simulate(1, n_skus=3, periods=5).panel, START - 1)
    got = recommend(empty, constraints(np.array([10.0, 20.0, 30.0]), stock=np.full(3, 5.0)))
    assert got.held.all()
    assert "no sales" in got.reasoning[0]
    assert np.isfinite(got.confidence).all()


def test_selling_at_a_loss_raises_the_price() -> None:
    got = recommend(posterior([-2.0], 0.1), asked(cost=1005))
    assert got.recommended_price[0] == 1100
    assert got.expected_profit_change_pct[0] > 0


def test_confidence_of_a_change_is_the_share_of_the_posterior_that_gains() -> None:
    got = recommend(posterior([-2.0], 0.5), asked())
    points = posterior([-2.0], 0.5).elasticity_points[0]
    ratio = (got.recommended_price[0] / 1000) ** points * (got.recommended_price[0] - 600) / 400
    assert got.confidence[0] == pytest.approx((ratio >= 1).mean(), abs=0.005)
    assert got.expected_profit_change_pct[0] == pytest.approx(100 * (ratio.mean() - 1))


def test_yen_and_dinars() -> None:
    two = constraints(np.array([10.0, 10.0]), exponent=np.array([0, 3]), charm_ending=np.array([99, 990]))
    got = recommend(posterior([-1.2, -1.2]), two)
    assert got.recommended_price.tolist() == [1100, 1000]
    assert to_minor(Decimal("1.2345"), 3) == 1234
    assert from_minor(1234, 3) == Decimal("1.234")
    assert str(from_minor(500, 2)) == "5.00"
    with pytest.raises(ValueError, match="finite"):
        to_minor(Decimal("NaN"), 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [("current_price", 0), ("min_margin", 1.0), ("max_change", 0.0), ("stock", -1.0), ("stock", np.zeros(2))],
)
def test_nonsense_is_refused(field: str, value: Any) -> None:
    array = value if isinstance(value, np.ndarray) else np.array([value])
    changed: dict[str, Any] = {field: array}
    with pytest.raises(ValueError, match=r"current_price|min_margin|max_change|stock|one length"):
        constraints(np.array([10.0]), **changed)


def test_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="different numbers"):
        recommend(posterior([-2.0, -2.0]), asked())


maybe_price = st.one_of(st.just(NONE), st.integers(1, 3000))


@draws(
    50,
    3000,
    st.floats(-8, -0.1),
    st.floats(0, 2),
    st.integers(1, 3000),
    maybe_price,
    st.one_of(st.just(float("nan")), st.decimals(0, "0.95", places=2).map(float)),
    maybe_price,
    maybe_price,
    maybe_price,
    st.sampled_from([0.01, 0.05, 0.1, 0.333, 0.9]),
    st.sampled_from([NONE, 99, 95, 9, 0]),
    st.one_of(st.just(float("nan")), st.floats(0, 1000)),
    st.sampled_from(["profit", "revenue"]),
)
def test_no_constraint_is_ever_violated(
    elasticity: float,
    sd: float,
    current: int,
    cost: int,
    margin: float,
    minimum: int,
    maximum: int,
    advertised: int,
    step: float,
    charm: int,
    stock: float,
    objective: str,
) -> None:
    """Whatever is asked for, a price of our own keeps every bound, exactly; the rest is held."""
    got = recommend(
        posterior([elasticity], sd),
        asked(
            current_price=current,
            cost=cost,
            min_margin=margin,
            min_price=minimum,
            max_price=maximum,
            map_price=advertised,
            max_change=step,
            charm_ending=charm,
            stock=stock,
        ),
        objective,  # type: ignore[arg-type]
    )
    price = Decimal(int(got.recommended_price[0]))
    assert 0 <= got.confidence[0] <= 1
    assert got.profit_change_low_pct[0] <= got.profit_change_high_pct[0]
    assert np.isfinite(got.expected_profit_change_pct[0])
    assert got.held[0] == (price == current)
    if got.held[0]:
        return
    assert price >= max(minimum, advertised, 1)
    assert maximum == NONE or price <= maximum
    assert abs(price - current) <= Decimal(str(step)) * current
    assert charm == NONE or price % (100 if charm > 9 else 10) == charm
    if cost != NONE and not np.isnan(margin):
        assert price - cost >= Decimal(str(margin)) * price


def test_the_same_twice_and_renumbered() -> None:
    truth = simulate(31, n_skus=40)
    prices = truth.last_price
    got = recommend(fit(truth.panel, truth.as_of_day), constraints(prices))
    again = recommend(fit(truth.panel, truth.as_of_day), constraints(prices))
    assert np.array_equal(got.recommended_price, again.recommended_price)
    assert got.reasoning == again.reasoning
    assert np.array_equal(got.confidence, again.confidence)
