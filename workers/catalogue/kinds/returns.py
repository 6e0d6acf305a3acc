"""Returns: what customers sent back, why, and what a classification has made of that.

Orders and buyers are kept as hashes only: enough to see that two returns are of the same one.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.combining import adding_up, later_counts
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.tables import DERIVED
from workers.catalogue.importing.writing import Renewal, Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.hashing import hashing
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import LONGEST_LABEL, LONGEST_SKU, Return
from workers.catalogue.pages import BY_PRODUCT, Order, Pages, Sort, of_products, row_id

LONGEST_COMMENT = 1_000_000
# Quotation marks are written twice, and there is more to a return than its comment.
LONGEST_ROW = 4 * 1024 * 1024
# Of an e-mail address.
LONGEST_BUYER = 320
# In front of the ids that the service makes: of returns that have none, and of those whose id tells the order.
MADE, HIDDEN = "auto-", "id-"
# The id of an order that is as long stands for nothing else, in an id or in a text.
_TELLING_IN_ID, _TELLING_IN_TEXT = 4, 7

Hash = Callable[[str], str]


class EvidenceView(BaseModel):
    """The part of the comment that the reason was read from."""

    text: str
    start: int = Field(description="Where it begins in the comment, in characters (Unicode code points).")
    end: int = Field(description="Where it ends: the place behind its last character.")


class SecondGuessView(BaseModel):
    reason: str
    confidence: float


class ClassificationView(BaseModel):
    reason: str
    confidence: float = Field(description="How probable the reason is, from 0 to 1.")
    evidence: EvidenceView | None = Field(description="Null if the reason is not from the comment.")
    second: SecondGuessView | None = Field(description="The next likely reason.")
    code_reason: str | None = Field(
        description="What the marketplace's reason code says. It is null if there is none, or it is not known."
    )
    code_contradicted: bool = Field(description="Whether the comment says something else than the code.")
    language: str = Field(description="The comment's language (ISO 639-1), or `und` if it cannot be told.")
    source: str = Field(description="What the reason is from: `comment`, `code`, `both` or `none`.")
    model: str = Field(description="The version of the classifier.")
    classified_at: datetime


class ReturnView(BaseModel):
    marketplace: str
    sku: str
    return_id: str = Field(
        description="It begins with `auto-` if the export has none, and with `id-` if it was hidden because it names "
        "the order."
    )
    order: str = Field(description="A hash of the order ID: equal for returns of one order. It is empty if unknown.")
    buyer: str = Field(description="A hash of who bought it: equal for returns of one buyer. It is empty if unknown.")
    date: date
    quantity: int
    reason_code: str = Field(description="The marketplace's own reason.")
    comment: str = Field(description="What the customer wrote.")
    disposition: str = Field(description="In what state it came back, in the marketplace's own word.")
    classification: ClassificationView | None = Field(
        description="What a `return_classify` job found. It is null while the return is new, or has changed since."
    )


def show(row: Return) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.product.sku,
        "return_id": row.return_id,
        "order": row.order,
        "buyer": row.buyer,
        "date": row.date.isoformat(),
        "quantity": row.quantity,
        "reason_code": row.reason_code,
        "comment": row.comment,
        "disposition": row.disposition,
        "classification": _classification(row) if row.classified_with else None,
    }


def _classification(row: Return) -> dict[str, object]:
    found: Mapping[str, object] = row.classification
    evidence, second = found.get("evidence"), found.get("second")
    return {
        "reason": row.reason,
        "confidence": row.confidence,
        "evidence": {"text": evidence, "start": found.get("start"), "end": found.get("end")} if evidence else None,
        "second": {"reason": second, "confidence": found.get("second_confidence")} if second else None,
        "code_reason": found.get("code_reason"),
        "code_contradicted": found.get("code_contradicted", False),
        "language": found.get("language", "und"),
        "source": found.get("source", "none"),
        "model": row.classified_with,
        "classified_at": row.classified_at,
    }


def rows(tenant_id: int) -> QuerySet[Return]:
    return Return.objects.of(tenant_id).prefetch_related("product")


def checker(scope: Scope, skus: Collection[str]) -> Check:
    product_of, owner, hashed = known_products(scope, skus), owner_of(scope), hashing(scope)

    def check(row: Row) -> Row:
        product_id, _ = product_of(row)
        order = str(row.get("order_id", ""))
        row["return_id"] = _return_id(row, order, hashed)
        if "comment" in row:
            row["comment"] = _without_order(str(row["comment"]), order)
        if "order_id" in row:
            row["order"] = hashed(order)
        if "buyer_id" in row:
            # Addresses of e-mail are written in any case.
            row["buyer"] = hashed(str(row["buyer_id"]).casefold())
        return {"product_id": product_id, **owner, **{name: row[name] for name in row if name not in _NOT_STORED}}

    return check


_NOT_STORED = ("sku", "order_id", "buyer_id")


def _return_id(row: Row, order: str, hashed: Hash) -> str:
    """Its own id. Where it has none, one that it has again in the next file; and none that tells the order."""
    given = str(row["return_id"])
    if given == DERIVED:
        return MADE + hashed("\x1f".join([order, str(row["sku"]), str(row["date"]), str(row.get("reason_code", ""))]))
    return HIDDEN + hashed(given) if _tells(given, order) else given


_WORDS = re.compile(r"[^\W_]+")


def _tells(return_id: str, order: str) -> bool:
    """Whether the id of the return has that of the order in it, as Shopify's #1001-R1 has #1001."""
    words, wanted = (_WORDS.findall(text.casefold()) for text in (return_id, order))
    joined = "".join(wanted)
    return joined in words or (len(joined) >= _TELLING_IN_ID and joined in "".join(words))


