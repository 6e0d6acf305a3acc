"""Each product's window is its own: one wrong date never decides which sales of others count."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils.timezone import localdate

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products
from tests.workers.jobs.pricing_recalculate.steps import sold_daily
from workers.catalogue.models import Product, Sale
from workers.running import execute

pytestmark = pytest.mark.django_db

SKUS = [f"SKU-{number:03d}" for number in range(1, 9)]


@pytest.fixture
def seller(owner: Caller) -> Caller:
    for number, sku in enumerate(SKUS):
        sold_daily(owner, sku, days=60 + number)
    return owner


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> date:
    """Also for the jobs, when midnight comes in the middle of a test."""
    day = localdate()
    monkeypatch.setattr("workers.jobs.pricing_recalculate.recommending.localdate", lambda: day)
    return day


def recommended(seller: Caller, *skus: str, **params: object) -> dict[str, dict[str, Any]]:
    body = {"skus": list(skus), "marketplace": MARKETPLACE, **params}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=body)
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert job.result is not None, f"{job.status} {job.error_message}"
    return {each["sku"]: each for each in job.result["recommendations"]}


def sell(sku: str, day: date) -> None:
    """As no import would: whatever the day is."""
    product = Product.objects.get(sku=sku)
    Sale.objects.create(
        product=product, tenant=product.tenant, marketplace=MARKETPLACE, date=day, price=Decimal(10), units=1
    )


def test_a_sale_in_the_far_future_changes_nothing(seller: Caller) -> None:
    before = recommended(seller, *SKUS)
    for sku, day in (("SKU-001", date(2999, 1, 1)), ("SKU-002", date(9999, 12, 31))):
        sell(sku, day)
    assert recommended(seller, *SKUS) == before


def test_a_sale_in_the_far_future_of_a_product_without_others_changes_nothing(seller: Caller, today: date) -> None:
    before = recommended(seller, *SKUS)
    add_products(seller, "NEW")
    sell("NEW", today + timedelta(days=2))
    assert recommended(seller, *SKUS, "NEW") == before


def test_a_sale_of_tomorrow_counts(seller: Caller, today: date) -> None:
    """Where the seller is, it may be tomorrow already."""
    add_products(seller, "NEW")
    sell("NEW", today + timedelta(days=1))
    assert recommended(seller, "NEW")["NEW"]["observations"] == 1


def test_a_history_that_ended_long_ago_counts_beside_one_that_goes_on(seller: Caller) -> None:
    before = recommended(seller, *SKUS)
    for years, skus in ((1, SKUS[1:3]), (3, SKUS[3:5]), (20, SKUS[5:])):
        Sale.objects.filter(product__sku__in=skus).update(date=F("date") - timedelta(weeks=52 * years))
    after = recommended(seller, *SKUS)
    assert after.keys() == before.keys()
    for sku, each in after.items():
        assert each["observations"] == before[sku]["observations"]
        assert each["recommended_price"] == before[sku]["recommended_price"]


def test_one_sale_of_long_ago_takes_nothing_from_others(seller: Caller) -> None:
    before = recommended(seller, *SKUS)
    add_products(seller, "OLD")
    sell("OLD", date(1, 1, 1))
    after = recommended(seller, *SKUS, "OLD")
    assert after.pop("OLD")["observations"] == 1
    assert {sku: each["observations"] for sku, each in after.items()} == {
        sku: each["observations"] for sku, each in before.items()
    }


def test_the_look_back_is_of_each_product(seller: Caller) -> None:
    Sale.objects.filter(product__sku="SKU-002").update(date=F("date") - timedelta(days=300))
    found = recommended(seller, "SKU-001", "SKU-002", lookback_days=28)
    assert {each["observations"] for each in found.values()} == {28}
