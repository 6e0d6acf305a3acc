"""What `competitor_scan` is asked for, and what it answers."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from aijobs.registry import Params, Result
from aijobs.shapes import Moment, Money
from workers.jobs.shared import LARGEST_REQUEST, Marketplace, Skipped, Skus

Condition = Literal["new", "used", "refurbished", "collectible"]


class ScanParams(Params):
    """What to scan, and how fresh it has to be."""

    skus: Skus | None = Field(default=None, description="1 to 1,000 SKUs, no duplicates. Either these or all.")
    all: bool = Field(default=False, description="All products of the marketplace, those scanned longest ago first.")
    limit: int = Field(default=LARGEST_REQUEST, ge=1, le=LARGEST_REQUEST, description="With all: how many at most.")
    marketplace: Marketplace = Field(description="Whose offers: a configured marketplace, or one with products.")
    conditions: list[Condition] = Field(default=["new"], min_length=1, max_length=4)
    max_age_minutes: int = Field(
        default=0,
        ge=0,
        le=10_080,
        description="Offers that an earlier scan fetched so lately are used again; 0: always ask the marketplace.",
    )

    @model_validator(mode="after")
    def _either_skus_or_all(self) -> Self:
        if self.all == (self.skus is not None):
            raise ValueError("give either skus or all: true")
        return self


class OfferView(BaseModel):
    seller: str
    price: Money
    shipping: Money
    landed_price: Money = Field(description="Price and shipping: what the buyer pays.")
    currency: str
    condition: Condition
    fulfilment: str = Field(description="Who ships, in the marketplace's word; empty where unknown.")
    is_buy_box: bool
    url: str | None
    fetched_at: Moment


class Summary(BaseModel):
    """Of the comparable offers: in the product's currency and the conditions asked for, not ours, not suspicious."""

    lowest_landed: Money | None
    median_landed: Money | None
    buy_box_price: Money | None = Field(description="Landed, whoever holds it.")
    our_price: Money = Field(description="Landed where the marketplace shows our own offer, else the catalogue's.")
    our_rank: int = Field(description="1 where nobody is cheaper.")
    price_gap_pct: float | None = Field(description="Ours above (or, negative, below) the lowest, in per cent of it.")
    offer_count: int
    new_sellers: list[str] = Field(description="Not there at the last scan; empty at the first.")
    left_sellers: list[str] = Field(description="There at the last scan, and not any more.")
    change_since_last_scan_pct: float | None = Field(description="Of the lowest landed price.")
    featured_offer_expected_price: Money | None = Field(
        description="With which we would win the buy box, where the marketplace says so."
    )


class ScannedSku(BaseModel):
    sku: str
    source: str = Field(description="The connector that was asked; catalogue: imported, or of an earlier scan.")
    offers: list[OfferView] = Field(
        description="The cheapest first. 20,000 in the whole result: with 1,000 SKUs the 20 cheapest of each."
    )
    summary: Summary


class ScanResult(Result):
    """What was found. A scan that breaks off half-way has the SKUs that it got to, and names the others."""

    processed_count: int = Field(description="SKUs in `skus`.")
    offer_count: int = Field(description="Comparable offers of all of them.")
    skipped_count: int = Field(description="Entries in `skipped`.")
    source: str = Field(description="The marketplace's connector.")
    skus: list[ScannedSku]
    skipped: list[Skipped] = Field(
        description="SKUs that were not scanned, and why (UNKNOWN_SKU, NOT_LISTED, OUT_OF_TIME, the marketplace's "
        "failure); offers that were left out (SUSPICIOUS_OFFER, WRONG_CURRENCY, INVALID_OFFER)."
    )
