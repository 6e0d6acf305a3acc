"""What `pricing_recalculate` is asked for, and what it answers."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from aijobs.registry import Params, Result
from aijobs.shapes import Money
from workers.jobs.shared import Marketplace, ProductParams, Skipped

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


# `CompetitorAnchor._percent_fits` in JSON Schema.
PERCENT_BY_RULE: dict[str, JsonValue] = {
    "oneOf": [
        {"properties": {"rule": {"const": "match"}, "percent": {"const": 0}}},
        {
            "properties": {"rule": {"const": "beat_by"}, "percent": {"exclusiveMinimum": 0}},
            "required": ["percent"],
        },
        {"properties": {"rule": {"const": "stay_within"}}},
    ]
}


class CompetitorAnchor(Params):
    """How your price follows a competitor's offer. Price floors and the largest step come first."""

    model_config = ConfigDict(json_schema_extra=PERCENT_BY_RULE)

    rule: Literal["match", "beat_by", "stay_within"] = Field(
        description="With `match`, your price is at most the offer's landed price. With `beat_by`, it is at least "
        "`percent` below it. With `stay_within`, it is at most `percent` above or below it."
    )
    percent: float = Field(
        default=0.0,
        ge=0,
        le=50,
        validate_default=True,
        description="The percentage for `beat_by` and `stay_within`.",
    )
    reference: Literal["lowest", "buy_box"] = Field(
        default="lowest",
        description="Whether to follow the lowest comparable offer, or the competitor's offer in the buy box.",
    )
    max_age_minutes: int = Field(
        default=1440, ge=1, le=43_200, description="How old an offer may be. Older ones are not followed."
    )

    @field_validator("percent")
    @classmethod
    def _percent_fits(cls, percent: float, info: ValidationInfo) -> float:
        """Of the field and not of the model, so that it is told beside what else is wrong."""
        if info.data.get("rule") == "match" and percent:
            raise ValueError("must be left out if rule is match")
        if info.data.get("rule") == "beat_by" and not percent:
            raise ValueError("must be above 0 if rule is beat_by")
        return percent


class PricingParams(ProductParams):
    """What to price, and within which bounds."""

    marketplace: Marketplace = Field(description="The marketplace whose products and sales to use.")
    apply: bool = Field(
        default=False, description="Whether to write the recommended prices, within your repricing policy."
    )
    objective: Literal["profit", "revenue"] = Field(default="profit", description="What the price should maximise.")
    min_margin_pct: float = Field(
        default=0.0,
        ge=0,
        lt=100,
        description="The smallest margin, (price − cost) ÷ price in per cent. With 0, no price is below cost.",
    )
    max_change_pct: float = Field(
        default=10.0, gt=0, le=50, description="The largest change in this run, in per cent of the current price."
    )
    lookback_days: int = Field(
        default=730,
        ge=28,
        le=730,
        description="How many days of sales to learn from, counted back from each product's own last sale. Sales "
        "that are dated after tomorrow are left out.",
    )

    competitor_anchor: CompetitorAnchor | None = Field(
        default=None,
        examples=[{"rule": "stay_within", "percent": 5, "reference": "lowest", "max_age_minutes": 1440}],
        description="Which competitor's offer to follow, and how. Without it the job ignores competitors.",
    )


class Interval(BaseModel):
    """The range that holds the true value with a probability of 90 %."""

    low: float
    high: float


class Recommendation(BaseModel):
    sku: str
    current_price: Money = Field(
        description="The price when the recommendation was computed, in the product's currency."
    )
    recommended_price: Money = Field(
        description="The new price, in the product's currency. It equals `current_price` if the price is held."
    )
    confidence: float = Field(
        ge=0,
        le=1,
        description="If the price changes, the probability that the recommended price earns at least as much profit "
        "as the current one. If it is held, the probability that no allowed price would earn over 1 % more (of what "
        "was to be maximised).",
    )
    reasoning: str = Field(description="Why, in a few sentences.")
    applied: bool = Field(description="Whether this job wrote the price, into the catalogue or to the marketplace.")
    elasticity: float = Field(
        description="By how many per cent demand changes if the price rises by 1 %. With −2, it falls by 2 %."
    )
    elasticity_interval: Interval
    expected_profit_change_pct: float = Field(
        description="By how many per cent the profit is expected to change. It is 0 if the price is held."
    )
    expected_profit_change_interval: Interval
    binding_constraint: Constraint | None = Field(
        description="The constraint that keeps the price from earning more."
    )
    observations: int = Field(description="From how many days, or weeks, of this SKU's sales the job learned.")


class PricingResult(Result):
    """The recommendations, in the order of the request; with `all`, those priced longest ago first."""

    processed_count: int = Field(description="How many SKUs have a recommendation.")
    updated_count: int = Field(
        description="How many recommendations change the price; with `apply`, how many prices were written."
    )
    recommendations: list[Recommendation]
    skipped: list[Skipped] = Field(
        description="What was left out, and why: SKUs without a recommendation (UNKNOWN_SKU, NO_SALES_DATA), prices "
        "that a guardrail kept (PRICE_CHANGED, CHANGE_IN_PROGRESS, COOL_DOWN, DAILY_LIMIT, BELOW_FLOOR, "
        "ABOVE_CEILING, REPRICING_DISABLED), prices that the marketplace does not have, or not yet (WRITE_PENDING, "
        "WRITE_UNKNOWN, WRITE_REJECTED), and offers that were not followed (SUSPICIOUS_OFFER, WRONG_CURRENCY, "
        "NOT_AVAILABLE, PRICE_WITHOUT_TAX)."
    )
