"""New reviews analysed in chunks: read, analysed outside of any transaction, stored where they are still the same.

What is stored has the model's version, so another attempt, or another job, goes on with the others.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import orjson

from aijobs import sql
from aijobs.registry import Context
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.statements import COUNT_NEW, COUNT_STORED, NEW, READ, STORE
from workers.sentiment.adapting import relabel
from workers.sentiment.analysis import Analysis, ReviewText, analyse
from workers.sentiment.scoring import Scorer

# A lost worker loses no more than a chunk. The bytes bound its memory: one body may have a megabyte.
MOST_REVIEWS = 500
MOST_BYTES = 2 * 1024 * 1024
# Of the soft limit of 900 s: what is not analysed by then is left to the next job, not lost with the run.
ANALYSE_SECONDS = 780.0


@dataclass(frozen=True, slots=True)
class Done:
    """What a job has analysed in all its attempts, how much of it was stored, and how many reviews are still new."""

    analysed: int
    stored: int
    remaining: int


@dataclass(frozen=True, slots=True)
class New:
    id: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Read:
    id: int
    row_version: str
    title: str
    body: str
    rating: int | None
    language: str


def analyse_new(context: Context, scope: Scope, scorer: Scorer, weight: float, limit: int) -> Done:
    """Analyse and store up to `limit` new reviews, the newest first. `weight`: of neutral.

    Raises what `context.owned()` and `context.progress()` do; what is stored by then stays.
    """
    give_up_at = time.monotonic() + ANALYSE_SECONDS
    # What earlier attempts have stored counts for the limit too.
    earlier = _count(COUNT_STORED, scope) if context.attempt > 1 else 0
    new = sql.rows(New, NEW, scope.parameters(limit=max(0, limit - earlier)))
    analysed = stored = 0
    seen = earlier
    context.progress(seen, earlier + len(new))
    for ids in chunks(new):
        reviews = sql.rows(_Read, READ, scope.parameters(ids=ids))
        analysed += len(reviews)
        stored += _store(context, scope, reviews, _analyses(reviews, scorer), weight) if reviews else 0
        seen += len(ids)
        context.progress(seen)
        if time.monotonic() > give_up_at:
            break
    return Done(earlier + analysed, earlier + stored, _count(COUNT_NEW, scope))


def chunks(new: Sequence[New]) -> Iterator[list[int]]:
    """The IDs in stretches of so many reviews and bytes at most; a review that is larger is one by itself."""
    ids: list[int] = []
    size = 0
    for review in new:
        if ids and (len(ids) == MOST_REVIEWS or size + review.bytes > MOST_BYTES):
            yield ids
            ids, size = [], 0
        ids.append(review.id)
        size += review.bytes
    if ids:
        yield ids


def _count(statement: str, scope: Scope) -> int:
    [found] = sql.rows(_Count, statement, scope.parameters())
    return found.count


def _analyses(reviews: Sequence[_Read], scorer: Scorer) -> list[Analysis]:
    return analyse([ReviewText(each.title, each.body, each.rating, each.language) for each in reviews], scorer)


def _store(
    context: Context, scope: Scope, reviews: Sequence[_Read], analyses: Sequence[Analysis], weight: float
) -> int:
    """How many were still as they had been read."""
    labelled = [_labelled(each, weight) for each in analyses]
    columns = {
        "ids": [each.id for each in reviews],
        "row_versions": [each.row_version for each in reviews],
        "labels": [label for label, _ in labelled],
        "scores": [each.score for each in analyses],
        "confidences": [confidence for _, confidence in labelled],
        "languages": [each.language for each in analyses],
        "aspects": [orjson.dumps([asdict(opinion) for opinion in each.aspects]).decode() for each in analyses],
        "flags": [orjson.dumps(each.flags).decode() for each in analyses],
    }
    with context.owned():
        return sql.execute(STORE, scope.parameters(**columns))


def _labelled(analysis: Analysis, weight: float) -> tuple[str, float | None]:
    if analysis.label is None or analysis.score is None or analysis.confidence is None:
        return "", None
    return relabel(analysis.label, analysis.score, analysis.confidence, weight)
