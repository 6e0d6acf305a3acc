"""What is found in returns, and what is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.returns.panels import empty, of_mix, weekly, with_returns, without_sales
from tests.workers.returns.simulate import FIRST, REASONS, World, gamma_lag, lagged, same_day
from workers.returns.anomalies import Anomaly, find
from workers.returns.findings import DISCOVERIES
from workers.returns.lag import units_at_risk
from workers.returns.panel import NONE, Returns, ReturnsPanel, Sales
from workers.returns.series import lay_out

DEFECTIVE = REASONS.index("defective")


def kinds(found: list[Anomaly]) -> set[str]:
    return {each.kind for each in found}


def risen(seed: int = 1, skus: int = 40, days: int = 150, ago: int = 25) -> World:
    """The rate of SKU-0 trebles, days ago."""
    rate = np.full((skus, days), 0.06)
    rate[0, days - ago :] = 0.18
    return same_day(np.random.default_rng(seed), np.full((skus, days), 20), rate)


def test_a_rate_that_rose_is_found_with_its_figures() -> None:
    found = [each for each in find(risen().until(150)) if each.reason is None]
    assert [(each.kind, each.sku, each.severity) for each in found] == [("rate_spike", "SKU-0", "high")]
    spike = found[0]
    assert abs(spike.since.toordinal() - (FIRST + 125)) <= 5
    assert spike.until.toordinal() == FIRST + 149
    assert spike.rate == pytest.approx(0.18, abs=0.05)
    assert spike.units_at_risk is not None
    assert spike.usual_rate is not None
    assert spike.usual_rate == pytest.approx(0.06, abs=0.02)
    assert spike.expected == pytest.approx(spike.usual_rate * spike.units_at_risk)
    assert spike.excess_units == pytest.approx(spike.observed - spike.expected)
    assert spike.expected_cost == pytest.approx(5 * spike.excess_units)
    assert 0 <= spike.p_value <= spike.q_value <= 0.001


def test_the_sentence_says_it_all() -> None:
    spike = next(each for each in find(risen().until(150)) if each.reason is None)
    since = f"{spike.since.day} {spike.since:%B}"
    assert spike.sentence == (
        f"Returns of SKU-0 rose from {100 * (spike.usual_rate or 0):.1f} % to {100 * (spike.rate or 0):.1f} % of the "
        f"units sold since {since} (expected {spike.expected:.0f}, seen {spike.observed})."
    )


def test_an_unknown_cost_stays_unknown() -> None:
    panel = risen().until(150)
    assert {each.expected_cost for each in find(replace(panel, cost=np.full(40, np.nan)))} == {None}


def test_weekly_sales_do() -> None:
    assert any(each.sku == "SKU-0" and each.kind == "rate_spike" for each in find(weekly(risen(days=147), 147)))


@pytest.mark.parametrize("seed", range(3))
def test_sales_that_double_are_not_a_rise_of_the_rate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level = np.where(np.arange(160) >= 120, 2, 1)
    world = lagged(rng, rng.poisson(20 * level, (60, 160)), np.array(0.1), gamma_lag(12))
    assert [find(world.until(day)) for day in range(122, 160, 12)] == [[]] * 4


@pytest.mark.parametrize("earliest", [2, 3, 9])
def test_the_wave_of_returns_after_a_day_of_many_sales_is_not_a_rise(earliest: int) -> None:
    rng = np.random.default_rng(1)
    # Nearly all come back within a few days of each other.
    lag = np.zeros(30)
    lag[earliest : earliest + 6] = [0.1, 0.25, 0.3, 0.2, 0.1, 0.05]
    units = np.full((40, 180), 8.0)
    units[:, 178 - earliest - 2] = 120
    world = lagged(rng, rng.poisson(units), np.full((40, 180), 0.08), lag)
    assert [find(world.until(days)) for days in (176, 178, 180)] == [[], [], []]


def test_of_a_narrow_lag_no_rounding_error_is_multiplied() -> None:
    """Of the first days' sales next to nothing has come back: what was sold before cannot be told from that."""
    units = np.full((3, 40), 20)
    units[1:, :5] = 0
    world = same_day(np.random.default_rng(1), units, np.zeros((3, 40)))
    found = units_at_risk(lay_out(with_returns(world.until(40), 0, np.zeros(1, dtype=np.int64), DEFECTIVE)))
    assert max(each.max() for each in found.plausible) < 2 * 20


