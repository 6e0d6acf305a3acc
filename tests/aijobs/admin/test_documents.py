"""Params and results in the admin: as tables, exactly as they are stored, and bounded."""

import json

import pytest
from hypothesis import strategies as st
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from aijobs import registry
from aijobs.admin.documents import (
    LARGEST_IN_TABLES,
    LONGEST_CELL,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_TABLES,
    indented,
    show_document,
    tables,
)
from aijobs.registry import JobType, Params, Result
from tests.cpu import cpu_seconds_at_most
from tests.drawing import draws

OFFERED = [kind for kind in registry.all_types() if not kind.name.startswith("test_")]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def shown(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each table, by its title; the one of single values has none."""
    found = tables(text)
    assert len({table.title for table in found}) == len(found)
    return {
        table.title: [dict(zip(table.columns, [cell.text for cell in row], strict=True)) for row in table.rows]
        for table in found
    }


def test_single_values_are_one_table_and_a_list_of_objects_is_another() -> None:
    text = (
        '{"count": 2, "source": "amazon", "rows": [{"sku": "A", "ok": true}, {"sku": "B", "note": null}], "none": []}'
    )
    assert shown(text) == {
        "": [
            {"field": "count", "value": "2"},
            {"field": "source", "value": "amazon"},
            {"field": "none", "value": "none"},
        ],
        "rows": [{"sku": "A", "ok": "true", "note": ""}, {"sku": "B", "ok": "", "note": "null"}],
    }


def test_objects_in_a_row_are_columns_and_lists_in_it_are_tables_that_name_the_row() -> None:
    row = {
        "sku": "A",
        "summary": {"rank": 1, "inner": {"x": 2}},
        "offers": [{"seller": "S"}, {"seller": "T"}],
        "tags": ["a", 1],
    }
    assert shown(json.dumps({"skus": [row]})) == {
        "skus": [{"sku": "A", "summary.rank": "1", "summary.inner.x": "2", "offers": "2 entries", "tags": "a, 1"}],
        "skus › offers": [{"sku": "A", "seller": "S"}, {"sku": "A", "seller": "T"}],
    }


def test_a_list_at_the_top_is_a_table_and_a_single_value_is_none() -> None:
    assert shown('[{"a": 1}]') == {"rows": [{"a": "1"}]}
    assert [shown(text) for text in ("3", "null", '"text"', "[]", "{}", "[1, {}]")] == [{}] * 6


@pytest.mark.parametrize("kind", OFFERED, ids=lambda kind: kind.name)
def test_every_job_type_is_shown_without_anything_of_its_own(kind: JobType[Params, Result]) -> None:
    """A new type gets the same: each list of objects in its example is a table with a row for each, and each field
    of an object in it a fact."""
    result = kind.example["result"]
    assert isinstance(result, dict)
    found = shown(json.dumps(result))
    for name, value in result.items():
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            assert len(found[name]) == len(value)
        else:
            assert name in [str(fact["field"]).partition(".")[0] for fact in found[""]]


@pytest.mark.parametrize(
    "number", ["13.490", "-0.0", "1e5", "1.7976931348623157e308", "12345678901234567890.123", "0"]
)
def test_numbers_are_shown_as_they_are_stored(number: str) -> None:
    text = f'{{"rows": [{{"price": {number}}}]}}'
    [table] = tables(text)
    assert table.rows == [[(number, True)]]
    assert number in indented(text, 1_000)


def test_rows_columns_tables_and_cells_are_bounded_and_the_rest_is_counted() -> None:
    rows = [{f"c{number}": "x" * 1_000 for number in range(MOST_COLUMNS + 5)} for _ in range(MOST_ROWS + 7)]
    [table] = tables(json.dumps({"rows": rows}))
    assert (len(table.rows), table.row_count) == (MOST_ROWS, MOST_ROWS + 7)
    assert (len(table.columns), table.column_count) == (MOST_COLUMNS, MOST_COLUMNS + 5)
    assert {len(cell.text) for row in table.rows for cell in row} == {LONGEST_CELL}
    many = {f"list{number}": [{"a": 1}] for number in range(MOST_TABLES + 5)}
    assert len(tables(json.dumps(many))) == MOST_TABLES
    page = show_document(json.dumps({"rows": rows}))
    assert f"These are the first {MOST_ROWS} of {MOST_ROWS + 7} rows." in page
    assert f"These are the first {MOST_COLUMNS} of {MOST_COLUMNS + 5} columns." in page


def test_names_and_depth_are_bounded_too() -> None:
    name = "n" * 10_000
    page = show_document(json.dumps({name: [{name: 1}], "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}}}))
    tables_only, _, _ = page.partition("<details>")
    assert len(tables_only) < 3_000
    assert "deep.a.b.c" in tables_only
    assert "deep.a.b.c.d" not in tables_only


def test_a_long_list_of_single_values_says_how_many_there_are() -> None:
    text = json.dumps({"skus": [f"SKU-{number:03}" for number in range(1_000)]})
    assert shown(text)[""][0]["value"].endswith("… (1,000 in all)")


def test_what_strangers_wrote_is_text() -> None:
    markup = "<script>alert(1)</script>"
    page = show_document(json.dumps({markup: markup, "rows": [{markup: markup, "other": {markup: [markup]}}]}))
    assert "<script" not in page
    # Heading or value, in a table and in the JSON.
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 12


def test_all_of_a_short_document_is_folded_away() -> None:
    text = json.dumps({"a": [1, {"b": []}]}, indent=1)
    [details] = html.fromstring(show_document(text)).xpath("//details")
    assert "open" not in details.attrib
    assert details.xpath("./summary")[0].text_content() == "JSON"
    assert json.loads(details.xpath("./pre")[0].text_content()) == json.loads(text)


def test_nothing_is_shown_of_what_is_not_there() -> None:
    assert show_document(None) == "-"


def test_a_document_too_deep_or_too_long_for_tables_is_shown_as_json() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert tables(deep) == []
    assert len(show_document(deep)) < 2 * MOST_CHARACTERS
    long = json.dumps({"rows": [{"a": "x" * 1_000}] * (LARGEST_IN_TABLES // 1_000)})
    page = show_document(long[: LARGEST_IN_TABLES + 1])
    assert "This is too long to be shown in tables." in page
    assert "<table>" not in page
    assert "JSON, the first 200,000 characters; the API has all of it" in page


def test_four_megabytes_are_shown_at_once() -> None:
    offers = [
        {"seller": f"seller {number}", "price": 12.5, "landed": 13.25, "url": "https://example.com/" + "x" * 60}
        for number in range(20)
    ]
    text = json.dumps({"skus": [{"sku": f"SKU-{number}", "offers": offers} for number in range(1_400)]})
    assert len(text) > 4_000_000
    with cpu_seconds_at_most(20):
        page = show_document(text)
    assert len(page) < 600_000
    assert "These are the first 100 of 28,000 rows." in page


@draws(40, 1000, VALUES)
def test_indented_json_is_the_same_json(value: object) -> None:
    text = json.dumps(value)
    assert indented(text, 10**9) == json.dumps(value, indent=2)
    assert indented(json.dumps(value, indent=3), 10**9) == json.dumps(value, indent=2)
    assert json.dumps(value, indent=2).startswith(indented(text, 5))


@draws(40, 1000, VALUES)
def test_any_document_is_shown(value: object) -> None:
    page = show_document(json.dumps(value))
    assert html.fromstring(page).xpath("//details")
    assert all(len(row) == len(table.columns) for table in tables(json.dumps(value)) for row in table.rows)
