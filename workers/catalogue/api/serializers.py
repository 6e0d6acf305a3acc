"""The catalogue's rows on the wire. Each function answers the shape of the schema beside it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from aijobs.api.wire.shapes import Pagination
from aijobs.registry import Money
from workers.changes.deciding import Applied
from workers.changes.models import PriceChange, RepricingPolicy


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


class Refused(BaseModel):
    sku: str
    reason: str = Field(examples=["PRICE_CHANGED", "ALREADY_APPLIED", "NOT_IN_JOB", "NO_CHANGE", "UNKNOWN_SKU"])


class AppliedView(BaseModel):
    applied: list[PriceChangeView]
    skipped: list[Refused]


class PriceChangeList(BaseModel):
    data: list[PriceChangeView]
    pagination: Pagination


class PriceChangeAnswer(BaseModel):
    data: PriceChangeView


class PolicyAnswer(BaseModel):
    data: PolicyView


class AppliedAnswer(BaseModel):
    data: AppliedView


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


def show_applied(applied: Applied) -> dict[str, object]:
    return {
        "applied": [show_price_change(change) for change in applied.changes],
        "skipped": [{"sku": sku, "reason": reason} for sku, reason in sorted(applied.refused.items())],
    }
