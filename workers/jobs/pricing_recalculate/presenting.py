"""The price ladder: for each SKU the step from the current price to the recommended one."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Bar, Chart, Mark, Picture, Row
from workers.jobs.pricing_recalculate.shapes import PricingResult, Recommendation


def present(result: PricingResult) -> Iterator[Picture]:
    # Those that change most first, in per cent: prices of several products are on no common scale.
    ordered = sorted(result.recommendations, key=lambda each: -abs(_change(each)))
    if ordered:
        yield Chart(
            "Price ladder: the change in per cent",
            [_row(each) for each in ordered[:MOST_ROWS]],
            [("good", "raised"), ("bad", "lowered"), ("plain", "current price")],
            _note(result),
        )


def _change(each: Recommendation) -> float:
    return 100 * (float(each.recommended_price) / float(each.current_price) - 1) if each.current_price else 0.0


def _row(each: Recommendation) -> Row:
    change = _change(each)
    says = f"{each.current_price} → {each.recommended_price} ({change:+.1f} %)"
    bar = Bar(min(change, 0.0), max(change, 0.0), "good" if change > 0 else "bad", says)
    held = f", held by {each.binding_constraint}" if each.binding_constraint else ""
    applied = ", applied" if each.applied else ""
    return Row(each.sku, [bar], [Mark(0.0, "plain", "current price")], f"{says}{held}{applied}")


def _note(result: PricingResult) -> str:
    count = len(result.recommendations)
    return f"These are the {MOST_ROWS} largest changes of {count:,}." if count > MOST_ROWS else ""
