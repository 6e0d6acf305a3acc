"""What a shop's products say, read and written."""

import pytest

from aijobs.outbound.failures import CredentialsRefused, Permanent, Transient, Uncertain
from tests.workers.marketplaces.shopify.admin import FakeProduct, Json
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap, json_reply
from workers.marketplaces.protocols import Listing, ListingDesk

LISTING = Listing(sku="ABC", currency="USD")
NAMES = ("title", "description")
NEW = {"title": "Steel “Bottle” & lid", "description": "<p>Keeps cold.</p>\n<ul><li>Light</li></ul>"}


@pytest.fixture
def product(server: FakeShopify) -> FakeProduct:
    """With a variant ABC; there is another product with ABD."""
    server.admin.add("ABD", "5.00", product=1)
    server.admin.add("ABC", "14.99", product=2)
    mine = server.admin.products["gid://shopify/Product/2"]
    mine.title, mine.description = "Bottle", "<p>A bottle.</p>"
    return mine


def test_a_shop_takes_listings(connect: Connect) -> None:
    assert isinstance(connect(), ListingDesk)


def test_what_is_written_is_read_again(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    shopify = connect()
    assert shopify.read_listing(LISTING, NAMES) == {"title": "Bottle", "description": "<p>A bottle.</p>"}
    assert shopify.write_listing(LISTING, NEW) == []
    assert shopify.read_listing(LISTING, NAMES) == NEW
    assert server.admin.products["gid://shopify/Product/1"].title == "A product"


def test_only_the_texts_that_change_are_sent(product: FakeProduct, connect: Connect) -> None:
    connect().write_listing(LISTING, {"title": "Flask"})
    assert (product.title, product.description) == ("Flask", "<p>A bottle.</p>")


def test_a_shop_that_changes_the_html_is_told_of(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    server.admin.footer = "<p>Made here.</p>"
    assert connect().write_listing(LISTING, NEW) == [
        "Shopify has the description in other words or other HTML than it was sent."
    ]


def test_a_rejection_says_why(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    with pytest.raises(Permanent, match="WRITE_REJECTED: Shopify rejected the listing: Title can't be blank"):
        connect().write_listing(LISTING, {"title": " "})
    assert product.title == "Bottle"


def test_a_product_that_is_gone_is_told(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    del server.admin.products[product.id]
    with pytest.raises(Permanent, match=r"NOT_LISTED: my-shop\.myshopify\.com has no product gid"):
        connect().read_listing(LISTING, NAMES)
    with pytest.raises(Permanent, match="Product does not exist"):
        connect().write_listing(LISTING, NEW)


def test_without_the_scope_nothing_is_written(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    server.admin.scopes = {"read_products"}
    with pytest.raises(CredentialsRefused, match="write_products"):
        connect().write_listing(LISTING, NEW)


@pytest.mark.parametrize("mishap", [Mishap.LOST, Mishap.ANSWER_LOST, json_reply({"data": {}}), json_reply({})])
def test_a_write_without_an_answer_is_uncertain(
    server: FakeShopify, product: FakeProduct, connect: Connect, mishap: Mishap
) -> None:
    server.instead["UpdateListing"] = [mishap]
    with pytest.raises(Uncertain):
        connect().write_listing(LISTING, NEW)
    nothing: Json = {"productUpdate": {"product": None, "userErrors": []}}
    server.instead["UpdateListing"] = [json_reply({"data": nothing})]
    with pytest.raises(Uncertain):
        connect().write_listing(LISTING, NEW)


def test_a_read_without_an_answer_is_not(server: FakeShopify, product: FakeProduct, connect: Connect) -> None:
    server.instead["ProductById"] = [Mishap.LOST, json_reply({"data": {"node": {}}})]
    for _ in range(2):
        with pytest.raises(Transient) as caught:
            connect().read_listing(LISTING, NAMES)
        assert not isinstance(caught.value, Uncertain)
