"""How readily this tenant's reviews are called neutral: decided once per job, from what earlier jobs have stored."""

from dataclasses import dataclass

from aijobs import sql
from aijobs.registry import Context, Result
from workers.changes import replaying
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.shapes import NeutralThreshold
from workers.jobs.review_sentiment.statements import RATED
from workers.jobs.shared import rounded
from workers.sentiment.adapting import adapt, probabilities_of

# The newest ones: what the shop sells now.
MOST_RATED = 50_000


class Decided(NeutralThreshold, Result):
    """As it is kept beside the job."""


@dataclass(frozen=True, slots=True)
class _Rated:
    ids: list[str]
    labels: list[str]
    scores: list[float]
    confidences: list[float]
    ratings: list[int]


def decide(context: Context, scope: Scope) -> NeutralThreshold:
    """The weight of neutral for the whole job: the first attempt's, so that all its labels come of the same one."""
    if decided := replaying.stored(context, Decided):
        return decided
    # Before the transaction: it holds the job, and this reads and weighs tens of thousands of reviews.
    learned = _learned(scope)
    return replaying.commit(context, lambda: learned)


def _learned(scope: Scope) -> Decided:
    [rated] = sql.rows(_Rated, RATED, scope.parameters(most=MOST_RATED))
    found = adapt(rated.ids, probabilities_of(rated.labels, rated.scores, rated.confidences), rated.ratings)
    return Decided(
        adapted=found.is_adapted,
        weight=round(found.weight, 4),
        rated_review_count=len(rated.ids),
        default_macro_f1=rounded(found.default_f1),
        adapted_macro_f1=rounded(found.best_f1),
    )
