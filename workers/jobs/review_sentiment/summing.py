"""What PostgreSQL adds up over all reviews that the current model has analysed: a row per product, and one for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aijobs import sql
from workers.jobs.review_sentiment.scope import COUNTED, IN_SCOPE, Scope
from workers.jobs.review_sentiment.windows import Days

# A review may be dated wrongly; what lies ahead would be the newest for ever.
NEWEST = f"""
    SELECT max(review.created_at) AS newest FROM catalogue_review AS review
    WHERE {IN_SCOPE} AND review.analysed_with = %(version)s::text AND review.created_at < now() + interval '1 day'
"""
# The window before may lie before `since`: its reviews count for the trend only.
SUMS = f"""
    SELECT product_id,
        count(*) FILTER (WHERE counted) AS reviews,
        count(*) FILTER (WHERE counted AND label = 'positive') AS positive,
        count(*) FILTER (WHERE counted AND label = 'neutral') AS neutral,
        count(*) FILTER (WHERE counted AND label = 'negative') AS negative,
        avg(score) FILTER (WHERE counted) AS mean_score,
        avg(rating) FILTER (WHERE counted)::float8 AS mean_rating,
        count(*) FILTER (WHERE counted AND flags ? 'rating_text_mismatch') AS rating_text_mismatch,
        count(*) FILTER (WHERE counted AND flags ? 'suspected_spam') AS suspected_spam,
        count(*) FILTER (WHERE counted AND flags ? 'mentions_safety') AS mentions_safety,
        count(*) FILTER (WHERE counted AND flags ? 'unsupported_language') AS unsupported_language,
        count(*) FILTER (WHERE counted AND flags ? 'no_text') AS no_text,
        count(*) FILTER (WHERE current) AS now_reviews,
        count(*) FILTER (WHERE current AND label = 'negative') AS now_negative,
        avg(score) FILTER (WHERE current) AS now_score,
        avg(rating) FILTER (WHERE current)::float8 AS now_rating,
        count(*) FILTER (WHERE previous) AS before_reviews,
        count(*) FILTER (WHERE previous AND label = 'negative') AS before_negative,
        avg(score) FILTER (WHERE previous) AS before_score,
        avg(rating) FILTER (WHERE previous)::float8 AS before_rating
    FROM (
        SELECT product_id, label, score, rating, flags, {COUNTED} AS counted,
            label <> '' AND created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz AS current,
            label <> '' AND created_at >= %(before)s::timestamptz AND created_at < %(start)s::timestamptz AS previous
        FROM catalogue_review AS review WHERE {IN_SCOPE} AND review.analysed_with = %(version)s::text
    ) AS analysed
    GROUP BY GROUPING SETS ((product_id), ())
"""
LANGUAGES = f"""
    SELECT detected_language AS language, count(*) AS reviews FROM catalogue_review AS review
    WHERE {IN_SCOPE} AND {COUNTED} AND review.analysed_with = %(version)s::text AND flags ? 'unsupported_language'
    GROUP BY detected_language ORDER BY count(*) DESC, detected_language
"""


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one product; of all where `product_id` is None."""

    product_id: int | None
    reviews: int
    positive: int
    neutral: int
    negative: int
    mean_score: float | None
    mean_rating: float | None
    rating_text_mismatch: int
    suspected_spam: int
    mentions_safety: int
    unsupported_language: int
    no_text: int
    now_reviews: int
    now_negative: int
    now_score: float | None
    now_rating: float | None
    before_reviews: int
    before_negative: int
    before_score: float | None
    before_rating: float | None


@dataclass(frozen=True, slots=True)
class InLanguage:
    language: str
    reviews: int


@dataclass(frozen=True, slots=True)
class _Newest:
    newest: datetime | None


def days_of(scope: Scope, since: date | None, zone: ZoneInfo) -> Days | None:
    """The windows to compare; None where no analysed review has a date."""
    [found] = sql.rows(_Newest, NEWEST, scope.parameters())
    return None if found.newest is None else Days.up_to(found.newest, since, zone)


def sums_of(scope: Scope, days: Days | None) -> tuple[Sums, list[Sums]]:
    """Of all together, and of each product that has reviews that count."""
    moments = dict.fromkeys(("before", "start", "end")) if days is None else days.moments()
    found = sql.rows(Sums, SUMS, scope.parameters(**moments))
    [overall] = [each for each in found if each.product_id is None]
    return overall, [each for each in found if each.product_id is not None and each.reviews]


def languages_of(scope: Scope) -> list[InLanguage]:
    return sql.rows(InLanguage, LANGUAGES, scope.parameters())
