"""GET and POST /api/catalogue/products."""

import json
from decimal import Decimal
from io import BytesIO

import pytest

from tests.clients import HTTP, Caller, caller
from tests.workers.catalogue.steps import NDJSON, add_products, all_pages, counts, listed, report, send, where
from workers.catalogue.models import Product

pytestmark = pytest.mark.django_db

HEADER = "sku,title,brand,category,cost,price,currency,min_price,max_price,map_price,stock\n"
FULL = HEADER + "SKU-001,Steel Bottle,Halden,Drinkware,6.20,14.99,USD,11.00,19.99,13.49,120\n"


def test_a_product_is_imported_and_listed_with_money_as_numbers(owner: Caller) -> None:
    assert counts(report(owner, "products", FULL)) == (1, 0, 0)
    [shown] = listed(owner, "products")
    shown.pop("updated_at")
    assert shown == {
        "marketplace": "amazon_us",
        "sku": "SKU-001",
        "title": "Steel Bottle",
        "brand": "Halden",
        "category": "Drinkware",
        "cost": 6.2,
        "price": 14.99,
        "currency": "USD",
        "min_price": 11.0,
        "max_price": 19.99,
        "map_price": 13.49,
        "stock": 120,
        "external_id": "",
        "competitor_urls": "",
    }
    assert Product.objects.get().price == Decimal("14.99")


def test_a_repeated_import_changes_nothing(owner: Caller) -> None:
    report(owner, "products", FULL)
    before = Product.objects.get()
    assert counts(report(owner, "products", FULL)) == (0, 1, 0)
    after = Product.objects.get()
    assert (after.pk, after.updated_at) == (before.pk, before.updated_at)


def test_an_absent_column_keeps_what_is_stored(owner: Caller) -> None:
    report(owner, "products", FULL)
    report(owner, "products", "sku,title,price\nSKU-001,Steel Bottle,12.99\n")
    stored = Product.objects.get()
    assert (stored.price, stored.cost, stored.brand, stored.stock) == (
        Decimal("12.99"),
        Decimal("6.2"),
        "Halden",
        120,
    )


def test_an_empty_cell_clears(owner: Caller) -> None:
    report(owner, "products", FULL)
    report(owner, "products", HEADER + "SKU-001,Steel Bottle,,,,14.99,,,,,\n")
    stored = Product.objects.get()
    assert (stored.brand, stored.cost, stored.min_price, stored.stock) == ("", None, None, None)
    assert stored.currency == "USD"


def test_json_rows_may_leave_out_different_fields(owner: Caller) -> None:
    report(owner, "products", FULL)
    rows = [
        {"sku": "SKU-001", "title": "Steel Bottle", "price": 12.99},
        {"sku": "SKU-001", "title": "Steel Bottle", "price": "12.89", "stock": None},
        {"sku": "SKU-002", "title": "Mug", "price": 8, "brand": "Halden"},
        {"sku": "SKU-001", "title": "Steel Bottle", "price": 12.79, "map_price": 12},
    ]
    body = "\n".join(json.dumps(row) for row in rows)
    assert counts(report(owner, "products", body, content_type=NDJSON)) == (1, 3, 0)
    stored = Product.objects.get(sku="SKU-001")
    assert (stored.price, stored.map_price, stored.stock) == (Decimal("12.79"), Decimal(12), None)
    assert stored.brand == "Halden"


def test_of_two_rows_with_one_sku_the_later_counts(owner: Caller) -> None:
    assert counts(report(owner, "products", "sku,title,price\nA,first,1\nB,b,2\nA,last,3\n")) == (2, 1, 0)
    assert Product.objects.get(sku="A").title == "last"


def test_good_rows_land_and_bad_ones_are_named(owner: Caller) -> None:
    told = report(
        owner,
        "products",
        "sku,title,price,stock\nA,a,1,5\n,b,2,5\nC,c,0,5\nD,d,-1,5\nE,,x,-5\nF,f,NaN,5\nG,g,Infinity,5\nH,h,9,\n",
    )
    assert counts(told) == (2, 0, 6)
    assert where(told) == [
        (3, "sku"), (4, "price"), (5, "price"), (6, "title"), (6, "price"), (7, "price"), (8, "price")
    ]  # fmt: skip
    assert [each["sku"] for each in listed(owner, "products")] == ["A", "H"]


