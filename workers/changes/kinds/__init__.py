"""The kinds of change that there are: adding one is adding its file and its line here."""

from typing import Any

from workers.changes.kinds.base import ChangeKind
from workers.changes.kinds.listing import Listings
from workers.changes.kinds.price import Prices

# By the name that a change's `kind` has.
KINDS: dict[str, ChangeKind[Any]] = {Prices.name: Prices(), Listings.name: Listings()}

__all__ = ["KINDS"]
