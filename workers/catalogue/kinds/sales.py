"""Sales: what a product sold in a day, or in a week."""

from collections.abc import Collection
from datetime import date

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from aijobs.shapes import Money
from workers.catalogue.importing import fields
from workers.catalogue.importing.fields import Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
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
        product_id = product_of(row).id
        del row["sku"]
        return {"product_id": product_id, **owner, **row}

    return check


SALES = Kind(
    name="sales",
    table=Table("catalogue_sale", ("product_id", "date")),
    fields={
        "sku": fields.text(LONGEST_SKU, required=True),
        "date": fields.day,
        "price": fields.average_price,
        "units": fields.units,
        "promoted": fields.share,
    },
    required=("sku", "date", "price", "units"),
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
