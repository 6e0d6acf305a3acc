"""New reviews analysed, in chunks, and stored where they are still as they were read."""

from collections.abc import Sequence
from dataclasses import asdict

import orjson
from django.db.models import F

from aijobs import sql
from aijobs.registry import Context
from workers.catalogue.models import Review
from workers.jobs.backlog import Backlog, Done
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.shapes import SentimentParams
from workers.jobs.review_sentiment.statements import STORE
from workers.sentiment.adapting import relabel
from workers.sentiment.analysis import Analysis, ReviewText, analyse
from workers.sentiment.scoring import Scorer

# Of the soft limit of 900 s: what is not analysed by then is left to the next job, not lost with the run.
ANALYSE_SECONDS = 750.0


def analyse_new(params: SentimentParams, context: Context, scope: Scope, scorer: Scorer, weight: float) -> Done:
    """Analyse and store up to `limit` new reviews. `weight`: of neutral.

    Raises what `context.owned()` and `context.progress()` do; what is stored by then stays.
    """
    rows = Review.objects.of(scope.tenant).filter(marketplace=scope.marketplace)
    if scope.products is not None:
        rows = rows.filter(product__in=scope.products)
    if scope.since is not None:
        rows = rows.filter(created_at__gte=scope.since)
    backlog = Backlog(
        rows=rows.only("title", "body", "rating", "language", "analysed_at"),
        version=scope.version,
        version_column="analysed_with",
        moment_column="analysed_at",
        text_column="body",
        newest_first=(F("created_at").desc(nulls_last=True), "-pk"),
    )

    def store(chunk: Sequence[Review]) -> int:
        texts = [ReviewText(each.title, each.body, each.rating, each.language) for each in chunk]
        columns = _columns(chunk, analyse(texts, scorer), weight)
        with context.owned():
            return sql.execute(STORE, columns | {"version": scope.version})

    return backlog.work_off(params, context, ANALYSE_SECONDS, store)


def _columns(chunk: Sequence[Review], analyses: Sequence[Analysis], weight: float) -> dict[str, object]:
    """What was read, and what was found."""
    labelled = [_labelled(each, weight) for each in analyses]
    return {
        "ids": [each.pk for each in chunk],
        "titles": [each.title for each in chunk],
        "bodies": [each.body for each in chunk],
        "ratings": [each.rating for each in chunk],
        "given_languages": [each.language for each in chunk],
        "moments": [each.analysed_at for each in chunk],
        "labels": [label for label, _ in labelled],
        "scores": [each.score for each in analyses],
        "confidences": [confidence for _, confidence in labelled],
        "languages": [each.language for each in analyses],
        "aspects": [orjson.dumps([asdict(opinion) for opinion in each.aspects]).decode() for each in analyses],
        "flags": [orjson.dumps(each.flags).decode() for each in analyses],
    }


def _labelled(analysis: Analysis, weight: float) -> tuple[str, float | None]:
    if analysis.label is None or analysis.score is None or analysis.confidence is None:
        return "", None
    return relabel(analysis.label, analysis.score, analysis.confidence, weight)
