"""Yotpo: Moderate reviews, Export; and its template for imports, which has other names and no ids."""

from workers.catalogue.importing.formats import Format, Names, Skip

_SITE = Skip("Review Type", ("site_review", "site review"), "is about the shop and not about a product")
_AUTHOR: Names = ("Reviewer Email", "Email", "Reviewer Display Name", "Display Name", "Reviewer Name")

YOTPO_REVIEWS = Format(
    name="yotpo_reviews",
    title="Yotpo's review export",
    kind="reviews",
    signature=("Review Content", "Review Score", "Review Title"),
    # Its template for imports, whose names are the same to us.
    columns={
        "sku": ("Product SKU", "SKU"),
        "product_id": ("Product ID", "External Product ID"),
        "product_handle": "Product Handle",
        "external_id": ("Review ID", "ID"),
        "rating": "Review Score",
        "title": "Review Title",
        "body": "Review Content",
        "author": _AUTHOR,
        "verified": ("Reviewer Type", "Verified Purchase", "Verified Buyer", "User Type"),
        "language": ("Review Language", "Language"),
        "created_at": ("Review Creation Date", "Review Submission Date", "Review Date", "Date", "Created At"),
    },
    skips=(
        _SITE,
        Skip("Product ID", ("yotpo_site_reviews",), "is about the shop and not about a product"),
        Skip("Review Status", ("rejected", "spam"), "was rejected"),
    ),
    derived="external_id",
)
