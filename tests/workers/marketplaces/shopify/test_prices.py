"""Reading and writing prices, and which variant they are of."""

from decimal import Decimal

import pytest

from aijobs.outbound.failures import Permanent, Uncertain
from tests.workers.marketplaces.shopify.admin import FakeVariant
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import FakeShopify
from workers.marketplaces.protocols import Listing, OfferSource, PriceDesk
from workers.marketplaces.shopify.connector import MOST_PAGES
from workers.marketplaces.shopify.operations import PAGE_SIZE

HOSTILE_SKUS = [
    "O'Reilly",
    "A' OR sku:'B",
    "back\\slash",
    "ends\\",
    "quote\\'s",
    'double "quoted"',
    "sku:'x'",
    "(a) AND NOT b*",
    "täßt 日本 🙂",
    "{ shop { name } }",
    "%27 $query",
    "-",
]


def listing(sku: str = "ABC", currency: str = "USD", external_id: str = "") -> Listing:
    return Listing(sku=sku, currency=currency, external_id=external_id)


def test_a_price_is_read_exactly(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1234567.89")
    shopify = connect()
    assert isinstance(shopify, PriceDesk)
    assert not isinstance(shopify, OfferSource)
    assert shopify.read_price(listing()) == Decimal("1234567.89")


def test_a_written_price_is_read_back(server: FakeShopify, connect: Connect) -> None:
    other, mine = server.admin.add("ABD", "5.00"), server.admin.add("ABC", "14.99", product=2)
    shopify = connect()
    shopify.write_price(listing(), Decimal("13.5000"))
    assert shopify.read_price(listing()) == Decimal("13.5")
    assert (mine.price, other.price) == ("13.50", "5.00")


def test_a_currency_without_decimals_is_written_without(server: FakeShopify, connect: Connect) -> None:
    server.admin.currency = "JPY"
    server.admin.add("ABC", "1500.00")
    shopify = connect()
    shopify.write_price(listing(currency="JPY"), Decimal("1600.0000"))
    assert shopify.read_price(listing(currency="JPY")) == 1600


@pytest.mark.parametrize("price", ["14.999", "0", "-1", "1000000000", "NaN", "sNaN", "Infinity"])
def test_what_is_no_price_is_not_sent(price: str, server: FakeShopify, connect: Connect) -> None:
    with pytest.raises(Permanent, match="INVALID_PRICE"):
        connect().write_price(listing(), Decimal(price))
    assert server.operations == []


@pytest.mark.parametrize("sku", HOSTILE_SKUS)
def test_a_search_finds_nothing_but_the_sku(sku: str, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("A", "1.00")
    server.admin.add("B", "2.00")
    server.admin.add(sku, "7.77")
    server.admin.add(f"{sku}-1", "3.00")
    server.admin.add(sku.swapcase() + " ", "4.00")
    server.admin.add(None, "5.00")
    assert connect().read_price(listing(sku)) == Decimal("7.77")


def test_similar_skus_do_not_match(server: FakeShopify, connect: Connect) -> None:
    for sku in ("abc", "ABC-1", "ABC ", "XL ABC"):
        server.admin.add(sku, "1.00")
    with pytest.raises(Permanent, match=r"NOT_LISTED.*with the SKU ABC"):
        connect().read_price(listing())


@pytest.mark.parametrize("operation", ["read", "write"])
def test_two_variants_with_the_sku_are_ambiguous(operation: str, server: FakeShopify, connect: Connect) -> None:
    variants = [server.admin.add("ABC", "1.00"), server.admin.add("ABC", "2.00", product=2)]
    shopify = connect()
    with pytest.raises(Permanent, match="AMBIGUOUS_SKU"):
        shopify.read_price(listing()) if operation == "read" else shopify.write_price(listing(), Decimal(9))
    assert [each.price for each in variants] == ["1.00", "2.00"]


def test_a_match_on_a_later_page_is_found(server: FakeShopify, connect: Connect) -> None:
    for number in range(PAGE_SIZE * 2):
        server.admin.add(f"ABC-{number}", "1.00")
    server.admin.add("ABC", "2.00")
    assert connect().read_price(listing()) == 2
    assert server.operations == ["VariantsBySku"] * 3


def test_a_double_on_a_later_page_is_noticed(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    for number in range(PAGE_SIZE):
        server.admin.add(f"ABC-{number}", "1.00")
    server.admin.add("ABC", "2.00")
    with pytest.raises(Permanent, match="AMBIGUOUS_SKU"):
        connect().read_price(listing())


def test_a_search_without_end_is_given_up(server: FakeShopify, connect: Connect) -> None:
    for number in range(PAGE_SIZE * MOST_PAGES + 1):
        server.admin.add(f"ABC-{number}", "1.00")
    with pytest.raises(Permanent, match=r"AMBIGUOUS_SKU.*external_id"):
        connect().read_price(listing())
    assert len(server.operations) == MOST_PAGES


def test_a_variants_id_is_used_directly(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    mine = server.admin.add("ABC", "2.00", product=2)
    shopify = connect()
    named = listing(external_id=mine.id)
    assert shopify.read_price(named) == 2
    shopify.write_price(named, Decimal("2.50"))
    assert [each.price for each in server.admin.variants] == ["1.00", "2.50"]
    assert "VariantsBySku" not in server.operations


def test_an_id_of_no_variant_is_not_listed(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    with pytest.raises(Permanent, match=r"NOT_LISTED.*ProductVariant/99"):
        connect().read_price(listing(external_id="gid://shopify/ProductVariant/99"))


def number_of(variant: FakeVariant) -> str:
    return variant.id.rpartition("/")[2]


def test_a_variants_number_tells_one_of_several_with_the_sku(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    mine = server.admin.add("ABC", "2.00", product=2)
    named = listing(external_id=number_of(mine))
    shopify = connect()
    assert shopify.read_price(named) == 2
    shopify.write_price(named, Decimal("2.50"))
    assert [each.price for each in server.admin.variants] == ["1.00", "2.50"]


def test_a_number_is_not_asked_for_where_the_sku_is_enough(server: FakeShopify, connect: Connect) -> None:
    other = server.admin.add("XYZ", "1.00")
    server.admin.add("ABC", "2.00")
    assert connect().read_price(listing(external_id=number_of(other))) == 2
    assert server.operations == ["VariantsBySku"]


@pytest.mark.parametrize("external_id", ["4006381333931", "012345678905", "9783161484100", "1" * 30])
def test_a_number_that_is_no_variants_leaves_the_sku_ambiguous(
    external_id: str, server: FakeShopify, connect: Connect
) -> None:
    server.admin.add("ABC", "1.00")
    server.admin.add("ABC", "2.00")
    with pytest.raises(Permanent, match=r"AMBIGUOUS_SKU: .* several variants with the SKU ABC.*as the product's ext"):
        connect().read_price(listing(external_id=external_id))


def test_a_number_of_a_variant_with_another_sku_does_not_choose(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.admin.add("ABC", "2.00")
    other = server.admin.add("XYZ", "3.00")
    with pytest.raises(Permanent, match=r"AMBIGUOUS_SKU: .*, and none of them has the ID 3\."):
        connect().write_price(listing(external_id=number_of(other)), Decimal(9))
    assert server.admin.written == []


@pytest.mark.parametrize("sku", [None, "", "RENAMED"])
def test_a_variant_without_the_sku_is_found_by_its_number(
    sku: str | None, server: FakeShopify, connect: Connect
) -> None:
    mine = server.admin.add(sku, "3.00")
    assert connect().read_price(listing(external_id=number_of(mine))) == 3


def test_neither_the_sku_nor_the_number_is_listed(server: FakeShopify, connect: Connect) -> None:
    with pytest.raises(Permanent, match=r"NOT_LISTED: .* no variant with the SKU ABC, and none with the ID 99\."):
        connect().read_price(listing(external_id="99"))


def test_a_number_ends_a_search_without_end(server: FakeShopify, connect: Connect) -> None:
    for number in range(PAGE_SIZE * MOST_PAGES + 1):
        server.admin.add(f"ABC-{number}", "1.00")
    mine = server.admin.add("ABC", "2.00")
    assert connect().read_price(listing(external_id=number_of(mine))) == 2


def test_a_number_in_another_currency_is_left_alone(server: FakeShopify, connect: Connect) -> None:
    server.admin.currency = "EUR"
    mine = server.admin.add("ABC", "1.00")
    with pytest.raises(Permanent, match="WRONG_CURRENCY"):
        connect().write_price(listing(external_id=number_of(mine)), Decimal(2))
    assert mine.price == "1.00"


@pytest.mark.parametrize("external_id", ["gid://shopify/Product/1", "B000123", "gid://shopify/ProductVariant/1\n"])
def test_any_other_external_id_leaves_it_to_the_sku(external_id: str, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("XYZ", "1.00")
    server.admin.add("ABC", "2.00")
    assert connect().read_price(listing(external_id=external_id)) == 2


@pytest.mark.parametrize("external_id", ["", "gid://shopify/ProductVariant/1"])
def test_a_shop_in_another_currency_is_left_alone(external_id: str, server: FakeShopify, connect: Connect) -> None:
    server.admin.currency = "EUR"
    variant = server.admin.add("ABC", "1.00")
    shopify = connect()
    named = listing(external_id=external_id)
    with pytest.raises(Permanent, match=r"WRONG_CURRENCY.*EUR, but .* in USD"):
        shopify.read_price(named)
    with pytest.raises(Permanent, match="WRONG_CURRENCY"):
        shopify.write_price(named, Decimal(2))
    assert variant.price == "1.00"


def test_a_rejected_price_is_reported_in_shopifys_words(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.admin.rejection = f"Price must\nbe blessed by {server.token}. " + "x" * 1000
    with pytest.raises(Permanent, match=r"WRITE_REJECTED: .*: Price must be blessed by …") as raised:
        connect().write_price(listing(), Decimal(2))
    assert type(raised.value) is Permanent
    assert len(raised.value.message) < 400


def test_a_price_that_the_shop_changes_is_uncertain(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.admin.surcharge = Decimal("0.05")
    with pytest.raises(Uncertain, match=r"PRICE_DIFFERS.*sent 2, but Shopify has 2\.05"):
        connect().write_price(listing(), Decimal(2))
