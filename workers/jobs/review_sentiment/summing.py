"""What PostgreSQL adds up over all reviews that the current model has analysed: of each product, and of all."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from aijobs import sql
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.statements import LANGUAGES, NEWEST, SUMS
from workers.jobs.review_sentiment.windows import Days


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
