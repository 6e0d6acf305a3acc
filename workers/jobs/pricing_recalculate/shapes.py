"""What `pricing_recalculate` is asked for, and what it answers."""

from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from aijobs.registry import Params, Result
from aijobs.shapes import Money
from workers.jobs.shared import Marketplace, Skipped, Skus

Constraint = Literal[
    "min_margin",
    "min_price",
    "max_price",
    "map_price",
    "max_change",
    "charm_ending",
    "stock_cover",
    "competitor",
    "price_war",
]


class CompetitorAnchor(Params):
    """How to stand to a competitor's offer. A constraint beside the demand model, below floors and largest step."""

    rule: Literal["match", "beat_by", "stay_within"] = Field(
        description="match: at most the offer's landed price; beat_by: at least so many per cent below it; "
        "stay_within: no more than so many per cent above or below it."
    )
    percent: float = Field(default=0.0, ge=0, le=50, description="For beat_by and stay_within.")
    reference: Literal["lowest", "buy_box"] = Field(
        default="lowest", description="The lowest comparable offer, or the competitor's offer in the buy box."
    )
    max_age_minutes: int = Field(
        default=1440, ge=1, le=43_200, description="Offers that were fetched earlier are not followed."
    )

    @model_validator(mode="after")
    def _percent_fits(self) -> Self:
        if self.rule == "match" and self.percent:
            raise ValueError("match takes no percent")
        if self.rule == "beat_by" and not self.percent:
            raise ValueError("beat_by needs a percent above 0")
        return self


class PricingParams(Params):
    """What to price, and within which bounds."""

    skus: Skus = Field(description="1 to 1,000 SKUs, no duplicates.")
    marketplace: Marketplace = Field(description="Whose products and sales to use.")
    apply: bool = Field(default=False, description="Write the recommended prices, within the tenant's guardrails.")
    objective: Literal["profit", "revenue"] = Field(default="profit", description="What the price shall maximise.")
    min_margin_pct: float = Field(
        default=0.0, ge=0, lt=100, description="Least (price − cost) ÷ price in per cent; 0: never below cost."
    )
    max_change_pct: float = Field(
        default=10.0, gt=0, le=50, description="Largest step of this run, in per cent of the current price."
    )
    lookback_days: int = Field(
        default=730, ge=28, le=730, description="Days of sales to learn from, back from the last one on record."
    )

    competitor_anchor: CompetitorAnchor | None = Field(
        default=None, description="Competitors' offers to go by; without it they are not looked at."
    )


class Interval(BaseModel):
    """The middle 90 %."""

    low: float
    high: float


class Recommendation(BaseModel):
    sku: str
    current_price: Money = Field(description="In the product's currency, when the decision was computed.")
    recommended_price: Money = Field(description="In the product's currency; equal to current_price when held.")
    confidence: float = Field(
        ge=0,
        le=1,
        description="Of a change: the probability that the recommended price earns at least the current price's "
        "profit. Of a held price: the probability that no allowed price would earn over 1 % more (of what was to be "
        "maximised).",
    )
    reasoning: str = Field(description="Why, in a sentence or two.")
    applied: bool = Field(description="Whether this job wrote the price: into the catalogue, or to the marketplace.")
    elasticity: float = Field(description="Per cent of demand lost per per cent of price: −2 means 2 % less for 1 %.")
    elasticity_interval: Interval
    expected_profit_change_pct: float = Field(description="Of profit, against the current price; 0 when held.")
    expected_profit_change_interval: Interval
    binding_constraint: Constraint | None = Field(
        description="The constraint that keeps the price from earning more."
    )
    observations: int = Field(description="Days, or weeks, of sales that this SKU was judged by.")


class PricingResult(Result):
    """Recommendations in the order of the request."""

    processed_count: int = Field(description="SKUs with a recommendation.")
    updated_count: int = Field(description="Recommendations that change the price; with apply, those written.")
    recommendations: list[Recommendation]
    skipped: list[Skipped] = Field(
        description="SKUs without a recommendation (UNKNOWN_SKU, NO_SALES_DATA); prices that were left alone by a "
        "guardrail (PRICE_CHANGED, CHANGE_IN_PROGRESS, COOL_DOWN, DAILY_LIMIT, BELOW_FLOOR, ABOVE_CEILING, "
        "REPRICING_DISABLED) or are not at the marketplace yet (WRITE_PENDING, WRITE_UNKNOWN, WRITE_REJECTED); "
        "offers that were not followed (SUSPICIOUS_OFFER, WRONG_CURRENCY)."
    )
