"""What a connection is made of, what its check says, and what a refused one is told."""

import logging
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent
from aijobs.outbound.guard import AddressRefused
from tests.workers.marketplaces.shopify.conftest import Connect
from tests.workers.marketplaces.shopify.server import TOKEN, FakeShopify, Reply, json_reply
from workers.marketplaces.protocols import Listing
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings

LISTING = Listing(sku="ABC", currency="USD")


def test_the_check_names_the_shop(connect: Connect) -> None:
    told = "The service is connected to My Shop (USD) and can read and write prices and listings."
    assert connect().check() == told


def test_to_write_includes_to_read(server: FakeShopify, connect: Connect) -> None:
    server.admin.scopes = {"write_products"}
    assert "read and write" in connect().check()


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ({"read_products"}, "write_products"),
        ({"read_orders", "write_orders"}, "read_products and write_products"),
        (set(), "read_products and write_products"),
    ],
)
def test_the_check_names_missing_scopes(
    granted: set[str], missing: str, server: FakeShopify, connect: Connect
) -> None:
    server.admin.scopes = granted
    with pytest.raises(CredentialsRefused, match=rf"ACCESS_DENIED: .* {missing}\.$"):
        connect().check()


def test_a_write_without_its_scope_is_refused_by_name(server: FakeShopify, connect: Connect) -> None:
    variant = server.admin.add("ABC", "1.00")
    server.admin.scopes = {"read_products"}
    with pytest.raises(CredentialsRefused, match=r"ACCESS_DENIED.*write_products"):
        connect().write_price(LISTING, 2 * connect().read_price(LISTING))
    assert variant.price == "1.00"


def test_a_read_without_its_scope_is_refused_by_name(server: FakeShopify, connect: Connect) -> None:
    server.admin.scopes = set()
    with pytest.raises(CredentialsRefused, match=r"ACCESS_DENIED.*read_products"):
        connect().read_price(LISTING)


def test_a_wrong_token_is_refused(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shopify = connect(token="shpat_wrong")
    with pytest.raises(CredentialsRefused, match="CREDENTIALS_REFUSED") as raised:
        shopify.check()
    shown = [str(raised.value), repr(raised.value), repr(shopify.credentials), repr(vars(shopify)), caplog.text]
    assert "shpat_wrong" not in "".join(shown)


def test_a_shops_name_is_one_line_without_the_token(server: FakeShopify, connect: Connect) -> None:
    server.admin.name = f"My\r\nShop\u202e {TOKEN}"
    assert connect().check().startswith("The service is connected to My  Shop  … (USD)")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (301, "SHOP_NOT_FOUND", Permanent),
        (400, "REQUEST_REFUSED", Permanent),
        (402, "SHOP_FROZEN", Permanent),
        (403, "ACCESS_DENIED", CredentialsRefused),
        (404, "SHOP_NOT_FOUND", Permanent),
        (423, "SHOP_FROZEN", Permanent),
        (430, "REQUEST_REFUSED", Permanent),
    ],
)
def test_a_refusing_status_is_permanent(
    status: int, code: str, kind: type[OutboundError], server: FakeShopify, connect: Connect
) -> None:
    server.instead["VariantsBySku"] = [json_reply({"errors": "Unavailable Shop"}, status, Location="/elsewhere")]
    with pytest.raises(Permanent, match=code) as raised:
        connect().read_price(LISTING)
    assert type(raised.value) is kind
    assert len(server.operations) == 1


def test_an_unknown_version_is_not_found(connect: Connect) -> None:
    with pytest.raises(Permanent, match=r"SHOP_NOT_FOUND.*2031-01"):
        connect(api_version="2031-01").check()


@pytest.mark.parametrize(
    ("graphql_code", "code"),
    [
        ("MAX_COST_EXCEEDED", "REQUEST_REFUSED"),
        ("undefinedField", "REQUEST_REFUSED"),
        ("SHOP_INACTIVE", "SHOP_FROZEN"),
    ],
)
def test_a_refused_query_is_permanent(graphql_code: str, code: str, server: FakeShopify, connect: Connect) -> None:
    errors = [{"message": f"No, {TOKEN}", "extensions": {"code": graphql_code}}]
    server.instead["VariantsBySku"] = [json_reply({"errors": errors})]
    with pytest.raises(Permanent, match=f"{code}: .*: No, …"):
        connect().read_price(LISTING)


@pytest.mark.parametrize("opened_for", [[], ["page"]])
def test_only_addresses_that_the_guard_lets_through_are_called(
    opened_for: list[str], server: FakeShopify, connect: Connect, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [f"{purpose}:{server.address}" for purpose in opened_for]
    with pytest.raises(AddressRefused):
        connect().check()
    assert server.operations == []


def test_an_answer_beyond_all_size_is_given_up(server: FakeShopify, connect: Connect) -> None:
    server.instead["Check"] = [Reply(b'{"data": "' + b"x" * 2_000_000 + b'"}')]
    with pytest.raises(OutboundError, match="ANSWER_TOO_LARGE"):
        connect().check()


@pytest.mark.parametrize(
    "wrong",
    [
        {"shop": "my-shop"},
        {"shop": "my-shop.example.com"},
        {"shop": "https://my-shop.myshopify.com"},
        {"shop": "my-shop.myshopify.com/"},
        {"shop": "my-shop.myshopify.com\n"},
        {"shop": "a.b.myshopify.com"},
        {"shop": "-a.myshopify.com"},
        {"shop": "evil.example#.myshopify.com"},
        {"shop": 5},
        {"api_version": "unstable"},
        {"api_version": "2026-13"},
        {"api_version": "2026-10/../.."},
        {"endpoint": "ftp://proxy.example.com"},
        {"endpoint": "proxy.example.com"},
        {"endpoint": "https://user:secret@proxy.example.com"},
        {"endpoint": "https://proxy.example.com/?key=1"},
        {"endpoint": "https://"},
        {"endpoint": "https://[::1"},
        {"endpoint": "https://proxy.example.com:port"},
        {"password": "x"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ShopifySettings.model_validate({"shop": "my-shop.myshopify.com", **wrong})


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (None, "https://my-shop.myshopify.com/admin/api/2026-10/graphql.json"),
        ("https://proxy.example.com/shopify/", "https://proxy.example.com/shopify/admin/api/2026-10/graphql.json"),
    ],
)
def test_the_api_is_at_the_shop_or_behind_the_endpoint(endpoint: str | None, url: str) -> None:
    assert str(ShopifySettings(shop="my-shop.myshopify.com", endpoint=endpoint).url) == url


@pytest.mark.parametrize("token", ["", "secret two", "secret\r\nHost: x", "secrét", "secret" * 100])
def test_a_token_that_is_no_header_is_refused_unquoted(token: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ShopifyCredentials(access_token=SecretStr(token))
    assert "secr" not in str(raised.value)
