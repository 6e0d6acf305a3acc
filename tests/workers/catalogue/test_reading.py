"""From bytes to rows of cells: text with delimiters, JSON, and what no bytes may break."""

import csv
import json
import re
import tracemalloc
from contextlib import suppress
from datetime import UTC
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import example
from hypothesis import strategies as st

from tests.cpu import cpu_seconds_at_most
from tests.drawing import draws
from workers.catalogue.formats import FORMATS
from workers.catalogue.importing.conventions import Conventions, parsers
from workers.catalogue.importing.delimited import LONGEST_RECORD, Delimited, lines
from workers.catalogue.importing.documents import JsonArray, JsonLines
from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.kind import Kind
from workers.catalogue.importing.opening import Json, open_file
from workers.catalogue.importing.recognition import Recognition
from workers.catalogue.importing.tables import Row
from workers.catalogue.kinds import KINDS, PRODUCTS

# UTF-8 has no lone surrogates, a carriage return alone ends a line in files that have no line feed, and the service
# takes out the three private characters that mean something in it (test_tables_of_sellers.py).
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\ue000\ue001\ue002"))
ROWS = st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=20)
CONVENTIONS = Conventions(decimal=None, dates=None, timezone=UTC)


def csv_of(rows: list[list[str]], delimiter: str = ",", line_end: str = "\n") -> bytes:
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


def read_csv(content: bytes, delimiter: str = ",") -> list[Row]:
    return list(Delimited(BytesIO(content), "utf-8", delimiter).rows())


def good(rows: list[Row]) -> list[list[str]]:
    assert [row.error for row in rows if row.error] == []
    return [row.cells for row in rows]


@draws(30, 2000, ROWS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]))
def test_text_comes_back_as_it_was_written(rows: list[list[str]], delimiter: str, line_end: str) -> None:
    written = csv_of([["a", "b", "c"], *rows], delimiter, line_end)
    assert good(read_csv(written, delimiter))[1:] == rows


@draws(30, 2000, st.lists(st.dictionaries(TEXTS, TEXTS, max_size=4), max_size=20), st.sampled_from([None, 2]))
def test_json_comes_back_as_it_was_written(rows: list[dict[str, str]], indent: int | None) -> None:
    as_lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    as_array = json.dumps(rows, ensure_ascii=False, indent=indent).encode()
    for table in (JsonLines(BytesIO(as_lines), "utf-8"), JsonArray(BytesIO(as_array), "utf-8")):
        read = list(table.rows())
        assert good(read) == [list(row.values()) for row in rows]
        assert [row.names for row in read] == [tuple(row) for row in rows]


@draws(30, 2000, ROWS)
def test_line_numbers_are_those_of_an_editor(rows: list[list[str]]) -> None:
    begins = [2]
    for row in rows:
        begins.append(begins[-1] + 1 + sum(cell.count("\n") for cell in row))
    assert [row.line for row in read_csv(csv_of([["a", "b", "c"], *rows]))][1:] == begins[:-1]


ANYTHING = st.binary(max_size=300) | st.text('a,"\n\r\0;=\t', max_size=60).map(str.encode)


@draws(30, 2000, ANYTHING)
@example(b'"')
@example(b'x,"y\n"z\n"\n\n"')
def test_no_bytes_break_the_reader_of_text(content: bytes) -> None:
    _check(read_csv(b"sku,date,price,units\n" + content), content.count(b"\n") + content.count(b"\r") + 2)


@draws(
    30,
    2000,
    ANYTHING | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(lambda it: json.dumps(it).encode()),
)
@example(b"[" * 50_000)
@example(b'[{"a": 1e400}, {"a": 1, "a": 2}')
def test_no_bytes_break_the_readers_of_json(content: bytes) -> None:
    _check(list(JsonLines(BytesIO(content), "utf-8").rows()), content.count(b"\n") + content.count(b"\r") + 1)
    list(JsonArray(BytesIO(content), "utf-8").rows())


def _check(rows: list[Row], last: int) -> None:
    """Lines in order and inside the file, each read once."""
    numbers = [row.line for row in rows]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= last for number in numbers)


