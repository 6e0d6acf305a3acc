"""What the analysed reviews say, added up, judged and shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aijobs import sql
from workers.catalogue.models import Product
from workers.jobs.review_sentiment import opinions, showing, summing
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.shapes import (
    Alert,
    LanguageCount,
    SentimentParams,
    SkuSummary,
    Summary,
    Windows,
)
from workers.jobs.review_sentiment.showing import Judged
from workers.jobs.review_sentiment.statements import REVIEWED
from workers.jobs.review_sentiment.windows import Days
from workers.jobs.shared import Skipped

# Listed in a result: with aspects and quotes, with their figures, and alerts.
MOST_DETAILED = 100
MOST_SKUS = 1000
MOST_ALERTS = 100

MISSING = {
    "UNKNOWN_SKU": "The SKU is not in the catalogue. Import the product first.",
    "NO_REVIEWS": "The SKU has no reviews that the job was asked about. Import its reviews first.",
    "NOT_ANALYSED": "None of the SKU's reviews has been analysed yet. Dispatch the job again.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The part of the result that is about all analysed reviews, whichever job analysed them."""

    overall: Summary
    alert_count: int
    alerts: list[Alert]
    sku_count: int
    skus: list[SkuSummary]


def report_of(scope: Scope, days: Days | None) -> Report:
    all_together, by_product = summing.sums_of(scope, days)
    # All reviews together are one question, asked whatever the SKUs' are: tested alone.
    [overall], products = showing.judged([all_together]), showing.judged(by_product)
    listed = products[:MOST_SKUS]
    names = _skus([each.product_id for each in listed])
    return Report(
        overall=showing.summary(overall, opinions.opinions_of(scope, None), dated=days is not None),
        alert_count=sum(each.trend.is_alert for each in (overall, *products)),
        alerts=list(_alerts(overall, listed, names))[:MOST_ALERTS],
        sku_count=len(products),
        skus=_summaries(scope, listed, names, dated=days is not None),
    )


def _summaries(scope: Scope, listed: Sequence[Judged], names: Mapping[int, str], *, dated: bool) -> list[SkuSummary]:
    detailed = [each.product_id for each in listed[:MOST_DETAILED]]
    found = opinions.opinions_of(scope, detailed)
    # A product that was removed meanwhile has no name any more.
    return [
        showing.of_sku(names[each.product_id], each, found, dated=dated)
        for each in listed
        if each.product_id in names
    ]


def _alerts(overall: Judged, listed: Sequence[Judged], names: Mapping[int, str]) -> Iterator[Alert]:
    if overall.trend.is_alert:
        yield showing.alert(None, overall)
    for each in listed:
        if each.trend.is_alert and each.product_id in names:
            yield showing.alert(names[each.product_id], each)


def _skus(ids: Sequence[int]) -> dict[int, str]:
    return dict(Product.objects.filter(pk__in=ids).values_list("pk", "sku"))


def windows(days: Days | None) -> Windows | None:
    if days is None or days.start == days.end:
        return None
    day = timedelta(days=1)
    return Windows(
        first_day=days.start,
        last_day=days.end - day,
        previous_first_day=days.before,
        previous_last_day=days.start - day,
    )


def languages(scope: Scope) -> list[LanguageCount]:
    return [LanguageCount(language=each.language, review_count=each.reviews) for each in summing.languages_of(scope)]


@dataclass(frozen=True, slots=True)
class _Reviewed:
    product_id: int


def skipped(
    params: SentimentParams, scope: Scope, products: Mapping[str, int] | None, report: Report
) -> list[Skipped]:
    """The SKUs asked for of which there is nothing to say, in the order of the request."""
    if products is None:
        return []
    shown = {each.sku for each in report.skus}
    reviewed = {each.product_id for each in sql.rows(_Reviewed, REVIEWED, scope.parameters())}
    reasons = {
        sku: "UNKNOWN_SKU" if sku not in products else "NOT_ANALYSED" if products[sku] in reviewed else "NO_REVIEWS"
        for sku in params.skus or ()
        if sku not in shown
    }
    return [Skipped(sku=sku, reason=reason, detail=MISSING[reason]) for sku, reason in reasons.items()]
