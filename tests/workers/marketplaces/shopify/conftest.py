from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from aijobs.outbound.pace import Pace
from tests.workers.marketplaces.shopify.server import TOKEN, FakeShopify, running
from workers.marketplaces.protocols import Scope
from workers.marketplaces.shopify.connector import Shopify
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings

Connect = Callable[..., Shopify]


@pytest.fixture
def server(settings: Any) -> Iterator[FakeShopify]:
    with running() as server:
        settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{server.address}"]
        yield server


@pytest.fixture
def connect(server: FakeShopify) -> Iterator[Connect]:
    """Opens a connection to the shop, for a run of a minute unless told otherwise; closed at the end of the test."""
    with ExitStack() as stack:

        def connect(pace: Pace | None = None, token: str = TOKEN, api_version: str = "2026-10") -> Shopify:
            chosen = ShopifySettings(
                shop="my-shop.myshopify.com", endpoint=f"http://{server.address}", api_version=api_version
            )
            credentials = ShopifyCredentials(access_token=SecretStr(token))
            return stack.enter_context(Shopify(chosen, credentials, pace or Pace(60), Scope(1, "shopify")))

        yield connect
