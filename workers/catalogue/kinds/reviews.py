"""Reviews: what customers wrote about a product, and what an analysis has found in it.

Who wrote it is kept as a hash only: enough to see that two reviews are of the same author.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from workers.catalogue.importing import fields, opinions
from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.tables import DERIVED
from workers.catalogue.importing.writing import Renewal, Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.hashing import hashing
from workers.catalogue.kinds.naming import Naming
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import LONGEST_LANGUAGE, LONGEST_SKU, LONGEST_TITLE, Review
from workers.catalogue.pages import BY_PRODUCT, Order, Pages, Sort, of_products, row_id

LONGEST_BODY = 1_000_000
# Quotation marks are written twice, and there is more to a review than its body.
LONGEST_ROW = 4 * 1024 * 1024
# Of a name, an address of e-mail or of a profile.
LONGEST_AUTHOR = 1_000
# In front of the ids that the service makes, of reviews that have none.
MADE = "auto-"
# Besides the SKU, what may say which product a review is of, the most exact one first.
NAMES = ("product_id", "product_handle")
# A review is the same one again where all of these are.
SAYING_WHICH = ("author", "created_at", "title", "body", "rating")

Label = Literal["negative", "neutral", "positive"]


class AspectView(BaseModel):
    aspect: str = Field(description="What the part is about, for example `durability`.")
    polarity: Label
    text: str = Field(description="The part of the review that says it.")
    source: Literal["title", "body"]
    start: int = Field(description="Where it begins in the title or body, in characters (Unicode code points).")
    end: int = Field(description="Where it ends: the place behind its last character.")


class AnalysisView(BaseModel):
    label: Label | None = Field(description="Null where it cannot be told, for example of another language.")
    score: float | None = Field(description="From -1, as negative as can be, to 1.")
    confidence: float | None = Field(
        description="How probable the label is, from 0 to 1. Where your own rated reviews have changed what is "
        "called neutral, it is the model's own probability, and another label's may be higher."
    )
    language: str = Field(description="The language that was found (ISO 639-1), or `und` if it cannot be told.")
    aspects: list[AspectView]
    flags: list[str] = Field(description="What to look at, for example `mentions_safety`.")
    model: str = Field(description="The version of the model.")
    analysed_at: datetime


class ReviewView(BaseModel):
    marketplace: str
    sku: str
    external_id: str = Field(description="The review's own ID. It begins with `auto-` if its source has none.")
    rating: int | None = Field(description="Stars, from 1 to 5.")
    title: str
    body: str
    author: str = Field(
        description="A hash of who wrote it: equal for reviews of one author. It is empty if unknown."
    )
    verified: bool | None = Field(description="Whether the author bought the product. It is null if unknown.")
    language: str = Field(description="As it was imported. It is empty if unknown.")
    created_at: datetime | None
    imported_at: datetime
    analysis: AnalysisView | None = Field(
        description="What a `review_sentiment` job found. It is null while the review is new, or has changed since."
    )


def show(row: Review) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.product.sku,
        "external_id": row.external_id,
        "rating": row.rating,
        "title": row.title,
        "body": row.body,
        "author": row.author,
        "verified": row.verified,
        "language": row.language,
        "created_at": row.created_at,
        "imported_at": row.imported_at,
        "analysis": _analysis(row) if row.analysed_with else None,
    }


def _analysis(row: Review) -> dict[str, object]:
    return {
        "label": row.label or None,
        "score": row.score,
        "confidence": row.confidence,
        "language": row.detected_language,
        # As they are described: PostgreSQL keeps their fields in another order.
        "aspects": [{name: each[name] for name in AspectView.model_fields} for each in row.aspects],
        "flags": row.flags,
        "model": row.analysed_with,
        "analysed_at": row.analysed_at,
    }


def rows(tenant_id: int) -> QuerySet[Review]:
    return Review.objects.of(tenant_id).prefetch_related("product")


def checker(scope: Scope, names: Collection[str]) -> Check:
    naming = Naming(scope, names, NAMES, "reviews")
    owner, hashed = owner_of(scope), hashing(scope)
    product_of = known_products(scope, naming.skus)

    def check(row: Row) -> Row:
        product_id, _ = product_of({"sku": naming.sku_of(row)})
        if row.get("author"):
            row["author"] = hashed(str(row["author"]).casefold())
        if not (row["body"] or row.get("title") or row.get("rating")):
            raise FieldProblem("body", "must not be empty, unless the review has a title or a rating")
        if row["external_id"] == DERIVED:
            row["external_id"] = _made_id(row)
        return {"product_id": product_id, **owner, **{name: row[name] for name in row if name not in _NOT_STORED}}

    return check


_NOT_STORED = ("sku", *NAMES)


def _made_id(row: Row) -> str:
    """The same one in the next file, and another one for a review that differs in anything."""
    said = "\x1f".join(str(row.get(name) or "") for name in SAYING_WHICH)
    return MADE + hashlib.sha256(said.encode()).hexdigest()[:32]


REVIEWS = Kind(
    name="reviews",
    day="created_at",
    table=Table(
        "catalogue_review",
        ("product_id", "external_id"),
        needed=("body",),
        renewal=Renewal("analysed_with", ("title", "body", "rating", "language")),
    ),
    fields={
        "sku": Column(fields.text(LONGEST_SKU), Form.IDENTIFIER),
        "external_id": Column(opinions.review_id, Form.IDENTIFIER),
        "rating": Column(opinions.rating),
        "title": Column(fields.prose(LONGEST_TITLE)),
        "body": Column(fields.prose(LONGEST_BODY)),
        "author": Column(fields.text(LONGEST_AUTHOR, several_lines=True), private=True),
        "verified": Column(opinions.verified),
        "language": Column(fields.text(LONGEST_LANGUAGE)),
        "created_at": Column(opinions.written_at, Form.MOMENT),
        "product_id": Column(opinions.product_name, Form.IDENTIFIER),
        "product_handle": Column(opinions.product_name, Form.IDENTIFIER),
    },
    synonyms=synonyms.REVIEWS,
    required=(("sku", *NAMES), ("external_id",), ("body",)),
    named=("sku", *NAMES),
    longest=LONGEST_ROW,
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order(BY_PRODUCT, descending=(Sort("id", row_id),)),
        view=ReviewView,
        show=show,
        long="body",
    ),
    documentation=Documentation(
        rows="reviews",
        order="by product",
        listing=(
            "The list is ordered by product. The reviews of each product that were imported last come first. Each "
            "has the analysis of a `review_sentiment` job."
        ),
        importing=(
            "The columns are sku, external_id (the review's own ID) and body (up to 1,000,000 characters, in as many "
            "lines as it has; HTML is kept as it is), and optionally rating (1 to 5 stars; empty or 0 is none), "
            "title, author, verified (yes or no), language (such as en) and created_at (a day or a moment). In place "
            "of sku, product_id or product_handle may name the product: it is looked for among the SKUs and external "
            "IDs of your products. A file of one product may have none of the three: send it "
            "with sku=. The service keeps only a hash of the author, with a key of your own: enough to see that two "
            "reviews are of the same one. A review is known by its SKU and external_id. If its title, body, rating "
            "or language changes, it is new for the next `review_sentiment` job. Downloads of Amazon's reviews and "
            "exports of Judge.me, Yotpo, Loox, Okendo, Stamped, Shopify, Trustpilot and WooCommerce are taken as "
            "they are, also those without IDs. Otherwise this works like the import of products."
        ),
        example=(
            "sku,external_id,rating,title,body,author,verified,language,created_at\n"
            "SKU-001,R2A7Q,4,Keeps warm,Keeps tea warm for hours but the lid leaks,Jane D.,yes,en,2026-03-12\n"
        ),
    ),
)
