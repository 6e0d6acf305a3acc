"""A simulated market of known demand with competitors that react: what a repricing policy is tried on.

Demand of a product on a day: ``base * weekday * (price / reference)^own * (theirs / reference)^cross``, and
``(price / theirs)^-dearer`` on top where we are the dearer one. Sales are Poisson-gamma around it. A policy sees
only ``Seen``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

KINDS = ("static", "follower", "undercutter", "random walk")
PAST_DAYS = 182
"""Before day 0; each product has the last 8 to 26 weeks of it as history."""
GAMMA_SHAPE = 8.0
"""Of a day's demand around its expectation, as in the sample catalogue: it varies by a third."""
WEEKDAYS = np.array([0.92, 0.88, 0.90, 0.96, 1.06, 1.18, 1.10])
LINES = ((19.0, 14.0, -2.4), (27.0, 9.0, -1.9), (15.0, 18.0, -3.0), (13.0, 11.0, -2.1), (22.0, 6.0, -2.7))
"""Typical price, units a day and elasticity of the sample catalogue's categories."""


@dataclass(frozen=True, slots=True)
class Market:
    """S products over T days (``PAST_DAYS`` and those to be priced); money in minor units."""

    seed: int
    kind: Ints
    """(S,) index in ``KINDS`` of the competitor."""
    cost: Ints
    reference: Ints
    """(S,) price that would be best were the competitor to stay where it regularly is."""
    base: Floats
    own: Floats
    """(S,) elasticity of own price, -4 … -1.5."""
    cross: Floats
    """(S,) of the competitor's, 0.3 … 1.5."""
    dearer: Floats
    """(S,) what own elasticity gains where we are dearer, 0 … 1."""
    regular: Floats
    """(S,) the competitor's price before any reaction."""
    least: Floats
    """(S,) the competitor's own floor."""
    most: Floats
    """(S,) its ceiling: one that followed us upwards without end would make any price profitable."""
    margin: Floats
    """(S,) share by which an undercutter goes below us, 1-3 %; a follower's distance from us."""
    lag: Ints
    """(S,) days until a follower has followed; days between an undercutter's looks at us."""
    resets: Bools
    """(S, T) an undercutter returns to its regular price."""
    shock: Floats
    """(S, T) log move of a random walk."""
    past: Ints
    """(S, PAST_DAYS) our prices before day 0."""
    first: Ints
    """(S,) first day with history."""

    @property
    def days(self) -> int:
        return int(self.resets.shape[1])

    def demand(self, day: int, price: Ints, theirs: Floats) -> Floats:
        """(S,) expected units; prices (S,), or (S, G) with a day's ``theirs`` as (S, 1)."""
        shape = (-1,) + (1,) * (price.ndim - 1)
        base, own, cross, dearer, reference = (
            array.reshape(shape) for array in (self.base, self.own, self.cross, self.dearer, self.reference)
        )
        log = own * np.log(price / reference) + cross * np.log(theirs / reference)
        log -= dearer * np.maximum(np.log(price / theirs), 0.0)
        return np.asarray(base * WEEKDAYS[day % 7] * np.exp(log))

    def profit(self, day: int, price: Ints, theirs: Floats) -> Floats:
        """Expected profit, shapes as in ``demand``."""
        cost = self.cost.reshape((-1,) + (1,) * (price.ndim - 1))
        return np.asarray(self.demand(day, price, theirs) * (price - cost))

    def react(self, day: int, prices: Ints, before: Floats) -> Floats:
        """(S,) the competitor's price of ``day``, given ours (S, T) until the day before, and its own then."""
        row = np.arange(len(self.kind))
        seen = prices[row, np.maximum(day - self.lag, 0)] * self.margin
        last = prices[:, max(day - 1, 0)]
        looks = (day % self.lag == 0) & (last <= before)
        undercut = np.where(looks, last * self.margin, before)
        undercut = np.where(self.resets[:, day], self.regular, undercut)
        walk = self.regular * (before / self.regular) ** 0.97 * np.exp(self.shock[:, day])
        reaction = np.choose(self.kind, [self.regular, seen, undercut, walk])
        # Offers are whole minor units, like prices.
        return np.asarray(np.clip(np.round(reaction), self.least, self.most))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a seller sees: everything until today, and no truth. (S, T) arrays, meaningless from ``day`` on."""

    day: int
    cost: Ints
    first: Ints
    prices: Ints
    """Ours, until yesterday."""
    offers: Ints
    """The competitor's, today's included."""
    units: Floats
    """Sales, until yesterday."""


Strategy = Callable[[Seen], Ints]
"""Today's price (S,) from what is seen."""


