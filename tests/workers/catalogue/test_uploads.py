"""Files as clients and browsers send them: packed, in forms, as workbooks, in any character set."""

import gzip
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from tests.clients import Caller
from tests.workers.catalogue.steps import add_products, counts, listed, report, send
from workers.catalogue.importing import spooling
from workers.catalogue.models import Product

pytestmark = pytest.mark.django_db

FILE = "sku,title,price\nA1,Größe,9.99\n"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def told(answer: Any) -> str:
    assert answer.status_code in (400, 413, 415), answer.content
    message: str = answer.json()["error"]["message"]
    return message


def titles(owner: Caller) -> list[str]:
    return [each["title"] for each in listed(owner, "products")]


def workbook(rows: list[list[object]], *more: str, first: str = "Products") -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name in (first, *more):
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows if name == first else [["sku", "title", "price"], [name, name, 1]]):
                sheet.write_row(number, 0, row)
    return content.getvalue()


def form(*files: tuple[str, bytes, str]) -> tuple[bytes, str]:
    """A form as browsers send it, and its Content-Type."""
    parts = b"".join(
        f'--xyz\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode()
        + f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content, kind in files
    )
    return b'--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n' + parts + b"--xyz--\r\n", (
        "multipart/form-data; boundary=xyz"
    )


def test_identifiers_that_a_spreadsheet_has_shortened_are_refused(owner: Caller) -> None:
    """Stored, they would be other products; a GTIN of 14 digits is kept whole."""
    book = workbook([["sku", "title", "price"], [12345678901234, "a", 1], [1e15, "a", 1], [2.5e19, "a", 1]])
    found = report(owner, "products", book, content_type=EXCEL)
    assert ([each["sku"] for each in listed(owner, "products")], counts(found)) == (["12345678901234"], (1, 0, 2))
    assert "dropped digits" in found["errors"][0]["message"]
    table = "sku,title,price\n4.00638E+12,a,1\n1E+16,a,1\n5E10,a,1\nE+12,a,1\n"
    assert counts(report(owner, "products", table)) == (2, 0, 2)


def test_broken_bytes_of_utf_16_are_refused_like_those_of_utf_8(owner: Caller) -> None:
    wrong = FILE.encode("utf-16-le").replace("ö".encode("utf-16-le"), b"\x00\xdc")
    found = report(owner, "products", wrong, content_type="text/csv; charset=utf-16")
    assert (counts(found), titles(owner)) == ((0, 0, 1), [])
    assert "not text in the file's encoding" in found["errors"][0]["message"]


def test_a_row_that_is_too_long_is_refused_and_not_cut(owner: Caller) -> None:
    """A cut would end within a cell: 1234.5 of 1234.56."""
    texts = "x" * 100_000
    row = f"A2,a,{texts},{texts},{texts},1234.56,{texts}"
    found = report(owner, "products", f"sku,title,n1,n2,n3,price,n4\n{row}\nA3,b,,,,7.5,\n")
    assert (counts(found), titles(owner)) == ((1, 0, 1), ["b"])
    assert "longer than 262,144 characters" in found["errors"][0]["message"]


def test_a_form_with_too_much_beside_the_file_is_refused_in_a_sentence(owner: Caller) -> None:
    field = '--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\n%s\r\n'
    for fields in (field % ("x" * 3_000_000), field % "x" * 1_001):
        answer = send(
            owner, "products", f"{fields}--xyz--\r\n".encode(), content_type="multipart/form-data; boundary=xyz"
        )
        assert "Send the file alone." in told(answer)


UPLOADS: list[tuple[str, bytes]] = [
("text/csv", FILE.encode()),
("text/plain", FILE.encode()),
("application/octet-stream", FILE.encode()),
("application/vnd.ms-excel", FILE.encode()),
("text/tab-separated-values", FILE.replace(",", "\t").encode()),
("text/csv", FILE.replace(",", "|").encode()),
("text/csv", ("sep=;\r\n" + FILE.replace(",", ";")).encode()),
("text/csv", FILE.encode("utf-8-sig")),
("text/csv", FILE.encode("utf-16")),
("text/csv", FILE.encode("utf-16-le")),
("text/csv", FILE.encode("utf-16-be")),
("text/csv; charset=utf-16", FILE.encode("utf-16-le")),
("text/csv; charset=iso-8859-1", FILE.encode("latin-1")),
("text/csv; charset=macintosh", FILE.encode("mac_roman")),
("text/csv", FILE.encode("cp1252")),
("text/csv", gzip.compress(FILE.encode())),
(
    "application/gzip",
    gzip.compress(FILE[:20].encode()) + gzip.compress(FILE[20:].encode()),
),
("application/x-ndjson", b'{"sku": "A1", "title": "Gr\\u00f6\\u00dfe", "price": 9.99}\n'),
("application/json", b'[{"sku": "A1", "title": "Gr\\u00f6\\u00dfe", "price": 9.99}]'),
("application/json", b'\xef\xbb\xbf[\n  {"sku": "A1", "title": "Gr\\u00f6\\u00dfe", "price": "9.99"}\n]\n'),
("application/json", b'{\n"SKU": "A1", "Titel": "Gr\\u00f6\\u00dfe",\n"Preis": 9.99\n}'),
("application/octet-stream", b'[{"sku": "A1", "title": "Gr\\u00f6\\u00dfe", "price": 9.99}]'),
(EXCEL, workbook([["sku", "title", "price"], ["A1", "Größe", 9.99]])),
("text/csv", workbook([["My products"], [], ["sku", "title", "price"], ["A1", "Größe", "9,99 $"]])),
]  # fmt: skip


