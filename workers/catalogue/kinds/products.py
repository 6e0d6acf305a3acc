"""Products: what a seller sells on a marketplace. All other kinds refer to them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem, check_decimals
from workers.catalogue.importing.fields import Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.models import (
    DEFAULT_CURRENCY,
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    Product,
    ProductQuerySet,
)
from workers.catalogue.pages import Pages, Sort

# What a row may leave out and yet is checked against.
KEPT = ("currency", "cost", "min_price", "max_price", "map_price")
NEW: Row = {**dict.fromkeys(KEPT), "currency": DEFAULT_CURRENCY}
AMOUNTS = ("cost", "price", "min_price", "max_price", "map_price")


class ProductView(BaseModel):
    marketplace: str
    sku: str
    title: str
    brand: str
    category: str
    cost: Money | None
    price: Money
    currency: str
    min_price: Money | None
    max_price: Money | None
    map_price: Money | None
    stock: int | None
    external_id: str = Field(
        description="The marketplace's own ID of the product, such as an ASIN. It is empty if unknown."
    )
    competitor_urls: str = Field(
        description="The addresses of competitors' pages of the same product, separated by spaces."
    )
    updated_at: datetime


def show(row: Product) -> dict[str, object]:
    return {name: getattr(row, name) for name in ProductView.model_fields}


def checker(scope: Scope) -> Check:
    stored: dict[str, Row] = {row["sku"]: row for row in _products(scope).values("sku", *KEPT)}
    owner: Row = {"tenant_id": scope.tenant_id, "marketplace": scope.marketplace}

    def check(row: Row) -> Row:
        # What the row leaves out is what is stored: together they must make sense.
        sku = str(row["sku"])
        whole = {**NEW, **stored.get(sku, {}), **row}
        _check_amounts(whole)
        stored[sku] = {name: whole[name] for name in KEPT}
        if scope.dry_run:
            scope.expected[sku] = str(whole["currency"])
        return owner | row

    return check


def _check_amounts(row: Row) -> None:
    check_decimals(row, AMOUNTS)
    low, high = row["min_price"], row["max_price"]
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
        raise FieldProblem("min_price", "must not be above max_price")


def _products(scope: Scope) -> ProductQuerySet:
    return Product.objects.of(scope.tenant_id).filter(marketplace=scope.marketplace)


Known = Mapping[str, tuple[int, str]]
"""The id and the currency of a product, by SKU."""


def known_products(scope: Scope) -> Known:
    """What other kinds may refer to. In a dry run also what it has not added, under ids that no product has."""
    known = {sku: (key, currency) for sku, key, currency in _products(scope).values_list("sku", "id", "currency")}
    for number, (sku, currency) in enumerate(scope.expected.items(), start=1):
        known[sku] = (known[sku][0] if sku in known else -number, currency)
    return known


def known_product(known: Known, row: Row, marketplace: str) -> tuple[int, str]:
    """The id and the currency of the product that the row names by SKU. Raises FieldProblem."""
    found = known.get(str(row["sku"]))
    if found is None:
        raise FieldProblem("sku", f"is not a product of {marketplace}; import the product first")
    return found


PRODUCTS = Kind(
    name="products",
    table=Table("catalogue_product", ("tenant_id", "marketplace", "sku"), changed_at="updated_at"),
    fields={
        "sku": fields.text(LONGEST_SKU, required=True),
        "title": fields.text(LONGEST_TITLE, required=True, several_lines=True),
        "brand": fields.text(LONGEST_LABEL),
        "category": fields.text(LONGEST_LABEL),
        "cost": fields.cost,
        "price": fields.money,
        "currency": fields.currency,
        "min_price": fields.optional_money,
        "max_price": fields.optional_money,
        "map_price": fields.optional_money,
        "stock": fields.optional_stock,
        "external_id": fields.text(LONGEST_LABEL),
        "competitor_urls": fields.urls,
    },
    required=("sku", "title", "price"),
    checker=checker,
    pages=Pages(
        rows=Product.objects.of,
        order=(Sort("marketplace", str), Sort("sku", str)),
        view=ProductView,
        show=show,
        marketplace="marketplace",
        sku="sku",
    ),
    documentation=Documentation(
        rows="products",
        order="by marketplace and SKU",
        listing="The list is ordered by marketplace and SKU.",
        importing=(
            "Send CSV with a header row, or one JSON object per line. The columns are sku, title and price, and "
            "optionally brand, category, cost, currency, min_price, max_price, map_price, stock, external_id (such "
            "as an ASIN) and competitor_urls (separated by spaces). If you leave a column out, what is stored "
            "stays; an empty cell clears it. The good rows are imported and the bad ones reported. You may safely "
            "repeat an import."
        ),
        example="sku,title,cost,price,currency\nSKU-001,Steel bottle 0.7 l,6.20,14.99,USD\n",
    ),
)
