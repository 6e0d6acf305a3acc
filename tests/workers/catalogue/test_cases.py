"""Small files as sellers really have them, each of which was once refused, or came in wrong."""

from pathlib import Path
from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import listed, report, send, where

pytestmark = pytest.mark.django_db

CASES = Path(__file__).parent / "cases"


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def products(owner: Caller, name: str, **query: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What is told of an import of the case, and the products that are there then, by SKU."""
    told = report(owner, "products", case(name), **query)
    return told, {each["sku"]: each for each in listed(owner, "products")}


def sales(owner: Caller, name: str, **query: str) -> tuple[dict[str, Any], list[tuple[str, float, float]]]:
    """What is told of an import of the case, and the days, prices and units of A1 that are there then."""
    known = "sku,title,price,currency\nA1,a,5,USD\nSOFA,s,5,EUR\nCLP1,c,5,CLP\n"
    report(owner, "products", known)
    told = report(owner, "sales", case(name), **query)
    return told, [(each["date"], each["price"], each["units"]) for each in listed(owner, "sales", sku="A1")]


@pytest.mark.parametrize(
    ("name", "prices", "found"),
    [
        ("a02-tab-separated.tsv", {"A1": 9.99}, {"delimiter": "tab"}),
        ("a06-excel-de.csv", {"A1": 9.99}, {"delimiter": "semicolon", "decimal": "comma"}),
        ("a06b-decimal-comma.csv", {"A1": 9.99}, {"delimiter": "comma", "decimal": "comma"}),
        ("a11-trailing-columns.csv", {"A1": 1}, {}),
        ("a11b-trailing-comma.csv", {"A1": 1}, {}),
        ("a15-cr-only.csv", {"A1": 1, "A2": 2}, {}),
        ("b09-title-row.csv", {"A1": 1}, {}),
        ("b10-blank-first-line.csv", {"A1": 1}, {}),
        ("e03-localised.csv", {"A1": 9.99}, {"columns": {"sku": "SKU", "title": "Titel", "price": "Preis"}}),
        ("e04-one-extra-column.csv", {"A1": 9.99}, {"ignored_columns": ["notes"]}),
    ],
)
def test_a_table_is_read_however_it_is_written(
    owner: Caller, name: str, prices: dict[str, float], found: dict[str, object]
) -> None:
    told, read = products(owner, name)
    assert {sku: each["price"] for sku, each in read.items()} == prices
    assert told["errors"] == []
    assert {key: told[key] for key in found} == found


@pytest.mark.parametrize("charset", ["", "; charset=windows-1252", "; charset=iso-8859-1"])
def test_windows_1252_is_found_or_named(owner: Caller, charset: str) -> None:
    told = report(owner, "products", case("a03-cp1252.csv"), content_type=f"text/csv{charset}")
    assert told["encoding"] == "windows-1252"
    assert listed(owner, "products", sku="A1")[0]["title"] == "Jalapeño Grinder"
    assert bool(told["warnings"]) is not bool(charset)


def test_currency_marks_and_thousands_are_read_if_the_mark_is_the_products(owner: Caller) -> None:
    told, read = products(owner, "a07-currency-symbols.csv")
    assert {sku: each["price"] for sku, each in read.items()} == {
        "A1": 9.99, "A2": 1299.0, "A3": 9.99, "A5": 7.5, "A6": 1299.0
    }  # fmt: skip
    assert where(told) == [(5, "price")]
    assert "€" in told["errors"][0]["message"]


def test_dates_of_all_forms_are_read_where_the_file_leaves_one_reading(owner: Caller) -> None:
    told, read = sales(owner, "a18-dates.csv")
    assert told["dates"] == "day_first"
    assert read == [("2026-04-03", 10, 1), ("2026-03-13", 10, 1), ("2026-03-12", 10, 4), ("2026-03-05", 10, 1)]


def test_a_date_with_two_readings_is_refused_with_both_or_read_as_said(owner: Caller) -> None:
    body = "sku,date,price,units\nA1,03/04/2026,10,1\n"
    report(owner, "products", "sku,title,price\nA1,a,5\n")
    [error] = report(owner, "sales", body)["errors"]
    assert "2026-04-03" in error["message"]
    assert "2026-03-04" in error["message"]
    for dates, day in (("day_first", "2026-04-03"), ("month_first", "2026-03-04")):
        assert report(owner, "sales", body, dates=dates)["imported"] == 1
        assert day in [each["date"] for each in listed(owner, "sales")]


@pytest.mark.parametrize(("name", "days"), [("a18c-two-orders-one-day.csv", 1), ("c04-order-lines.csv", 28)])
def test_order_lines_add_up_and_again_change_nothing(owner: Caller, name: str, days: int) -> None:
    units = {1: 5.0, 28: 140.0}[days]
    for again in (False, True):
        told, read = sales(owner, name)
        assert told["imported"] == (0 if again else days)
        assert (len(read), sum(each[2] for each in read)) == (days, units)
    assert read[-1][1] == (11.2 if days == 1 else 20)


def test_variants_of_a_renamed_export_have_the_title_above_them(owner: Caller) -> None:
    told, read = products(owner, "b02-shopify-renamed.csv")
    assert {sku: (each["title"], each["stock"], each["cost"]) for sku, each in read.items()} == {
        "VT-S": ("Varsity Top", 1, 20.0),
        "VT-M": ("Varsity Top", 0, None),
    }
    assert told["errors"] == []


def test_the_stock_of_known_products_is_updated_and_nothing_else(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,cost,stock\nA1,a,5,2,1\n")
    before = listed(owner, "products")[0]
    told, read = products(owner, "b05-stock-only.csv")
    assert (told["imported"], told["updated"]) == (0, 1)
    assert {**read["A1"], "updated_at": before["updated_at"]} == {**before, "stock": 50}


def test_the_stock_of_an_unknown_product_is_refused(owner: Caller) -> None:
    told, read = products(owner, "b05-stock-only.csv")
    assert (where(told), read) == ([(2, "title")], {})


def test_dust_of_floating_point_is_rounded_and_other_decimals_are_refused(owner: Caller) -> None:
    told, read = products(owner, "b08-jpy.csv")
    assert {sku: each["price"] for sku, each in read.items()} == {
        "A1": 1500, "A2": 1500, "A4": 19.99, "A5": 19.99, "A6": 0.5
    }  # fmt: skip
    assert where(told) == [(4, "price"), (8, "price"), (9, "price"), (10, "price")]


def test_a_broken_workbook_says_what_to_do(owner: Caller) -> None:
    answer = send(owner, "products", case("b11-xlsx.csv"))
    assert answer.status_code == 400
    assert "Excel workbook" in answer.json()["error"]["message"]


def test_a_number_with_two_readings_is_refused_or_read_as_said(owner: Caller) -> None:
    told, read = products(owner, "c01-dot-thousands.csv")
    assert read == {}
    assert {line for line, _ in where(told)} == {2, 3, 4, 5, 6}
    told, read = products(owner, "c01-dot-thousands.csv", decimal="comma")
    assert {sku: each["price"] for sku, each in read.items()} == {
        "CLP1": 15000, "HUF1": 12500, "JPY1": 15000, "USD1": 1299
    }  # fmt: skip
    # Its cost of 0.850 contradicts what was said.
    assert where(told) == [(2, "cost")]


def test_sales_with_two_readings_are_refused(owner: Caller) -> None:
    told, _ = sales(owner, "c02-dot-thousands-sales.csv")
    assert (told["imported"], {line for line, _ in where(told)}) == (0, {2, 3})


def test_addresses_that_share_a_cell_are_several(owner: Caller) -> None:
    told, read = products(owner, "d01-competitor-urls-comma.csv")
    both = "http://127.0.0.1:8401/w/cdata http://127.0.0.1:8401/w/aggregate"
    assert [read[sku]["competitor_urls"] for sku in ("U1", "U2")] == [both, both]
    assert where(told) == [(4, "competitor_urls")]


def test_a_sale_after_tomorrow_is_refused(owner: Caller) -> None:
    told, read = sales(owner, "f01-future-date.csv")
    assert (where(told), read) == ([(2, "date")], [])


def test_an_external_id_of_digits_stays_as_it_is(owner: Caller) -> None:
    _, read = products(owner, "shopify-numeric-variant-id.csv")
    assert read["num"]["external_id"] == "39574348595257"