@draws(
    30, 2000, ANYTHING, st.sampled_from([None, "utf-16", "cp1252", "utf-7", "idna"]), st.sampled_from([None, *Json])
)
@example(b"sep=", None, None)
@example(b"[]", None, Json.ANY)
@example(b"\xff\xfe", None, None)
def test_no_bytes_break_the_opening_of_a_file(content: bytes, charset: str | None, said: Json | None) -> None:
    recognition = Recognition(None, KINDS, FORMATS)
    with suppress(FileError):
        opened = open_file(BytesIO(content), recognition, json=said, charset=charset)
        list(opened.rows())


FIELDS = [(kind, name) for kind in KINDS for name in sorted(kind.fields)]


@draws(200, 10_000, st.sampled_from(FIELDS), st.text() | st.text("0123456789.-+eE_ '€$,/:", max_size=40))
def test_no_text_breaks_a_field(field: tuple[Kind[Any], str], cell: str) -> None:
    kind, name = field
    with suppress(ValueError):
        parsers(kind.fields, CONVENTIONS, {}, {})[name][cell]


@pytest.mark.parametrize("cell", ["9" * 5_000, "1e-99", "1" * 60 + "." + "1" * 60])
def test_no_number_breaks_a_price(cell: str) -> None:
    with suppress(ValueError):
        parsers(PRODUCTS.fields, CONVENTIONS, {}, {})["price"][cell]


# Files need not be large where a record may not be long: a twentieth of what it is.
SHORTER = LONGEST_RECORD // 20


def read_shorter(content: bytes) -> list[Row]:
    return list(Delimited(BytesIO(content), "utf-8", ",").reading(SHORTER).rows())


def test_a_quote_that_never_closes_is_found_within_a_large_file() -> None:
    rows = read_csv(b'a,b,c\n1,"2,3\n' + b"4,5,6\n" * 60_000)
    assert len(rows) == 60_002
    assert [row.line for row in rows if row.error] == [2]


@pytest.mark.parametrize("line", [b'a","b\n', b'"\n""\n', b'1,"2\n"3,4\n', b'"' + b"," * 50 + b"\n"])
def test_records_that_never_end_take_time_in_proportion(line: bytes) -> None:
    """Each of such lines was read as often as there were lines before it: 10,000 took 6 s, and these would two
    minutes."""
    with cpu_seconds_at_most(20):
        assert any(row.error or len(row.cells) != 3 for row in read_csv(b"a,b,c\n" + line * 40_000))


def test_records_that_never_end_are_not_held() -> None:
    body = b"a,b,c\n" + b'a","b\n' * 60_000
    tracemalloc.start()
    try:
        for _ in Delimited(BytesIO(body), "utf-8", ",").reading(SHORTER).rows():
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Two MiB: a block of the file, and one record at its longest. All of them took 8 MiB.
    assert peak < 4 * 1024 * 1024


def test_what_a_record_without_an_end_swallowed_is_counted() -> None:
    errors = [row.error for row in read_shorter(b"a,b,c\n" + b'a","b\n' * 50_000) if row.error]
    told = re.compile(r"the line cannot be read, nor can the [0-9,]+ lines after it: a quoted text is too long")
    assert sum(told.match(error) is not None for error in errors) > 10


def test_rows_behind_a_record_without_an_end_are_read() -> None:
    rows = read_shorter(b"a,b,c\n" + b'a","b\n' * 15_000 + b'"\n' + b"1,2,3\n" * 4_500)
    read = [row.line for row in rows if not row.error]
    assert read[-1] == 19_502
    assert len(read) > 3_000


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'1,"2"3,4\n', "Write it twice"),
        (b'1,"2', "closing quotation mark is missing"),
        (b"1,2\r3\n", "line break"),
    ],
)
def test_an_error_is_told_in_words_for_people(line: bytes, reason: str) -> None:
    [*_, row] = read_csv(b"a,b,c\n" + line)
    assert reason in (row.error or "")


def test_a_line_without_an_end_is_not_held() -> None:
    """A text of 64 MiB without a line break is read in bounded memory."""
    found = list(lines("x" * 65_536 for _ in range(1024)))
    assert [len(line) <= LONGEST_RECORD + 2 for line in found] == [True]
