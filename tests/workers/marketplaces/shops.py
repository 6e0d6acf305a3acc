"""A tenant's connection to a Shopify shop on a port of this machine, with products in both."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.clients import Caller
from tests.factories import ProductFactory
from tests.workers.marketplaces.shopify.server import FakeShopify, running
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

SHOP = "shopify"


def connect(who: Caller, server: FakeShopify, name: str = SHOP) -> Connection:
    """The caller's connection of this name; its products may be priced."""
    settings = {"shop": "my-shop.myshopify.com", "endpoint": f"http://{server.address}"}
    return connections.save(who.tenant.pk, name, "shopify", settings, {"access_token": server.token})[0]


def sell(who: Caller, server: FakeShopify, **prices: str) -> None:
    """Products in the shop and in the caller's catalogue, by SKU."""
    for sku, price in prices.items():
        server.admin.add(sku, price)
        ProductFactory.create(tenant=who.tenant, marketplace=SHOP, sku=sku, price=Decimal(price))


def prices(server: FakeShopify) -> dict[str, str]:
    """As the shop has them, by SKU."""
    return {variant.sku: variant.price for variant in server.admin.variants if variant.sku}


@pytest.fixture(scope="session")
def httpserver_listen_address() -> tuple[str, int]:
    """Of competitors' pages."""
    return "127.0.0.1", 0


@pytest.fixture
def shop(settings: Any) -> Iterator[FakeShopify]:
    with running() as server:
        settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{server.address}"]
        yield server
