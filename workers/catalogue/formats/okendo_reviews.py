"""Okendo: Settings, Import/Export; and its template for imports, which has no ids."""

from workers.catalogue.importing.formats import Format, Skip

OKENDO_REVIEWS = Format(
    name="okendo_reviews",
    title="Okendo's review export",
    kind="reviews",
    signature=(
        ("Review ID", "reviewId"), ("Product ID", "productId"), "Rating", "Body",
        ("Reviewer Name", "reviewer.name"), ("Date Created", "dateCreated"),
    ),
    columns={
        "sku": ("SKU", "Product SKU", "Variant SKU"),
        "product_id": ("Product ID", "productId"),
        "product_handle": ("Product Handle", "handle", "productHandle"),
        "external_id": ("Review ID", "reviewId"),
        "rating": "Rating",
        "title": "Title",
        "body": "Body",
        "author": ("Reviewer Email", "reviewer.email", "Reviewer Name", "reviewer.name"),
        "verified": ("Is Verified Buyer", "reviewer.isVerified", "Verified Buyer"),
        "language": ("Language", "languageCode"),
        "created_at": ("Date Created", "dateCreated"),
    },
    skips=(Skip("Status", ("rejected", "spam"), "was rejected"),),
    derived="external_id",
)  # fmt: skip
OKENDO_REVIEWS_TEMPLATE = Format(
    name="okendo_reviews_template",
    title="Okendo's template of reviews",
    kind="reviews",
    signature=("name", "body", "rating", "dateCreated"),
    columns={
        "sku": "sku",
        "product_id": "productId",
        "product_handle": "handle",
        "external_id": "reviewId",
        "rating": "rating",
        "title": "title",
        "body": "body",
        "author": ("email", "name"),
        "verified": ("isVerifiedBuyer", "verified"),
        "created_at": "dateCreated",
    },
    derived="external_id",
)
