"""What is known of the returns, counted and shown, whichever job classified them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from django.utils.timezone import localdate

from workers.catalogue import currencies
from workers.jobs.backlog import Done
from workers.jobs.return_classify import counting, outstanding, shapes
from workers.jobs.return_classify.counting import Days, Scope, Sold, Tally
from workers.jobs.return_classify.shapes import (
    MOST_SKIPPED,
    MOST_SKUS,
    CurrencyTotal,
    RateInterval,
    ReasonCount,
    ReturnedSku,
    ReturnParams,
    ReturnResult,
)
from workers.jobs.shared import Skipped
from workers.returns import classifying, rates
from workers.sentiment import languages

# Comments whose language cannot be told are read as if they were English.
READ = languages.SUPPORTED | {languages.UNKNOWN}
WHY = {
    "UNKNOWN_SKU": "The SKU is not in the catalogue. Import the product first.",
    "NO_RETURNS": "The SKU was neither returned nor sold on the days that were counted.",
    "NO_SALES_DATA": "The SKU was returned, but its sales on these days are not known. Import them to see its rate.",
    "MORE_RETURNED_THAN_SOLD": "More units came back than were sold on these days, so there is no rate. Import the "
    "sales from before, or begin later with since.",
}


@dataclass(slots=True)
class _Product:
    """What was sold of a product and came back."""

    sold: Sold
    reasons: Counter[str] = field(default_factory=Counter)
    # Units that came back on days of which sales are known.
    rated: int = 0

    @property
    def returned(self) -> int:
        return self.reasons.total()

    def why_no_rate(self) -> str | None:
        if not self.sold.units:
            return "NO_SALES_DATA"
        return "MORE_RETURNED_THAN_SOLD" if self.rated > self.sold.units else None


def report(scope: Scope, params: ReturnParams, products: Mapping[str, int] | None, done: Done) -> ReturnResult:
    """The whole result. `products`: the ids of the SKUs that were asked for and are known."""
    # Wherever the seller is, it is not later than tomorrow: what is dated later is a mistake.
    version = classifying.version()
    tomorrow = localdate() + timedelta(days=1)
    days = counting.days_of(scope, params.since, tomorrow)
    rated = days and counting.days_sold(scope, days)
    tallies = counting.tally(scope, days, rated, version, READ) if days else []
    found = _added_up(counting.sold(scope, rated), tallies)
    listed = sorted(filter(_is_told, found), key=lambda each: (-each.returned, each.sold.sku))
    stands_out = outstanding.find(scope, params.skus, days, rated, version)
    skipped = [*_skipped(params, products, found), *_ahead(scope, tomorrow)]
    return ReturnResult(
        processed_count=done.analysed,
        updated_count=done.stored,
        remaining_count=done.remaining,
        model=shapes.ModelUsed(name=version.partition("-")[0], version=version),
        return_count=sum(each.returns for each in tallies),
        returned_units=sum(each.units for each in tallies),
        code_contradicted_count=sum(each.contradicted for each in tallies),
        unsupported_language_count=sum(each.unsupported for each in tallies),
        days=_days(days),
        rate_days=_days(rated),
        reasons=_reasons(tallies),
        currencies=_currencies(listed),
        reasons_compared=stands_out.reasons_compared,
        anomaly_count=len(stands_out.anomalies),
        anomaly_counts=stands_out.counts(),
        anomalies=stands_out.shown(),
        sku_count=len(listed),
        skus=_skus(listed[:MOST_SKUS]),
        skipped_count=len(skipped),
        skipped=skipped[:MOST_SKIPPED],
    )


def _added_up(sold: Sequence[Sold], tallies: Sequence[Tally]) -> list[_Product]:
    products = {each.product_id: _Product(each) for each in sold}
    for each in tallies:
        # A product that was removed meanwhile has no name any more.
        if product := products.get(each.product_id):
            product.reasons[each.reason] += each.units
            product.rated += each.rated
    return list(products.values())


def _is_told(product: _Product) -> bool:
    return bool(product.returned or product.sold.units)


def _days(days: Days | None) -> shapes.Days | None:
    return None if days is None else shapes.Days(first_day=days.first, last_day=days.last)


def _reasons(tallies: Sequence[Tally]) -> list[ReasonCount]:
    returns, units = Counter[str](), Counter[str]()
    for each in tallies:
        returns[each.reason] += each.returns
        units[each.reason] += each.units
    del units[""]
    total = units.total()
    return [
        ReasonCount(
            reason=reason,
            return_count=returns[reason],
            returned_units=units[reason],
            share=round(units[reason] / total, 4),
        )
        for reason in _most_first(units)
    ]


def _most_first(units: Counter[str]) -> list[str]:
    return sorted(filter(None, units), key=lambda reason: (-units[reason], reason))


def _currencies(products: Sequence[_Product]) -> list[CurrencyTotal]:
    by_currency: dict[str, list[_Product]] = {}
    for each in products:
        by_currency.setdefault(each.sold.currency, []).append(each)
    return [_currency(name, by_currency[name]) for name in sorted(by_currency)]


def _currency(name: str, products: Sequence[_Product]) -> CurrencyTotal:
    # Products of which no sales are known would raise the rate.
    rated = [each for each in products if each.why_no_rate() is None]
    sold, returned = sum(each.sold.units for each in rated), sum(each.rated for each in rated)
    cost = sum((each.sold.worth * each.returned for each in products), start=Decimal(0))
    return CurrencyTotal(
        currency=name,
        returned_units=sum(each.returned for each in products),
        units_sold=round(sold, 2),
        return_rate=round(returned / sold, 4) if sold else None,
        cost_of_returns=round(cost, currencies.decimals(name)),
    )


def _skus(products: Sequence[_Product]) -> list[ReturnedSku]:
    rated = [each for each in products if each.why_no_rate() is None]
    returned = np.array([each.rated for each in rated], dtype=np.float64)
    sold = np.array([each.sold.units for each in rated], dtype=np.float64)
    shares, bounds = returned / sold, zip(*rates.intervals(returned, sold), strict=True)
    of_rated = {
        each.sold.sku: (round(float(share), 4), RateInterval(low=round(float(low), 4), high=round(float(high), 4)))
        for each, share, (low, high) in zip(rated, shares, bounds, strict=True)
    }
    return [_sku(each, *of_rated.get(each.sold.sku, (None, None))) for each in products]


def _sku(product: _Product, rate: float | None, interval: RateInterval | None) -> ReturnedSku:
    reasons = _most_first(product.reasons)
    return ReturnedSku(
        sku=product.sold.sku,
        returned_units=product.returned,
        units_sold=round(product.sold.units, 2),
        return_rate=rate,
        return_rate_interval=interval,
        main_reason=reasons[0] if reasons else None,
        reasons={reason: product.reasons[reason] for reason in reasons},
    )


def _skipped(
    params: ReturnParams, products: Mapping[str, int] | None, found: Sequence[_Product]
) -> Iterator[Skipped]:
    """SKUs that were asked for and of which there is nothing to say, then those without a rate."""
    for sku in params.skus or ():
        if products is not None and sku not in products:
            yield _left_out(sku, "UNKNOWN_SKU")
    for each in found:
        if not _is_told(each):
            if params.skus is not None:
                yield _left_out(each.sold.sku, "NO_RETURNS")
        elif reason := each.why_no_rate():
            yield _left_out(each.sold.sku, reason)


def _left_out(sku: str, reason: str) -> Skipped:
    return Skipped(sku=sku, reason=reason, detail=WHY[reason])


def _ahead(scope: Scope, tomorrow: date) -> Iterator[Skipped]:
    for each in counting.dated_ahead(scope, tomorrow):
        detail = (
            f"{each.returns:,} of its returns are dated in the future, and not counted. Import them with their day."
        )
        yield Skipped(sku=each.sku, reason="FUTURE_DATE", detail=detail)
