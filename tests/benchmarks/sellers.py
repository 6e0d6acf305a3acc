"""Who prices in the simulated market: our policy, those it is measured against, and the oracle."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from tests.benchmarks.market import PAST_DAYS, Floats, Ints, Market, Seen, Strategy, earn, play
from workers.pricing import NONE, AnchorRule, Constraints, SalesPanel, band, fit, price_war, recommend

EVERY_DAYS = 7
"""A run a week, which is the cool-down too."""
LARGEST_STEP = 0.10
WAR_DAYS = 28
"""Window of the price-war rule: four runs."""
LOOKBACK_DAYS = 182
EPOCH = 738_000
"""Ordinal of the market's first day."""
SHARES = np.geomspace(0.65, 1.6, 40)
"""Prices the oracle tries, relative to the best one against the competitor's regular price."""
FINER = (0.8, 0.87, 0.92, 0.95, 0.98, 0.99, 1.01, 1.02, 1.05, 1.08, 1.15, 1.25)
"""Changes of one week's price it tries."""


def hold_price(seen: Seen) -> Ints:
    """Yesterday's price."""
    return seen.prices[:, seen.day - 1]


def always_undercut(seen: Seen) -> Ints:
    """1 % below the competitor, never below cost."""
    return np.maximum(seen.offers[:, seen.day] * 99 // 100, seen.cost)


def panel(seen: Seen) -> SalesPanel:
    """The sales of the trailing window."""
    days = np.arange(max(seen.day - LOOKBACK_DAYS, 0), seen.day)
    sku, at = np.nonzero(days >= seen.first[:, None])
    day = days[at]
    return SalesPanel(
        sku=sku,
        day=day + EPOCH,
        price=seen.prices[sku, day] / 100,
        units=seen.units[sku, day],
        promoted=np.zeros(len(sku)),
        n_skus=len(seen.cost),
    )


def limits(seen: Seen, rule: AnchorRule | None) -> Constraints:
    """The guardrails: never below cost, 10 % a run, and the competitor's band."""
    n = len(seen.cost)
    none, unknown = np.full(n, NONE, dtype=np.int64), np.full(n, np.nan)
    bands = [band(rule, int(offer)) for offer in seen.offers[:, seen.day]] if rule else [(NONE, NONE)] * n
    low, high = np.array(bands).T
    return Constraints(
        current_price=seen.prices[:, seen.day - 1],
        cost=seen.cost,
        min_margin=np.zeros(n),
        min_price=none,
        max_price=none,
        map_price=none,
        max_change=np.full(n, LARGEST_STEP),
        charm_ending=none,
        stock=unknown,
        stock_cover_days=unknown,
        exponent=np.full(n, 2),
        anchor_low=low,
        anchor_high=high,
    )


def at_war(seen: Seen, number: int) -> bool:
    """What the price-war rule says of one product."""
    window = range(max(seen.day - WAR_DAYS, 1), seen.day)
    prices, offers = seen.prices[number], seen.offers[number]
    own = [(float(day), prices[day - 1], prices[day]) for day in window if prices[day] != prices[day - 1]]
    return price_war(own, [(float(day), offers[day]) for day in (*window, seen.day)])


@dataclass(frozen=True, slots=True)
class Policy:
    """Once a week: fit what was sold, recommend within the competitor's band, and hold where there is a price war."""

    rule: AnchorRule | None
    holds_in_war: bool = True

    def __call__(self, seen: Seen) -> Ints:
        """Today's prices (S,)."""
        current = seen.prices[:, seen.day - 1]
        if (seen.day - PAST_DAYS) % EVERY_DAYS:
            return current
        posterior = fit(panel(seen), EPOCH + seen.day - 1)
        wanted = recommend(posterior, limits(seen, self.rule)).recommended_price
        war = [self.holds_in_war and at_war(seen, number) for number in range(len(current))]
        return np.where(war, current, wanted)


def best_response(market: Market) -> Strategy:
    """Every day the best price against the competitor's of the day."""
    row = np.arange(len(market.cost))
    grid: Ints = np.maximum(np.round(market.reference[:, None] * SHARES), market.cost[:, None]).astype(np.int64)

    def price(seen: Seen) -> Ints:
        profit = market.profit(seen.day, grid, seen.offers[:, seen.day, None].astype(np.float64))
        best: Ints = grid[row, profit.argmax(axis=1)]
        return best

    return price


def best_path(market: Market, before: Seen) -> Floats:
    """(S,) profit of the best path of weekly prices found: the best constant one, improved week by week."""
    days = market.days - PAST_DAYS
    week = np.arange(days) // EVERY_DAYS
    path = np.tile(before.prices[:, PAST_DAYS - 1 : PAST_DAYS], days)
    earned = earn(market, before, path)

    def attempt(prices: Floats | Ints) -> None:
        nonlocal path, earned
        tried = np.maximum(np.round(prices), market.cost[:, None]).astype(np.int64)
        result = earn(market, before, tried)
        path = np.where((result > earned)[:, None], tried, path)
        earned = np.maximum(result, earned)

    for share in SHARES:
        attempt(np.tile(market.reference[:, None] * share, days))
    for each, factor in product(range(week[-1] + 1), FINER):
        attempt(path * np.where(week == each, factor, 1.0))
    return earned


def oracle(market: Market, before: Seen) -> Floats:
    """(S,) of the daily best response and the best path the one that earns more; neither is bound to steps."""
    response, _ = play(market, before, best_response(market))
    return np.maximum(response, best_path(market, before))
