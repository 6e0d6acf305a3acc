"""The catalogue's rows on the wire. Each function answers the shape of the schema beside it."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from aijobs.api.wire.shapes import Pagination
from aijobs.registry import Money
from workers.catalogue.importing import Report
from workers.catalogue.models import Offer, Product, Sale


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
    external_id: str = Field(description="The marketplace's own name of it, such as an ASIN; empty where unknown.")
    competitor_urls: str = Field(description="Competitors' pages of the same product, separated by spaces.")
    updated_at: datetime


class SaleView(BaseModel):
    marketplace: str
    sku: str
    date: date
    price: Money
    units: float
    promoted: float = Field(description="Share of the period on promotion, 0 to 1.")


class OfferView(BaseModel):
    marketplace: str
    sku: str
    seller: str
    price: Money
    shipping: Money
    currency: str
    condition: str
    fulfilment: str = Field(description="Who ships, in the marketplace's word; empty where unknown.")
    is_buy_box: bool
    url: str | None
    fetched_at: datetime


class RowErrorView(BaseModel):
    line: int
    field: str = Field(description="Empty where the whole row is meant.")
    message: str


class ReportView(BaseModel):
    imported: int = Field(description="Rows that are new.")
    updated: int = Field(description="Rows that were there.")
    rejected: int = Field(description="Rows with an error; the others have landed.")
    errors: list[RowErrorView] = Field(description="The first thousand.")


class ProductList(BaseModel):
    data: list[ProductView]
    pagination: Pagination


class SaleList(BaseModel):
    data: list[SaleView]
    pagination: Pagination


class OfferList(BaseModel):
    data: list[OfferView]
    pagination: Pagination


class ReportAnswer(BaseModel):
    data: ReportView


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
        "external_id": row.external_id,
        "competitor_urls": row.competitor_urls,
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


def show_offer(row: Offer) -> dict[str, object]:
    return {
        "marketplace": row.product.marketplace,
        "sku": row.product.sku,
        "seller": row.seller,
        "price": row.price,
        "shipping": row.shipping,
        "currency": row.currency,
        "condition": row.condition,
        "fulfilment": row.fulfilment,
        "is_buy_box": row.is_buy_box,
        "url": row.url or None,
        "fetched_at": row.fetched_at,
    }


def show_report(report: Report) -> dict[str, object]:
    return {
        "imported": report.imported,
        "updated": report.updated,
        "rejected": report.rejected,
        "errors": report.errors,
    }