def test_returns_imported_for_the_last_weeks_only_are_not_a_rise() -> None:
    panel = lagged(np.random.default_rng(5), np.full((40, 150), 20), np.array(0.1), gamma_lag(12)).until(150)
    late = panel.returns.day >= FIRST + 120
    columns = ("sku", "day", "units", "reason", "cluster", "buyer")
    returns = Returns(*(getattr(panel.returns, name)[late] for name in columns))
    assert find(replace(panel, returns=returns)) == []


def test_sales_that_are_not_imported_to_the_end_are_not_a_rise() -> None:
    panel = lagged(np.random.default_rng(6), np.full((40, 150), 20), np.array(0.1), gamma_lag(12)).until(150)
    early = panel.sales.day < FIRST + 120
    sales = Sales(panel.sales.sku[early], panel.sales.day[early], panel.sales.units[early])
    assert find(replace(panel, sales=sales)) == []


def test_a_rate_far_above_the_category_is_found_without_a_change() -> None:
    rate = np.full((60, 120), 0.06)
    rate[0] = 0.2
    world = same_day(np.random.default_rng(7), np.full((60, 120), 20), rate)
    found = find(World(world.sold, world.returned, np.zeros(60, dtype=np.int64)).until(120))
    assert [(each.sku, each.compared_with) for each in found] == [("SKU-0", "category")]
    assert "is usual in its category" in found[0].sentence


def test_a_reason_that_rises_over_all_skus_is_one_finding() -> None:
    rng = np.random.default_rng(8)
    rate = np.full((60, 150, 5), 0.004)
    rate[:, 130:, DEFECTIVE] = 0.012
    world = World(np.full((60, 150), 5.0), rng.binomial(5, rate))
    found = [each for each in find(world.until(150)) if each.sku is None]
    assert [(each.kind, each.reason) for each in found] == [("rate_spike", "defective")]
    assert found[0].sentence.startswith("Returns of all products with the reason “defective” rose from")


@pytest.mark.parametrize("with_sales", [True, False])
def test_a_mix_of_reasons_that_changes_is_found_without_sales_too(with_sales: bool) -> None:
    mix = np.full((30, 150, 5), 0.2)
    mix[0, 130:] = [0.8, 0.05, 0.05, 0.05, 0.05]
    rng = np.random.default_rng(9)
    panel = of_mix(rng, rng.binomial(20, 0.1, (30, 150)), mix).until(150)
    found = find(panel if with_sales else without_sales(panel))
    shifts = [each for each in found if each.kind == "reason_shift"]
    assert [(each.sku, each.reason) for each in shifts] == [("SKU-0", "too_small")]
    assert "have the reason “too small”" in shifts[0].sentence
    assert with_sales or kinds(found) == {"reason_shift"}


@pytest.mark.parametrize("with_sales", [True, False])
def test_a_complaint_that_is_new_for_a_sku_is_a_cluster(with_sales: bool) -> None:
    world = same_day(np.random.default_rng(10), np.full((30, 150), 20), np.array(0.08))
    panel = replace(world.until(150), clusters=("zipper broken",))
    panel = with_returns(panel, 4, np.array([138, 140, 141, 145, 146, 149]), DEFECTIVE, cluster=0)
    found = find(panel if with_sales else without_sales(panel))
    clusters = [each for each in found if each.kind == "new_defect_cluster"]
    assert [(each.sku, each.cluster, each.observed) for each in clusters] == [("SKU-4", "zipper broken", 6)]
    assert clusters[0].since.toordinal() == FIRST + 138
    assert "6 returns of SKU-4 complain about “zipper broken”; in the " in clusters[0].sentence


def test_a_complaint_that_came_all_along_is_no_cluster() -> None:
    world = same_day(np.random.default_rng(11), np.full((30, 150), 20), np.array(0.08))
    panel = replace(world.until(150), clusters=("zipper broken",))
    days = np.array([10, 40, 60, 80, 100, 110, 138, 140, 145])
    assert find(with_returns(panel, 4, days, DEFECTIVE, cluster=0)) == []


