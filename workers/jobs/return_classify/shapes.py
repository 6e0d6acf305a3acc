"""What `return_classify` is asked for, and what it answers."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from aijobs.registry import Result
from aijobs.shapes import Money
from workers.jobs.backlog import LARGEST_RUN, AnalysisParams
from workers.jobs.shared import Marketplace, Skipped

# A result is read by people, and sent whole: what is beyond these is counted.
MOST_SKUS = 1000
MOST_ANOMALIES = 100
MOST_SKIPPED = 1000


class ReturnParams(AnalysisParams):
    """Which returns to classify, and which to count."""

    all: bool = Field(default=False, description="Whether to take the returns of all products of the marketplace.")
    marketplace: Marketplace = Field(description="The marketplace whose returns and sales to use.")
    since: date | None = Field(
        default=None,
        examples=["2026-02-01"],
        description="The first day to look at. Returns from before it are neither classified nor counted. Without "
        "it all days count. Anomalies are looked for on the last days whatever it is.",
    )
    limit: int = Field(
        default=LARGEST_RUN,
        ge=1,
        le=LARGEST_RUN,
        description="How many returns to classify at most, the newest first. The next job goes on with the others.",
    )
    reanalyze: bool = Field(
        default=False,
        description="Whether to classify all returns once more, and not only those that the current classifier has "
        "not classified yet.",
    )


class ModelUsed(BaseModel):
    name: str = Field(
        examples=["full", "ngrams"],
        description="`full` is the classifier with its encoder. `ngrams` is the one without, on a machine that "
        "cannot run the encoder: it is right a little less often.",
    )
    version: str = Field(description="Returns that were classified with another version count as new.")


class Days(BaseModel):
    first_day: date
    last_day: date


class RateInterval(BaseModel):
    """The range that holds the true rate with a probability of 95 %, if units come back independently of each other.
    Where returns come in bunches, it is wider."""

    low: float
    high: float


class ReasonCount(BaseModel):
    reason: str
    return_count: int
    returned_units: int
    share: float = Field(description="Of the returned units that are classified, from 0 to 1.")


class CurrencyTotal(BaseModel):
    """The products of one currency."""

    currency: str
    returned_units: int
    units_sold: float = Field(description="On the days `rate_days`.")
    return_rate: float | None = Field(description="It is null if no sales are known.")
    cost_of_returns: Money = Field(description="What the returned units are worth: see `expected_cost`.")


class ReturnedSku(BaseModel):
    sku: str
    returned_units: int = Field(description="On all days that were counted.")
    units_sold: float = Field(description="On the days `rate_days`.")
    return_rate: float | None = Field(
        description="Units returned for each unit sold, on the days `rate_days`. It is null if `skipped` says why."
    )
    return_rate_interval: RateInterval | None
    main_reason: str | None = Field(description="Why most units came back. It is null if none is classified.")
    reasons: dict[str, int] = Field(description="How many units came back for which reason, the most first.")


class AnomalyView(BaseModel):
    """Something that stands out on the last days."""

    kind: Literal["rate_spike", "reason_shift", "new_defect_cluster", "serial_returner"]
    severity: Literal["high", "medium", "low"]
    sku: str | None = Field(description="It is null if the anomaly is about no SKU in particular.")
    sentence: str
    expected_cost: Money | None = Field(
        description="What the units beyond the expected ones are worth: what they cost you, or their price if the "
        "product has no cost. It is null if products of several currencies are concerned."
    )
    currency: str | None
    reason: str | None = Field(description="It is null if the anomaly is about all reasons together.")
    complaint: str | None = Field(description="What the comments complain about; only of a `new_defect_cluster`.")
    customer: str | None = Field(
        description="A pseudonym that stands for one customer, or one order, in all your results; only of a "
        "`serial_returner`."
    )
    compared_with: Literal["history", "category", "buyers"]
    first_day: date
    last_day: date
    observed_units: int = Field(description="Units that came back from the first to the last day.")
    expected_units: float = Field(description="Units that were to be expected.")
    units_at_risk: float | None = Field(
        description="Units sold whose returns fall due on these days. It is null without sales."
    )
    rate: float | None = Field(
        description="Of the units at risk, how many came back; of a `reason_shift`, the share of the reason."
    )
    usual_rate: float | None = Field(description="The rate, or share, that was to be expected.")
    p_value: float = Field(description="How probable so much is by chance, judged by this test alone.")
    q_value: float = Field(
        description="The p-value corrected for all tests of the run: of the anomalies up to this one, so large a "
        "part is expected to be chance."
    )


class SeverityCount(BaseModel):
    kind: str
    severity: str
    count: int


class ReturnResult(Result):
    """Why customers return what, and what stands out."""

    processed_count: int = Field(description="How many returns the job classified.")
    updated_count: int = Field(
        description="How many of them were stored. The others changed while they were classified, or are gone: the "
        "next job takes them."
    )
    remaining_count: int = Field(description="How many returns are still new: beyond `limit`, or changed meanwhile.")
    model: ModelUsed
    return_count: int = Field(description="How many returns were counted, whichever job classified them.")
    returned_units: int
    code_contradicted_count: int = Field(
        description="In how many returns the comment contradicts the marketplace's code. The comment decides."
    )
    unsupported_language_count: int = Field(
        description="How many comments are in a language that is not read. There the code alone decides."
    )
    days: Days | None = Field(description="The days that were counted. It is null if nothing was returned.")
    rate_days: Days | None = Field(
        description="The days of which both returns and sales are known. It is null if there are none. As returns "
        "come some days after the sale, the rate of a product that sells more and more is a little too low."
    )
    reasons: list[ReasonCount] = Field(description="The most frequent first.")
    currencies: list[CurrencyTotal]
    reasons_compared: bool = Field(
        description="Whether anomalies of reasons were looked for. They are not while over 5 % of the returns of the "
        "last 180 days are not classified: dispatch the job again until `remaining_count` is 0."
    )
    anomaly_count: int
    anomaly_counts: list[SeverityCount]
    anomalies: list[AnomalyView] = Field(description="The most severe and costly first, 100 at most.")
    sku_count: int = Field(description="How many SKUs were returned or sold.")
    skus: list[ReturnedSku] = Field(description="Those with most returned units first, 1,000 at most.")
    skipped_count: int
    skipped: list[Skipped] = Field(
        description="What was left out, 1,000 entries at most: SKUs (UNKNOWN_SKU; NO_RETURNS if it was neither "
        "returned nor sold), rates (NO_SALES_DATA, MORE_RETURNED_THAN_SOLD), and returns (FUTURE_DATE)."
    )
