"""What other review apps of shops export: Rivyo, Fera, Junip, REVIEWS.io, Ali Reviews and alike.

They have the same columns in words of their own. What tells them from a table of one's own is that they name the
product as the shop does, or the reviewer by e-mail; many have no ids of reviews.
"""

from workers.catalogue.importing.formats import Format, Names, Skip

_EMAIL: Names = ("Email", "Reviewer Email", "Customer Email", "Author Email", "E-mail", "Email Address")
_SHOPS_NAME: Names = (
    "product_handle", "handle", "productHandle", "product_external_id", "external_product_id", "Product Remote ID",
    "Shopify Product ID", "Product Shopify ID",
)  # fmt: skip
_RATING: Names = ("rating", "Review Rating", "Star Rating", "Stars", "Product Rating")
_BODY: Names = (
    "body", "review", "Review Body", "Review Text", "content", "Review Content", "comment", "message", "text",
    "feedback", "review_message",
)  # fmt: skip

REVIEWS_APP = Format(
    name="reviews_app",
    title="a review app's export",
    kind="reviews",
    signature=((*_SHOPS_NAME, *_EMAIL), _RATING, _BODY),
    # Tables of one's own, as this service names the columns.
    without="external_id",
    columns={
        "sku": ("sku", "product_sku", "variant_sku"),
        "product_id": (
            "Shopify Product ID", "Product Shopify ID", "external_product_id", "product_external_id",
            "Product Remote ID", "product_id",
        ),
        "product_handle": ("product_handle", "handle", "productHandle"),
        "external_id": ("review_id", "Product Review ID", "id", "uuid"),
        "rating": _RATING,
        "title": ("title", "Review Title", "heading", "headline", "subject", "Review Headline"),
        "body": _BODY,
        "author": (*_EMAIL, "author", "Reviewer Name", "Reviewer", "Customer Name", "Author Name", "Name"),
        "verified": ("verified", "is_verified", "Verified Buyer", "is_verified_buyer", "Verified Purchase"),
        "language": ("language", "locale", "Review Language"),
        "created_at": (
            "created_at", "Review Created At", "Date Created", "Review Date", "date", "Created", "Submitted At",
            "Review Submitted At", "Published At",
        ),
    },
    skips=(Skip(("status", "state", "Review Status", "Moderation Status"), ("rejected", "spam"), "was rejected"),),
    derived="external_id",
)  # fmt: skip
