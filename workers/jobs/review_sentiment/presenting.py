"""Sentiment over time: the share of negative reviews in the window before, and in this one; and what is said now."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Bar, Chart, Mark, Picture, Row, Tone, stacked
from workers.jobs.review_sentiment.shapes import SentimentResult, SkuSummary, Summary, Trend


def present(result: SentimentResult) -> Iterator[Picture]:
    named = [("all", result.overall), *((each.sku, each) for each in result.skus[: MOST_ROWS - 1])]
    yield Chart(
        "Labels of the reviews, in per cent",
        [_labels(name, summary) for name, summary in named if summary.review_count],
        [("good", "positive"), ("plain", "neutral"), ("bad", "negative")],
        scale=(0.0, 100.0),
    )
    moved = [_moved(name, summary.trend) for name, summary in named if summary.trend]
    if result.windows and any(moved):
        windows = result.windows
        yield Chart(
            f"Negative reviews in per cent: {windows.previous_first_day} to {windows.previous_last_day}, then "
            f"{windows.first_day} to {windows.last_day}",
            [row for row in moved if row],
            [("plain", "the window before"), ("bad", "worse now"), ("good", "better now")],
            "A bar leads from the share in the window before to that in this one.",
            scale=(0.0, 100.0),
        )


def _labels(name: str, summary: Summary | SkuSummary) -> Row:
    counts = (summary.positive_count, summary.neutral_count, summary.negative_count)
    labelled = sum(counts) or 1
    shares = [100 * count / labelled for count in counts]
    words = ("positive", "neutral", "negative")
    says = ", ".join(f"{count:,} {word}" for count, word in zip(counts, words, strict=True))
    return stacked(
        name, [(shares[0], "good", words[0]), (shares[1], "plain", words[1]), (shares[2], "bad", words[2])], says
    )


def _moved(name: str, trend: Trend) -> Row | None:
    if trend.negative_share is None or trend.previous_negative_share is None:
        return None
    before, after = 100 * trend.previous_negative_share, 100 * trend.negative_share
    tone: Tone = "bad" if after > before else "good"
    says = f"{before:.1f} % → {after:.1f} %, {trend.direction}"
    bar = Bar(min(before, after), max(before, after), tone, says)
    return Row(name, [bar], [Mark(before, "plain", "before"), Mark(after, tone, "now")], says)
