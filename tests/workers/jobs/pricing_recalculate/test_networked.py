"""The pricing job with `apply` at a marketplace whose prices are elsewhere: decided once, then written."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, listed
from tests.workers.changes.jobs import result_of, run, run_again
from tests.workers.jobs.pricing_recalculate.steps import sold_daily
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap, json_reply
from tests.workers.marketplaces.shops import connect, prices
from workers.catalogue.models import Product
from workers.changes import claims, settling
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, RepricingPolicy, StoredDecision
from workers.jobs.pricing_recalculate import recommending
from workers.marketplaces.models import Connection
from workers.running import execute

pytestmark = pytest.mark.django_db

WRITE, READ = "UpdatePrice", "VariantsBySku"
SKUS = ["A", "B", "C", "D"]


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells four products in a shop, each of which should cost less."""
    connect(owner, shop, MARKETPLACE)
    for sku in SKUS:
        sold_daily(owner, sku)
        shop.admin.add(sku, "20.00")
    return owner


def dispatched(seller: Caller, **params: object) -> UUID:
    body = {"skus": SKUS, "marketplace": MARKETPLACE, "apply": True, **params}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=body)
    return job_id


def changed(job: Job) -> dict[str, str]:
    """What the job decided to change, by SKU."""
    shown = result_of(job)["recommendations"]
    return {
        each["sku"]: f"{each['recommended_price']:.2f}"
        for each in shown
        if each["recommended_price"] != each["current_price"]
    }


def left(job: Job) -> dict[str, str]:
    return {each["sku"]: each["reason"] for each in result_of(job)["skipped"]}


def test_prices_are_in_the_shop_the_catalogue_and_the_audit(seller: Caller, shop: FakeShopify) -> None:
    before = prices(shop)
    job = run(dispatched(seller))
    new = changed(job)
    assert 3 <= len(new) == result_of(job)["updated_count"]
    assert prices(shop) == before | new
    assert {
        sku: f"{price:.2f}" for sku, price in Product.objects.filter(sku__in=new).values_list("sku", "price")
    } == new
    reasons = {each["sku"]: each["reasoning"] for each in result_of(job)["recommendations"]}
    for change in listed(seller, "price-changes"):
        assert change["status"] == "applied"
        assert change["job_id"] == job.public_id
        assert f"{change['before']:.2f}" == before[change["sku"]]
        assert f"{change['after']:.2f}" == new[change["sku"]]
        assert change["reason"] == reasons[change["sku"]]
    assert (job.processed, job.total) == (4, 4)


def test_without_apply_the_shop_is_not_called(seller: Caller, shop: FakeShopify) -> None:
    run(dispatched(seller, apply=False))
    assert shop.operations == []
    assert not Change.objects.exists()


