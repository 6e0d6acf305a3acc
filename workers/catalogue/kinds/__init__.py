"""What can be imported and listed. A new kind is a file beside these, and its line in KINDS."""

from typing import Any

from workers.catalogue.importing.kind import Kind
from workers.catalogue.kinds.competitor_listings import COMPETITOR_LISTINGS
from workers.catalogue.kinds.keywords import KEYWORDS
from workers.catalogue.kinds.listings import LISTINGS
from workers.catalogue.kinds.offers import OFFERS
from workers.catalogue.kinds.products import PRODUCTS
from workers.catalogue.kinds.returns import RETURNS
from workers.catalogue.kinds.reviews import REVIEWS
from workers.catalogue.kinds.sales import SALES

# In the order in which they are imported: the others refer to products. Each has rows of its own type.
KINDS: tuple[Kind[Any], ...] = (
    PRODUCTS,
    SALES,
    OFFERS,
    REVIEWS,
    RETURNS,
    LISTINGS,
    COMPETITOR_LISTINGS,
    KEYWORDS,
)

__all__ = [
    "COMPETITOR_LISTINGS",
    "KEYWORDS",
    "KINDS",
    "LISTINGS",
    "OFFERS",
    "PRODUCTS",
    "RETURNS",
    "REVIEWS",
    "SALES",
]
