"""GET and POST /api/catalogue/sales."""

from datetime import date

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import NDJSON, add_products, all_pages, counts, listed, report, send, where
from workers.catalogue.models import Sale

pytestmark = pytest.mark.django_db

HEADER = "sku,date,price,units,promoted\n"


def test_a_sale_is_imported_and_listed(owner: Caller) -> None:
    add_products(owner, "A")
    assert counts(report(owner, "sales", HEADER + "A,2026-03-12,14.99,31,false\n")) == (1, 0, 0)
    assert listed(owner, "sales") == [
        {"marketplace": "amazon_us", "sku": "A", "date": "2026-03-12", "price": 14.99, "units": 31.0, "promoted": 0.0}
    ]


def test_a_repeated_import_is_all_updates(owner: Caller) -> None:
    add_products(owner, "A")
    body = HEADER + "A,2026-03-12,14.99,31,false\nA,2026-03-13,14.99,30,true\n"
    report(owner, "sales", body)
    assert counts(report(owner, "sales", body)) == (0, 2, 0)
    assert Sale.objects.count() == 2


def test_a_corrected_day_replaces_the_first_one(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "sales", HEADER + "A,2026-03-12,14.99,31,false\n")
    report(owner, "sales", HEADER + "A,2026-03-12,13.99,33,true\n")
    [sale] = listed(owner, "sales")
    assert (sale["price"], sale["units"], sale["promoted"]) == (13.99, 33.0, 1.0)


def test_without_the_promoted_column_new_days_are_not_and_old_ones_keep_what_they_were(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "sales", HEADER + "A,2026-03-12,14.99,31,true\n")
    report(owner, "sales", "sku,date,price,units\nA,2026-03-12,14.99,32\nA,2026-03-13,14.99,20\n")
    assert [(each["units"], each["promoted"]) for each in listed(owner, "sales")] == [(20.0, 0.0), (32.0, 1.0)]


def test_order_lines_of_one_day_add_up_however_often_the_file_comes(owner: Caller) -> None:
    add_products(owner, "A", "B")
    lines = "A,2026-03-12,10,2,no\nB,2026-03-12,7,1,no\nA,2026-03-12,12,3,yes\nA,2026-03-13,9,1,no\n"
    assert counts(report(owner, "sales", HEADER + lines)) == (3, 1, 0)
    assert counts(report(owner, "sales", HEADER + lines)) == (0, 4, 0)
    found = {(each["sku"], each["date"]): each for each in listed(owner, "sales")}
    both = found["A", "2026-03-12"]
    assert (both["units"], both["price"], both["promoted"]) == (5.0, 11.2, 0.6)
    assert found["B", "2026-03-12"]["units"] == 1.0


def test_order_lines_add_up_across_chunks(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 2)
    monkeypatch.setattr("workers.catalogue.importing.combining.RUN_ROWS", 3)
    add_products(owner, "A", "B", "C")
    lines = "".join(f"{sku},2026-03-12,10,1,\n" for sku in "ABCABCABA")
    assert counts(report(owner, "sales", HEADER + lines)) == (3, 6, 0)
    assert {each["sku"]: each["units"] for each in listed(owner, "sales")} == {"A": 4.0, "B": 3.0, "C": 2.0}


def test_what_all_units_brought_gives_the_price_of_one(owner: Caller) -> None:
    add_products(owner, "A")
    body = "sku,date,units,revenue,discount\nA,2026-03-12,4,100,10\nA,2026-03-13,2,50,\nA,2026-03-14,0,9,\n"
    told = report(owner, "sales", body)
    assert (counts(told), where(told)) == ((2, 0, 1), [(4, "units")])
    assert [(each["price"], each["promoted"]) for each in listed(owner, "sales")] == [(25.0, 0.0), (22.5, 1.0)]


def test_sales_in_another_currency_than_the_product_are_refused(owner: Caller) -> None:
    add_products(owner, "A")
    body = "sku,date,price,units,currency\nA,2026-03-12,9,1,EUR\nA,2026-03-13,9,1,USD\nA,2026-03-14,€9,1,\n"
    told = report(owner, "sales", body)
    assert (counts(told), where(told)) == ((1, 0, 2), [(2, "currency"), (4, "price")])


PROMOTED = {
    **{"true": 1, "True": 1, "1": 1, "yes": 1, "1.0": 1},
    **{"false": 0, "0": 0, "no": 0, "": 0, "0.25": 0.25},
}


def test_promoted_is_yes_no_or_a_share(owner: Caller) -> None:
    add_products(owner, "A")
    rows = "".join(f"A,2026-03-{day},9,1,{cell}\n" for day, cell in enumerate(PROMOTED, start=10))
    assert counts(report(owner, "sales", HEADER + rows)) == (len(PROMOTED), 0, 0)
    found = [each["promoted"] for each in reversed(listed(owner, "sales"))]
    assert dict(zip(PROMOTED, found, strict=True)) == PROMOTED


def test_units_may_be_parts(owner: Caller) -> None:
    add_products(owner, "A")
    for units in ("0", "1", "31.5", "8255.99999982379", "1e3"):
        assert report(owner, "sales", HEADER + f"A,2026-03-12,9,{units},\n")["rejected"] == 0, units
        assert listed(owner, "sales")[0]["units"] == float(units)


