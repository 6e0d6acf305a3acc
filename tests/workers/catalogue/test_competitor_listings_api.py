"""GET, POST and DELETE /api/catalogue/competitor-listings."""

from typing import Any

import pytest

from tests.clients import Caller
from tests.factories import CompetitorListingFactory, ProductFactory
from tests.workers.catalogue.steps import add_products, all_pages, counts, listed, report, where
from workers.catalogue import removal
from workers.catalogue.models import CompetitorListing, Product

pytestmark = pytest.mark.django_db

LISTINGS = "competitor-listings"


def only() -> CompetitorListing:
    return CompetitorListing.objects.get()


def test_a_competitors_listing_is_imported_and_listed(owner: Caller) -> None:
    add_products(owner, "A")
    body = (
        "asin,brand,title,bullet_1,bullet_2,description,category,attribute.Material,url,sku\n"
        "B0RIVAL001,Rivalware,Insulated bottle,Double wall,Leakproof,<p>x</p>,Kitchen,steel,https://r.example/1,A\n"
    )
    assert counts(report(owner, LISTINGS, body)) == (1, 0, 0)
    [found] = listed(owner, LISTINGS)
    assert found.pop("imported_at")
    assert found == {
        "marketplace": "amazon_us",
        "external_id": "B0RIVAL001",
        "sku": "A",
        "brand": "Rivalware",
        "title": "Insulated bottle",
        "bullets": ["Double wall", "Leakproof"],
        "description": "<p>x</p>",
        "category": "Kitchen",
        "attributes": {"Material": "steel"},
        "url": "https://r.example/1",
    }


def test_id_and_title_are_enough(owner: Caller) -> None:
    report(owner, LISTINGS, "asin,title\nB0RIVAL001,Bottle\n")
    [found] = listed(owner, LISTINGS)
    assert (found["sku"], found["brand"], found["bullets"], found["url"]) == ("", "", [], "")


@pytest.mark.parametrize(
    ("url", "external_id"),
    [
        ("https://www.amazon.de/Steel-Bottle/dp/B0RIVAL001/ref=sr_1?th=1", "B0RIVAL001"),
        ("https://www.amazon.com/gp/product/B0RIVAL001", "B0RIVAL001"),
        ("https://www.ebay.co.uk/itm/123456789012?x=y", "123456789012"),
        ("https://www.walmart.com/ip/Steel-Bottle/556677", "556677"),
        ("https://shop.example/bottle", "https://shop.example/bottle"),
    ],
)
def test_an_address_says_which_listing_it_is(owner: Caller, url: str, external_id: str) -> None:
    report(owner, LISTINGS, f"url,title\n{url},Bottle\n")
    assert (only().external_id, only().url) == (external_id, url)


def test_a_long_address_has_a_made_id_which_is_the_same_again(owner: Caller) -> None:
    body = f"url,title\nhttps://shop.example/{'x' * 300},Bottle\n"
    assert counts(report(owner, LISTINGS, body)) == (1, 0, 0)
    assert counts(report(owner, LISTINGS, body)) == (0, 1, 0)
    assert only().external_id.startswith("auto-")


def test_own_products_among_them_are_skipped(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,external_id\nA,Title,5,B0C1DE0001\n")
    body = "asin,title,url\nB0C1DE0001,Bottle,\n,Bottle,https://www.amazon.com/dp/B0C1DE0001\nB0RIVAL001,Other,\n"
    told = report(owner, LISTINGS, body)
    assert (counts(told), told["skipped_count"]) == ((1, 0, 0), 2)
    assert told["skipped"][0]["reason"] == "The row is your own product A, and not a competitor's."


def test_rows_without_id_title_or_known_product_are_errors(owner: Caller) -> None:
    add_products(owner, "A")
    told = report(owner, LISTINGS, "asin,title,sku\n,Bottle,A\nB0RIVAL001,,A\nB0RIVAL002,Bottle,B\n")
    assert (counts(told), where(told)) == ((0, 0, 3), [(2, "external_id"), (3, "title"), (4, "sku")])


def test_an_import_changes_what_it_names_only_and_an_empty_sku_parts_them(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, LISTINGS, "asin,title,brand,sku\nB0RIVAL001,Bottle,Rivalware,A\n")
    assert counts(report(owner, LISTINGS, "asin,title\nB0RIVAL001,New bottle\n")) == (0, 1, 0)
    assert (only().title, only().brand, only().product) == ("New bottle", "Rivalware", Product.objects.get())
    report(owner, LISTINGS, "asin,title,sku\nB0RIVAL001,New bottle,\n")
    assert only().product is None


def test_tenants_see_and_remove_their_own(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    for each in (owner, outsider):
        report(each, LISTINGS, "asin,title\nB0RIVAL001,Bottle\nB0RIVAL002,Mug\n")
    assert [row["title"] for row in listed(teammate, LISTINGS)] == ["Bottle", "Mug"]
    answer: Any = teammate.delete(f"/api/catalogue/{LISTINGS}?marketplace=amazon_us&all=true")
    assert answer.json()["data"] == {"deleted": 2, "dry_run": False}
    assert listed(owner, LISTINGS) == []
    assert len(listed(outsider, LISTINGS)) == 2


def test_those_of_one_product_are_removed_in_steps(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "MOST_ROWS", 2)
    product = ProductFactory(tenant=owner.tenant)
    for _ in range(5):
        CompetitorListingFactory(tenant=owner.tenant, product=product)
        CompetitorListingFactory(tenant=owner.tenant)
    for query, left in ((f"sku={product.sku}", 5), ("all=true", 0)):
        answer: Any = owner.delete(f"/api/catalogue/{LISTINGS}?marketplace=amazon_us&{query}")
        assert answer.json()["data"]["deleted"] == 5
        assert CompetitorListing.objects.count() == left


def test_pages_of_every_filter_are_the_whole_list(owner: Caller) -> None:
    for sku, marketplace in (("A", "amazon_us"), ("A", "ebay"), ("B", "amazon_us")):
        product = ProductFactory(tenant=owner.tenant, sku=sku, marketplace=marketplace)
        for _ in range(3):
            CompetitorListingFactory(tenant=owner.tenant, marketplace=marketplace, product=product)
            CompetitorListingFactory(tenant=owner.tenant, marketplace=marketplace)
    for query, count in (
        ({}, 18),
        ({"sku": "A"}, 6),
        ({"marketplace": "ebay"}, 6),
        ({"sku": "A", "marketplace": "ebay"}, 3),
    ):
        whole = listed(owner, LISTINGS, limit=200, **query)
        assert len({(row["marketplace"], row["external_id"]) for row in whole}) == count
        assert all_pages(owner, LISTINGS, limit=2, **query) == whole