def test_a_file_is_read_whatever_it_is(owner: Caller) -> None:
    for content_type, body in UPLOADS:
        assert counts(report(owner, "products", body, content_type=content_type)) == (1, 0, 0), (content_type, body)
        found = [(each["title"], each["price"]) for each in listed(owner, "products")]
        assert found == [("Größe", 9.99)], (content_type, body)
        Product.objects.all().delete()


def test_a_form_has_one_file(owner: Caller) -> None:
    for kind in ("text/csv", "application/octet-stream", "application/vnd.ms-excel"):
        body, content_type = form(("products.csv", FILE.encode(), kind))
        assert counts(report(owner, "products", body, content_type=content_type)) == (1, 0, 0), kind
        body, _ = form(("products.csv.gz", gzip.compress(FILE.encode()), "application/gzip"))
        assert counts(report(owner, "products", body, content_type=content_type)) == (0, 1, 0)
        assert titles(owner) == ["Größe"], kind
        Product.objects.all().delete()


def test_the_file_of_a_form_may_name_its_charset(owner: Caller) -> None:
    body, content_type = form(("a.csv", FILE.encode("mac_roman"), "text/csv; charset=macintosh"))
    report(owner, "products", body, content_type=content_type)
    assert titles(owner) == ["Größe"]


def test_a_form_with_no_file_or_several_is_refused(owner: Caller) -> None:
    for files in ([], [("a.csv", FILE.encode(), "text/csv")] * 2):
        body, content_type = form(*files)
        assert f"The form has {len(files)} files" in told(send(owner, "products", body, content_type=content_type))
    assert "form cannot be read" in told(send(owner, "products", b"x", content_type="multipart/form-data"))


def test_a_content_encoding_is_gzip_or_none(owner: Caller) -> None:
    for encoding, body, status in (("gzip", gzip.compress(FILE.encode()), 200), ("br", b"x", 415)):
        answer = owner.post(
            "/api/catalogue/products?marketplace=amazon_us",
            body,
            content_type="text/csv",
            **{"content-encoding": encoding},
        )
        assert answer.status_code == status, answer.content


def test_a_broken_archive_imports_nothing(owner: Caller) -> None:
    packed = gzip.compress(FILE.encode())
    assert "its end is missing" in told(send(owner, "products", packed[:-12]))
    assert "broken" in told(send(owner, "products", packed[:12] + b"\xff\xff" + packed[14:]))
    assert titles(owner) == []


def test_a_file_is_bounded_unpacked(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spooling, "LARGEST_FILE", 1024 * 1024)
    bomb = gzip.compress(b"sku,title,price\n" + b"A1,a,1\n" * 1_000_000)
    answer = send(owner, "products", bomb)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert titles(owner) == []


def test_the_sheet_of_a_workbook_may_be_named(owner: Caller) -> None:
    book = workbook([["nothing"]], "Prices", "Others", first="Notes")
    assert report(owner, "products", book, content_type=EXCEL, sheet="Prices")["sheet"] == "Prices"
    assert titles(owner) == ["Prices"]
    missing = told(send(owner, "products", book, content_type=EXCEL, sheet="Price"))
    assert "Notes, Prices, Others" in missing
    assert "No line at the beginning" in told(send(owner, "products", book, content_type=EXCEL))


def test_the_cells_of_a_workbook_are_what_they_mean(owner: Caller) -> None:
    add_products(owner, "0042", "42")
    rows: list[list[object]] = [
        ["sku", "date", "price", "units"],
        ["0042", date(2026, 3, 12), 1.29, 12],
        [42, "2026-03-12", 1.299, 1204.5],
        ["", "", "", ""],
        ["42", 46094, "1.299", 1],
    ]
    data = report(owner, "sales", workbook(rows), content_type=EXCEL)
    assert counts(data) == (2, 0, 1)
    assert [error["line"] for error in data["errors"]] == [5]
    assert [(each["sku"], each["price"], each["units"]) for each in listed(owner, "sales")] == [
        ("0042", 1.29, 12),
        ("42", 1.299, 1204.5),
    ]


def test_a_workbook_that_says_it_has_all_cells_harms_nobody(owner: Caller) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        sheet.write("A1", "sku")
        sheet.write("XFD1048576", "x")
    assert "too large" in told(send(owner, "products", content.getvalue(), content_type=EXCEL))
    assert counts(report(owner, "products", FILE)) == (1, 0, 0)


