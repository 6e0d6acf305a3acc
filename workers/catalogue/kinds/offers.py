"""Competitors' offers, kept as a history. Scans add to the same one: see `workers.catalogue.offers`."""

import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem, check_amounts
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import AVAILABILITIES, CONDITIONS, LONGEST_LABEL, LONGEST_SKU, Offer
from workers.catalogue.pages import BY_PRODUCT, Order, Pages, Sort, moment, of_products, row_id

DEFAULTS: Row = {
    "shipping": Decimal(0),
    # Only scans find these: an imported offer that takes the place of a scanned one has none.
    "points": Decimal(0),
    "source": "",
    "condition": CONDITIONS[0],
    "fulfilment": "",
    "is_buy_box": False,
    "availability": "",
    "tax_included": None,
    "url": "",
}
_AVAILABILITIES = {"": "", **{name.lower(): name for name in AVAILABILITIES}}


class OfferView(BaseModel):
    marketplace: str
    sku: str
    seller: str
    price: Money
    shipping: Money
    points: Money = Field(description="What the points are worth that the buyer gets for the price.")
    currency: str
    condition: str
    fulfilment: str = Field(description="Who ships, in the marketplace's own word. It is empty if unknown.")
    is_buy_box: bool
    availability: str = Field(description="In schema.org's words, for example InStock. It is empty if unknown.")
    tax_included: bool | None = Field(description="Whether the price includes tax. It is null if unknown.")
    source: str = Field(
        description="In what form a page had the price: `json-ld`, `microdata`, `rdfa` or `opengraph`. It is empty "
        "if the offer is not from a page."
    )
    url: str | None
    fetched_at: datetime


def show(row: Offer) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.product.sku,
        "seller": row.seller,
        "price": row.price,
        "shipping": row.shipping,
        "points": row.points,
        "currency": row.currency,
        "condition": row.condition,
        "fulfilment": row.fulfilment,
        "is_buy_box": row.is_buy_box,
        "availability": row.availability,
        "tax_included": row.tax_included,
        "source": row.source,
        "url": row.url or None,
        "fetched_at": row.fetched_at,
    }


def rows(tenant_id: int) -> QuerySet[Offer]:
    return Offer.objects.of(tenant_id).prefetch_related("product")


def availability(cell: str) -> str:
    """PreOrder, of pre-order as well as of https://schema.org/PreOrder. Empty is unknown."""
    known = _AVAILABILITIES.get(re.sub(r"[\s_-]", "", cell.strip().rpartition("/")[2].lower()))
    if known is None:
        raise ValueError(f"must be one of {', '.join(AVAILABILITIES)}")
    return known


def tax_included(cell: str) -> bool | None:
    """Empty is unknown."""
    return fields.flag(cell) if cell.strip() else None


def checker(scope: Scope, skus: Collection[str]) -> Check:
    """An offer of the same seller, condition, fulfilment and moment is replaced. Without a moment it is of now."""
    product_of, owner = known_products(scope, skus), owner_of(scope)

    def check(row: Row) -> Row:
        product_id, currency = product_of(row)
        del row["sku"]
        row["currency"] = row.get("currency") or currency
        if row["currency"] != currency:
            raise FieldProblem("currency", f"must be {currency}, the currency of the product")
        check_amounts(row, ("price", "shipping"))
        if row.get("fetched_at") is None:
            row["fetched_at"] = scope.at
        return {"product_id": product_id, **owner, **DEFAULTS, **row}

    return check


OFFERS = Kind(
    name="offers",
    day="fetched_at",
    table=Table(
        "catalogue_offer",
        ("product_id", "fetched_at", "seller", "condition", "fulfilment"),
        needed=("price", "currency"),
    ),
    fields={
        "sku": Column(fields.text(LONGEST_SKU, required=True), Form.IDENTIFIER),
        "seller": Column(fields.text(LONGEST_LABEL, required=True), Form.IDENTIFIER),
        "price": Column(fields.money, Form.MONEY),
        "shipping": Column(fields.shipping, Form.MONEY),
        "currency": Column(fields.currency),
        "condition": Column(fields.condition),
        "fulfilment": Column(fields.fulfilment),
        "is_buy_box": Column(fields.flag),
        "availability": Column(availability),
        "tax_included": Column(tax_included),
        "url": Column(fields.url),
        "fetched_at": Column(fields.moment, Form.MOMENT),
    },
    synonyms=synonyms.OFFERS,
    required=(("sku",), ("seller",), ("price",)),
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order(BY_PRODUCT, descending=(Sort("fetched_at", moment), Sort("id", row_id))),
        view=OfferView,
        show=show,
    ),
    documentation=Documentation(
        rows="competitors' offers",
        order="by product",
        listing="The list shows all stored offers, ordered by product. The newest offers of each product come first.",
        importing=(
            "The columns are sku, seller and price, and optionally shipping, currency (which must be the "
            "product's), condition (new, used, refurbished or collectible), fulfilment, is_buy_box, availability "
            "(schema.org's word, for example PreOrder), tax_included, url and fetched_at (now, if you leave it out). "
            "The service keeps all offers as history and compares the newest of each seller, condition and "
            "fulfilment. Otherwise this works like the import of products."
        ),
        example="sku,seller,price,shipping,is_buy_box\nSKU-001,BestShop,13.49,0,true\n",
    ),
)
