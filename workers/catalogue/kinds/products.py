"""Products: what a seller sells on a marketplace. All other kinds refer to them."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, Field

from aijobs import sql
from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem, check_amounts
from workers.catalogue.importing.combining import later_counts
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, KnownProduct, Scope
from workers.catalogue.importing.writing import NULL, Audit, Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.models import (
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    Product,
)
from workers.catalogue.pages import Asked, Fixed, Order, Pages, Sort
from workers.changes.models import RECORD_IMPORTED_PRICES

# What a row may leave out and yet is checked against.
KEPT = ("currency", "cost", "min_price", "max_price", "map_price", "external_id")
NEW: Row = dict.fromkeys(KEPT)
# What a product cannot be without. A row of a known one may leave it out.
NEEDED = ("title", "price")
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
    external_id: str


STORED = """
SELECT sku, id, currency, cost, min_price, max_price, map_price, external_id FROM catalogue_product
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND sku = ANY(%(skus)s)
"""


def checker(scope: Scope, skus: Collection[str]) -> Check:
    before: dict[str, Row] = {each.sku: {name: getattr(each, name) for name in KEPT} for each in _stored(scope, skus)}
    before |= {sku: scope.expected[sku] for sku in skus if sku in scope.expected}
    owner = owner_of(scope)

    def check(row: Row) -> Row:
        # What the row leaves out is what is stored: together they must make sense.
        sku = str(row["sku"])
        stored = before.get(sku)
        if stored is None:
            _check_new(row)
        if not row.get("currency"):
            # What is stored stays, whoever changes it meanwhile.
            row.pop("currency", None)
            row |= {} if stored else {"currency": scope.currency}
        if stored and row.get("currency", stored["currency"]) != stored["currency"] and "price" not in row:
            raise FieldProblem(
                "currency", f"is {stored['currency']} in the catalogue. To change it, send the price, too"
            )
        _take_title(row, known=stored is not None)
        whole = {**NEW, **(stored or {}), **row}
        if "price" in scope.keep and stored and whole["currency"] != stored["currency"]:
            raise FieldProblem("currency", f"must be {stored['currency']}, the currency of the price that you keep")
        _check_amounts(whole)
        before[sku] = {name: whole[name] for name in KEPT}
        if scope.dry_run:
            scope.expected[sku] = before[sku]
        return owner | {name: whole[name] for name in row}

    return check


def _check_new(row: Row) -> None:
    for name in NEEDED:
        if name not in row:
            raise FieldProblem(
                name,
                "is needed for a new product, and the catalogue does not have this SKU. Import a file with it first",
            )


def combine(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The last row counts, and what only earlier ones say, if that makes sense together."""
    combined = later_counts(rows)
    low, high = (combined.get(name, NULL) for name in ("min_price", "max_price"))
    if NULL not in (low, high):
        _check_bounds(Decimal(low), Decimal(high))
    return combined


# VT-S and VT-M are variants of one product, SKU-001 and SKU-002 are not.
_STEM = re.compile(r"(.{2,})[-_./ ](?=.*[^\W\d_])[^-_./ ]{1,3}")


# In front of such a title, until it is known whether the product is new. No text of a file holds it.
INHERITED = "\ue002"


def inherit_title(above: Mapping[str, str], row: dict[str, str]) -> None:
    """Shops write the title once for all variants of a product: an empty one of a variant is the one above it."""
    if row.get("title", "-").strip() or not above.get("title"):
        return
    stem, stem_above = (_STEM.fullmatch(each.get("sku", "").strip()[:LONGEST_SKU]) for each in (row, above))
    if stem and stem_above and stem[1] == stem_above[1]:
        row["title"] = INHERITED + above["title"].removeprefix(INHERITED)


def _take_title(row: Row, *, known: bool) -> None:
    """What was taken from the row above is for new products: a known one keeps its own title."""
    title = row.get("title")
    if isinstance(title, str) and title.startswith(INHERITED):
        row["title"] = title.removeprefix(INHERITED)
        if known:
            del row["title"]


