"""What `competitor_scan` is asked for, and what it answers."""

from typing import Literal

from pydantic import BaseModel, Field

from aijobs.registry import Result
from aijobs.shapes import Moment, Money
from workers.jobs.shared import Marketplace, ProductParams, Skipped, is_none

Condition = Literal["new", "used", "refurbished", "collectible"]


class ScanParams(ProductParams):
    """What to scan, and how old known offers may be."""

    marketplace: Marketplace = Field(
        description="The marketplace whose offers to fetch: one that is configured, or has products."
    )
    conditions: list[Condition] = Field(default=["new"], min_length=1, max_length=4)
    max_age_minutes: int = Field(
        default=0,
        ge=0,
        le=10_080,
        description="How old the offers of an earlier scan may be to be used again. With 0, the marketplace is "
        "always asked.",
    )


class OfferView(BaseModel):
    seller: str
    price: Money
    shipping: Money
    points: Money | None = Field(
        default=None,
        exclude_if=is_none,
        description="What the points are worth that the buyer gets. It is left out if there are none.",
    )
    landed_price: Money = Field(description="What the buyer pays: price and shipping, less the value of the points.")
    currency: str
    condition: Condition
    fulfilment: str = Field(description="Who ships, in the marketplace's own word. It is empty if unknown.")
    is_buy_box: bool
    availability: str = Field(description="In schema.org's words, for example InStock. It is empty if unknown.")
    tax_included: bool | None = Field(description="Whether the price includes tax. It is null if unknown.")
    source: str = Field(
        description="In what form a page had the price: `json-ld`, `microdata`, `rdfa` or `opengraph`. It is empty "
        "if the offer is not from a page."
    )
    url: str | None
    fetched_at: Moment


class Summary(BaseModel):
    """About the competitors' offers that are compared: see `skipped` for those that are not."""

    lowest_landed: Money | None
    median_landed: Money | None
    buy_box_price: Money | None = Field(description="The landed price of the offer in the buy box, whoever has it.")
    our_price: Money = Field(
        description="The landed price of your own offer at the marketplace, or else the catalogue's price."
    )
    our_rank: int = Field(description="The rank of your price. It is 1 if nobody is cheaper.")
    price_gap_pct: float | None = Field(
        description="By how many per cent your price is above the lowest; it is negative if yours is below."
    )
    offer_count: int
    new_sellers: list[str] = Field(
        description="Sellers who were not there at the last scan. At the first scan it is empty."
    )
    left_sellers: list[str] = Field(description="Sellers who were there at the last scan and no longer are.")
    change_since_last_scan_pct: float | None = Field(
        description="By how many per cent the lowest landed price changed."
    )
    featured_offer_expected_price: Money | None = Field(
        description="The price with which you would win the buy box, if the marketplace says so."
    )


class ScannedSku(BaseModel):
    sku: str
    source: str = Field(
        description="The connector that was asked; `catalogue` if the offers were imported or found by an earlier "
        "scan."
    )
    offers: list[OfferView] = Field(
        description="The offers, the cheapest first. The whole result has 20,000 at most: of 1,000 SKUs, 20 each."
    )
    summary: Summary


class ScanResult(Result):
    """What was found. A scan that breaks off has the SKUs that it got to, and names the others in `skipped`."""

    processed_count: int = Field(description="How many SKUs are in `skus`.")
    offer_count: int = Field(description="How many comparable offers they have together.")
    skipped_count: int = Field(description="How many entries are in `skipped`.")
    source: str = Field(description="The connector of the marketplace.")
    skus: list[ScannedSku]
    skipped: list[Skipped] = Field(
        description="What was left out, and why: SKUs that were not scanned (UNKNOWN_SKU, NOT_LISTED, OUT_OF_TIME, "
        "NOT_READY, or the marketplace's failure), and offers (SUSPICIOUS_OFFER, WRONG_CURRENCY, NOT_AVAILABLE, "
        "PRICE_WITHOUT_TAX, INVALID_OFFER, BUSINESS_OFFERS). NO_BUYABLE_OFFERS means that the SKU was scanned, and "
        "that nobody sells it now."
    )
