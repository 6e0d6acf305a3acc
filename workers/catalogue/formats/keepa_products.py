"""Keepa, Product Finder and Product Viewer, Export: whose products they are, it does not know.

They are taken for competitors' listings, and for your own when they are sent as listings.
"""

from workers.catalogue.importing.formats import Format, Names, Series

_KEEPAS: Names = ("Description & Features: Feature 1", "Sales Rank: Current", "Categories: Root")
_TEXTS: dict[str, Names] = {
    "title": "Title",
    "description": "Description & Features: Description",
    "category": ("Categories: Tree", "Categories: Sub", "Categories: Root"),
}
_SERIES = (
    Series("bullets", r"Description & Features: Feature (\d{1,2})"),
    Series("attributes", r"(Color|Size|Style|Pattern|Material|Materials|Scent|Item Form|Number of Items|Unit Count)"),
)

KEEPA_LISTINGS = Format(
    name="keepa_listings",
    title="Keepa's list of products",
    kind="listings",
    also=True,
    signature=("ASIN", "Title", _KEEPAS),
    columns={"product_id": "ASIN", "images": "Image Count", **_TEXTS},
    series=_SERIES,
)
KEEPA_PRODUCTS = Format(
    name="keepa_products",
    title="Keepa's list of products",
    kind="competitor_listings",
    signature=("ASIN", "Title", _KEEPAS),
    columns={"external_id": "ASIN", "brand": ("Brand", "Manufacturer"), "url": "URL: Amazon", **_TEXTS},
    series=_SERIES,
)
