"""Products: what a seller sells on a marketplace. All other kinds refer to them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from aijobs import sql
from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem, check_decimals
from workers.catalogue.importing.fields import Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, KnownProduct, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.models import (
    DEFAULT_CURRENCY,
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    Product,
)
from workers.catalogue.pages import Asked, Fixed, Order, Pages, Sort

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


def parts(asked: Asked) -> list[Fixed]:
    return [{name: value for name in ("marketplace", "sku") if (value := getattr(asked, name)) is not None}]


@dataclass(frozen=True, slots=True)
class Stored:
    """What is in the catalogue under a SKU."""

    sku: str
    id: int
    currency: str
    cost: Decimal | None
    min_price: Decimal | None
    max_price: Decimal | None
    map_price: Decimal | None


STORED = """
SELECT sku, id, currency, cost, min_price, max_price, map_price FROM catalogue_product
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND sku = ANY(%(skus)s)
"""


def checker(scope: Scope, skus: Collection[str]) -> Check:
    before: dict[str, Row] = {each.sku: {name: getattr(each, name) for name in KEPT} for each in _stored(scope, skus)}
    before |= {sku: scope.expected[sku] for sku in skus if sku in scope.expected}
    owner = owner_of(scope)

    def check(row: Row) -> Row:
        # What the row leaves out is what is stored: together they must make sense.
        sku = str(row["sku"])
        whole = {**NEW, **before.get(sku, {}), **row}
        _check_amounts(whole)
        before[sku] = {name: whole[name] for name in KEPT}
        if scope.dry_run:
            scope.expected[sku] = before[sku]
        return owner | row

    return check


def owner_of(scope: Scope) -> Row:
    """The columns that say whose a row is: every kind has them."""
    return {"tenant_id": scope.tenant_id, "marketplace": scope.marketplace}


def _stored(scope: Scope, skus: Collection[str]) -> list[Stored]:
    parameters = {"tenant": scope.tenant_id, "marketplace": scope.marketplace, "skus": list(skus)}
    return sql.rows(Stored, STORED, parameters)


def _check_amounts(row: Row) -> None:
    check_decimals(row, AMOUNTS)
    low, high = row["min_price"], row["max_price"]
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
        raise FieldProblem("min_price", "must not be above max_price")


# More are looked up again: what an import remembers is bounded.
MOST_KNOWN = 50_000


def known_products(scope: Scope, skus: Collection[str]) -> Callable[[Row], KnownProduct]:
    """From a row to the product that it names by SKU. The result raises FieldProblem where there is none.

    In a dry run also what it has not added, under ids that no product has.
    """
    known = scope.known
    if len(known) > MOST_KNOWN:
        known.clear()
    if unknown := [sku for sku in skus if sku not in known]:
        known |= {each.sku: KnownProduct(each.id, each.currency) for each in _stored(scope, unknown)}
    for sku in skus if scope.expected else ():
        if sku in scope.expected:
            number = known[sku].id if sku in known else -len(known) - 1
            known[sku] = KnownProduct(number, str(scope.expected[sku]["currency"]))

    def product_of(row: Row) -> KnownProduct:
        found = known.get(str(row["sku"]))
        if found is None:
            raise FieldProblem("sku", f"is not a product of {scope.marketplace}; import the product first")
        return found

    return product_of


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
        parts=parts,
        order=Order((Sort("marketplace", str), Sort("sku", str))),
        view=ProductView,
        show=show,
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
