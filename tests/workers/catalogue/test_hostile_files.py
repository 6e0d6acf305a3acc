"""Files that want to break the service: none is an error of ours, none takes long, none leaves half of itself."""

import io
import json
import zipfile
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clients import Caller
from tests.cpu import cpu_seconds_at_most
from tests.drawing import forms
from tests.workers.catalogue.steps import NDJSON, add_products, counts, listed, report, send, where
from workers.catalogue.importing.spooling import BLOCK
from workers.catalogue.kinds import KINDS
from workers.catalogue.models import Product
from workers.changes.models import Change

pytestmark = pytest.mark.django_db

FIELDS = sorted({name for kind in KINDS for name in kind.fields})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["SKU-1", "5", "2026-03-12", "1.290", "\ud800", "0042", "9" * 30])
)
ROWS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), SCALARS | st.lists(SCALARS, max_size=2))


def quickly(owner: Caller, kind: str, body: bytes, content_type: str = "text/csv") -> Any:
    with cpu_seconds_at_most(20):
        return send(owner, kind, body, content_type=content_type)


@pytest.mark.parametrize("kind", [kind.path for kind in KINDS])
@forms(3, 200)
def test_no_rows_of_json_are_an_error_of_the_service(owner: Caller, kind: str, examples: int) -> None:
    add_products(owner, "SKU-1")

    @settings(max_examples=examples)
    @given(st.lists(ROWS, min_size=1, max_size=6))
    def are_none(rows: list[dict[str, object]]) -> None:
        as_lines = "\n".join(json.dumps(row) for row in rows).encode("utf-8", "surrogatepass")
        assert send(owner, kind, as_lines, content_type=NDJSON).status_code < 500
        as_array = json.dumps(rows).encode("utf-8", "surrogatepass")
        assert send(owner, kind, as_array, content_type="application/json").status_code < 500

    are_none()


@pytest.mark.parametrize("kind", [kind.path for kind in KINDS])
@forms(4, 200)
def test_no_cells_of_a_table_are_an_error_of_the_service(owner: Caller, kind: str, examples: int) -> None:
    add_products(owner, "SKU-1")
    header = {
        "products": "sku,title,price,stock",
        "sales": "sku,date,price,units",
        "offers": "sku,seller,price,url",
        "reviews": "external_id,sku,rating,body,author",
        "returns": "return_id,order_id,sku,date,quantity,comment",
        "listings": "sku,title,bullets,attributes,images,bullet_1",
        "competitor-listings": "external_id,url,title,attributes,sku,bullet_1",
        "keywords": "keyword,volume,sku",
    }

    @settings(max_examples=examples)
    @given(st.lists(st.lists(SCALARS.map(str), min_size=1, max_size=6), max_size=5), st.sampled_from(",;\t|"))
    def are_none(rows: list[list[str]], delimiter: str) -> None:
        lines = [header[kind].replace(",", delimiter), *(delimiter.join(row) for row in rows)]
        assert send(owner, kind, "\n".join(lines).encode("utf-8", "replace")).status_code < 500

    are_none()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("products", b"sku,title,price,(" + b"=" * 200_000 + b"\nA,a,5,x\n"),
        ("products", b"sku,title,price,competitor_urls\nA,a,5,\"" + b"," * 200_000 + b"\"\n"),
        ("products", b"sku,title,price\nxx-a,T,5\nxx-" + b"b" * 200_000 + b"-1,,5\n"),
        ("products", b",".join([b"a"] * 100_000) + b"\n"),
        ("products", (b",".join([b"a"] * 50_000) + b"\n") * 30),
        ("products", b"".join(b'{"%d": 1}\n' % number for number in range(10_000))),
        ("products", b'{"a":' + b"[" * 100_000),
        ("products", b'[{"sku": "' + b"x" * 2_000_000 + b'"}]'),
        ("products", b"[" + b",".join(b'{"%d": 1}' % number for number in range(10_000)) + b"]"),
        ("products", b"[{" + b",".join(b'"%d": 1' % number for number in range(300_000)) + b"}]"),
        ("listings", b'{"sku":"A","title":"a","bullets":' + b"[" * 100_000),
        ("listings", b'[{"sku":"A","title":"a","attributes":' + b'{"a":' * 100_000 + b"}]"),
        ("listings", b'[{"sku":"A","title":"a","bullets":[' + b"1," * 100_000 + b"1]}]"),
        ("listings", b"sku,title," + b",".join(b"bullet_%d" % number for number in range(1_900)) + b"\nA,a\n"),
        ("competitor-listings", b"url,title\nhttps://www.amazon.de/" + b"dp/" * 60_000 + b",a\n"),
        ("keywords", b"keyword,volume\na," + b"1 " * 100_000 + b"\n"),
        ("sales", b"sku,date,price,units\n" + b"A,2026-03-12,5,1\n" * 20_000),
    ],
)  # fmt: skip
def test_what_is_large_in_one_way_takes_no_time(owner: Caller, kind: str, body: bytes) -> None:
    add_products(owner, "A")
    assert quickly(owner, kind, body).status_code in (200, 400)


