"""What a tenant sold and got back: the input of the statistics on returns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NONE = -1
"""The index that means "not known": a SKU without a category, a return without a buyer or a cluster."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Flat arrays of one length, one element per row of sales, in any order.

    A SKU whose rows are weeks apart is sold by the week: each row stands for the seven days from its date on.
    """

    sku: Ints
    """(n,) index into ``ReturnsPanel.skus``."""
    day: Ints
    """(n,) ``date.toordinal()``."""
    units: Floats
    """(n,) units sold, >= 0."""

    def __post_init__(self) -> None:
        """Raise ValueError where lengths differ or units are negative or not finite."""
        _same_length(self.sku, self.day, self.units)
        if not (np.all(np.isfinite(self.units)) and np.all(self.units >= 0)):
            raise ValueError("units sold must be finite and not negative")


@dataclass(frozen=True, slots=True)
class Returns:
    """Flat arrays of one length, one element per return, in any order."""

    sku: Ints
    """(n,) index into ``ReturnsPanel.skus``."""
    day: Ints
    """(n,) ``date.toordinal()`` of the return."""
    units: Ints
    """(n,) units returned, >= 1."""
    reason: Ints
    """(n,) index into ``ReturnsPanel.reasons``."""
    cluster: Ints
    """(n,) index into ``ReturnsPanel.clusters`` (what the comment complains about), or ``NONE``."""
    buyer: Ints
    """(n,) index into ``ReturnsPanel.buyers``, or ``NONE``."""

    def __post_init__(self) -> None:
        """Raise ValueError where lengths differ or a return is not of at least one unit."""
        _same_length(self.sku, self.day, self.units, self.reason, self.cluster, self.buyer)
        if np.any(self.units < 1):
            raise ValueError("a return must be of at least one unit")


@dataclass(frozen=True, slots=True)
class ReturnsPanel:
    """Sales and returns of one tenant up to a day. Give 180 days where there are as many, more do no harm."""

    skus: Sequence[str]
    """Names, as the sentences show them."""
    category: Ints
    """(S,) any number that SKUs of one category share, or ``NONE``."""
    cost: Floats
    """(S,) what one returned unit costs the seller, in major units of the tenant's currency; NaN: not known."""
    reasons: Sequence[str]
    clusters: Sequence[str]
    """Keys of what comments complain about, in plain words: ``zipper broken``. May be empty."""
    buyers: Sequence[str]
    """Keyed hashes. May be empty."""
    sales: Sales
    returns: Returns
    as_of: int
    """``date.toordinal()`` of the last complete day; what is dated later is left out."""

    def __post_init__(self) -> None:
        """Raise ValueError where an index points outside its names or the figures per SKU are not one per SKU."""
        if self.category.shape != (len(self.skus),) or self.cost.shape != (len(self.skus),):
            raise ValueError("category and cost must have one figure per SKU")
        if np.any(self.cost < 0):
            raise ValueError("the cost of a return must not be negative")
        _inside("sku", self.sales.sku, 0, len(self.skus))
        _inside("sku", self.returns.sku, 0, len(self.skus))
        _inside("reason", self.returns.reason, 0, len(self.reasons))
        _inside("cluster", self.returns.cluster, NONE, len(self.clusters))
        _inside("buyer", self.returns.buyer, NONE, len(self.buyers))


def _same_length(*arrays: Ints | Floats) -> None:
    if any(array.ndim != 1 or array.shape != arrays[0].shape for array in arrays):
        raise ValueError("the arrays must be flat and of one length")


def _inside(name: str, index: Ints, lowest: int, length: int) -> None:
    if index.size and (index.min() < lowest or index.max() >= length):
        raise ValueError(f"{name} must be in {lowest} … {length - 1}")
