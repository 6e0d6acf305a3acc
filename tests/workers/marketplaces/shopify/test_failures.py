"""What is known after a failure: that nothing was written, or that it may have been."""

import socket
from decimal import Decimal
from typing import Any

import pytest

from aijobs.outbound.failures import OutboundError, OutOfTime, Transient, Unavailable, Uncertain
from aijobs.outbound.pace import Pace
from tests.workers.marketplaces.paces import Ending
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import TOKEN, FakeShopify, Mishap, Reply, json_reply
from workers.marketplaces.protocols import Listing
from workers.marketplaces.shopify.api import Api
from workers.marketplaces.shopify.operations import UPDATE_PRICE
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings

LISTING = Listing(sku="ABC", currency="USD")
HTML = Reply(b"<!DOCTYPE html><html><body>Something went wrong</body></html>")
INTERNAL = json_reply({"errors": [{"message": "Internal error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]})
NOTHING = json_reply({"data": None})
NO_PRICES: list[object] = [
    None,
    14.99,
    14,
    "",
    "1,299.00",
    "-1.00",
    "+1",
    "NaN",
    "Infinity",
    "1e5",
    "١.٠٠",
    " 1",
    "1\n",
    [],
]
NO_ANSWERS = [
    HTML,
    NOTHING,
    Reply(b""),
    Reply(b'{"data": {'),
    Reply(b"\xff\xfe"),
    Reply(b"[" * 100_000),
    Reply(b'{"data": ' + b"9" * 10_000 + b"}"),
    json_reply([]),
    json_reply("THROTTLED"),
    json_reply({"errors": "Not an array"}),
    json_reply({"errors": [{"extensions": {"code": 5}}]}),
    Reply(b"{}", status=201),
]


@pytest.mark.parametrize("reply", NO_ANSWERS[:-1])
def test_a_read_of_no_answer_is_transient(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    server.instead["VariantsBySku"] = [reply]
    with pytest.raises(Transient, match="INVALID_ANSWER") as raised:
        connect().read_price(LISTING)
    assert type(raised.value) is Transient


@pytest.mark.parametrize("reply", NO_ANSWERS)
def test_a_write_of_no_answer_is_uncertain(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply]
    with pytest.raises(Uncertain):
        connect().write_price(LISTING, Decimal(2))


@pytest.mark.parametrize("price", NO_PRICES)
def test_a_price_that_is_none_is_no_answer(price: object, server: FakeShopify, connect: Connect) -> None:
    variant = {"id": "gid://shopify/ProductVariant/1", "sku": "ABC", "price": price, "product": {"id": "1"}}
    page = {"nodes": [variant], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    server.instead["VariantsBySku"] = [
        json_reply({"data": {"shop": {"currencyCode": "USD"}, "productVariants": page}})
    ]
    with pytest.raises(Transient, match="INVALID_ANSWER"):
        connect().read_price(LISTING)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {"productVariants": None, "userErrors": []},
        {"productVariants": [], "userErrors": []},
        {"productVariants": [{"id": "gid://shopify/ProductVariant/2", "price": "2.00"}], "userErrors": []},
        {"productVariants": [{"id": "gid://shopify/ProductVariant/1", "price": 2}], "userErrors": []},
        {"productVariants": [{"id": "gid://shopify/ProductVariant/1", "price": "2.00"}]},
    ],
)
def test_a_write_that_is_not_confirmed_is_uncertain(payload: object, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [json_reply({"data": {"productVariantsBulkUpdate": payload}})]
    with pytest.raises(Uncertain, match="INVALID_ANSWER"):
        connect().write_price(LISTING, Decimal(2))


@pytest.mark.parametrize(("mishap", "price"), [(Mishap.LOST, "1.00"), (Mishap.ANSWER_LOST, "2.00")])
def test_a_cut_connection_leaves_a_write_uncertain(
    mishap: Mishap, price: str, server: FakeShopify, connect: Connect
) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [mishap]
    shopify = connect()
    with pytest.raises(Uncertain, match="NO_ANSWER"):
        shopify.write_price(LISTING, Decimal(2))
    assert shopify.read_price(LISTING) == Decimal(price)
    # Never sent again by itself.
    assert server.operations.count("UpdatePrice") == 1


@pytest.mark.parametrize(("mishap", "price"), [(Mishap.HANGS, "1.00"), (Mishap.ANSWER_HANGS, "2.00")])
def test_a_hanging_write_ends_with_the_run_and_is_uncertain(
    mishap: Mishap, price: str, server: FakeShopify, connect: Connect
) -> None:
    variant = server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [mishap]
    with pytest.raises(Uncertain, match="NO_ANSWER"):
        connect(Ending(lambda: "UpdatePrice" in server.operations)).write_price(LISTING, Decimal(2))
    assert variant.price == price


def test_a_hanging_read_is_transient(server: FakeShopify, connect: Connect) -> None:
    server.instead["VariantsBySku"] = [Mishap.HANGS]
    with pytest.raises(Transient, match="NO_ANSWER") as raised:
        connect(Ending(lambda: bool(server.operations))).read_price(LISTING)
    assert type(raised.value) is Unavailable


@pytest.mark.parametrize(
    "reply", [Reply(HTML.body, 500), Reply(b"", 502), Reply(b"", 503), Reply(b"", 408), INTERNAL]
)
def test_a_failing_shop_leaves_only_writes_uncertain(reply: Reply, server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [reply]
    shopify = connect()
    with pytest.raises(Uncertain, match="UNAVAILABLE"):
        shopify.write_price(LISTING, Decimal(2))
    server.instead["VariantsBySku"] = [reply]
    with pytest.raises(Transient, match="UNAVAILABLE") as raised:
        shopify.read_price(LISTING)
    assert type(raised.value) is Unavailable


def test_a_confirmation_beyond_all_size_is_uncertain(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["UpdatePrice"] = [Reply(b" " * 2_000_000)]
    with pytest.raises(Uncertain, match="ANSWER_TOO_LARGE"):
        connect().write_price(LISTING, Decimal(2))


def test_nothing_is_written_where_nobody_listens(settings: Any) -> None:
    with socket.socket() as bound:
        # Bound and not listening: refused, and nobody else can take the port meanwhile.
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{address}"]
        chosen = ShopifySettings(shop="my-shop.myshopify.com", endpoint=f"http://{address}")
        api = Api(chosen, ShopifyCredentials.model_validate({"access_token": TOKEN}).access_token, Pace(60))
        with pytest.raises(Transient, match="UNREACHABLE") as raised:
            api.call(UPDATE_PRICE, productId="gid://shopify/Product/1", variants=[])
        api.close()
    assert type(raised.value) is Unavailable


def test_nothing_is_sent_after_the_end_of_the_run(server: FakeShopify, connect: Connect) -> None:
    with pytest.raises(OutOfTime):
        connect(Pace(0)).read_price(LISTING)
    assert server.operations == []


def test_a_connection_goes_on_after_failures(server: FakeShopify, connect: Connect) -> None:
    server.admin.add("ABC", "1.00")
    server.instead["VariantsBySku"] = [Mishap.LOST, HTML, Reply(b"", 500)]
    shopify = connect()
    for _ in range(3):
        with pytest.raises(OutboundError):
            shopify.read_price(LISTING)
    assert shopify.read_price(LISTING) == 1
