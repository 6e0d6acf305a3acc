"""From bytes to records."""

import csv
import json
import re
import tracemalloc
from contextlib import suppress
from io import BytesIO, StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from workers.catalogue.importing.reading import (
    BLOCK,
    LONGEST_LINE,
    Columns,
    HeaderError,
    Record,
    lines,
    read_csv,
    read_ndjson,
)

from workers.catalogue.importing.fields import Parser
from workers.catalogue.kinds import PRODUCTS, SALES

NAMES = Columns(("a", "b", "c"), ("a",))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.fixed_dictionaries({"a": TEXTS, "b": TEXTS, "c": TEXTS}), max_size=20)


class Trickle:
    """A body that arrives in pieces of any size, as chunked ones do."""

    def __init__(self, content: bytes, piece: int) -> None:
        self.stream = BytesIO(content)
        self.piece = piece

    def read(self, size: int, /) -> bytes:
        return self.stream.read(min(size, self.piece))


def csv_of(rows: list[dict[str, str]], line_end: str = "\n") -> bytes:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, NAMES.known, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def good(records: list[Record]) -> list[dict[str, str]]:
    assert [record.error for record in records if record.error] == []
    return [dict(record.values) for record in records]


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 50))
def test_csv_comes_back_as_it_was_written(rows: list[dict[str, str]], line_end: str, piece: int) -> None:
    records = list(read_csv(Trickle(csv_of(rows, line_end), piece), NAMES))
    assert good(records) == rows


@given(ROWS, st.integers(1, 50))
def test_json_lines_come_back_as_they_were_written(rows: list[dict[str, str]], piece: int) -> None:
    body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    assert good(list(read_ndjson(Trickle(body, piece), NAMES))) == rows


@given(ROWS.filter(bool))
def test_line_numbers_are_those_of_an_editor(rows: list[dict[str, str]]) -> None:
    body = csv_of(rows)
    begins = [2]
    for row in rows:
        begins.append(begins[-1] + 1 + sum(cell.count("\n") for cell in row.values()))
    assert [record.line for record in read_csv(BytesIO(body), NAMES)] == begins[:-1]


ANYTHING = st.binary(max_size=300) | st.text('a,"\n\r\0', max_size=60).map(str.encode)


@given(ANYTHING, st.integers(1, 20))
@example(b'"', 1)
@example(b'x,"y\n"z\n"\n\n"', 1)
def test_no_bytes_break_the_csv_reader(content: bytes, piece: int) -> None:
    records = list(read_csv(Trickle(b"sku,date,price,units\n" + content, piece), SALES.columns))
    _check(records, content.count(b"\n") + 2)


@given(ANYTHING | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(lambda it: json.dumps(it).encode()))
def test_no_bytes_break_the_json_reader(content: bytes) -> None:
    _check(list(read_ndjson(BytesIO(content), SALES.columns)), content.count(b"\n") + 1)


def _check(records: list[Record], last: int) -> None:
    """Lines in order and inside the file, each read once; every cell is parsed or refused with a reason."""
    numbers = [record.line for record in records]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= last for number in numbers)
    for record in records:
        for name, cell in record.values.items():
            parse_or_refuse(SALES.fields[name], cell)


@given(st.sampled_from(sorted(PRODUCTS.fields)), st.text() | st.text("0123456789.-+eE_ ", max_size=40))
@example("price", "9" * 5_000)
@example("price", "1e-99")
def test_no_text_breaks_a_field(name: str, cell: str) -> None:
    parse_or_refuse(PRODUCTS.fields[name], cell)


def parse_or_refuse(parse: Parser, cell: str) -> None:
    """Any other exception fails the test."""
    with suppress(ValueError):
        parse(cell)


@given(ANYTHING)
def test_no_bytes_break_the_header(content: bytes) -> None:
    with suppress(HeaderError):
        list(read_csv(BytesIO(content), SALES.columns))


@pytest.mark.parametrize("body", [b"", b"\n", b"\xef\xbb\xbf", b"\x00\n"])
def test_a_file_without_a_header_says_so(body: bytes) -> None:
    with pytest.raises(HeaderError):
        list(read_csv(BytesIO(body), NAMES))


def test_an_empty_json_body_has_no_rows() -> None:
    assert list(read_ndjson(BytesIO(b""), NAMES)) == []


def test_a_quote_that_never_closes_is_found_within_a_large_file() -> None:
    body = b'a,b,c\n1,"2,3\n' + b"4,5,6\n" * 200_000
    records = list(read_csv(BytesIO(body), NAMES))
    assert len(records) == 200_001
    assert [record.line for record in records if record.error] == [2]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("line", [b'a","b\n', b'"\n""\n', b'1,"2\n"3,4\n', b'"' + b"," * 50 + b"\n"])
def test_records_that_never_end_take_time_in_proportion(line: bytes) -> None:
    """Each of such lines was read as often as there were lines before it: 10,000 took 6 s, and these would a day."""
    body = b"a,b,c\n" + line * 500_000
    assert any(record.error for record in read_csv(BytesIO(body), NAMES))


def test_records_that_never_end_are_not_held() -> None:
    body = b"a,b,c\n" + b'a","b\n' * 300_000
    tracemalloc.start()
    try:
        list(read_csv(BytesIO(body), NAMES))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # One record at its longest; all of them took 40 MiB.
    assert peak < 16 * 1024 * 1024


def test_what_a_record_without_an_end_swallowed_is_counted() -> None:
    body = b"a,b,c\n" + b'a","b\n' * 1_000_000
    errors = [record.error for record in read_csv(BytesIO(body), NAMES) if record.error]
    told = re.compile(r"the line cannot be read, nor can the [0-9,]+ lines after it: a quoted text is too long")
    assert sum(told.match(error) is not None for error in errors) > 10


def test_rows_behind_a_record_without_an_end_are_read() -> None:
    body = b"a,b,c\n" + b'a","b\n' * 1_000_000 + b'"\n' + b"1,2,3\n" * 300_000
    good = [record.line for record in read_csv(BytesIO(body), NAMES) if not record.error]
    assert good[-1] == 1_300_002
    assert len(good) > 200_000


def test_a_line_without_an_end_is_not_held() -> None:
    """A body of 64 MiB without a line break is read in bounded memory."""
    piece = b"x" * BLOCK

    class Endless:
        left = 1024

        def read(self, size: int, /) -> bytes:
            self.left -= 1
            return piece if self.left >= 0 else b""

    found = list(lines(Endless()))
    assert [len(line) <= LONGEST_LINE + 2 for line in found] == [True]
