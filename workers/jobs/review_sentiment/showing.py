"""What was added up, as the result shows it: all reviews together, the SKUs that need a look first, and alerts."""

from collections.abc import Sequence
from dataclasses import dataclass

from workers.jobs.review_sentiment import shapes
from workers.jobs.review_sentiment.opinions import TOGETHER, Opinion, Opinions
from workers.jobs.review_sentiment.summing import Sums
from workers.jobs.shared import rounded, significant
from workers.sentiment.trends import Counts, Trend, judge


@dataclass(frozen=True, slots=True)
class Judged:
    """Sums with what they say of the change."""

    sums: Sums
    trend: Trend

    @property
    def product_id(self) -> int:
        """TOGETHER for all."""
        return self.sums.product_id or TOGETHER


def judged(all_sums: Sequence[Sums]) -> list[Judged]:
    """Tested together: what comes first are alerts, the most significant first, then those with most reviews."""
    trends = judge([(before_of(each), now_of(each)) for each in all_sums])
    found = [Judged(*each) for each in zip(all_sums, trends, strict=True)]
    return sorted(found, key=_needs_a_look)


def _needs_a_look(each: Judged) -> tuple[bool, float, int, int]:
    rank = each.trend.q_value if each.trend.is_alert and each.trend.q_value is not None else 1.0
    return not each.trend.is_alert, rank, -each.sums.reviews, each.product_id


def before_of(sums: Sums) -> Counts:
    return Counts(sums.before_reviews, sums.before_negative)


def now_of(sums: Sums) -> Counts:
    return Counts(sums.now_reviews, sums.now_negative)


def summary(each: Judged, opinions: Opinions, *, dated: bool) -> shapes.Summary:
    sums, product = each.sums, each.product_id
    return shapes.Summary(
        review_count=sums.reviews,
        positive_count=sums.positive,
        neutral_count=sums.neutral,
        negative_count=sums.negative,
        mean_score=rounded(sums.mean_score),
        mean_rating=rounded(sums.mean_rating),
        flags=shapes.FlagCounts.model_validate(sums, from_attributes=True),
        trend=_trend(each) if dated else None,
        praised=[_aspect(opinion) for opinion in opinions.praised(product)],
        criticised=[_aspect(opinion) for opinion in opinions.criticised(product)],
    )


def of_sku(sku: str, each: Judged, opinions: Opinions, *, dated: bool) -> shapes.SkuSummary:
    return shapes.SkuSummary(sku=sku, **dict(summary(each, opinions, dated=dated)))


def _trend(each: Judged) -> shapes.Trend:
    sums, trend = each.sums, each.trend
    return shapes.Trend(
        direction=trend.direction,
        review_count=sums.now_reviews,
        previous_review_count=sums.before_reviews,
        negative_share=rounded(now_of(sums).share),
        previous_negative_share=rounded(before_of(sums).share),
        mean_score=rounded(sums.now_score),
        previous_mean_score=rounded(sums.before_score),
        mean_rating=rounded(sums.now_rating),
        previous_mean_rating=rounded(sums.before_rating),
        p_value=_significant(trend.p_value),
        q_value=_significant(trend.q_value),
    )


def alert(sku: str | None, each: Judged) -> shapes.Alert:
    before, now = before_of(each.sums), now_of(each.sums)
    old, new = (counts.negative / counts.reviews for counts in (before, now))
    whose = "all products together" if sku is None else sku
    return shapes.Alert(
        sku=sku,
        previous_negative_share=round(old, 4),
        negative_share=round(new, 4),
        q_value=_significant(each.trend.q_value) or 0.0,
        message=f"Customers are less content with {whose}: {new:.0%} of {now.reviews:,} reviews are negative, after "
        f"{old:.0%} of {before.reviews:,} in the window before.".replace("%", " %"),
    )


def _aspect(opinion: Opinion) -> shapes.AspectSummary:
    return shapes.AspectSummary(
        aspect=opinion.count.aspect,
        positive_count=opinion.count.positive,
        negative_count=opinion.count.negative,
        quotes=[
            shapes.Quote(sku=each.sku, external_id=each.external_id, text=each.text) for each in opinion.passages
        ],
    )


def _significant(figure: float | None) -> float | None:
    return None if figure is None else significant(figure)