# And which field is wrong.
BAD_ROWS = {
    "nobody,2026-03-12,9,1,": "sku",
    ",2026-03-12,9,1,": "sku",
    "A,,9,1,": "date",
    "A,2026-02-30,9,1,": "date",
    "A,32.03.2026,9,1,": "date",
    "A,1969-12-31,9,1,": "date",
    "A,2101-01-01,9,1,": "date",
    "A,2026-03-12,0,1,": "price",
    "A,2026-03-12,-9,1,": "price",
    "A,2026-03-12,,1,": "price",
    "A,2026-03-12,nan,1,": "price",
    "A,2026-03-12,0.00001,1,": "price",
    "A,2026-03-12,1e12,1,": "price",
    "A,2026-03-12,9,-1,": "units",
    "A,2026-03-12,9,,": "units",
    "A,2026-03-12,9,inf,": "units",
    "A,2026-03-12,9,1e99,": "units",
    "A,2026-03-12,9,1,maybe": "promoted",
    "A,2026-03-12,9,1,1.01": "promoted",
    "A,2026-03-12,9,1,-0.1": "promoted",
    "A,2026-03-12,9,1,nan": "promoted",
}


def test_bad_sales_are_reported_and_the_good_one_lands(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "sales", HEADER + "\n".join([*BAD_ROWS, "A,2026-03-11,9,1,"]))
    assert counts(told) == (1, 0, len(BAD_ROWS))
    assert dict(zip(BAD_ROWS, where(told), strict=True)) == dict(
        zip(BAD_ROWS, enumerate(BAD_ROWS.values(), start=2), strict=True)
    )


def test_an_average_price_is_kept_to_four_decimals(owner: Caller) -> None:
    add_products(owner, "A")
    assert counts(report(owner, "sales", HEADER + "A,2026-03-12,2.79666666666666666666666666667,1,\n")) == (1, 0, 0)
    assert listed(owner, "sales")[0]["price"] == 2.7967


def test_a_dry_run_knows_the_sales_that_are_there(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "sales", HEADER + "A,2026-03-12,9,1,\n")
    told = report(
        owner, "sales", HEADER + "A,2026-03-12,9,5,\nA,2026-03-13,9,1,\nB,2026-03-12,9,1,\n", dry_run="true"
    )
    assert (counts(told), where(told)) == ((1, 1, 1), [(4, "sku")])
    assert [each["units"] for each in listed(owner, "sales")] == [1.0]


def test_json_lines_are_read_too(owner: Caller) -> None:
    add_products(owner, "A")
    body = (
        '{"sku":"A","date":"2026-03-12","price":9.5,"units":3,"promoted":true}\r\n'
        '{"sku":"A","date":"2026-03-13","price":"9.5","units":"4","promoted":null}\n'
        '{"sku":"A","date":2026.0314,"price":9.5,"units":1}\n'
    )
    assert counts(report(owner, "sales", body, content_type=NDJSON)) == (2, 0, 1)
    assert [each["promoted"] for each in listed(owner, "sales")] == [0.0, 1.0]


def test_more_rows_than_a_chunk_land_once_each(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 1_000)
    add_products(owner, *(f"S{number}" for number in range(45)))
    days = [date.fromordinal(739_000 + day).isoformat() for day in range(50)]
    body = HEADER + "".join(f"S{number},{day},9.99,{number},\n" for day in days for number in range(45))
    assert counts(report(owner, "sales", body)) == (2_250, 0, 0)
    assert counts(report(owner, "sales", body)) == (0, 2_250, 0)


def test_pages_hold_every_sale_once_newest_first_per_sku(owner: Caller) -> None:
    add_products(owner, "B", "A")
    report(
        owner,
        "sales",
        HEADER + "".join(f"{sku},2026-03-{day},9,1,\n" for day in (10, 11, 12) for sku in ("A", "B")),
    )
    for limit in (1, 2, 5):
        rows = all_pages(owner, "sales", limit=limit)
        keys = [(each["sku"], each["date"][-2:]) for each in rows]
        assert sorted(keys) == sorted((sku, day) for sku in "AB" for day in ("10", "11", "12"))
        assert [day for sku, day in keys if sku == "A"] == ["12", "11", "10"]
        assert len({sku for sku, _ in keys[:3]}) == 1


def test_sales_are_filtered_by_sku_and_marketplace(owner: Caller) -> None:
    add_products(owner, "A", "B")
    report(owner, "sales", HEADER + "A,2026-03-12,9,1,\nB,2026-03-12,9,2,\n")
    assert [each["sku"] for each in listed(owner, "sales", sku="B")] == ["B"]
    assert listed(owner, "sales", marketplace="amazon_de") == []


def test_a_cursor_of_another_list_is_refused(owner: Caller) -> None:
    for cursor in ("AAAA", "MQ", "eB8yMDI2LTAzLTEy", "MR9ub3dvcg", "-_8"):
        assert owner.get("/api/catalogue/sales", cursor=cursor).status_code == 422, cursor


def test_an_outsider_sees_and_adds_no_sale(owner: Caller, outsider: Caller) -> None:
    add_products(owner, "A")
    report(owner, "sales", HEADER + "A,2026-03-12,9,1,\n")
    assert listed(outsider, "sales") == []
    assert where(report(outsider, "sales", HEADER + "A,2026-03-12,9,1,\n")) == [(2, "sku")]


def test_a_missing_column_is_a_bad_request(owner: Caller) -> None:
    response = send(owner, "sales", "sku,date,price\nA,2026-03-12,9\n")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_REQUEST")
    assert "units" in response.json()["error"]["message"]
