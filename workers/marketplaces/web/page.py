"""What one page offers."""

from dataclasses import dataclass, field

from workers.marketplaces.protocols import Offer, RefusedOffer


@dataclass(slots=True)
class Page:
    """What one page offers. No product: it says nothing of one."""

    has_product: bool = False
    # Whether it has JSON-LD that is no JSON.
    is_broken: bool = False
    offers: list[Offer] = field(default_factory=list)
    refused: list[RefusedOffer] = field(default_factory=list)
