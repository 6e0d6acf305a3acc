from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from aijobs.outbound.pace import Pace
from tests.workers.marketplaces.amazon.server import FakeAmazon
from tests.workers.marketplaces.paces import Leaping
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.protocols import Listing, Scope

Opener = Callable[..., Amazon]


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeAmazon]:
    """Refuses no request at the end that a model forbids, but fails the test."""
    server = FakeAmazon()
    settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:{server.host}"]
    yield server
    server.close()
    assert server.violations == []


@pytest.fixture
def open_amazon(servers: None, fake: FakeAmazon, still_clock: None) -> Iterator[Opener]:
    """Connectors of one account, which is nobody else's: nor are its rates."""
    with ExitStack() as stack:

        def opened(pace: Pace | None = None, credentials: dict[str, str] | None = None, **options: Any) -> Amazon:
            return stack.enter_context(connector(fake, pace or Leaping(), credentials or {}, **options))

        yield opened


def connector(fake: FakeAmazon, pace: Pace, credentials: dict[str, str] | None = None, **options: Any) -> Amazon:
    address = f"http://{fake.host}"
    defaults = {
        "seller_id": "OURS",
        "country": "US",
        "endpoint": address,
        "token_endpoint": f"{address}/auth/o2/token",
    }
    secrets = {name: SecretStr(value) for name, value in {**fake.credentials, **(credentials or {})}.items()}
    settings = AmazonSettings.model_validate({**defaults, **options})
    return Amazon(settings, AmazonCredentials.model_validate(secrets), pace, Scope(1, "amazon_us"))


@pytest.fixture
def amazon(open_amazon: Opener) -> Amazon:
    return open_amazon()


def listing(sku: str = "SKU 1/é", external_id: str = "", currency: str = "USD") -> Listing:
    return Listing(sku, currency, external_id)
