"""Shopify's own app Product Reviews, whose columns many others write too; and Stamped, which has more of them."""

from workers.catalogue.importing.formats import Format, Names, Skip

_SPAM = Skip("state", ("spam",), "was marked as spam")
_AUTHOR: Names = ("email", "author")

SHOPIFY_PRODUCT_REVIEWS = Format(
    name="shopify_product_reviews",
    title="the export of Shopify's app Product Reviews",
    kind="reviews",
    signature=(("product_handle", "productHandle"), "state", "rating", "title", "author", "body", "created_at"),
    columns={
        "sku": ("sku", "variant_sku"),
        "product_id": "product_id",
        "product_handle": ("product_handle", "productHandle"),
        "external_id": ("review_id", "id"),
        "rating": "rating",
        "title": "title",
        "body": "body",
        "author": _AUTHOR,
        "created_at": "created_at",
    },
    skips=(_SPAM,),
    derived="external_id",
)
STAMPED_REVIEWS = Format(
    name="stamped_reviews",
    title="Stamped's reviews",
    kind="reviews",
    signature=(
        "product_id", "rating", "author", "body", "created_at",
        ("published", "productTitle", "productUrl", "productImageUrl", "productDescription"),
    ),
    columns={
        "sku": ("productSKU", "sku", "variant_sku"),
        "product_id": "product_id",
        "product_handle": ("product_handle", "productHandle"),
        "external_id": ("review_id", "id"),
        "rating": "rating",
        "title": "title",
        "body": "body",
        "author": _AUTHOR,
        "verified": ("verified", "verified_buyer", "is_verified_buyer"),
        "created_at": "created_at",
    },
    skips=(_SPAM,),
    derived="external_id",
)  # fmt: skip
STAMPED_REVIEWS_EXPORT = Format(
    name="stamped_reviews_export",
    title="Stamped's review export",
    kind="reviews",
    signature=("reviewRating", "reviewTitle", "reviewMessage"),
    columns={
        "sku": ("productSKU", "productVariantSKU", "sku"),
        "product_id": "productId",
        "product_handle": "productHandle",
        "external_id": ("reviewId", "id"),
        "rating": "reviewRating",
        "title": "reviewTitle",
        "body": "reviewMessage",
        "author": ("email", "author"),
        "verified": "verified",
        "created_at": ("dateCreated", "reviewDate", "reviewDateCreated"),
    },
    derived="external_id",
)
