"""Why customers return what: the reasons by units, and of each SKU with most returns."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Bar, Chart, Mark, Picture, Row
from workers.jobs.return_classify.shapes import ReturnedSku, ReturnResult


def present(result: ReturnResult) -> Iterator[Picture]:
    if result.reasons:
        rows = [
            Row(
                each.reason,
                [Bar(0.0, float(each.returned_units), "plain")],
                says=f"{each.returned_units:,} units ({100 * each.share:.1f} %)",
            )
            for each in result.reasons[:MOST_ROWS]
        ]
        yield Chart("Reasons, by returned units", rows)
    rated = [row for each in result.skus if (row := _rate(each))]
    if rated:
        yield Chart(
            "Return rates in per cent, with their 95 % intervals",
            rated[:MOST_ROWS],
            note=f"These are the first {MOST_ROWS} of {len(rated):,} SKUs." if len(rated) > MOST_ROWS else "",
        )


def _rate(each: ReturnedSku) -> Row | None:
    if each.return_rate is None or each.return_rate_interval is None:
        return None
    low, high = 100 * each.return_rate_interval.low, 100 * each.return_rate_interval.high
    says = f"{100 * each.return_rate:.2f} % ({low:.2f} to {high:.2f}), mostly {each.main_reason or 'unknown'}"
    return Row(each.sku, [Bar(low, high, "plain", says)], [Mark(100 * each.return_rate, "own", says)], says)
