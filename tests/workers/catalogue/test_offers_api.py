"""GET and POST /api/catalogue/offers."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from aijobs.api.wire.pagination import encode_cursor
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import (
    MARKETPLACE,
    NDJSON,
    add_products,
    all_pages,
    counts,
    listed,
    report,
    send,
    where,
)
from workers.catalogue.models import Offer, Product

pytestmark = pytest.mark.django_db

PATH = "/api/catalogue/offers"
SHORT = "sku,seller,price\n"
FULL = "sku,seller,price,shipping,currency,condition,fulfilment,is_buy_box,url,fetched_at\n"


@pytest.fixture
def seller(owner: Caller) -> Caller:
    add_products(owner, "A", "B")
    return owner


def test_only_sku_seller_and_price_are_needed(seller: Caller) -> None:
    before = now()
    assert counts(report(seller, "offers", SHORT + "A,Rival,9.99\n")) == (1, 0, 0)
    [offer] = listed(seller, "offers")
    assert before.isoformat()[:19] <= offer.pop("fetched_at")[:19] <= now().isoformat()[:19]
    assert offer == {
        "marketplace": "amazon_us",
        "sku": "A",
        "seller": "Rival",
        "price": 9.99,
        "shipping": 0.0,
        "points": 0.0,
        "currency": "USD",
        "condition": "new",
        "fulfilment": "",
        "is_buy_box": False,
        "availability": "",
        "tax_included": None,
        "source": "",
        "url": None,
    }


def test_every_column_is_stored(seller: Caller) -> None:
    row = "A,Rival,9.99,2.50,usd,Used - Good,FBA,yes,https://rival.example/a?b=1,2026-03-12T14:32:01+01:00\n"
    report(seller, "offers", FULL + row)
    [offer] = listed(seller, "offers")
    assert (offer["shipping"], offer["currency"], offer["condition"]) == (2.5, "USD", "used")
    assert (offer["fulfilment"], offer["is_buy_box"]) == ("fba", True)
    assert (offer["url"], offer["fetched_at"]) == ("https://rival.example/a?b=1", "2026-03-12T13:32:01.000Z")


def test_an_offer_has_its_availability_and_whether_it_includes_tax(seller: Caller) -> None:
    stored = {
        "https://schema.org/PreOrder,false": ("PreOrder", False),
        "in_stock,yes": ("InStock", True),
        ",": ("", None),
    }
    rows = "".join(f"A,Rival {number},9.99,{cells}\n" for number, cells in enumerate(stored))
    report(seller, "offers", f"sku,seller,price,availability,tax_included\n{rows}")
    found = {each["seller"]: (each["availability"], each["tax_included"]) for each in listed(seller, "offers")}
    assert found == {f"Rival {number}": said for number, said in enumerate(stored.values())}


def test_an_availability_or_a_tax_that_is_not_known_is_refused(seller: Caller) -> None:
    rows = "A,Rival,9.99,perhaps,\nA,Rival,9.99,,perhaps\n"
    told = report(seller, "offers", f"sku,seller,price,availability,tax_included\n{rows}")
    assert where(told) == [(2, "availability"), (3, "tax_included")]


def test_json_lines_mean_the_same(seller: Caller) -> None:
    body = '{"sku": "A", "seller": "R", "price": 9.99, "is_buy_box": true}\n{"sku": "B", "seller": "R", "price": "8"}'
    assert counts(report(seller, "offers", body, content_type=NDJSON)) == (2, 0, 0)
    assert [(each["sku"], each["price"]) for each in listed(seller, "offers")] == [("A", 9.99), ("B", 8.0)]


# And which field is wrong.
WRONG_ROWS = [
    ('A,Rival,"1,299"', "price"),
    ("A,Rival,0", "price"),
    ("A,Rival,-1", "price"),
    ("A,Rival,", "price"),
    ("A,Rival,null", "price"),
    ("A,Rival,NaN", "price"),
    ("A,Rival,Infinity", "price"),
    ("A,Rival,1e99", "price"),
    ("A,Rival,9.999", "price"),
    ("A,Rival,1000000000", "price"),
    ("A,Rival,€9", "price"),
    ("A,,9", "seller"),
    (f"A,{'x' * 201},9", "seller"),
    (",Rival,9", "sku"),
    ("Z,Rival,9", "sku"),
    ("A,Ri\x00val,9", "seller"),
    ("A,Rival,9,-1", "shipping"),
    ("A,Rival,9,free", "shipping"),
    ("A,Rival,9,1.999", "shipping"),
    ("A,Rival,9,,EUR", "currency"),
    ("A,Rival,9,,Dollar", "currency"),
    ("A,Rival,9,,,broken", "condition"),
    ("A,Rival,9,,,,,maybe", "is_buy_box"),
    ("A,Rival,9,,,,,,javascript:alert(1)", "url"),
    ("A,Rival,9,,,,,,not a url", "url"),
    ("A,Rival,9,,,,,,,yesterday", "fetched_at"),
    ("A,Rival,9,,,,,,,2999-01-01", "fetched_at"),
    ("A,Rival,9,,,,,,,1969-12-31", "fetched_at"),
]


def test_a_wrong_row_is_reported_and_the_others_land(seller: Caller) -> None:
    for row, field in WRONG_ROWS:
        padded = row + "," * (9 - row.replace('"1,299"', "x").count(","))
        told = report(seller, "offers", f"{FULL}B,Before,9,,,,,,,\n{padded}\nB,After,9,,,,,,,\n")
        assert (counts(told), where(told)) == ((2, 0, 1), [(3, field)]), row
        assert sorted(Offer.objects.values_list("seller", flat=True)) == ["After", "Before"], row
        Offer.objects.all().delete()


def test_the_same_offer_again_is_an_update(seller: Caller) -> None:
    row = "A,Rival,9.99,,,,,,,2026-03-12T14:32:01Z\n"
    report(seller, "offers", FULL + row)
    assert counts(report(seller, "offers", FULL + row.replace("9.99", "8.99"))) == (0, 1, 0)
    assert [each["price"] for each in listed(seller, "offers")] == [8.99]


def test_of_two_rows_for_one_moment_the_later_counts(seller: Caller) -> None:
    assert counts(report(seller, "offers", SHORT + "A,Rival,9\nA,Rival,8\n")) == (1, 1, 0)
    assert [each["price"] for each in listed(seller, "offers")] == [8.0]


def test_another_moment_condition_or_fulfilment_is_another_offer(seller: Caller) -> None:
    rows = ["A,Rival,9,,,,,,,2026-03-12", "A,Rival,9,,,,,,,2026-03-13", "A,Rival,5,,,used,,,,2026-03-13"]
    rows.append("A,Rival,9,,,,fba,,,2026-03-13")
    assert counts(report(seller, "offers", FULL + "\n".join(rows))) == (4, 0, 0)


def test_hundreds_of_offers_of_a_product_are_listed_page_by_page(seller: Caller) -> None:
    rows = "".join(f"A,Seller {number},{number + 1}\n" for number in range(300))
    assert counts(report(seller, "offers", SHORT + rows)) == (300, 0, 0)
    found = all_pages(seller, "offers", limit=100)
    assert sorted(each["price"] for each in found) == [float(number + 1) for number in range(300)]


def test_the_newest_come_first_and_filters_apply(seller: Caller) -> None:
    rows = "A,Old,9,,,,,,,2026-03-01\nA,New,9,,,,,,,2026-03-02\nB,Other,9,,,,,,,2026-03-01\n"
    report(seller, "offers", FULL + rows)
    assert [each["seller"] for each in listed(seller, "offers")] == ["New", "Old", "Other"]
    assert [each["seller"] for each in listed(seller, "offers", sku="B")] == ["Other"]
    assert listed(seller, "offers", marketplace="ebay") == []


def test_a_wrong_filter_is_refused(owner: Caller) -> None:
    for query in ({"limit": "0"}, {"limit": "201"}, {"cursor": "x"}, {"colour": "red"}):
        assert owner.get(PATH, **query).json()["error"]["code"] == "INVALID_FILTER", query


def test_a_cursor_that_was_never_given_is_refused(seller: Caller) -> None:
    for at in ("2026-03-12T00:00:00+16:00", "0001-01-01T00:00:00+00:01", "2026-03-12"):
        cursor = encode_cursor("\x1f".join([MARKETPLACE, "1", at, "1"]))
        assert seller.get(PATH, cursor=cursor).status_code == 422, at


def test_an_outsider_neither_sees_nor_adds_offers(seller: Caller, outsider: Caller) -> None:
    report(seller, "offers", SHORT + "A,Rival,9\n")
    assert listed(outsider, "offers") == []
    assert where(report(outsider, "offers", SHORT + "A,Mine,1\n")) == [(2, "sku")]
    assert Offer.objects.count() == 1


def test_importing_needs_the_write_scope(seller: Caller) -> None:
    reader = caller(seller.tenant, ("catalogue:read", "marketplaces:write"))
    assert send(reader, "offers", SHORT + "A,Rival,9\n").status_code == 403


def test_a_file_without_the_columns_is_refused_whole(seller: Caller) -> None:
    for body in (b"", b"sku,seller\nA,R\n", b"sku,title,price\nA,a,9\n", b"\x00\x01"):
        assert send(seller, "offers", body).status_code in (400, 415, 422), body
    assert not Offer.objects.exists()


def test_bytes_that_are_no_text_are_reported(seller: Caller) -> None:
    """Other letters of the file are UTF-8, so it is that, and one row is broken."""
    told = report(seller, "offers", SHORT.encode() + b"A,Caf\xe9,9\n" + "A,Rivé,9\n".encode())
    assert (counts(told), where(told)) == ((1, 0, 1), [(2, "seller")])


def test_a_dry_run_only_checks(seller: Caller) -> None:
    told = report(seller, "offers", SHORT + "A,Rival,9\nA,Rival,x\n", dry_run="true")
    assert counts(told) == (1, 0, 1)
    assert not Offer.objects.exists()


def test_offers_go_with_their_product(seller: Caller) -> None:
    report(seller, "offers", SHORT + "A,Rival,9\n")
    Product.objects.all().delete()
    assert not Offer.objects.exists()


def test_a_product_has_its_marketplaces_id_and_competitors_pages(owner: Caller) -> None:
    pages = "https://one.example/a https://two.example/b"
    report(owner, "products", f"sku,title,price,external_id,competitor_urls\nA,a,9,B000123456,{pages}\n")
    [product] = listed(owner, "products")
    assert (product["external_id"], product["competitor_urls"]) == ("B000123456", pages)


def test_competitors_pages_are_a_few_addresses(owner: Caller) -> None:
    wrong = (
        "ftp://x.example/a",
        "nonsense",
        "https://user:secret@x.example/",
        "https://user@x.example",
        " ".join(f"https://x.example/{n}" for n in range(21)),
    )
    rows = "".join(f"A,a,9,{pages}\n" for pages in wrong)
    told = report(owner, "products", f"sku,title,price,competitor_urls\n{rows}")
    assert where(told) == [(line, "competitor_urls") for line in range(2, 7)]


def test_offers_of_a_slightly_fast_clock_are_of_now(seller: Caller) -> None:
    ahead = (now() + timedelta(minutes=2)).isoformat()
    assert counts(report(seller, "offers", FULL + f"A,Rival,9,,,,,,,{ahead}\n")) == (1, 0, 0)
