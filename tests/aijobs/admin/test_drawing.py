"""Pictures as they are drawn: in their places, within the picture, and every text as text."""

import re

from hypothesis import strategies as st
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from aijobs.admin.drawing import LEAST_WIDTH, draw
from aijobs.presenting import Bar, Chart, Difference, Mark, Row, stacked
from tests.drawing import draws

MARKUP = "<img src=x onerror=alert(1)>\"'&"
NUMBERS = st.floats(-1e12, 1e12)


def places(drawn: str) -> list[tuple[float, float]]:
    """Where bars begin, and how wide they are, in per cent."""
    return [(float(x), float(width)) for x, width in re.findall(r'x="([\d.]+)%" y="3" width="([\d.]+)%"', drawn)]


def test_bars_lie_on_the_scale_of_all_rows() -> None:
    rows = [stacked("a", [(1, "waiting", ""), (3, "running", "")]), Row("b", [Bar(2, 8)], [Mark(4)])]
    drawn = draw([Chart("title", rows)])
    assert places(drawn) == [(0.0, 12.5), (12.5, 37.5), (25.0, 75.0)]
    assert 'cx="50.00%"' in drawn


def test_a_bar_of_nothing_is_not_drawn_and_a_short_one_can_be_seen() -> None:
    drawn = draw([Chart("title", [Row("a", [Bar(1, 1), Bar(0, 0.001), Bar(0, 100)])])])
    assert places(drawn) == [(0.0, LEAST_WIDTH), (0.0, 100.0)]


def test_a_scale_of_its_own_bounds_what_is_beyond() -> None:
    assert places(draw([Chart("title", [Row("a", [Bar(-5, 50)])], scale=(0, 25))])) == [(0.0, 100.0)]


@draws(40, 1000, st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_whatever_the_values_bars_stay_within_the_picture(values: list[tuple[float, float]]) -> None:
    rows = [Row("a", [Bar(min(pair), max(pair))], [Mark(pair[0])]) for pair in values]
    drawn = draw([Chart("title", rows)])
    assert all(0 <= x <= 100 and 0 < width <= 100 for x, width in places(drawn))
    assert all(0 <= float(x) <= 100 for x in re.findall(r'cx="([\d.]+)%"', drawn))


def test_every_text_is_text() -> None:
    row = Row(MARKUP, [Bar(0, 1, says=MARKUP)], [Mark(1, says=MARKUP)], MARKUP)
    drawn = draw(
        [
            Chart(MARKUP, [row], [("good", MARKUP)], MARKUP),
            Difference(MARKUP, [("same", MARKUP), ("removed", MARKUP), ("added", MARKUP)], MARKUP),
        ]
    )
    assert "<img" not in drawn
    # All of them are there, and nothing that the CSP would refuse.
    assert html.fromstring(drawn).text_content().count(MARKUP) == 12
    assert "style=" not in drawn
