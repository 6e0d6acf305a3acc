"""GET, POST and DELETE /api/catalogue/keywords."""

from typing import Any

import pytest

from tests.clients import Caller
from tests.factories import KeywordFactory, ProductFactory
from tests.workers.catalogue.steps import NDJSON, add_products, all_pages, counts, listed, report, where
from workers.catalogue.models import Keyword

pytestmark = pytest.mark.django_db


def shown(caller: Caller, **query: str) -> list[tuple[str, str, int | None]]:
    return [(row["sku"], row["keyword"], row["volume"]) for row in listed(caller, "keywords", **query)]


def test_keywords_are_of_a_product_or_of_all(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, "keywords", "keyword,volume,sku\nSteel  Bottle,12500,A\nsteel bottle,,\nflask,9,B\n")
    assert (counts(told), where(told)) == ((2, 0, 1), [(4, "sku")])
    assert shown(owner) == [("", "steel bottle", None), ("A", "steel bottle", 12500)]
    assert Keyword.objects.get(sku="A").product_id
    [found] = listed(owner, "keywords", sku="A")
    assert set(found) == {"marketplace", "sku", "keyword", "volume", "imported_at"}


def test_a_file_without_skus_is_for_the_product_that_the_sender_names(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "keywords", "keyword\nflask\n", sku="A")
    assert shown(owner) == [("A", "flask", None)]


VOLUMES = [
    ("1200", 1200),
    ('"1,200"', 1200),
    ("1.200", 1200),
    ("1 200", 1200),
    ("1.2K", 1200),
    ('"1,2k"', 1200),
    ("1200.0", 1200),
    (">306", 306),
    ("<10", 0),
    ("1K – 10K", 1000),
    ("100-1000", 100),
    ("1 Tsd. bis 10 Tsd.", 1000),
    ("-", None),
    ("N/A", None),
    ("", None),
]


def test_a_volume_is_whole_however_it_is_written(owner: Caller) -> None:
    for cell, volume in VOLUMES:
        assert report(owner, "keywords", f"keyword,volume\nflask,{cell}\n")["errors"] == [], cell
        assert shown(owner) == [("", "flask", volume)], cell
        Keyword.objects.all().delete()


def test_what_is_no_volume_is_an_error_of_its_row(owner: Caller) -> None:
    rows = "".join(f"flask,{cell}\n" for cell in ("many", "2000000000", "-5", "1e9"))
    told = report(owner, "keywords", f"keyword,volume\n{rows}")
    assert where(told) == [(line, "volume") for line in (2, 3, 4, 5)]


def test_numbers_of_json_are_volumes(owner: Caller) -> None:
    body = '{"keyword": "flask", "volume": 1200}\n{"keyword": "mug", "volume": 1200.0}\n'
    assert counts(report(owner, "keywords", body, content_type=NDJSON)) == (2, 0, 0)
    assert {volume for _, _, volume in shown(owner)} == {1200}


def test_again_the_volume_is_the_new_one_and_stays_where_it_is_not_said(owner: Caller) -> None:
    for body in ("keyword,volume\nFlask,1\n", "keyword,volume\nflask,2\n", "keyword\nFLASK\n"):
        report(owner, "keywords", body)
    assert shown(owner) == [("", "flask", 2)]


def test_a_dry_run_counts_and_writes_nothing(owner: Caller) -> None:
    report(owner, "keywords", "keyword\nflask\n")
    assert counts(report(owner, "keywords", "keyword\nflask\nmug\n", dry_run="true")) == (1, 1, 0)
    assert shown(owner) == [("", "flask", None)]


def test_tenants_see_and_remove_their_own(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    for each in (owner, outsider):
        add_products(each, "A")
        report(each, "keywords", "keyword,sku\nflask,A\nmug,\n")
    assert shown(teammate) == [("", "mug", None), ("A", "flask", None)]
    answer: Any = teammate.delete("/api/catalogue/keywords?marketplace=amazon_us&sku=A")
    assert answer.json()["data"] == {"deleted": 1, "dry_run": False}
    assert shown(owner) == [("", "mug", None)]
    assert len(shown(outsider)) == 2


def test_keywords_go_with_their_product(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "keywords", "keyword,sku\nflask,A\nmug,\n")
    answer: Any = owner.delete("/api/catalogue/products?marketplace=amazon_us&sku=A")
    assert answer.json()["data"]["keywords"] == 1
    assert shown(owner) == [("", "mug", None)]


def test_pages_of_every_filter_are_the_whole_list(owner: Caller) -> None:
    for sku, marketplace in (("A", "amazon_us"), ("A", "ebay"), ("B", "amazon_us")):
        product = ProductFactory(tenant=owner.tenant, sku=sku, marketplace=marketplace)
        for _ in range(3):
            KeywordFactory(tenant=owner.tenant, marketplace=marketplace, sku=sku, product=product)
            KeywordFactory(tenant=owner.tenant, marketplace=marketplace)
    queries: list[tuple[dict[str, str], int]] = [
        ({}, 18),
        ({"sku": "A"}, 6),
        ({"marketplace": "ebay"}, 6),
        ({"sku": "A", "marketplace": "ebay"}, 3),
    ]
    for query, count in queries:
        whole = listed(owner, "keywords", limit=200, **query)
        assert len({(row["marketplace"], row["sku"], row["keyword"]) for row in whole}) == count
        assert all_pages(owner, "keywords", limit=2, **query) == whole