def owner_of(scope: Scope) -> Row:
    """The columns that say whose a row is: every kind has them."""
    return {"tenant_id": scope.tenant_id, "marketplace": scope.marketplace}


def _stored(scope: Scope, skus: Collection[str]) -> list[Stored]:
    parameters = {"tenant": scope.tenant_id, "marketplace": scope.marketplace, "skus": list(skus)}
    return sql.rows(Stored, STORED, parameters)


def _check_amounts(row: Row) -> None:
    check_amounts(row, AMOUNTS)
    low, high = row["min_price"], row["max_price"]
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        _check_bounds(low, high)


def _check_bounds(low: Decimal, high: Decimal) -> None:
    if low > high:
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


@dataclass(frozen=True, slots=True)
class _Name:
    sku: str
    name: str


_NAMED = """
SELECT sku, sku AS name FROM catalogue_product
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND sku = ANY(%(names)s)
UNION ALL
SELECT sku, external_id FROM catalogue_product
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND external_id = ANY(%(names)s) AND external_id <> ''
"""


def skus_named(scope: Scope, names: Collection[str]) -> dict[str, list[str]]:
    """The SKUs of the products that these names mean: their own SKU, or else their external ID."""
    parameters = {"tenant": scope.tenant_id, "marketplace": scope.marketplace, "names": list(names)}
    found = {(each.name, each.sku) for each in sql.rows(_Name, _NAMED, parameters)}
    for sku, row in scope.expected.items():
        found |= {(name, sku) for name in (sku, str(row["external_id"] or "")) if name in names}
    skus: dict[str, list[str]] = {}
    for name, sku in sorted(found):
        skus.setdefault(name, []).append(sku)
    return {name: [name] if name in meant else meant for name, meant in skus.items()}


PRODUCTS = Kind(
    name="products",
    table=Table(
        "catalogue_product",
        ("tenant_id", "marketplace", "sku"),
        changed_at="updated_at",
        needed=NEEDED,
        audit=Audit(("price", "currency"), RECORD_IMPORTED_PRICES),
    ),
    fields={
        "sku": Column(fields.text(LONGEST_SKU, required=True), Form.IDENTIFIER),
        "title": Column(fields.text(LONGEST_TITLE, required=True, several_lines=True)),
        "brand": Column(fields.text(LONGEST_LABEL)),
        "category": Column(fields.text(LONGEST_LABEL)),
        "cost": Column(fields.cost, Form.MONEY),
        "price": Column(fields.money, Form.MONEY),
        "currency": Column(fields.currency),
        "min_price": Column(fields.optional_money, Form.MONEY),
        "max_price": Column(fields.optional_money, Form.MONEY),
        "map_price": Column(fields.optional_money, Form.MONEY),
        "stock": Column(fields.optional_stock, Form.NUMBER),
        "external_id": Column(fields.text(LONGEST_LABEL), Form.IDENTIFIER),
        "competitor_urls": Column(fields.urls),
    },
    synonyms=synonyms.PRODUCTS,
    required=(("sku",),),
    combine=combine,
    complete=inherit_title,
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
            "Send a table with a header row (CSV and alike, or an Excel workbook), JSON (an array, or one object per "
            "line), or an export of a marketplace or shop system as it is. The columns are sku, title and price, and "
            "optionally brand, category, cost, currency, min_price, max_price, map_price, stock, external_id (such "
            "as an ASIN) and competitor_urls (separated by spaces). Of a product that you have already, sku and what "
            "you want to change are enough. If you leave a column out, what is stored stays; an empty cell clears "
            "it, but in exports of others it says nothing. The good rows are imported and the bad ones reported. You "
            "may safely repeat an import. A price that an import changes is a price change in the audit, with the "
            "reason IMPORTED. If a file may be older than your last pricing job, send price=keep: products that are "
            "there keep their prices."
        ),
        example="sku,title,cost,price,currency\nSKU-001,Steel bottle 0.7 l,6.20,14.99,USD\n",
    ),
)
