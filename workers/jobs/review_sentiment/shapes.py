"""What `review_sentiment` is asked for, and what it answers."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from aijobs.registry import Result
from workers.jobs.backlog import LARGEST_RUN, AnalysisParams
from workers.jobs.shared import Marketplace, Skipped


class SentimentParams(AnalysisParams):
    """Which reviews to analyse, and which to sum up."""

    all: bool = Field(default=False, description="Whether to take the reviews of all products of the marketplace.")
    limit: int = Field(
        default=LARGEST_RUN,
        ge=1,
        le=LARGEST_RUN,
        description="How many reviews to analyse at most, the newest first; with `reanalyze`, those first that "
        "were analysed longest ago. The next job goes on with the others.",
    )
    marketplace: Marketplace = Field(description="The marketplace whose reviews to use.")
    since: date | None = Field(
        default=None,
        examples=["2026-02-01"],
        description="The first day to look at, in your time zone. Reviews from before it are neither analysed nor "
        "counted, and the trend compares the time since then with as much time before it. Without it all reviews "
        "count, and the trend compares the last 30 days with the 30 days before them.",
    )
    reanalyze: bool = Field(
        default=False,
        description="Whether to analyse all reviews once more, and not only those that the current model has not "
        "analysed yet.",
    )


class ModelUsed(BaseModel):
    name: str = Field(
        examples=["cascade", "fast"],
        description="`cascade` is the fast model with an encoder for what it is not sure of. `fast` is the fast one "
        "alone, on a machine that cannot run the encoder: it is right a little less often.",
    )
    version: str = Field(description="Reviews that were analysed with another version count as new.")


class NeutralThreshold(BaseModel):
    """Whether your own rated reviews have changed what is called neutral."""

    adapted: bool = Field(
        description="Whether another weight than 1.5 is used. It is, if it labels those of your rated reviews better "
        "that it was not fitted to: the macro-F1 has to rise by 0.02."
    )
    weight: float = Field(
        description="What neutral's probability is multiplied with before the likeliest label is chosen."
    )
    rated_review_count: int = Field(
        description="From how many reviews with stars it was learned. It takes 200 of each label in each half."
    )
    default_macro_f1: float | None = Field(
        description="How well the labels of the reviews that were held out fit their stars with a weight of 1.5. It "
        "is null if there were too few."
    )
    adapted_macro_f1: float | None = Field(description="The same with the best other weight, used or not.")


class Windows(BaseModel):
    """The days that the trend compares, in your time zone; all four are included."""

    first_day: date
    last_day: date = Field(description="The day of the newest review.")
    previous_first_day: date
    previous_last_day: date


class Trend(BaseModel):
    """The window beside the one before it. Only reviews with a date and a label count."""

    direction: Literal["better", "worse", "unclear", "too_few"] = Field(
        description="`better` or `worse` if the share of negative reviews has changed significantly (a q-value of at "
        "most 0.05), else `unclear`. With fewer than 5 reviews in either window it is `too_few`."
    )
    review_count: int
    previous_review_count: int
    negative_share: float | None
    previous_negative_share: float | None
    mean_score: float | None
    previous_mean_score: float | None
    mean_rating: float | None
    previous_mean_rating: float | None
    p_value: float | None = Field(description="Of Fisher's exact test of the share of negative reviews.")
    q_value: float | None = Field(
        description="The p-value corrected for the number of SKUs that were tested (Benjamini and Hochberg)."
    )


class Quote(BaseModel):
    sku: str
    external_id: str = Field(description="The review's.")
    text: str = Field(description="The customer's words, exactly; of a long passage its first 200 characters.")


class AspectSummary(BaseModel):
    aspect: str
    positive_count: int = Field(description="In how many reviews it is praised.")
    negative_count: int = Field(description="In how many reviews it is criticised.")
    quotes: list[Quote]


class FlagCounts(BaseModel):
    """How many reviews have each flag."""

    rating_text_mismatch: int
    suspected_spam: int
    mentions_safety: int
    unsupported_language: int
    no_text: int


class Summary(BaseModel):
    """About all reviews that the current model has analysed, in this job or an earlier one."""

    review_count: int
    positive_count: int
    neutral_count: int
    negative_count: int
    mean_score: float | None = Field(description="From −1, as negative as can be, to 1.")
    mean_rating: float | None = Field(description="In stars, from 1 to 5.")
    flags: FlagCounts
    trend: Trend | None = Field(description="It is null if no review has a date.")
    praised: list[AspectSummary] = Field(description="The three aspects that most reviews praise.")
    criticised: list[AspectSummary] = Field(description="The three aspects that most reviews criticise.")


class SkuSummary(Summary):
    sku: str


class Alert(BaseModel):
    """A drop that is significant and large enough to act on."""

    sku: str | None = Field(description="It is null if the alert is about all reviews together.")
    previous_negative_share: float
    negative_share: float
    q_value: float
    message: str


class LanguageCount(BaseModel):
    language: str = Field(description="ISO 639-1, or `und` if it could not be told.")
    review_count: int


class SentimentResult(Result):
    """What customers say."""

    processed_count: int = Field(description="How many reviews the job analysed.")
    updated_count: int = Field(
        description="How many of them were stored. The others changed while they were analysed, or are gone: the "
        "next job takes them."
    )
    remaining_count: int = Field(description="How many reviews are still new: beyond `limit`, or changed meanwhile.")
    model: ModelUsed
    neutral_threshold: NeutralThreshold
    windows: Windows | None = Field(description="It is null if no review has a date.")
    overall: Summary
    unsupported_languages: list[LanguageCount] = Field(
        description="The languages of reviews that have no label, because the model does not know them."
    )
    alert_count: int
    alerts: list[Alert] = Field(description="The most significant first, 100 at most.")
    sku_count: int = Field(description="How many SKUs have analysed reviews.")
    skus: list[SkuSummary] = Field(
        description="Those with an alert first, then those with most reviews, 1,000 at most. `praised` and "
        "`criticised` are empty after the first 100."
    )
    skipped: list[Skipped] = Field(
        description="The SKUs that you asked for and that are not in `skus`: UNKNOWN_SKU, NO_REVIEWS, or "
        "NOT_ANALYSED if none of its reviews is analysed yet."
    )
