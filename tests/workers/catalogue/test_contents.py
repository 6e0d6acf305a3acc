"""What cells of listings and keywords may hold, whatever is written in them."""

import json
from contextlib import suppress

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.importing import contents

# Of what Excel, JSON and people write.
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).map(str.strip)
BULLETS = st.lists(
    LINES.filter(lambda line: line and line[0] not in "[{•·▪‣*–-" and "|" not in line), min_size=1, max_size=10
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@draws(30, 2000, BULLETS)
def test_bullets_are_the_same_as_lines_as_a_list_and_as_columns(texts: list[str]) -> None:
    expected = contents.bullets(json.dumps(texts))
    assert contents.bullets("\n".join(texts)) == expected
    columns = {str(number): text for number, text in enumerate(texts, start=1)}
    assert contents.bullets(json.dumps(dict(reversed(columns.items())))) == expected


@draws(30, 2000, ANYTHING)
def test_no_json_breaks_a_cell(value: object) -> None:
    cell = json.dumps(value)
    for read in (contents.bullets, contents.attributes, contents.images, contents.category, contents.search_terms):
        with suppress(ValueError):
            read(cell)


@draws(30, 2000, st.integers(0, contents.LARGEST_VOLUME))
def test_a_volume_is_read_with_and_without_marks_of_thousands(number: int) -> None:
    for written in (f"{number}", f"{number:,}", f"{number:,}".replace(",", "."), f"{number:,}".replace(",", " ")):
        assert contents.volume(written) == number


@draws(30, 2000, st.integers(1, 999), st.sampled_from(["K", "M"]), st.integers(1, 999))
def test_of_a_range_the_lower_end_counts(low: int, unit: str, high: int) -> None:
    expected = low * {"K": 1_000, "M": 1_000_000}[unit]
    assert contents.volume(f"{low}{unit} – {high}{unit}") == expected
    assert contents.volume(f"{low}{unit}") == expected


@draws(30, 2000, st.text(max_size=300) | st.text("0123456789.,’ <>~kKmM–-to", max_size=40))
def test_a_volume_is_a_number_or_refused(cell: str) -> None:
    with suppress(ValueError):
        volume = contents.volume(cell)
        assert volume is None or 0 <= volume <= contents.LARGEST_VOLUME


@draws(30, 2000, st.text(max_size=300))
def test_a_keyword_is_the_same_again(cell: str) -> None:
    with suppress(ValueError):
        assert contents.keyword(contents.keyword(cell)) == contents.keyword(cell)


@draws(30, 2000, st.text(max_size=300))
def test_the_id_of_a_page_is_the_same_again(cell: str) -> None:
    with suppress(ValueError):
        assert contents.page_id(contents.page_id(cell)) == contents.page_id(cell)


@pytest.mark.parametrize("cell", ["[NEW] Keeps warm", "{really} warm", "[" * 5_000, '{"a": NaN'])
def test_a_bracket_makes_no_json(cell: str) -> None:
    with suppress(ValueError):
        assert contents.bullets(cell) == [cell]
