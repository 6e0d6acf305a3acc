"""Sales: what a product sold in a day, or in a week."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.checks import FieldProblem, NoItem, check_marks
from workers.catalogue.importing.combining import later_counts
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import LONGEST_SKU, Sale
from workers.catalogue.pages import BY_PRODUCT, Order, Pages, Sort, of_products


class SaleView(BaseModel):
    marketplace: str
    sku: str
    date: date
    price: Money
    units: float
    promoted: float = Field(description="The share of the period that was on promotion, from 0 to 1.")


def show(row: Sale) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.product.sku,
        "date": row.date.isoformat(),
        "price": row.price,
        "units": row.units,
        "promoted": row.promoted,
    }


def rows(tenant_id: int) -> QuerySet[Sale]:
    return Sale.objects.of(tenant_id).prefetch_related("product")


def checker(scope: Scope, skus: Collection[str]) -> Check:
    product_of, owner = known_products(scope, skus), owner_of(scope)

    def check(row: Row) -> Row:
        product_id, currency = product_of(row)
        del row["sku"]
        if (row.pop("currency", None) or currency) != currency:
            raise FieldProblem("currency", f"must be {currency}, the currency of the product")
        check_marks(row, currency)
        _set_price(row)
        return {"product_id": product_id, **owner, **row}

    return check


def _set_price(row: Row) -> None:
    """The average price of a unit, as it was paid: from what all units of the row brought, if the row says that."""
    revenue, discount, units = row.pop("revenue", None), row.pop("discount", None), row["units"]
    if isinstance(discount, Decimal) and discount:
        row["promoted"] = 1.0
    if isinstance(row.get("price"), Decimal) and not discount:
        return
    if not isinstance(units, float) or not units:
        raise FieldProblem(
            "units", "must be above 0, so that the price of a unit can be told from the amount of the row"
        )
    taken = (discount if isinstance(discount, Decimal) else Decimal(0)) / Decimal(units)
    price = row.get("price")
    if not isinstance(price, Decimal):
        if not isinstance(revenue, Decimal):
            raise FieldProblem("price", "must not be empty")
        price = revenue / Decimal(units)
    if taken and taken == price:
        raise NoItem("was free: its discount is its whole price")
    try:
        row["price"] = fields.average_price(str(price - taken))
    except ValueError as error:
        raise FieldProblem("price", str(error)) from None


def combine(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Order lines of one day: units add up, and the price is what they were sold for on average."""
    units = [float(row["units"]) for row in rows]
    total = sum(units)
    weights = units if total else [1.0] * len(rows)
    price = sum(Decimal(row["price"]) * Decimal(weight) for row, weight in zip(rows, weights, strict=True))
    promoted = sum(float(row.get("promoted", 0)) * weight for row, weight in zip(rows, weights, strict=True))
    combined = later_counts(rows)
    combined |= {"units": str(total), "price": str(price / Decimal(sum(weights)))}
    if "promoted" in combined:
        combined["promoted"] = str(min(promoted / sum(weights), 1.0))
    return combined


SALES = Kind(
    name="sales",
    day="date",
    table=Table("catalogue_sale", ("product_id", "date"), needed=("price", "units")),
    fields={
        "sku": Column(fields.text(LONGEST_SKU, required=True), Form.IDENTIFIER),
        "date": Column(fields.day, Form.DAY),
        "price": Column(fields.optional_average_price, Form.MONEY),
        "units": Column(fields.units, Form.NUMBER),
        "promoted": Column(fields.share, Form.NUMBER),
        "revenue": Column(fields.cost, Form.MONEY),
        "discount": Column(fields.cost, Form.MONEY),
        "currency": Column(fields.currency),
    },
    synonyms=synonyms.SALES,
    required=(("sku",), ("date",), ("price", "revenue"), ("units",)),
    combine=combine,
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order(BY_PRODUCT, descending=(Sort("date", date.fromisoformat),)),
        view=SaleView,
        show=show,
    ),
    documentation=Documentation(
        rows="sales",
        order="by product",
        listing="The list is ordered by product. The newest sales of each product come first.",
        importing=(
            "The columns are sku, date, price and units, and optionally promoted (true, false, or the share of the "
            "period). A row may stand for a day or a week; the service finds out which from the dates. Otherwise "
            "this works like the import of products."
        ),
        example="sku,date,price,units,promoted\nSKU-001,2026-03-12,14.99,31,false\n",
    ),
)