def test_a_later_attempt_goes_on_with_the_decision_and_computes_nothing(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("the worker is gone")

    job_id = dispatched(seller)
    with monkeypatch.context() as patched:
        patched.setattr(settling, "settle_job", dies)
        assert run(job_id).status == "queued"
    decided = {
        change.product.sku: f"{Prices().load(change.after):.2f}"
        for change in Change.objects.select_related("product")
    }
    assert set(Change.objects.values_list("status", flat=True)) == {"pending"}
    # What it would decide now is something else.
    RepricingPolicy.objects.create(tenant=seller.tenant, min_margin_pct=0.5, max_changes_per_day=1)
    Product.objects.update(stock=1)
    monkeypatch.setattr(recommending, "recommend_all", dies)
    job = run_again(job_id)
    assert (job.status, job.attempt) == ("completed", 2)
    assert changed(job) == decided
    assert {sku: price for sku, price in prices(shop).items() if sku in decided} == decided
    assert Change.objects.count() == len(decided)


def test_a_later_attempt_reads_back_what_was_sent(
    seller: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is lost between the shop's yes and its own record of it."""

    def dies(*_: object) -> None:
        raise RuntimeError("the worker is gone")

    job_id = dispatched(seller)
    with monkeypatch.context() as patched:
        patched.setattr(claims, "end", dies)
        assert run(job_id).status == "queued"
    written = shop.operations.count(WRITE)
    assert (written, Change.objects.filter(status="unknown").count()) == (1, 1)
    job = run_again(job_id)
    assert job.status == "completed"
    assert shop.operations.count(WRITE) == len(changed(job)) == result_of(job)["updated_count"]


def test_one_rejected_price_does_not_keep_the_others(seller: Caller, shop: FakeShopify) -> None:
    shop.instead[WRITE] = [Mishap.LOST]
    job = run(dispatched(seller))
    assert result_of(job)["updated_count"] == len(changed(job)) - 1
    [(sku, reason)] = left(job).items()
    assert reason == "WRITE_UNKNOWN"
    [shown] = [each for each in result_of(job)["recommendations"] if each["sku"] == sku]
    assert shown["applied"] is False


def test_the_settler_ends_what_the_job_left_open(seller: Caller, shop: FakeShopify) -> None:
    shop.instead[WRITE] = [Mishap.LOST]
    new = changed(run(dispatched(seller)))
    Change.objects.filter(status="unknown").update(not_before="2020-01-01T00:00Z")
    assert settling.settle(seller.tenant.pk, MARKETPLACE) == 1
    assert {sku: price for sku, price in prices(shop).items() if sku in new} == new
    assert set(Change.objects.values_list("status", flat=True)) == {"applied"}


def test_credentials_revoked_half_way_keep_what_is_written(seller: Caller, shop: FakeShopify) -> None:
    refused = json_reply({"errors": "[API] Invalid API key or access token"}, 401)
    shop.instead[WRITE] = [json_reply({"errors": "busy"}, 429, Retry_After="0"), refused]
    job = run(dispatched(seller))
    reasons = set(left(job).values())
    assert job.status == "completed"
    assert reasons == {"WRITE_REJECTED"}
    assert result_of(job)["updated_count"] + len(left(job)) == len(changed(job))
    details = [each["detail"] for each in result_of(job)["skipped"]]
    assert all(detail.startswith("CREDENTIALS_REFUSED") for detail in details)
    assert shop.token not in str(job.result)


def test_a_connection_whose_credentials_cannot_be_read_fails_the_job_and_decides_nothing(seller: Caller) -> None:
    Connection.objects.update(sealed_credentials="garbage")
    job = run(dispatched(seller))
    assert (job.status, job.error_code) == ("failed", "CREDENTIALS_UNREADABLE")
    assert not Change.objects.exists()
    assert not StoredDecision.objects.exists()


def test_the_kill_switch_decides_nothing(seller: Caller, shop: FakeShopify) -> None:
    RepricingPolicy.objects.create(tenant=seller.tenant, repricing_enabled=False)
    job = run(dispatched(seller))
    assert left(job) == dict.fromkeys(changed(job), "REPRICING_DISABLED")
    assert not Change.objects.exists()
    assert shop.operations == []


def test_a_price_that_differs_in_the_shop_is_learned_and_priced_the_next_time(
    seller: Caller, shop: FakeShopify
) -> None:
    sku = next(iter(changed(run(dispatched(seller, apply=False)))))
    variant = next(each for each in shop.admin.variants if each.sku == sku)
    variant.price = found = f"{Decimal(variant.price) + 1:.2f}"
    job = run(dispatched(seller))
    assert left(job) == {sku: "WRITE_REJECTED"}
    assert f"{Product.objects.get(sku=sku).price:.2f}" == found
    [again] = result_of(run(dispatched(seller, skus=[sku])))["recommendations"]
    assert again["current_price"] == float(found)


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_write_each_price_once(seller: Caller, shop: FakeShopify) -> None:
    runs = [engine.start(dispatched(seller)) for _ in range(2)]
    barrier = Barrier(2)

    def at_once(run: Any) -> None:
        barrier.wait(60)
        try:
            execute(run)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, runs))
    first, second = (Job.objects.get(id=each.id) for each in runs)
    assert (first.status, second.status) == ("completed", "completed")
    written = [change.product.sku for change in Change.objects.filter(status="applied")]
    assert sorted(written) == sorted(set(written))
    assert shop.operations.count(WRITE) == len(written)
    both = sum(result_of(job)["updated_count"] for job in (first, second))
    assert both == len(written)
    assert set(left(first).values()) | set(left(second).values()) <= {
        "CHANGE_IN_PROGRESS",
        "COOL_DOWN",
        "PRICE_CHANGED",
    }
