"""Trustpilot: the download of product reviews, which names SKUs; and that of service reviews, which are of a company.

Service reviews have no product: they are those of one product only if the sender says so, with `sku`.
"""

from workers.catalogue.importing.formats import Format

TRUSTPILOT_PRODUCT_REVIEWS = Format(
    name="trustpilot_product_reviews",
    title="Trustpilot's product reviews",
    kind="reviews",
    signature=("review_id", "stars", "content", ("product_sku", "sku"), ("consumer_name", "consumer_id")),
    columns={
        "sku": ("product_sku", "sku"),
        "external_id": "review_id",
        "rating": "stars",
        "body": "content",
        "author": ("consumer_id", "consumer_name"),
        "language": ("language", "review_language"),
        "created_at": "created_at",
    },
    derived="external_id",
)
TRUSTPILOT_REVIEWS = Format(
    name="trustpilot_reviews",
    title="Trustpilot's service reviews",
    kind="reviews",
    signature=("Review Id", "Review Created (UTC)", "Review Content", "Review Stars"),
    columns={
        "sku": ("Product SKU", "SKU"),
        "external_id": "Review Id",
        "rating": "Review Stars",
        "title": "Review Title",
        "body": "Review Content",
        "author": ("Review Consumer User Id", "Review User Email", "Review Username"),
        "language": "Review Language",
        "created_at": "Review Created (UTC)",
    },
)
