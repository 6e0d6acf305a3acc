"""Apify's scrapers of Amazon's product pages, as CSV or Excel: lists are columns such as features/0 there.

Whose products they are, they do not know: they are taken for competitors' listings, and for your own when they are
sent as listings. Their JSON is read by the names of its fields, as a table of one's own is.
"""

from workers.catalogue.importing.formats import Format, Names, Series

_APIFYS: Names = ("breadCrumbs", "thumbnailImage", "inStock", "highResolutionImages/0", "features/0")
_TEXTS: dict[str, Names] = {
    "title": "title",
    "description": "description",
    "category": ("breadCrumbs", "categories"),
}
_SERIES = (
    Series("bullets", r"features/(\d{1,2})"),
    Series("images", r"(highResolutionImages/\d{1,3})"),
    Series("attributes", r"attributes/(\d{1,3})/value", label_in="attributes/{}/key"),
)

APIFY_LISTINGS = Format(
    name="apify_listings",
    title="Apify's list of Amazon's products",
    kind="listings",
    also=True,
    signature=("asin", "title", "url", _APIFYS),
    columns={"product_id": "asin", **_TEXTS},
    series=_SERIES,
)
APIFY_PRODUCTS = Format(
    name="apify_products",
    title="Apify's list of Amazon's products",
    kind="competitor_listings",
    signature=("asin", "title", "url", _APIFYS),
    columns={"external_id": "asin", "brand": "brand", "url": "url", **_TEXTS},
    series=tuple(each for each in _SERIES if each.field != "images"),
)
