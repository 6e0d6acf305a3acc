"""Judge.me: Reviews, Export; and its template for imports, which has fewer columns. Neither has the reviews' ids."""

from workers.catalogue.importing.formats import Format, Skip

JUDGEME_REVIEWS = Format(
    name="judgeme_reviews",
    title="Judge.me's reviews",
    kind="reviews",
    signature=("rating", "body", "review_date", "reviewer_name"),
    columns={
        "sku": ("sku", "product_sku"),
        "product_id": ("product_id", "product_external_id"),
        "product_handle": "product_handle",
        "external_id": ("review_id", "id", "uuid"),
        "rating": "rating",
        "title": ("title", "review_title"),
        "body": "body",
        "author": ("reviewer_email", "reviewer_name"),
        "verified": ("verified", "verified_buyer"),
        "created_at": "review_date",
    },
    skips=(
        Skip("curated", ("spam",), "was marked as spam"),
        Skip("product_handle", ("judgeme-shop-reviews",), "is about the shop and not about a product"),
    ),
    derived="external_id",
    # 31/12/2025 in the template, and 2025-12-31 10:00:00 UTC in the export.
    dates="day_first",
)
