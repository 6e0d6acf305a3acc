"""Loox: its export (with ids), and its template for imports (without)."""

from workers.catalogue.importing.formats import Format

LOOX_REVIEWS = Format(
    name="loox_reviews",
    title="Loox's review export",
    kind="reviews",
    signature=("id", "status", "rating", "review", "date", ("nickname", "full_name"), ("productId", "handle")),
    columns={
        "sku": ("sku", "variant_sku"),
        "product_id": ("productId", "product_id"),
        "product_handle": ("handle", "product_handle"),
        "external_id": "id",
        "rating": "rating",
        "body": "review",
        "author": ("email", "full_name", "nickname"),
        "verified": ("verified_purchase", "verified"),
        "created_at": "date",
    },
    derived="external_id",
)
LOOX_REVIEWS_TEMPLATE = Format(
    name="loox_reviews_template",
    title="Loox's template of reviews",
    kind="reviews",
    signature=("product_handle", "rating", "author", "body", "created_at"),
    columns={
        "sku": ("sku", "variant_sku"),
        "product_id": "product_id",
        "product_handle": "product_handle",
        "external_id": ("review_id", "id"),
        "rating": "rating",
        "title": "title",
        "body": "body",
        "author": ("email", "author"),
        "verified": ("verified_purchase", "verified"),
        "created_at": "created_at",
    },
    derived="external_id",
)