def test_a_charset_that_is_not_known_is_named(owner: Caller) -> None:
    for charset in ("klingon", "idna", "unicode_escape"):
        answer = send(owner, "products", FILE, content_type=f"text/csv; charset={charset}")
        assert charset in told(answer)


def test_what_keeps_spreadsheets_from_guessing_is_taken_off(owner: Caller) -> None:
    report(owner, "products", 'sku,title,price,external_id\n="0042","=""Title""","=""9.99""",\'0001234\n')
    [product] = listed(owner, "products")
    assert (product["sku"], product["title"], product["price"]) == ("0042", "Title", 9.99)
    assert product["external_id"] == "0001234"


def test_skus_that_look_the_same_are_the_same(owner: Caller) -> None:
    twins = ["Caf\u00e9-1", "Cafe\u0301-1", "Caf\u00e9\u200b-1", "\ufeffCaf\u00e9-1\u00a0", "Caf\u00e9\u00ad-1"]
    rows = "".join(f"{sku},t,{number}\n" for number, sku in enumerate(twins, start=1))
    assert counts(report(owner, "products", f"sku,title,price\n{rows}")) == (1, 4, 0)
    assert [each["sku"] for each in listed(owner, "products")] == ["Caf\u00e9-1"]


def test_a_german_marketplace_never_has_dollars(owner: Caller) -> None:
    report(owner, "products", FILE, marketplace="amazon_de")
    report(owner, "products", FILE.replace("A1", "A2"), marketplace="amazon_de", currency="CHF")
    found = {each["sku"]: each["currency"] for each in listed(owner, "products")}
    assert found == {"A1": "EUR", "A2": "CHF"}
    warned = report(owner, "products", FILE, marketplace="my_shop")
    assert "USD" in warned["warnings"][0]
    assert listed(owner, "products", marketplace="my_shop")[0]["currency"] == "USD"
    euros = report(owner, "products", FILE.replace("9.99", '"9,99 €"'), marketplace="shop2")
    assert euros["warnings"] == []
    assert listed(owner, "products", marketplace="shop2")[0]["currency"] == "EUR"


def test_a_dry_run_shows_the_first_rows_as_they_were_understood(owner: Caller) -> None:
    rows = "".join(f"A{number};Titel {number};1.299,{number:02d} €\n" for number in range(9))
    data = report(owner, "products", f"SKU;Titel;Preis\n{rows}", marketplace="amazon_de", dry_run="true")
    assert (data["decimal"], data["delimiter"], data["columns"]["price"]) == ("comma", "semicolon", "Preis")
    assert len(data["preview"]) == 5
    assert data["preview"][1] == {"sku": "A1", "title": "Titel 1", "price": 1299.01}
    assert titles(owner) == []


def test_the_day_of_a_moment_is_the_marketplaces_or_as_said(owner: Caller) -> None:
    for marketplace in ("amazon_us", "amazon_jp"):
        report(owner, "products", FILE.replace("9.99", "9"), marketplace=marketplace)
    body = "sku,date,price,units\nA1,2026-03-12T02:30:00Z,9,1\n"
    report(owner, "sales", body, marketplace="amazon_us")
    report(owner, "sales", body, marketplace="amazon_jp")
    report(owner, "sales", body, marketplace="amazon_us", timezone="Europe/Berlin")
    days = {(each["marketplace"], each["date"]) for each in listed(owner, "sales")}
    assert days == {("amazon_us", "2026-03-11"), ("amazon_jp", "2026-03-12"), ("amazon_us", "2026-03-12")}


def test_what_a_file_does_not_have_may_be_said(owner: Caller) -> None:
    add_products(owner, "A1")
    assert "date=2026-03-12" in told(send(owner, "sales", "sku,price,units\nA1,9,1\n"))
    report(owner, "sales", "price,units\n9,1\n", sku="A1", date="2026-03-12")
    assert [(each["sku"], each["date"]) for each in listed(owner, "sales")] == [("A1", "2026-03-12")]


def test_rows_of_json_may_differ_in_the_names_of_their_fields(owner: Caller) -> None:
    rows = [{"sku": "A1", "title": "a", "price": 1}, {"Preis": 2, "Titel": "b", "SKU": "A2", "x": 1}]
    data = report(owner, "products", json.dumps(rows), content_type="application/json")
    assert (counts(data), data["ignored_columns"]) == ((2, 0, 0), ["x"])


def test_no_file_stays_behind(owner: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(spooling, "IN_MEMORY", 1)
    for body in (FILE.encode(), workbook([["sku", "title", "price"], ["A1", "a", 1]]), b"nonsense"):
        send(owner, "products", body)
        body, content_type = form(("a.csv", body, "text/csv"))
        send(owner, "products", body, content_type=content_type)
    assert list(tmp_path.iterdir()) == []