PRICES = [
    ("JPY", "10", True),
    ("JPY", "10.0", True),
    ("JPY", "10.5", False),
    ("USD", "10.505", False),
    ("USD", "1e1", True),
    ("KWD", "1.505", True),
    ("USDX", "10", False),
    ("12A", "10", False),
    ("USD", "123456789012345", False),
    ("USD", "1e99", False),
    ("USD", "1e-99", False),
    ("USD", "0x10", False),
    ("USD", "１０", False),
    ("USD", "1_000", False),
    ("USD", "1,5", True),
    ("USD", "1.290", False),
    ("USD", "$1.29", True),
    ("USD", "€1.29", False),
    ("USD", "19.990000000000002", True),
    ("JPY", "1,290", False),
    ("KWD", "1.290", True),
    ("USD", "9" * 5000, False),
]


def test_a_price_fits_its_currency(owner: Caller) -> None:
    for number, (currency, price, good) in enumerate(PRICES):
        told = report(owner, "products", f'sku,title,price,currency\nA{number},a,"{price}",{currency}\n')
        assert told["rejected"] == (not good), (currency, price)


def test_the_stored_currency_counts_where_a_row_has_none(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,currency\nA,a,1000,JPY\n")
    assert where(report(owner, "products", "sku,title,price\nA,a,999.5\n")) == [(2, "price")]


def test_a_minimum_above_the_maximum_is_refused(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,price,min_price,max_price\nA,a,5,9,8\nB,b,5,8,8\n")
    assert (counts(told), where(told)) == ((1, 0, 1), [(2, "min_price")])


def test_a_minimum_is_compared_with_the_stored_maximum(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,max_price\nA,a,5,8\n")
    assert where(report(owner, "products", "sku,title,price,min_price\nA,a,5,9\n")) == [(2, "min_price")]


def test_a_minimum_is_compared_with_an_earlier_row_of_the_same_file(owner: Caller) -> None:
    body = '{"sku":"A","title":"a","price":5,"max_price":8}\n{"sku":"A","title":"a","price":5,"min_price":9}\n'
    assert where(report(owner, "products", body, content_type=NDJSON)) == [(2, "min_price")]


def test_a_title_may_span_lines_and_line_numbers_stay_right(owner: Caller) -> None:
    told = report(owner, "products", 'sku,title,price\nA,"two\nlines",5\n\nB,b,x\n"C","""quoted"", with comma",5\n')
    assert (counts(told), where(told)) == ((2, 0, 1), [(5, "price")])
    assert Product.objects.get(sku="A").title.split() == ["two", "lines"]
    assert Product.objects.get(sku="C").title == '"quoted", with comma'


def test_a_title_is_stored_as_it_was_sent(owner: Caller) -> None:
    titles = ["C:\\new\\table", "\\N", "\\.", "NULL", "'); DROP TABLE x; --", "ünï ☃ 😀"]
    rows = "".join(f'{number},"{title}",5\n' for number, title in enumerate(titles))
    report(owner, "products", f"sku,title,price\n{rows}")
    assert list(Product.objects.order_by("sku").values_list("title", flat=True)) == titles


def test_a_quote_that_never_closes_costs_one_row(owner: Caller) -> None:
    told = report(owner, "products", 'sku,title,price\nA,"a,5\nB,b,6\nC,c,7\n')
    assert (counts(told), [line for line, _ in where(told)]) == ((2, 0, 1), [2])


def test_windows_line_ends_and_a_byte_order_mark_are_fine(owner: Caller) -> None:
    assert counts(report(owner, "products", "\ufeffsku,title,price\r\nA,a,5\r\nB,b,6\r\n")) == (2, 0, 0)


def test_bytes_that_are_no_text_are_reported(owner: Caller) -> None:
    told = report(owner, "products", b"sku,title,price\nA,caf\xe9,5\nB,nul\x00,6\nC,caf\xc3\xa9,7\n")
    assert (counts(told), where(told)) == ((1, 0, 2), [(2, "title"), (3, "title")])


def test_rows_with_too_few_or_too_many_fields_are_refused(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,price\nA,a\nB,b,5,extra\nC,c,5\n")
    assert (counts(told), [line for line, _ in where(told)]) == ((1, 0, 2), [2, 3])


def test_a_huge_field_is_refused_and_the_rest_lands(owner: Caller) -> None:
    told = report(owner, "products", f"sku,title,price\nA,{'x' * 600_000},5\nB,{'y' * 2_000},5\nC,c,5\n")
    assert (counts(told), [line for line, _ in where(told)]) == ((1, 0, 2), [2, 3])


def test_errors_are_listed_up_to_a_thousand(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,price\n" + "A,a,x\n" * 1_500)
    assert (told["rejected"], len(told["errors"])) == (1_500, 1_000)


# And what the answer says.
HEADERS = [
    ("\n", "first line"),
    ("title,price\n", "sku"),
    ("sku\n", "no column besides the SKU"),
    ("sku,colour\n", "colour"),
    ("sku,title,price,price\n", "twice"),
    ("colour,size\n", "colour, size"),
    ("sku,date,price,units\n", "/api/catalogue/sales"),
    ("sku,seller,price\n", "/api/catalogue/offers"),
    ("settlement-id\tsettlement-start-date\tsku\n", "All Orders"),
    ("<!DOCTYPE html><html>", "web page"),
    ("sku,title,price" + ",x" * 2_000 + "\n", "2,003 columns"),
    ('"sku,title,price\n', ""),
    ("x" * 1_000_000, ""),
]


def test_a_header_that_does_not_fit_is_a_bad_request(owner: Caller) -> None:
    for header, named in HEADERS:
        response = send(owner, "products", header)
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (400, "INVALID_REQUEST"), header[:50]
        assert named in error["message"], header[:50]


def test_a_near_miss_is_named_and_unknown_columns_are_refused_if_that_is_asked_for(owner: Caller) -> None:
    body = "sku,title,price,stok,colour\nA,a,5,3,red\n"
    told = report(owner, "products", body)
    assert told["ignored_columns"] == ["stok", "colour"]
    assert "The column `stok` was ignored. Did you mean `stock`?" in told["warnings"]
    refused = send(owner, "products", body, strict="true")
    assert refused.status_code == 400
    assert "Did you mean `stock` by `stok`?" in refused.json()["error"]["message"]
    assert counts(report(owner, "products", "sku,title,price,stock\nA,a,5,3\n", strict="true")) == (0, 1, 0)


NO_PRODUCTS = [
    "[]",
    "1",
    '"x"',
    "{",
    "null",
    "[" * 50_000,
    '{"sku":"A"}',
    '{"sku":"A","title":"a","price":[1]}',
    '{"sku":"A","title":"a","price":NaN}',
    '{"sku":"A","title":"a","price":true}',
    '{"sku":"\\ud800","title":"a","price":1}',
    '{"sku":"A","sku":"B","title":"a","price":1}',
    '{"sku":"A\\u0000","title":"a","price":1}',
]


def test_a_json_line_that_is_no_product_is_reported(owner: Caller) -> None:
    body = "\n".join([*NO_PRODUCTS, "", '{"sku":"OK","title":"fine","price":1}\n'])
    told = report(owner, "products", body, content_type=NDJSON)
    assert [line for line, _ in where(told)] == list(range(1, len(NO_PRODUCTS) + 1))
    assert counts(told) == (1, 0, len(NO_PRODUCTS))


def test_a_price_in_json_is_read_digit_by_digit(owner: Caller) -> None:
    report(owner, "products", '{"sku":"A","title":"a","price":1234567.89,"cost":"0.1"}', content_type=NDJSON)
    assert Product.objects.values_list("price", "cost").get() == (Decimal("1234567.89"), Decimal("0.1"))


def test_a_body_over_one_mebibyte_is_imported(owner: Caller) -> None:
    rows = "".join(f"S{number:06d},{'t' * 900},5\n" for number in range(1_200))
    assert len(rows) > 1024 * 1024
    assert counts(report(owner, "products", f"sku,title,price\n{rows}")) == (1_200, 0, 0)


def test_a_dry_run_counts_and_writes_nothing(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "products", "sku,title,price\nA,a,11\nB,b,12\nC,c,x\nB,again,13\n", dry_run="true")
    assert counts(told) == (1, 2, 1)
    assert [(each["sku"], each["price"]) for each in listed(owner, "products")] == [("A", 10.0)]


def test_the_same_sku_on_two_marketplaces_is_two_products(owner: Caller) -> None:
    add_products(owner, "A")
    assert counts(report(owner, "products", "sku,title,price\nA,a,5\n", marketplace="amazon_de")) == (1, 0, 0)
    assert [each["marketplace"] for each in listed(owner, "products")] == ["amazon_de", "amazon_us"]


def test_pages_hold_every_product_once_in_order(owner: Caller) -> None:
    add_products(owner, "A", "B", "C", "D-é", "E")
    for limit in (1, 2, 3):
        assert [each["sku"] for each in all_pages(owner, "products", limit=limit)] == ["A", "B", "C", "D-é", "E"]


def test_products_are_filtered_by_sku_and_marketplace(owner: Caller) -> None:
    add_products(owner, "A", "B")
    assert [each["sku"] for each in listed(owner, "products", sku="B")] == ["B"]
    assert listed(owner, "products", marketplace="amazon_de") == []


# And the parameter that is told.
WRONG_FILTERS: list[tuple[dict[str, str], str]] = [
    ({"marketplace": "Amazon US"}, "marketplace"),
    ({"marketplace": ""}, "marketplace"),
    ({"sku": ""}, "sku"),
    ({"sku": "\x00"}, "sku"),
    ({"limit": "0"}, "limit"),
    ({"cursor": "AAAA"}, "cursor"),
    ({"cursor": "é"}, "cursor"),
    ({"colour": "red"}, "colour"),
]
WRONG_QUERIES = [
    ("", "marketplace"),
    ("marketplace=A", "marketplace"),
    ("marketplace=a&dry_run=maybe", "dry_run"),
    ("marketplace=a&sku=", "sku"),
    ("marketplace=a&decimal=,", "decimal"),
    ("marketplace=a&timezone=../x", "timezone"),
    ("marketplace=a&currency=euro", "currency"),
    ("marketplace=a&date=x", "date"),
    ("marketplace=a&delimiter=x", "delimiter"),
    ("marketplace=a&colour=red", "colour"),
    ("marketplace=a&marketplace=b", "marketplace"),
]


def test_a_wrong_filter_is_refused(owner: Caller) -> None:
    for query, path in WRONG_FILTERS:
        response = owner.get("/api/catalogue/products", **query)
        assert (response.status_code, response.json()["error"]["code"]) == (422, "INVALID_FILTER"), query
        assert path in [each["path"] for each in response.json()["error"]["details"]], query


def test_an_import_with_a_wrong_query_is_refused(owner: Caller) -> None:
    for query, path in WRONG_QUERIES:
        response = owner.post(f"/api/catalogue/products?{query}", FULL.encode(), content_type="text/csv")
        assert (response.status_code, response.json()["error"]["code"]) == (422, "INVALID_FILTER"), query
        assert path in [each["path"] for each in response.json()["error"]["details"]], query


def test_a_body_of_another_type_is_unsupported(owner: Caller) -> None:
    for content_type in ("application/xml", "image/png", "application/x-www-form-urlencoded"):
        response = send(owner, "products", FULL, content_type=content_type)
        assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_media_type_may_have_parameters(owner: Caller) -> None:
    assert counts(report(owner, "products", FULL, content_type="Text/CSV; charset=utf-8")) == (1, 0, 0)


def test_an_outsider_sees_and_changes_no_product(owner: Caller, outsider: Caller) -> None:
    add_products(owner, "A")
    assert listed(outsider, "products") == []
    assert counts(report(outsider, "products", "sku,title,price\nA,theirs,1\n")) == (1, 0, 0)
    assert listed(owner, "products")[0]["price"] == 10.0


def test_a_teammate_sees_the_same_products(owner: Caller, teammate: Caller) -> None:
    add_products(owner, "A")
    assert listed(teammate, "products") == listed(owner, "products")


@pytest.mark.parametrize(("scope", "get", "post"), [("catalogue:read", 200, 403), ("catalogue:write", 403, 200)])
def test_reading_and_writing_are_scopes_of_their_own(owner: Caller, scope: str, get: int, post: int) -> None:
    limited = caller(owner.tenant, (scope,))
    assert limited.get("/api/catalogue/products").status_code == get
    assert send(limited, "products", FULL).status_code == post


def test_an_ai_jobs_key_reads_no_catalogue(owner: Caller) -> None:
    limited = caller(owner.tenant, ("ai-jobs:read", "ai-jobs:write"))
    assert limited.get("/api/catalogue/products").json()["error"]["code"] == "INSUFFICIENT_SCOPE"


def test_a_chunked_body_without_a_length_is_read_to_its_end(owner: Caller) -> None:
    """As the server hands it over: no Content-Length, and a stream that ends by itself."""
    response = HTTP.generic(
        "POST",
        "/api/catalogue/products?marketplace=amazon_us",
        headers={"authorization": f"Bearer {owner.key}"},
        **{"wsgi.input": BytesIO(FULL.encode()), "CONTENT_TYPE": "text/csv"},  # type: ignore[arg-type]
    )
    assert response.json()["data"]["imported"] == 1


def test_a_body_that_ends_early_says_so(owner: Caller) -> None:
    class Gone(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the sender is gone")

    response = HTTP.generic(
        "POST",
        "/api/catalogue/products?marketplace=amazon_us",
        headers={"authorization": f"Bearer {owner.key}"},
        **{"wsgi.input": Gone(), "CONTENT_TYPE": "text/csv", "CONTENT_LENGTH": "100"},  # type: ignore[arg-type]
    )
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_REQUEST")
