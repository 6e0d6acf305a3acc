"""WooCommerce has no export of reviews of its own: they are comments, which plug-ins export.

WebToffee's Product Reviews Import Export, and others that write WordPress's own names of columns.
"""

from workers.catalogue.importing.formats import Format, Skip

WOOCOMMERCE_REVIEWS = Format(
    name="woocommerce_reviews",
    title="WooCommerce's reviews",
    kind="reviews",
    signature=("comment_ID", "comment_content", "comment_date"),
    columns={
        "sku": ("product_SKU", "sku", "_sku"),
        "product_id": "comment_post_ID",
        "product_handle": ("product_slug", "post_name"),
        "external_id": ("comment_ID", "comment_alter_id"),
        "rating": ("rating", "meta:rating", "meta_rating", "comment_meta_rating"),
        "title": ("title", "meta:title"),
        "body": "comment_content",
        "author": ("comment_author_email", "comment_author"),
        "verified": ("verified", "meta:verified"),
        "created_at": ("comment_date_gmt", "comment_date"),
    },
    skips=(
        Skip("comment_approved", ("spam", "trash", "post-trashed"), "was marked as spam, or deleted"),
        Skip("comment_parent", ("", "0"), "is an answer to a review", unless=True),
        Skip("comment_type", ("", "review", "comment"), "is not a review", unless=True),
    ),
    derived="external_id",
)
