"""What the seller allows: bounds per SKU in integer minor units, and which one binds."""

from dataclasses import dataclass

from workers.pricing.panel import Floats, Ints

NONE = -1
"""Marks an absent amount in an integer array of ``Constraints``."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints of S SKUs, one element each; money in minor units of the SKU's currency, NONE = absent."""

    current_price: Ints
    """(S,) > 0."""
    cost: Ints
    """(S,) unit cost or NONE: without it the objective falls back to revenue and min_margin is void."""
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
    """(S,) ending in minor units, e.g. 99 for x.99 (990 with exponent 3), or NONE. Void for exponent 0."""
    stock: Floats
    """(S,) units on hand; NaN = unknown or unlimited."""
    stock_cover_days: Floats
    """(S,) days the stock has to last; used only where ``stock`` is known."""
    exponent: Ints
    """(S,) decimals of the SKU's currency: JPY 0, EUR 2, BHD 3."""
