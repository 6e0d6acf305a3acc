"""The catalogue's rows on the wire. Each function answers the shape of the schema beside it."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from aijobs.api.wire.shapes import Pagination
from aijobs.registry import Money
from workers.catalogue.importing import Report
from workers.catalogue.models import Offer, Product, Sale
from workers.changes.deciding import Applied
from workers.changes.models import PriceChange, RepricingPolicy


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


class PolicyView(BaseModel):
    repricing_enabled: bool = Field(description="The kill switch: while false, no price is changed but by a revert.")
    max_changes_per_day: int = Field(description="Changes of one product within 24 hours.")
    cool_down_minutes: int = Field(description="How long a product's price is left alone after a change.")
    min_margin_pct: float = Field(description="Least (price − cost) ÷ price in per cent, whatever a job asks for.")
    outlier_factor: float = Field(
        description="A competitor's price that is off ours by more than this factor is suspicious, and not followed."
    )


class PolicyRequest(BaseModel):
    """Only what is to change."""

    model_config = ConfigDict(strict=True, extra="forbid")

    repricing_enabled: bool = True
    max_changes_per_day: int = Field(default=10, ge=1, le=1000)
    cool_down_minutes: int = Field(default=15, ge=0, le=10_080)
    min_margin_pct: float = Field(default=0.0, ge=0, lt=100)
    outlier_factor: float = Field(default=3.0, ge=1.1, le=100)


class PriceChangeView(BaseModel):
    id: int
    marketplace: str
    sku: str
    before: Money
    after: Money
    currency: str
    reason: str
    status: str = Field(
        description="applied; or, on its way to a marketplace, pending (not sent yet) or unknown (perhaps sent: it "
        "is settled by reading the price back); or rejected.",
        examples=["applied", "pending", "unknown", "rejected"],
    )
    detail: str | None = Field(description="Why it is not applied, or what the marketplace said.")
    job_id: str | None
    reverts: int | None = Field(description="The price change that this one undoes.")
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


class OfferList(BaseModel):
    data: list[OfferView]
    pagination: Pagination


class PriceChangeAnswer(BaseModel):
    data: PriceChangeView


class PolicyAnswer(BaseModel):
    data: PolicyView


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


def show_policy(row: RepricingPolicy) -> dict[str, object]:
    return {name: getattr(row, name) for name in PolicyView.model_fields}


def show_price_change(row: PriceChange) -> dict[str, object]:
    return {
        "id": row.pk,
        "marketplace": row.product.marketplace,
        "sku": row.product.sku,
        "before": row.before,
        "after": row.after,
        "currency": row.product.currency,
        "reason": row.reason,
        "status": row.status,
        "detail": row.detail or None,
        "job_id": row.public_job_id,
        "reverts": row.reverts_id,
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
