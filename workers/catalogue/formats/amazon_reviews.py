"""Downloads of Amazon's reviews. Amazon has none itself: sellers use tools and browser extensions.

Helium 10's Review Insights writes Date, Author, Verified, Helpful, Title, Body, Rating, Images, Videos, URL,
Variation, Style; others about the same in other words. The ASIN is often only in the name of the file. The id of a
review is in the address of its page, if that is there. Apify and Outscraper have names of their own.
"""

from workers.catalogue.importing.formats import Format, Names

_SKU: Names = ("SKU", "Seller SKU", "MSKU", "Merchant SKU")
_ASIN: Names = ("ASIN", "Product ASIN", "productAsin", "product_asin", "Child ASIN", "variantAsin", "asin/original")
_ID: Names = ("Review ID", "review_id", "reviewId", "Amazon Review ID")
_URL: Names = ("Review URL", "review_url", "reviewUrl", "Review Link", "URL", "Link", "Permalink")
_TITLE: Names = ("Title", "Review Title", "Headline", "Review Headline")
_BODY: Names = ("Body", "Review", "Review Body", "Review Text", "Review Content", "Content", "Text", "Comment")
_RATING: Names = ("Rating", "Stars", "Star Rating", "Review Rating", "Score", "Review Score")
_DATE: Names = ("Date", "Review Date", "Reviewed On", "Date of Review")
_AUTHOR: Names = (
    "Author", "Reviewer", "Reviewer Name", "Author Name", "Name", "Customer Name", "Profile Name", "User Name",
)  # fmt: skip
_VERIFIED: Names = ("Verified", "Verified Purchase", "Is Verified", "VP", "Verified Buyer")
# What only reviews of Amazon have.
_AMAZONS: Names = (
    "ASIN", "Product ASIN", "product_asin", "Helpful", "Helpful Votes", "Helpful Count", "Helpfulness",
    "Found Helpful", "Vine", "Is Vine", "Vine Review", "Verified Purchase", "Variation", "Style",
)  # fmt: skip

AMAZON_REVIEWS = Format(
    name="amazon_reviews",
    title="a download of Amazon's reviews",
    kind="reviews",
    signature=(_TITLE, _BODY, _RATING, _DATE, _AMAZONS),
    # Those of shops' review apps, and tables of one's own.
    without=("product_handle", "handle", "product_id", "external_id", "created_at"),
    columns={
        "sku": _SKU,
        "product_id": _ASIN,
        "external_id": (*_ID, *_URL),
        "rating": _RATING,
        "title": _TITLE,
        "body": _BODY,
        "author": _AUTHOR,
        "verified": _VERIFIED,
        "created_at": _DATE,
        "language": ("Language", "Review Language"),
    },
    derived="external_id",
)
AMAZON_REVIEWS_APIFY = Format(
    name="amazon_reviews_apify",
    title="Apify's list of Amazon's reviews",
    kind="reviews",
    signature=("ratingScore", "reviewTitle", "reviewDescription"),
    columns={
        "sku": _SKU,
        "product_id": ("productAsin", "asin", "variantAsin", "productOriginalAsin"),
        "external_id": ("reviewId", "reviewUrl"),
        "rating": "ratingScore",
        "title": "reviewTitle",
        "body": "reviewDescription",
        "author": ("userId", "userProfileLink", "userName"),
        "verified": "isVerified",
        "created_at": ("date", "reviewedIn"),
    },
    derived="external_id",
)
AMAZON_REVIEWS_OUTSCRAPER = Format(
    name="amazon_reviews_outscraper",
    title="Outscraper's list of Amazon's reviews",
    kind="reviews",
    signature=("id", "title", "body", "rating", "date", ("author_title", "author_descriptor", "author_url")),
    columns={
        "sku": _SKU,
        "product_id": ("product_asin", "asin"),
        "external_id": ("id", "url"),
        "rating": "rating",
        "title": "title",
        "body": "body",
        "author": ("author_url", "author_title"),
        "verified": ("bage", "badge"),
        "created_at": "date",
    },
    derived="external_id",
)
