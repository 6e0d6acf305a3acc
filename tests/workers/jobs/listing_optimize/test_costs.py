"""What a job costs at most, before it is dispatched."""

from decimal import Decimal
from typing import Any

import pytest

from tests.aijobs.api.answers import data_of
from tests.clients import Caller
from tests.factories import ListingFactory, ProductFactory
from workers.assistants.models import Connection as Assistant
from workers.jobs.listing_optimize.costs import BYTES_BESIDE
from workers.marketplaces.models import Connection

# 4,000 tokens of an answer at most, and 3 bytes a token of what is said.
PRICES = {"output_price_per_million": 10.0, "input_price_per_million": 3.0, "price_per_request": 0.001}


@pytest.fixture(autouse=True)
def shop(owner: Caller) -> None:
    Connection.objects.create(tenant=owner.tenant, name="amazon_us", connector="catalogue")
    settings = {"base_url": "https://api.example.com/v1", "model": "m", **PRICES}
    Assistant.objects.create(tenant=owner.tenant, name="dear", connector="openai_compatible", settings=settings)
    for number in range(3):
        ListingFactory(
            product=ProductFactory(tenant=owner.tenant, sku=f"SKU-{number}"),
            title="t" * 90,
            bullets=["ö" * 100],
            description="d" * 6_000,
            category="c" * 100,
        )
    ProductFactory(tenant=owner.tenant, sku="SKU-9")


def cost(owner: Caller, **params: object) -> Any:
    body = {"type": "listing_optimize", "params": {"marketplace": "amazon_us", **params}}
    return data_of(owner.post("/api/ai-jobs?validate_only=true", body))["cost"]


def test_it_is_what_each_listing_is_asked_twice_at_the_prices(owner: Caller) -> None:
    # Bullets and attributes are JSON.
    said = 90 + len('["') + 200 + len('"]') + 6_000 + len("{}") + 100 + BYTES_BESIDE
    once = -(-said // 3) * Decimal("0.000003") + Decimal("0.04") + Decimal("0.001")
    for params, listings in (
        ({"skus": ["SKU-0", "SKU-1", "SKU-9", "SKU-unknown"]}, 2),
        ({"all": True}, 3),
        ({"all": True, "limit": 1}, 1),
        ({"skus": ["SKU-9"]}, 0),
    ):
        found = cost(owner, **params, assistant="dear")["most"]
        assert found == pytest.approx(float(2 * listings * once)), params


def test_the_jobs_own_limit_and_what_costs_nothing(owner: Caller) -> None:
    assert cost(owner, all=True, assistant="dear", max_cost=0.05) == {"most": 0.05}
    assert cost(owner, all=True) == {"most": 0}


def test_nothing_is_asked_in_a_language_that_is_not_checked(owner: Caller) -> None:
    Connection.objects.create(tenant=owner.tenant, name="amazon_it", connector="catalogue")
    ListingFactory(product=ProductFactory(tenant=owner.tenant, marketplace="amazon_it", sku="SKU-IT"))
    assert cost(owner, all=True, assistant="dear", marketplace="amazon_it") == {"most": 0}
