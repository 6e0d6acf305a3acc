"""Competitors' offers: what the buyer pays for each, beside one's own price."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Chart, Mark, Picture, Row, Tone
from workers.jobs.competitor_scan.shapes import ScannedSku, ScanResult

# Of the SKUs, each of which has a picture of its own.
MOST_SKUS = 10


def present(result: ScanResult) -> Iterator[Picture]:
    with_offers = [each for each in result.skus if each.offers]
    for each in with_offers[:MOST_SKUS]:
        yield _chart(each, len(with_offers))


def _chart(scanned: ScannedSku, count: int) -> Chart:
    own = float(scanned.summary.our_price)
    rows = [Row("your price", marks=[Mark(own, "own", "your price")], says=f"{scanned.summary.our_price}")]
    for offer in scanned.offers[: MOST_ROWS - 1]:
        box = ", in the buy box" if offer.is_buy_box else ""
        says = f"{offer.landed_price} {offer.currency}, {offer.condition}{box}"
        tone: Tone = "bad" if float(offer.landed_price) < own else "good"
        rows.append(Row(offer.seller, marks=[Mark(float(offer.landed_price), tone, says)], says=says))
    note = f"These are the first {MOST_SKUS} of {count:,} SKUs with offers." if count > MOST_SKUS else ""
    legend: list[tuple[Tone, str]] = [("own", "your price"), ("bad", "cheaper than yours"), ("good", "not cheaper")]
    return Chart(f"Offers for {scanned.sku}: what the buyer pays", rows, legend, note)
