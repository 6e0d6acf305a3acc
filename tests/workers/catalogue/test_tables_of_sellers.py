"""Tables as sellers write them who never read our documentation."""

from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import NDJSON, add_products, counts, listed, report, send, where
from workers.changes.models import Change

pytestmark = pytest.mark.django_db


def prices(owner: Caller, **query: str) -> dict[str, float]:
    return {each["sku"]: each["price"] for each in listed(owner, "products", **query)}


def test_what_was_taken_back_is_never_sold(owner: Caller) -> None:
    add_products(owner, "A")
    cells = ("2-", "–2", "−2", "(2)", "2", "+2")
    rows = "".join(f"A,2026-03-{day},5,{cell}\n" for day, cell in enumerate(cells, start=10))
    told = report(owner, "sales", f"sku,date,price,units\n{rows}")
    assert where(told) == [(line, "units") for line in (2, 3, 4, 5)]


def test_a_minus_behind_a_number_is_one(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,price,stock\nA,a,9.99-,1\nB,b,9.-,5-\nC,c,9.99 -,1\n")
    assert where(told) == [(2, "price"), (4, "price")]
    assert [(each["sku"], each["price"], each["stock"]) for each in listed(owner, "products")] == [("B", 9.0, 0)]


def test_numbers_of_json_are_text_where_text_is_wanted(owner: Caller) -> None:
    body = '{"sku": 1.50, "title": 2.5, "price": 1.290}\n{"sku": 42, "title": true, "price": "1.29"}\n'
    report(owner, "products", body, content_type=NDJSON)
    assert [(each["sku"], each["title"], each["price"]) for each in listed(owner, "products")] == [
        ("1.50", "2.5", 1.29),
        ("42", "true", 1.29),
    ]


def test_a_table_that_says_more_is_not_taken_for_an_export(owner: Caller) -> None:
    tables: list[tuple[str, str, str, object]] = [
        ("handle,sku,title,price,stock,brand", "h,A,t,5,7,b", "stock", 7),
        ("id,title,link,price,availability,sku", "1,t,https://a.example,5,in stock,A", "sku", "A"),
        ("SKU,Type,Regular price,Published,Stock,Price,Name", "A,simple,20,1,3,15,t", "price", 15.0),
    ]
    for header, row, field, value in tables:
        assert report(owner, "products", f"{header}\n{row}\n")["format"] == "plain", header
        assert listed(owner, "products")[0][field] == value, header


def test_the_dates_of_a_file_count_more_than_its_formats(owner: Caller) -> None:
    add_products(owner, "A")
    header = "Sale Date,Item Name,Quantity,Price,Transaction ID,Listing ID,SKU"
    told = report(owner, "sales", f"{header}\n03/04/2026,t,1,5,1,1,A\n13/04/2026,t,1,5,2,1,A\n")
    assert told["dates"] == "day_first"
    assert [each["date"] for each in listed(owner, "sales")] == ["2026-04-13", "2026-04-03"]


def test_midnight_is_a_moment_among_moments_and_else_a_day(owner: Caller) -> None:
    add_products(owner, "A")
    alone = "sku,date,price,units\nA,2026-03-29T00:00:00Z,5,1\n"
    report(owner, "sales", alone, timezone="America/New_York")
    assert [each["date"] for each in listed(owner, "sales")] == ["2026-03-29"]
    report(owner, "sales", alone + "A,2026-04-29T00:30:00Z,5,1\n", timezone="America/New_York")
    assert [each["date"] for each in listed(owner, "sales")] == ["2026-04-28", "2026-03-29", "2026-03-28"]


def test_a_year_of_two_digits_in_front_is_refused(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "sales", "sku,date,price,units\nA,26-03-12,5,1\nA,12-03-26,5,1\n")
    assert where(told) == [(2, "date"), (3, "date")]
    assert "2026-03-12 or as 2012-03-26" in told["errors"][0]["message"]


def test_thousands_of_three_decimal_currencies_are_not_guessed(owner: Caller) -> None:
    body = 'sku,title,price,currency\nA,a,"1,290",KWD\nB,b,1.290,KWD\n'
    assert where(report(owner, "products", body)) == [(2, "price")]
    assert prices(owner) == {"B": 1.29}


def test_columns_that_nobody_reads_decide_nothing(owner: Caller) -> None:
    for note in ("USB 3.0 Kabel", "0,5", "12.03", "4.5", "38,39", "v1.5"):
        told = report(owner, "products", f"sku;title;price;note\nA;a;1.290;{note}\n")
        assert (where(told), prices(owner)) == ([(2, "price")], {}), note


def test_a_price_may_name_its_currency_in_the_header(owner: Caller) -> None:
    currencies = {
        "Price (USD)": "USD",
        "price usd": "USD",
        "Preis (EUR)": "EUR",
        "Preis in €": "EUR",
        "Prix EUR": "EUR",
    }
    for number, (name, currency) in enumerate(currencies.items()):
        body = f"sku,title,{name}\nA{number},a,9.99\n"
        told = report(owner, "products", body, marketplace="my_shop")
        assert (told["columns"]["price"], told["warnings"]) == (name, [])
        [found] = listed(owner, "products", sku=f"A{number}")
        assert (found["price"], found["currency"]) == (9.99, currency), name


def test_costs_that_a_seller_adds_to_an_export_are_read_under_any_name(owner: Caller) -> None:
    header = "Handle,Title,Variant SKU,Variant Price,Unit cost"
    told = report(owner, "products", f"{header}\nh,T,A,5,2\n")
    assert (told["format"], told["columns"]["cost"]) == ("shopify_products", "Unit cost")


def test_what_stands_twice_in_a_file_is_imported_once_wherever_it_stands(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 2)
    body = "sku,title,price\nA,a,5\nB,b,1\nC,c,1\nA,a,6\n"
    dry = report(owner, "products", body, dry_run="true")
    for expected in ((3, 1, 0), (0, 4, 0), (0, 4, 0)):
        told = report(owner, "products", body)
        assert counts(told) == expected
        assert told["prices_changed"] == 0
        if expected[0]:
            assert counts(dry) == expected
    assert (prices(owner)["A"], Change.objects.count()) == (6.0, 0)


def test_rows_that_do_not_go_together_are_named_across_chunks(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 1)
    rows = "".join(f"A,a,5,,{high}\n" for high in (9, 3, 8))
    told = report(owner, "products", f"sku,title,price,min_price,max_price\nA,a,5,4,\n{rows}".replace(",,", ",4,"))
    assert (counts(told), where(told)) == ((1, 2, 1), [(4, "min_price")])


def test_a_table_that_is_called_json_is_told_so(owner: Caller) -> None:
    answer: Any = send(owner, "products", "sku,title,price\nA,a,5\n", content_type="application/json")
    assert answer.status_code == 400
    assert "does not begin with" in answer.json()["error"]["message"]


def test_json_may_hold_what_nobody_reads(owner: Caller) -> None:
    body = '[{"sku": "A", "title": "a", "price": 5, "tags": ["x"], "seo": {"a": {"b": 1}}}, {"sku": ["B"]}]'
    told = report(owner, "products", body, content_type="application/json")
    assert (counts(told), told["ignored_columns"]) == ((1, 0, 1), ["tags", "seo"])


def test_blank_rows_totals_and_repeated_headers_are_no_items(owner: Caller) -> None:
    body = ",,,\n" * 5_000 + "sku,title,price,x\nA,a,5,\nsku,title,price,x\nTotal,,5,\n,,,note\n"
    told = report(owner, "products", body)
    assert (counts(told), told["skipped_count"]) == ((1, 0, 0), 3)


def test_a_cell_with_a_line_break_in_a_file_of_an_old_mac(owner: Caller) -> None:
    report(owner, "products", b'sku,title,price\rA,"two\nlines",5\rB,b,6\r')
    assert prices(owner) == {"A": 5.0, "B": 6.0}


def test_what_keeps_formulas_from_running_is_taken_off(owner: Caller) -> None:
    report(owner, "products", "sku,title,price\n'-ABC,'=X,5\n'+P,'90s shirt,5\n")
    assert [(each["sku"], each["title"]) for each in listed(owner, "products")] == [
        ("+P", "'90s shirt"),
        ("-ABC", "=X"),
    ]


def test_no_character_makes_an_invisible_twin(owner: Caller) -> None:
    invisible = "\ufe0f\u034f\u2800\u3164\u115f\u200d\u2060"
    rows = "".join(f"V{number}1,a,5\nV{c}{number}1,b,6\nV{number}1{c},c,7\n" for number, c in enumerate(invisible))
    told = report(owner, "products", f"sku,title,price\n{rows}")
    assert counts(told) == (7, 14, 0)
    assert prices(owner) == {f"V{number}1": 7.0 for number in range(7)}


def test_the_end_of_a_name_is_a_country_where_it_can_be_meant(owner: Caller) -> None:
    for marketplace, currency in (("plug_in", "USD"), ("amazon_in", "INR"), ("otto_de", "EUR")):
        report(owner, "products", "sku,title,price\nA,a,5\n", marketplace=marketplace)
        [found] = listed(owner, "products", marketplace=marketplace)
        assert found["currency"] == currency, marketplace


def test_days_are_read_as_people_say_them(owner: Caller) -> None:
    days = (
        "Donnerstag, 12. März 2026",
        "miércoles, 13 de marzo de 2026",
        "14. März 2026 um 10:12",
        "15 mars 2026 à 10:12",
    )
    add_products(owner, "A")
    rows = "".join(f'A,"{day}",5,1\n' for day in days)
    assert report(owner, "sales", f"sku,date,price,units\n{rows}")["errors"] == []
    assert [each["date"] for each in listed(owner, "sales")] == [f"2026-03-{day}" for day in (15, 14, 13, 12)]


def test_an_amazon_report_that_a_spreadsheet_has_saved_again_is_read_with_its_quotes(owner: Caller) -> None:
    header = "item-name\tlisting-id\tseller-sku\tprice\tquantity"
    rows = '"Brush, soft"\t1\tA\t"1,299.00"\t3\n"Pipe 5"" wide"\t2\tB\t2.50\t3\n'
    report(owner, "products", f"{header}\n{rows}")
    found = {each["sku"]: (each["title"], each["price"]) for each in listed(owner, "products")}
    assert found == {"A": ("Brush, soft", 1299.0), "B": ('Pipe 5" wide', 2.5)}
    report(owner, "products", f'{header}\n"Best" pipe 5"\t1\tA\t2.50\t3\n', marketplace="amazon_uk")
    assert listed(owner, "products", marketplace="amazon_uk")[0]["title"] == '"Best" pipe 5"'


def test_locations_with_counts_of_any_form_add_up_or_are_refused(owner: Caller) -> None:
    add_products(owner, "A", "B")
    header = "Handle,Title,SKU,HS Code,COO,Here,There"
    told = report(owner, "products", f'{header}\nh,t,A,,,"1,200",3\nh,t,B,,,many,3\n')
    assert where(told) == [(3, "stock")]
    assert listed(owner, "products", sku="A")[0]["stock"] == 1203


def test_orders_of_several_marketplaces_under_one_name_are_said(owner: Caller) -> None:
    header = "amazon-order-id\tpurchase-date\torder-status\tsales-channel\tsku\tquantity\titem-price\tcurrency"
    rows = "".join(
        f"1\t2026-03-12T10:00:00+00:00\tShipped\tAmazon.{domain}\tA\t1\t5.00\tEUR\n" for domain in ("de", "fr", "it")
    )
    for marketplace, sold, warned in (("amazon_eu", 3.0, True), ("amazon_fr", 1.0, False)):
        report(owner, "products", "sku,title,price,currency\nA,a,5,EUR\n", marketplace=marketplace)
        told = report(owner, "sales", f"{header}\n{rows}", marketplace=marketplace)
        assert [each["units"] for each in listed(owner, "sales", marketplace=marketplace)] == [sold]
        assert any("Amazon.de, Amazon.fr, Amazon.it" in warning for warning in told["warnings"]) is warned


def test_a_currency_beside_another_amount_is_not_the_prices(owner: Caller) -> None:
    report(owner, "products", "sku,title,price\nP,p,19.99\n")
    before = listed(owner, "products")
    assert [(each["currency"], each["cost"]) for each in before] == [("USD", None)]
    for name in ("Cost (CNY)", "Cost EUR", "Min price EUR"):
        told = report(owner, "products", f"sku,title,price,{name}\nP,p,19.99,5\nN,n,5,4\n")
        assert {line for line, _ in where(told)} == {2, 3}, name
        assert listed(owner, "products") == before, name


def test_a_price_in_another_currency_than_the_marketplaces_is_refused(owner: Caller) -> None:
    told = report(owner, "products", "sku,title,Price USD,Price EUR\nA,a,11.99,9.99\n", marketplace="amazon_de")
    assert (where(told), told["ignored_columns"]) == ([(2, "price")], ["Price EUR"])


def test_a_currency_is_changed_with_its_price_only(owner: Caller) -> None:
    report(owner, "products", "sku,title,price\nA,a,1500.5\n")
    assert where(report(owner, "products", "sku,currency,stock\nA,JPY,1\n")) == [(2, "currency")]
    assert report(owner, "products", "sku,currency,price\nA,JPY,1500\n")["updated"] == 1


def test_a_known_product_keeps_its_title_where_the_file_has_none(owner: Caller) -> None:
    report(owner, "products", "sku,title,price\nBOX-A,Red box,9\nBOX-B,Blue box,9\n")
    assert report(owner, "products", "sku,title,price\nBOX-A,Red box,9\nBOX-B,,10\n")["updated"] == 2
    assert [each["title"] for each in listed(owner, "products")] == ["Red box", "Blue box"]


def test_private_characters_of_a_file_mean_nothing(owner: Caller) -> None:
    cells = ["\ue000NaN", "\ue000Infinity", "NaN", "\ue0005"]
    table = "sku,title,price\n" + "".join(f"A,a,{cell}\n" for cell in cells)
    told = report(owner, "products", table)
    assert (counts(told), where(told)) == ((1, 0, 3), [(line, "price") for line in (2, 3, 4)])
    lines = "".join(f'{{"sku": "B", "title": "a", "price": "{cell}"}}\n' for cell in cells)
    told = report(owner, "products", lines, content_type=NDJSON)
    assert (counts(told), where(told)) == ((1, 0, 3), [(line, "price") for line in (1, 2, 3)])


def test_what_a_parameter_gives_makes_a_row_whole(owner: Caller) -> None:
    add_products(owner, "A")
    assert counts(report(owner, "products", "stock\n5\n", sku="A")) == (0, 1, 0)
    told = report(owner, "products", '{"products": [{"sku": "A"}]}', content_type="application/json")
    assert told["errors"][0]["message"] == "the row lacks sku"


def test_what_a_table_is_shows_in_what_it_says(owner: Caller) -> None:
    for header, row, format in (
        ("handle,sku,name,price,quantity", "h,A,t,5,3", "plain"),
        ("Handle,Title,Variant SKU,Variant Price,Stock", "h,t,B,5,3", "shopify_products"),
        ("sku,title,price,condition,seller", "C,t,5,new,Me", "plain"),
    ):
        told = report(owner, "products", f"{header}\n{row}\n")
        assert (told["format"], counts(told)) == (format, (1, 0, 0)), header


def test_a_day_that_there_is_not_decides_over_no_other(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "sales", "sku,date,price,units\nA,45/99/2026,5,1\nA,03/04/2026,5,1\n")
    assert [line for line, _ in where(told)] == [2, 3]


def test_a_large_catalogue_may_be_imported_twice_at_once(owner: Caller) -> None:
    """Right after the first import PostgreSQL had not counted the rows, and looked each one up among all of them."""
    rows = "".join(f"S{number},t,{number % 90 + 1}\n" for number in range(10_000))
    assert counts(report(owner, "products", f"sku,title,price\n{rows}")) == (10_000, 0, 0)
    dearer = rows.replace(",t,", ",t,1")
    told = report(owner, "products", f"sku,title,price\n{dearer}")
    assert (told["updated"], told["prices_changed"]) == (10_000, 10_000)
