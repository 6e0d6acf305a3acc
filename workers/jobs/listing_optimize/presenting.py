"""What the proposals change, word by word; and the scores before and after."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Bar, Chart, Difference, Mark, Picture, Row
from workers.jobs.listing_optimize.shapes import ListingReport, ListingResult

MOST_DIFFERENCES = 15


def present(result: ListingResult) -> Iterator[Picture]:
    if result.listings:
        yield Chart(
            "Scores from 0 to 100, before and with all proposals",
            [_scores(each) for each in result.listings[:MOST_ROWS]],
            [("plain", "before"), ("own", "with all proposals")],
            scale=(0.0, 100.0),
        )
    proposals = [(listing, proposal) for listing in result.listings for proposal in listing.proposals]
    for number, (listing, proposal) in enumerate(proposals[:MOST_DIFFERENCES], 1):
        is_last = number == MOST_DIFFERENCES < len(proposals)
        yield Difference(
            f"{listing.sku}: {proposal.field}{', applied' if proposal.applied else ''}",
            [(part.kind, part.text) for part in proposal.diff],
            f"These are the first {MOST_DIFFERENCES} of {len(proposals):,} proposals." if is_last else "",
        )


def _scores(each: ListingReport) -> Row:
    before, after = each.score_before.total, each.score_after.total
    says = f"{before:.1f} → {after:.1f}"
    bar = Bar(min(before, after), max(before, after), "good" if after >= before else "bad", says)
    return Row(each.sku, [bar], [Mark(before, "plain", "before"), Mark(after, "own", "after")], says)