def _without_order(comment: str, order: str) -> str:
    return comment.replace(order, "…") if len(order) >= _TELLING_IN_TEXT else comment


_ADDED_UP = adding_up(["quantity"])


def combine(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The last row counts, and what only earlier ones say. Rows without an id of their own are units of their own."""
    if len({row["order"] for row in rows if row.get("order")}) > 1:
        raise FieldProblem("return_id", "is that of a return of another order in the same file. It must be unique")
    if rows[0]["return_id"].startswith(MADE):
        return _ADDED_UP([{"quantity": "1", **row} for row in rows])
    return later_counts(rows)


RETURNS = Kind(
    name="returns",
    longest=LONGEST_ROW,
    day="date",
    table=Table(
        "catalogue_return",
        ("product_id", "return_id"),
        needed=("date",),
        renewal=Renewal("classified_with", ("reason_code", "comment")),
    ),
    fields={
        "return_id": Column(fields.text(LONGEST_LABEL, required=True), Form.IDENTIFIER, private=True),
        "order_id": Column(fields.text(LONGEST_LABEL), Form.IDENTIFIER, private=True),
        "sku": Column(fields.text(LONGEST_SKU, required=True), Form.IDENTIFIER),
        "date": Column(fields.day, Form.DAY),
        "quantity": Column(fields.whole_units, Form.NUMBER),
        "reason_code": Column(fields.text(LONGEST_LABEL, several_lines=True)),
        "comment": Column(fields.prose(LONGEST_COMMENT), private=True),
        "disposition": Column(fields.text(LONGEST_LABEL, several_lines=True)),
        "buyer_id": Column(fields.text(LONGEST_BUYER), Form.IDENTIFIER, private=True),
    },
    synonyms=synonyms.RETURNS,
    required=(("return_id",), ("sku",), ("date",)),
    combine=combine,
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order(BY_PRODUCT, descending=(Sort("date", date.fromisoformat), Sort("id", row_id))),
        view=ReturnView,
        show=show,
        long="comment",
    ),
    documentation=Documentation(
        rows="returns",
        order="by product",
        listing=(
            "The list is ordered by product. The newest returns of each product come first. Each has the "
            "classification of a `return_classify` job."
        ),
        importing=(
            "The columns are return_id, sku and date, and optionally order_id, quantity (1, if you leave it out), "
            "reason_code (the marketplace's own), comment (what the customer wrote, up to a million characters), "
            "disposition and buyer_id (a customer's ID or e-mail address). The service keeps only hashes of order_id "
            "and buyer_id, with a key of your own: enough to see that two returns are of the same one. A return is "
            "known by its SKU and return_id. If its reason_code or comment changes, it is new for the next "
            "`return_classify` job. Exports of Amazon, Shopify, WooCommerce and returns apps are taken as they are. "
            "Otherwise this works like the import of products."
        ),
        example=(
            "return_id,order_id,sku,date,quantity,reason_code,comment,disposition\n"
            "R-1,O-1001,SKU-001,2026-03-12,1,DEFECTIVE,Stopped working after a week,CUSTOMER_DAMAGED\n"
        ),
    ),
)