def with_buyers(counts: list[int]) -> ReturnsPanel:
    """One return after the other by buyers with these counts."""
    buyer = np.repeat(np.arange(len(counts)), counts)
    n = len(buyer)
    day = FIRST + 100 * np.arange(n) // n
    zeros, ones = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    panel = replace(empty(1), cost=np.array([4.0]), buyers=[f"{i:032x}" for i in range(len(counts))])
    return replace(panel, returns=Returns(zeros, day, ones, zeros, np.full(n, NONE), buyer))


def test_a_buyer_who_returns_far_more_than_others_is_found() -> None:
    ordinary = np.random.default_rng(12).geometric(0.75, 400).tolist()
    found = find(with_buyers([*ordinary, 15]))
    assert [(each.kind, each.buyer, each.observed) for each in found] == [("serial_returner", f"{400:032x}", 15)]
    assert found[0].expected == pytest.approx(1.33, abs=0.1)
    assert found[0].expected_cost == pytest.approx(4 * found[0].excess_units)
    assert "sent back 15 times between" in found[0].sentence


RUNS = 30


def test_false_findings_among_buyers_are_rare() -> None:
    rng = np.random.default_rng(13)
    runs = [find(with_buyers(rng.geometric(0.7, 300).tolist())) for _ in range(RUNS)]
    # Nothing stands out, so each finding is a false one: in a tenth of the runs on average; 4 standard errors above.
    assert sum(bool(each) for each in runs) <= RUNS * DISCOVERIES + 4 * (RUNS * DISCOVERIES * 0.9) ** 0.5


def test_too_few_buyers_tell_nothing() -> None:
    assert find(with_buyers([1] * 20 + [9])) == []


@pytest.mark.parametrize("skus", [0, 1, 5])
def test_nothing_is_found_in_nothing(skus: int) -> None:
    assert find(empty(skus)) == []


def test_the_order_of_the_rows_does_not_matter() -> None:
    panel = risen().until(150)
    rows = np.random.default_rng(14).permutation(len(panel.returns.sku))
    columns = ("sku", "day", "units", "reason", "cluster", "buyer")
    shuffled = Returns(*(getattr(panel.returns, name)[rows] for name in columns))
    assert find(replace(panel, returns=shuffled)) == find(panel)


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(-400, 50), st.integers(1, 10_000)), max_size=40)


@draws(20, 2000, rows, rows, st.sampled_from([0.0, 3.5, np.nan]))
def test_any_panel_gives_sound_figures(
    sold: list[tuple[int, int, int]], returned: list[tuple[int, int, int]], cost: float
) -> None:
    sales, back = (np.array(each, dtype=np.int64).reshape(-1, 3).T for each in (sold, returned))
    none = np.full(back.shape[1], NONE)
    returns = Returns(back[0], FIRST + back[1], back[2], back[2] % 2, back[2] % 3 - 1, none)
    panel = replace(empty(4), cost=np.full(4, cost), category=np.array([0, 0, 1, NONE]), clusters=("seam", "zip"))
    panel = replace(panel, sales=Sales(sales[0], FIRST + sales[1], sales[2].astype(np.float64)), returns=returns)
    for each in find(panel):
        assert 0 <= each.p_value <= 1
        assert 0 <= each.q_value <= DISCOVERIES
        assert each.since <= each.until
        assert each.expected >= 0
        assert each.rate is None or 0 <= each.rate <= 1
        assert (each.expected_cost is None) == bool(np.isnan(cost))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category": np.zeros(2, dtype=np.int64)}, "one figure per SKU"),
        ({"cost": np.array([-1.0])}, "must not be negative"),
        ({"sales": Sales(np.array([3]), np.array([FIRST]), np.array([1.0]))}, "sku must be in 0 … 0"),
    ],
)
def test_a_panel_that_does_not_fit_together_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(empty(1), **change)  # type: ignore[arg-type]


def test_impossible_quantities_are_refused() -> None:
    one = np.array([0])
    with pytest.raises(ValueError, match="at least one unit"):
        Returns(one, one, np.array([0]), one, one, one)
    with pytest.raises(ValueError, match="not negative"):
        Sales(one, one, np.array([-1.0]))
    with pytest.raises(ValueError, match="one length"):
        Sales(one, np.array([1, 2]), np.array([1.0]))
