"""The repricing policy in a small simulated market: the benchmark's figures, in bounds that noise leaves standing."""

import numpy as np
import pytest

from tests.benchmarks.market import KINDS, PAST_DAYS, Ints, Market, Seen, draw, past, play
from tests.benchmarks.repricing import HOLD, ORACLE, POLICY, UNDERCUT, Outcome, simulate
from tests.benchmarks.sellers import LARGEST_STEP, Policy, hold_price
from workers.pricing import AnchorRule

PRODUCTS, DAYS = 20, 30


@pytest.fixture(scope="module")
def markets() -> list[Outcome]:
    return [simulate(seed, PRODUCTS, DAYS) for seed in (11, 12)]


def share(markets: list[Outcome], seller: str) -> float:
    """Of the oracle's profit in all markets."""
    ours, best = (sum(market.profit[name].sum() for market in markets) for name in (seller, ORACLE))
    return float(ours / best)


def test_the_policy_earns_most_of_what_the_oracle_does_and_more_than_simple_sellers(markets: list[Outcome]) -> None:
    """At least 90 % of the oracle's profit over two markets of 20 products and 30 days, and above both others."""
    earned = share(markets, POLICY)
    assert earned >= 0.90
    assert earned > share(markets, HOLD)
    assert earned > share(markets, UNDERCUT)


def test_a_price_war_held_earns_more_than_one_fought(markets: list[Outcome]) -> None:
    assert share(markets, "policy, matches") > share(markets, "policy, matches, also in wars")


def test_nobody_beats_the_oracle_by_holding_the_price(markets: list[Outcome]) -> None:
    for market in markets:
        assert np.all(market.profit[ORACLE] >= market.profit[HOLD])


def test_floors_and_steps_hold_on_every_day() -> None:
    """Never below cost where the price was not, and never more than one step a week."""
    market = draw(15, PRODUCTS, DAYS)
    _, seen = play(market, past(market), Policy(AnchorRule("beat_by", 2)))
    ours = seen.prices[:, PAST_DAYS - 1 :]
    floor = np.minimum(market.cost, ours[:, 0])
    assert np.all(ours >= floor[:, None])
    assert np.all(np.abs(np.diff(ours)) <= LARGEST_STEP * ours[:, :-1])


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    def run(seed: int) -> tuple[Market, Seen, Ints]:
        market = draw(seed, PRODUCTS, DAYS)
        before = past(market)
        return market, before, play(market, before, Policy(None))[1].prices

    (_, seen, prices), (_, again, prices_again), (_, other, _) = run(16), run(16), run(17)
    assert np.array_equal(seen.units, again.units)
    assert np.array_equal(prices, prices_again)
    assert not np.array_equal(seen.units, other.units)


def test_competitors_do_what_their_kind_does() -> None:
    market = draw(18, PRODUCTS, DAYS)
    _, seen = play(market, past(market), hold_price)
    moves = np.diff(seen.offers, axis=1) != 0
    still = moves.mean(axis=1)
    kind = {name: market.kind == number for number, name in enumerate(KINDS)}
    assert np.all(still[kind["static"]] == 0)
    assert np.all(still[kind["random walk"]] > 0)
    assert np.all(seen.offers >= market.least[:, None])
    assert np.all(seen.offers <= market.most[:, None])
    undercut = seen.offers[:, PAST_DAYS:] < seen.prices[:, PAST_DAYS:]
    assert undercut[kind["undercutter"]].mean() > undercut[kind["static"]].mean()
