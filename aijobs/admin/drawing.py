"""Pictures as templates draw them: places on a scale as per cent of its width, in attributes that the CSP allows."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from aijobs.presenting import Bar, Difference, Picture, Row

# So that there is something to see, and to point at.
LEAST_WIDTH = 0.5


@dataclass(frozen=True, slots=True)
class DrawnBar:
    x: str
    width: str
    tone: str
    says: str


@dataclass(frozen=True, slots=True)
class DrawnRow:
    label: str
    bars: list[DrawnBar]
    marks: list[DrawnBar]
    says: str


def draw(pictures: Iterable[Picture]) -> SafeString:
    """Escaped: labels and texts are callers', customers' and marketplaces'."""
    return render_to_string("aijobs/admin/pictures.html", {"pictures": [_drawn(each) for each in pictures]})


def _drawn(picture: Picture) -> dict[str, object]:
    if isinstance(picture, Difference):
        # What is in both texts is plain.
        tags = {"same": "span", "removed": "del", "added": "ins"}
        parts = [(tags[kind], text) for kind, text in picture.parts]
        return {"title": picture.title, "note": picture.note, "parts": parts}
    low, high = picture.scale or _scale(picture.rows)
    rows = [_drawn_row(row, low, high) for row in picture.rows]
    return {"title": picture.title, "note": picture.note, "legend": picture.legend, "rows": rows}


def _scale(rows: Iterable[Row]) -> tuple[float, float]:
    values = [value for row in rows for bar in row.bars for value in (bar.start, bar.end)]
    values += [mark.at for row in rows for mark in row.marks]
    return min(values, default=0.0), max(values, default=1.0)


def _drawn_row(row: Row, low: float, high: float) -> DrawnRow:
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return min(max(100 * (value - low) / span, 0.0), 100.0)

    def bar(each: Bar) -> DrawnBar:
        start, end = place(each.start), place(each.end)
        return DrawnBar(f"{start:.2f}%", f"{max(end - start, LEAST_WIDTH):.2f}%", each.tone, each.says)

    marks = [DrawnBar(f"{place(mark.at):.2f}%", "", mark.tone, mark.says) for mark in row.marks]
    # A bar of nothing would say that there is something.
    return DrawnRow(row.label, [bar(each) for each in row.bars if each.end > each.start], marks, row.says)
