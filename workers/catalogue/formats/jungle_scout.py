"""Jungle Scout: Product Database and the extension, and Keyword Scout. All of these names are from memory."""

from workers.catalogue.importing.formats import Format, Names

_TITLE: Names = ("Product Name", "Title", "Product Title")
_VOLUME: Names = (
    "30-Day Search Volume (Exact)",
    "Exact Search Volume",
    "Exact Search Volume (30 Days)",
    "Search Volume (Exact)",
    "Monthly Search Volume (Exact)",
    "Search Volume (Exact Match)",
)

JUNGLE_SCOUT_KEYWORDS = Format(
    name="jungle_scout_keywords",
    title="Jungle Scout's Keyword Scout",
    kind="keywords",
    signature=(("Keyword", "Name"), _VOLUME),
    columns={"keyword": ("Keyword", "Name"), "volume": _VOLUME},
)
JUNGLE_SCOUT_PRODUCTS = Format(
    name="jungle_scout_products",
    title="Jungle Scout's list of products",
    kind="competitor_listings",
    signature=(
        "ASIN",
        _TITLE,
        "Brand",
        ("LQS", "Listing Quality Score", "Est. Monthly Sales", "Mo. Sales", "Estimated Monthly Sales"),
    ),
    columns={
        "external_id": "ASIN",
        "title": _TITLE,
        "brand": "Brand",
        "category": "Category",
        "url": ("Link", "URL", "Product URL"),
    },
)