def test_one_sku_a_thousand_times_with_other_fields_is_written_once(owner: Caller) -> None:
    add_products(owner, "A")
    rows = (
        {"sku": "A", "title": "a", "price": 10 + number} | ({"stock": number} if number % 2 else {})
        for number in range(2_000)
    )
    lines = "\n".join(json.dumps(row) for row in rows)
    assert counts(quickly(owner, "products", lines.encode(), NDJSON).json()["data"]) == (0, 2_000, 0)
    assert (Change.objects.count(), Product.objects.get().stock) == (1, 1_999)


def test_what_a_row_of_json_lacks_is_named(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "sales", '{"sku":"A","date":"2026-03-12","price":5}\n{"title":"x"}\n', content_type=NDJSON)
    assert told["errors"][0]["message"] == "the row lacks units"
    offers = report(owner, "offers", '{"sku":"A","seller":"R"}\n', content_type=NDJSON)
    assert offers["errors"][0]["message"] == "the row lacks price"


def test_names_that_no_answer_can_have_are_told_without_what_is_wrong(owner: Caller) -> None:
    body = b"sku,title,price,n\xffte,\x1b]0;x\x07,\xc3\xa9\nA,a,5,,,\n"
    told = report(owner, "products", body)
    assert counts(told) == (1, 0, 0)
    assert all(name.isprintable() for name in told["ignored_columns"])


def test_titles_that_grow_when_they_are_composed_are_measured_so(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,price\nA," + "\u0958" * 1_000 + ",5\n")
    assert where(told) == [(2, "title")]


def test_sums_beyond_all_bounds_are_kept_within(owner: Caller) -> None:
    add_products(owner, "A")
    rows = "A,2026-03-12,999999999.99989,1\n" * 2
    assert report(owner, "sales", f"sku,date,price,units\n{rows}")["rejected"] == 0
    assert listed(owner, "sales")[0]["price"] == 999999999.9999


def test_a_currency_is_one_that_there_is(owner: Caller) -> None:
    assert where(report(owner, "products", "sku,title,price,currency\nA,a,5,nan\n")) == [(2, "currency")]


def workbook(rows: list[list[object]]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"nan_inf_to_errors": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def test_numbers_of_a_workbook_that_are_none_are_refused(owner: Caller) -> None:
    book = workbook([["sku", "title", "price"], ["A", "a", 5.5], ["B", "b", 7.5]])
    hostile = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(hostile, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<v>5.5</v>", b"<v>1e400</v>"))
    told = report(owner, "products", hostile.getvalue())
    assert (counts(told), where(told)) == ((1, 0, 1), [(2, "price")])


def test_a_workbook_that_unpacks_to_much_is_bounded(owner: Caller) -> None:
    """One long text that thousands of cells share."""
    long: list[object] = ["x" * 32_000] * 1_000
    rows: list[list[object]] = [["sku", "title", "price"], long, long, ["A", "a", 5]]
    told = quickly(owner, "products", workbook(rows)).json()["data"]
    assert (counts(told), [line for line, _ in where(told)]) == ((1, 0, 2), [2, 3])


def test_a_sheet_with_an_impossible_name_is_refused(owner: Caller) -> None:
    answer = send(owner, "products", workbook([["sku"]]), sheet="a\x00b")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "INVALID_FILTER")


def test_a_large_file_in_shift_jis_is_read_wherever_its_blocks_end(owner: Caller) -> None:
    title = "商品テスト名前" * 20
    for padding in range(4):
        rows = "".join(f"{padding}-{number},{title},{number + 1}\n" for number in range(300))
        body = ("sku,title,price\n" + "x" * padding + rows).encode("cp932")
        assert len(body) > BLOCK
        assert counts(report(owner, "products", body)) == (300, 0, 0), padding
    assert {each.title for each in Product.objects.all()} == {title}
