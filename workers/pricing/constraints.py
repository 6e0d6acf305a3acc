"""What the seller allows: bounds per SKU in integer minor units, and which one binds."""

from dataclasses import dataclass, field

import numpy as np

from workers.pricing.panel import Bools, Floats, Ints

NONE = -1
"""Marks an absent amount in an integer array of ``Constraints``."""
FLOORS = ("min_margin", "min_price", "map_price")
UNBOUNDED = 2**62
"""Stands for no ceiling."""
PPM = 1_000_000
"""Shares become whole parts per million, so that bounds are exact integers: a price exactly at the margin
must pass, and a float comparison would decide by the 16th digit."""


def _nothing() -> Ints:
    return np.array([], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints of S SKUs, one element each; money in minor units of the SKU's currency, NONE = absent.

    The anchor fields may be left out: no SKU has a competitor then.
    """

    current_price: Ints
    """(S,) > 0."""
    cost: Ints
    """(S,) unit cost or NONE: then min_margin is void, and profit is averaged over what the cost may be."""
    min_margin: Floats
    """(S,) least (price - cost) / price, 0 … < 1; 0 forbids selling below cost; NaN = absent."""
    min_price: Ints
    """(S,) or NONE."""
    max_price: Ints
    """(S,) or NONE."""
    map_price: Ints
    """(S,) minimum advertised price or NONE: a floor."""
    max_change: Floats
    """(S,) largest step of one run as a share of the current price, e.g. 0.10."""
    charm_ending: Ints
    """(S,) ending in minor units, e.g. 9 for x.x9, 99 for x.99, or NONE. Void for exponent 0."""
    stock: Floats
    """(S,) units on hand; NaN = unknown or unlimited."""
    stock_cover_days: Floats
    """(S,) days the stock has to last; used only where ``stock`` is known."""
    exponent: Ints
    """(S,) decimals of the SKU's currency: JPY 0, EUR 2, BHD 3."""
    anchor_low: Ints = field(default_factory=_nothing)
    """(S,) lowest price that the rule on the competitor's offer asks for (``competition.band``), or NONE."""
    anchor_high: Ints = field(default_factory=_nothing)
    """(S,) highest, or NONE. Both yield to every other constraint."""
    anchor_label: tuple[str | None, ...] = ()
    """(S,) the offer in words that begin with its price: "12.40 by BestShop (lowest of 5 offers)"."""

    def __post_init__(self) -> None:
        """Fill in absent anchors. Raise ValueError where lengths differ or a value has no meaning."""
        self._without_anchors()
        shape = self.current_price.shape
        arrays = (getattr(self, name) for name in self.__dataclass_fields__ if name != "anchor_label")
        if any(array.shape != shape for array in arrays) or len(self.anchor_label) != shape[0]:
            raise ValueError("all constraints must be flat arrays of one length")
        if np.any((self.anchor_low > self.anchor_high) & (self.anchor_high != NONE)):
            raise ValueError("anchor_low must not be above anchor_high")
        if np.any(self.current_price <= 0):
            raise ValueError("current_price must be above 0")
        if np.any((self.min_margin < 0) | (self.min_margin >= 1)):
            raise ValueError("min_margin must be in 0 … < 1")
        if not np.all((self.max_change > 0) & (self.max_change < 1)):
            raise ValueError("max_change must be between 0 and 1")
        if np.any(self.stock < 0) or np.any(np.isfinite(self.stock) & ~(self.stock_cover_days > 0)):
            raise ValueError("stock must not be negative and needs stock_cover_days above 0")

    def _without_anchors(self) -> None:
        count = len(self.current_price)
        for name in ("anchor_low", "anchor_high"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(count, NONE, dtype=np.int64))
        if not self.anchor_label:
            object.__setattr__(self, "anchor_label", (None,) * count)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Allowed prices per SKU in whole minor units, (S,) each. Hard bounds may contradict each other."""

    floors: Ints
    """(3, S) in the order of ``FLOORS``; 1 where absent: a price is never below one minor unit."""
    ceiling: Ints
    """max_price."""
    step_low: Ints
    step_high: Ints
    spacing: Ints
    """Allowed prices are ``ending`` modulo this: 1, or one major unit with a charm ending."""
    ending: Ints
    anchor_low: Ints
    """0 where absent or ``unguarded``."""
    anchor_high: Ints
    """UNBOUNDED where absent or ``unguarded``."""
    unguarded: Bools
    """The price is above the band, but neither a cost nor a floor says how far it may be cut."""

    @property
    def floor(self) -> Ints:
        """The highest hard floor."""
        return np.asarray(self.floors.max(axis=0), dtype=np.int64)

    @property
    def low(self) -> Ints:
        """Lowest price allowed by hard bounds and step together."""
        return np.maximum(self.floor, self.step_low)

    @property
    def high(self) -> Ints:
        """Highest price allowed by hard bounds and step together."""
        return np.minimum(self.ceiling, self.step_high)

    @property
    def lowest(self) -> Ints:
        """Lowest price allowed by all but the anchor, with the right ending."""
        return self._ending_up(self.low)

    @property
    def highest(self) -> Ints:
        """Highest price allowed by all but the anchor, with the right ending."""
        return self._ending_down(self.high)

    @property
    def blocked(self) -> Bools:
        """(S,) no price is allowed."""
        return self.lowest > self.highest

    @property
    def first(self) -> Ints:
        """Lowest allowed price: in the anchor's band, or the nearest to it where that is out of reach."""
        return np.minimum(self._within_reach(self._ending_up(self.anchor_low)), self.last)

    @property
    def last(self) -> Ints:
        """Highest allowed price; meaningless like ``first`` where ``blocked``."""
        return self._within_reach(self._ending_down(self.anchor_high))

    def _within_reach(self, price: Ints) -> Ints:
        return np.maximum(np.minimum(price, self.highest), self.lowest)

    def _ending_up(self, price: Ints) -> Ints:
        return price + (self.ending - price) % self.spacing

    def _ending_down(self, price: Ints) -> Ints:
        return price - (price - self.ending) % self.spacing

    def towards_band(self, price: Ints) -> Ints:
        """(S,) the sign of the way from ``price`` to the anchor's band; 0 within it."""
        return np.where(price > self.anchor_high, -1, np.where(price < self.anchor_low, 1, 0))

    def stop_name(self, price: Ints, sku: int) -> str | None:
        """What keeps ``price[sku]`` from coming nearer to the anchor's band; None within it."""
        towards = self.towards_band(price)[sku]
        if towards < 0:
            return self.floor_name(sku) if self.anchor_high[sku] < self.low[sku] else "charm_ending"
        if towards > 0:
            return self.ceiling_name(sku) if self.anchor_low[sku] > self.high[sku] else "charm_ending"
        return None

    def floor_name(self, sku: int) -> str:
        """The floor in force: the highest, the step only where no hard floor reaches it."""
        if self.first[sku] > self.lowest[sku]:
            return "competitor"
        if self.step_low[sku] > self.floor[sku]:
            return "max_change"
        return self.hard_floor_name(sku)

    def hard_floor_name(self, sku: int) -> str:
        """The highest of the hard floors."""
        return FLOORS[int(self.floors[:, sku].argmax())]

    def broken_name(self, price: Ints, sku: int) -> str | None:
        """The hard bound that ``price[sku]`` breaks."""
        if price[sku] < self.floor[sku]:
            return self.hard_floor_name(sku)
        return "max_price" if price[sku] > self.ceiling[sku] else None

    def ceiling_name(self, sku: int) -> str:
        """The ceiling in force."""
        if self.last[sku] < self.highest[sku]:
            return "competitor"
        return "max_price" if self.ceiling[sku] <= self.step_high[sku] else "max_change"

    def outside(self, price: Ints) -> Bools:
        """(S,) whether ``price`` breaks a hard bound."""
        return (price < self.floor) | (price > self.ceiling)


def _ceil_div(a: Ints, b: Ints | int) -> Ints:
    return -(-a // b)


def _margin_floor(c: Constraints) -> Ints:
    """(S,) lowest price with the minimum margin; 1 where either it or the cost is absent."""
    margin = np.where(np.isnan(c.min_margin), 0, np.ceil(np.round(c.min_margin * PPM, 3))).astype(np.int64)
    has_margin = (c.cost != NONE) & ~np.isnan(c.min_margin)
    return np.where(has_margin, _ceil_div(np.maximum(c.cost, 0) * PPM, PPM - margin), 1)


def _endings(c: Constraints) -> tuple[Ints, Ints]:
    """Spacing and ending of the prices asked for, (S,) each."""
    charmed = (c.charm_ending != NONE) & (c.exponent > 0)
    # An ending of one digit is kept to the last digit (x.x9), one of two to the last two (x.99).
    digits = np.ceil(np.log10(np.maximum(c.charm_ending, 1) + 1)).astype(np.int64)
    spacing = np.where(charmed, 10**digits, 1)
    return spacing, np.where(charmed, c.charm_ending, 0) % spacing


def bounds(constraints: Constraints) -> Bounds:
    """Exact integer bounds: floors rounded up, ceilings down."""
    c = constraints
    step = np.floor(np.round(c.max_change * PPM, 3)).astype(np.int64)
    spacing, ending = _endings(c)
    anchor_high = np.where(c.anchor_high == NONE, UNBOUNDED, c.anchor_high)
    bottomless = (c.cost == NONE) & (c.min_price == NONE) & (c.map_price == NONE)
    unguarded = bottomless & (c.current_price > anchor_high)
    return Bounds(
        floors=np.maximum(np.stack([_margin_floor(c), c.min_price, c.map_price]), 1),
        ceiling=np.where(c.max_price == NONE, UNBOUNDED, c.max_price),
        step_low=_ceil_div(c.current_price * (PPM - step), PPM),
        step_high=c.current_price * (PPM + step) // PPM,
        spacing=spacing,
        ending=ending,
        anchor_low=np.where(unguarded, 0, np.maximum(c.anchor_low, 0)),
        anchor_high=np.where(unguarded, UNBOUNDED, anchor_high),
        unguarded=unguarded,
    )