def draw(seed: int, n_products: int, days: int) -> Market:
    """A market of ``n_products``, equally many with each kind of competitor, over ``days`` to be priced."""
    rng, n, total = np.random.default_rng(seed), n_products, PAST_DAYS + days
    typical, volume, elasticity = np.array(LINES)[rng.integers(0, len(LINES), n)].T
    own = np.clip(elasticity + rng.normal(0, 0.6, n), -4.0, -1.5)
    kind = np.arange(n) % len(KINDS)
    reference = np.round(100 * typical * np.exp(rng.normal(0, 0.35, n))).astype(np.int64)
    regular = np.round(reference * np.exp(rng.normal(0, 0.12, n)))
    below = np.where(kind == 2, rng.uniform(0.97, 0.99, n), rng.uniform(0.97, 1.03, n))
    return Market(
        seed=seed,
        kind=kind,
        cost=np.round(reference * (1 + 1 / own)).astype(np.int64),
        reference=reference,
        base=volume * np.exp(rng.normal(0, 0.7, n)),
        own=own,
        cross=rng.uniform(0.3, 1.5, n),
        dearer=rng.uniform(0.0, 1.0, n),
        regular=regular,
        least=np.round(regular * rng.uniform(0.75, 0.92, n)),
        most=np.round(regular * rng.uniform(1.05, 1.25, n)),
        margin=below,
        lag=rng.integers(2, 9, n),
        resets=rng.random((n, total)) < 1 / 45,
        shock=rng.normal(0, 0.03, (n, total)) * (rng.random((n, total)) < 1 / 5),
        past=_past(rng, reference),
        first=PAST_DAYS - 7 * rng.integers(8, 27, n),
    )


def _past(rng: np.random.Generator, reference: Ints) -> Ints:
    """(S, PAST_DAYS) list prices changed every few weeks around one that is up to 20 % off, that one at the end."""
    n = len(reference)
    usual = reference * rng.uniform(0.8, 1.2, n)
    change = rng.random((n, PAST_DAYS)) < 1 / 24
    change[:, 0] = change[:, -21] = True
    index = np.maximum.accumulate(np.where(change, np.arange(PAST_DAYS), 0), axis=1)
    shift = np.take_along_axis(rng.normal(0, 0.09, (n, PAST_DAYS)), index, axis=1)
    shift[:, -21:] = 0.0
    return np.round(usual[:, None] * np.exp(shift)).astype(np.int64)


def past(market: Market) -> Seen:
    """What is known on the morning of day 0, before the competitors' prices of that day."""
    n, total = market.shock.shape
    prices, offers = np.zeros((n, total), dtype=np.int64), np.zeros((n, total), dtype=np.int64)
    units, theirs = np.zeros((n, total)), market.regular
    prices[:, :PAST_DAYS] = market.past
    for day in range(PAST_DAYS):
        theirs = market.react(day, prices, theirs)
        offers[:, day] = theirs
        units[:, day] = _sales(market, day, prices[:, day], theirs)
    return Seen(PAST_DAYS, market.cost, market.first, prices, offers, units)


def play(market: Market, before: Seen, strategy: Strategy) -> tuple[Floats, Seen]:
    """(S,) expected profit of a strategy over the days to be priced, in minor units; and what was seen at the end.

    Everything but the strategy is the same for all of them: the competitors' draws, and the noise of a day.
    """
    prices, offers, units = before.prices.copy(), before.offers.copy(), before.units.copy()
    earned = np.zeros(len(market.kind))
    theirs = offers[:, PAST_DAYS - 1].astype(np.float64)
    for day in range(PAST_DAYS, market.days):
        theirs = market.react(day, prices, theirs)
        offers[:, day] = theirs
        prices[:, day] = strategy(Seen(day, market.cost, market.first, prices, offers, units))
        earned += market.profit(day, prices[:, day], theirs)
        units[:, day] = _sales(market, day, prices[:, day], theirs)
    return earned, Seen(market.days, market.cost, market.first, prices, offers, units)


def earn(market: Market, before: Seen, path: Ints) -> Floats:
    """(S,) expected profit of prices (S, days to be priced) that were fixed beforehand, the competitors reacting."""
    prices = before.prices.copy()
    prices[:, PAST_DAYS:] = path
    theirs, earned = before.offers[:, PAST_DAYS - 1].astype(np.float64), np.zeros(len(market.kind))
    for day in range(PAST_DAYS, market.days):
        theirs = market.react(day, prices, theirs)
        earned += market.profit(day, prices[:, day], theirs)
    return earned


def _sales(market: Market, day: int, price: Ints, theirs: Floats) -> Floats:
    """Sold units (S,), the same noise in every world."""
    rng = np.random.default_rng([market.seed, day])
    noise = rng.gamma(GAMMA_SHAPE, 1 / GAMMA_SHAPE, len(price))
    return rng.poisson(market.demand(day, price, theirs) * noise).astype(np.float64)
