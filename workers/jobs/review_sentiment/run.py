"""The way of the reviews: new ones analysed and stored in chunks → all of them added up → what has changed."""

from aijobs.registry import Context
from workers.jobs.backlog import products_asked_for
from workers.jobs.review_sentiment import analysing, reporting, summing, thresholds
from workers.jobs.review_sentiment.scope import scope_of, zone_of
from workers.jobs.review_sentiment.shapes import ModelUsed, SentimentParams, SentimentResult
from workers.sentiment import analysis, scoring


def run(params: SentimentParams, context: Context) -> SentimentResult:
    """Analyse what is new, and sum up what is known.

    Raises PermanentFailure NO_MATCHING_SKUS where none of the SKUs is in the catalogue.
    """
    products = products_asked_for(params, context.tenant_id)
    scorer = scoring.load()
    scope = scope_of(params, context.tenant_id, products, analysis.version(scorer))
    threshold = thresholds.decide(context, scope)
    done = analysing.analyse_new(params, context, scope, scorer, threshold.weight)
    days = summing.days_of(scope, params.since, zone_of(context.tenant_id))
    report = reporting.report_of(scope, days)
    return SentimentResult(
        processed_count=done.analysed,
        updated_count=done.stored,
        remaining_count=done.remaining,
        model=ModelUsed(name=scorer.name, version=scope.version),
        neutral_threshold=threshold,
        windows=reporting.windows(days),
        overall=report.overall,
        unsupported_languages=reporting.languages(scope),
        alert_count=report.alert_count,
        alerts=report.alerts,
        sku_count=report.sku_count,
        skus=report.skus,
        skipped=reporting.skipped(params, scope, products, report),
    )
