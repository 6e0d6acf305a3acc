"""The catalogue's rows on the wire. Each function answers the shape of the schema beside it."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from aijobs.api.schemas import Pagination
from aijobs.registry import Money
from workers.catalogue.importing import Report
from workers.catalogue.models import PriceChange, Product, Sale
from workers.catalogue.price_changes import Applied


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
    updated_at: datetime


class SaleView(BaseModel):
    marketplace: str
    sku: str
    date: date
    price: Money
    units: float
    promoted: float = Field(description="Share of the period on promotion, 0 to 1.")


class PriceChangeView(BaseModel):
    marketplace: str
    sku: str
    before: Money
    after: Money
    currency: str
    reason: str
    job_id: str | None
    created_at: datetime


class RowErrorView(BaseModel):
    line: int
    field: str = Field(description="Empty where the whole row is meant.")
    message: str


class ReportView(BaseModel):
    imported: int = Field(description="Rows that are new.")
    updated: int = Field(description="Rows that were there.")
    rejected: int = Field(description="Rows with an error; the others have landed.")
    errors: list[RowErrorView] = Field(description="The first thousand.")


class Refused(BaseModel):
    sku: str
    reason: str = Field(examples=["PRICE_CHANGED", "ALREADY_APPLIED", "NOT_IN_JOB", "NO_CHANGE", "UNKNOWN_SKU"])


class AppliedView(BaseModel):
    applied: list[PriceChangeView]
    skipped: list[Refused]


class ProductList(BaseModel):
    data: list[ProductView]
    pagination: Pagination


class SaleList(BaseModel):
    data: list[SaleView]
    pagination: Pagination


class PriceChangeList(BaseModel):
    data: list[PriceChangeView]
    pagination: Pagination


class ReportAnswer(BaseModel):
    data: ReportView


class AppliedAnswer(BaseModel):
    data: AppliedView


def show_product(row: Product) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.sku,
        "title": row.title,
        "brand": row.brand,
        "category": row.category,
        "cost": row.cost,
        "price": row.price,
        "currency": row.currency,
        "min_price": row.min_price,
        "max_price": row.max_price,
        "map_price": row.map_price,
        "stock": row.stock,
        "updated_at": row.updated_at,
    }


def show_sale(row: Sale) -> dict[str, object]:
    return {
        "marketplace": row.product.marketplace,
        "sku": row.product.sku,
        "date": row.date.isoformat(),
        "price": row.price,
        "units": row.units,
        "promoted": row.promoted,
    }


def show_price_change(row: PriceChange) -> dict[str, object]:
    return {
        "marketplace": row.product.marketplace,
        "sku": row.product.sku,
        "before": row.before,
        "after": row.after,
        "currency": row.product.currency,
        "reason": row.reason,
        "job_id": row.public_job_id,
        "created_at": row.created_at,
    }


def show_report(report: Report) -> dict[str, object]:
    return {
        "imported": report.imported,
        "updated": report.updated,
        "rejected": report.rejected,
        "errors": report.errors,
    }


def show_applied(applied: Applied) -> dict[str, object]:
    return {
        "applied": [show_price_change(change) for change in applied.changes],
        "skipped": [{"sku": sku, "reason": reason} for sku, reason in sorted(applied.refused.items())],
    }
