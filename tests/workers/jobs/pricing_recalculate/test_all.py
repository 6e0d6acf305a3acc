"""`all: true` with `limit`: the products that were priced longest ago, whatever came of that."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from aijobs.models import Job, Tenant
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, report
from tests.workers.changes.jobs import run_again
from tests.workers.changes.sessions import in_another_session
from tests.workers.jobs.pricing_recalculate.steps import sold_daily
from tests.workers.marketplaces.shopify.server import FakeShopify
from tests.workers.marketplaces.shops import connect, prices
from workers.catalogue.models import Product
from workers.changes import settling
from workers.jobs.pricing_recalculate import recommending
from workers.running import execute

pytestmark = pytest.mark.django_db

JOBS = "/api/ai-jobs"
SALES = "sku,date,price,units\n" + "".join(f"{{sku}},2026-03-{day:02d},{9 + day % 3},{day}\n" for day in range(1, 29))


def dispatched(who: Caller, **params: object) -> Job:
    body = {"all": True, "marketplace": MARKETPLACE, **params}
    [job_id] = engine.dispatch(who.tenant, type="pricing_recalculate", params=body)
    return Job.objects.get(id=job_id)


def run(who: Caller, **params: object) -> Job:
    job = dispatched(who, **params)
    execute(engine.start(job.id))
    job.refresh_from_db()
    return job


def looked_at(job: Job) -> list[str]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    return [each["sku"] for part in ("recommendations", "skipped") for each in job.result[part]]


def not_yet_priced() -> set[str]:
    return set(Product.objects.filter(priced_at=None).values_list("sku", flat=True))


def a_day_later() -> None:
    Product.objects.update(priced_at=F("priced_at") - timedelta(days=1))


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has sold A and C."""
    add_products(owner, "A", "B", "C")
    for sku in ("A", "C"):
        assert report(owner, "sales", SALES.format(sku=sku))["rejected"] == 0
    return owner


def test_those_priced_longest_ago_come_first(seller: Caller) -> None:
    seen = []
    for _ in range(3):
        seen.append(looked_at(run(seller, limit=2)))
        a_day_later()
    # Of B there is no recommendation, so it is named last.
    assert seen == [["A", "B"], ["C", "A"], ["A", "B"]]


def test_without_a_limit_all_are_taken_and_named(seller: Caller) -> None:
    job = run(seller)
    assert job.result is not None
    assert [each["sku"] for each in job.result["recommendations"]] == ["A", "C"]
    assert job.result["skipped"] == [{"sku": "B", "reason": "NO_SALES_DATA"}]
    assert (job.processed, job.total) == (3, 3)
    assert not_yet_priced() == set()


def test_the_order_of_the_result_is_that_of_the_turns(seller: Caller) -> None:
    run(seller, all=False, skus=["C"])
    a_day_later()
    run(seller, all=False, skus=["A"])
    job = run(seller)
    assert job.result is not None
    assert [each["sku"] for each in job.result["recommendations"]] == ["C", "A"]


def test_a_job_for_skus_counts_as_a_turn_too(seller: Caller) -> None:
    run(seller, all=False, skus=["A", "NOBODY"])
    assert not_yet_priced() == {"B", "C"}
    assert sorted(looked_at(run(seller, limit=2))) == ["B", "C"]


def test_a_recommendation_is_the_same_as_for_these_skus(seller: Caller) -> None:
    named, of_all = (run(seller, **params) for params in ({"all": False, "skus": ["A", "B", "C"]}, {}))
    assert of_all.result == named.result


def test_a_failed_attempt_takes_no_turn_and_the_next_one_takes_the_same_products(
    seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dispatched(seller, limit=2)
    with monkeypatch.context() as patched:
        patched.setattr(recommending, "recommend", _broken)
        execute(engine.start(job.id))
    job.refresh_from_db()
    assert (job.status, not_yet_priced()) == ("queued", {"A", "B", "C"})
    job = run_again(job.id)
    assert sorted(looked_at(job)) == ["A", "B"]


def test_a_run_that_lost_its_job_takes_no_turn(seller: Caller) -> None:
    job = dispatched(seller)
    begun = engine.start(job.id)
    Job.objects.filter(id=job.id).update(attempt=F("attempt") + 1)
    execute(begun)
    assert not_yet_priced() == {"A", "B", "C"}


def test_a_suspended_tenants_job_that_applies_nothing_ends_and_takes_its_turn(seller: Caller) -> None:
    job = dispatched(seller)
    begun = engine.start(job.id)
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=now())
    execute(begun)
    job.refresh_from_db()
    assert (job.status, not_yet_priced()) == ("completed", set())


def test_a_suspended_tenants_job_that_applies_waits_with_its_turn(seller: Caller) -> None:
    job = dispatched(seller, apply=True)
    begun = engine.start(job.id)
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=now())
    execute(begun)
    job.refresh_from_db()
    assert (job.status, not_yet_priced()) == ("queued", {"A", "B", "C"})


def test_other_tenants_and_marketplaces_keep_their_turns(seller: Caller, outsider: Caller) -> None:
    add_products(outsider, "A")
    report(seller, "products", "sku,title,price\nA,Elsewhere,9\n", marketplace="amazon_de")
    run(seller)
    assert set(Product.objects.filter(priced_at=None).values_list("tenant_id", "marketplace")) == {
        (outsider.tenant.pk, MARKETPLACE),
        (seller.tenant.pk, "amazon_de"),
    }


def test_an_import_keeps_the_turns(seller: Caller) -> None:
    run(seller)
    before = dict(Product.objects.values_list("sku", "priced_at"))
    add_products(seller, "A", "B", "C", "D", price="11")
    assert dict(Product.objects.values_list("sku", "priced_at")) == {**before, "D": None}


def test_a_marketplace_without_products_fails_at_once(owner: Caller) -> None:
    assert owner.put(f"/api/marketplaces/{MARKETPLACE}", {"connector": "web"}).status_code == 201
    job = run(owner)
    assert (job.status, job.error_code) == ("failed", "NO_MATCHING_SKUS")
    assert job.error_message == "There are no products in the catalogue of amazon_us. Import the products first."


# --- With `apply` -----------------------------------------------------------------------------------------------

SKUS = ["A", "B", "C", "D", "E", "F"]


def test_applied_prices_of_all_are_in_the_catalogue(owner: Caller) -> None:
    for sku in SKUS:
        sold_daily(owner, sku)
    job = run(owner, apply=True, limit=3)
    assert job.result is not None
    written = {each["sku"]: each["recommended_price"] for each in job.result["recommendations"] if each["applied"]}
    assert written
    assert {
        sku: float(price) for sku, price in Product.objects.values_list("sku", "price") if sku in written
    } == written
    assert Product.objects.exclude(priced_at=None).count() == 3
    assert len(looked_at(run(owner, limit=4))) == 4
    assert not_yet_priced() == set()


@pytest.fixture
def in_a_shop(owner: Caller, shop: FakeShopify) -> Caller:
    connect(owner, shop, MARKETPLACE)
    for sku in SKUS:
        sold_daily(owner, sku)
        shop.admin.add(sku, "20.00")
    return owner


def test_another_attempt_goes_on_with_the_decision_for_the_same_products(
    in_a_shop: Caller, shop: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dispatched(in_a_shop, apply=True, limit=2)
    with monkeypatch.context() as patched:
        patched.setattr(settling, "settle_job", _broken)
        execute(engine.start(job.id))
    assert len(not_yet_priced()) == 6
    job = run_again(job.id)
    assert job.result is not None
    assert set(looked_at(job)) == set(SKUS[:2])
    assert (job.processed, job.total) == (2, 2)
    for each in job.result["recommendations"]:
        assert float(prices(shop)[each["sku"]]) == each["recommended_price"]
    assert len(not_yet_priced()) == 4


@pytest.mark.django_db(transaction=True)
def test_a_job_waits_for_nobody_to_note_its_turns(seller: Caller) -> None:
    begun = engine.start(dispatched(seller).id)
    with transaction.atomic():
        Product.objects.select_for_update().get(sku="A")
        in_another_session(lambda: execute(begun)).result(60)
    assert (Job.objects.get(id=begun.id).status, not_yet_priced()) == ("completed", {"A"})


# --- Params -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "paths"),
    [
        ({}, ["params.skus"]),
        ({"all": False}, ["params.skus"]),
        ({"skus": None}, ["params.skus"]),
        ({"all": True, "skus": ["A"]}, ["params.skus"]),
        ({"all": True, "skus": []}, ["params.skus"]),
        ({"all": 1}, ["params.all"]),
        ({"all": True, "limit": 0}, ["params.limit"]),
        ({"all": True, "limit": 1001}, ["params.limit"]),
        ({"limit": 5, "apply": "yes"}, ["params.skus", "params.apply"]),
        ({"all": True, "competitor_anchor": {"rule": "match", "percent": 3, "reference": "x"}}, None),
    ],
)
def test_wrong_params_are_told_at_once(owner: Caller, params: dict[str, Any], paths: list[str] | None) -> None:
    anchor = [f"params.competitor_anchor.{name}" for name in ("percent", "reference")]
    for kind in ("pricing_recalculate", *(["competitor_scan"] if params.keys() <= {"all", "skus"} else [])):
        answer = owner.post(JOBS, {"type": kind, "params": {**params, "marketplace": MARKETPLACE}})
        assert answer.status_code == 422, answer.content
        error = answer.json()["error"]
        assert (error["code"], [each["path"] for each in error["details"]]) == ("INVALID_PARAMS", paths or anchor)


def test_it_is_dispatched_as_sent(seller: Caller) -> None:
    sent = {"all": True, "limit": 2, "marketplace": MARKETPLACE}
    answer = seller.post(JOBS, {"type": "pricing_recalculate", "params": sent})
    assert (answer.status_code, answer.json()["data"]["params"]) == (201, sent)


def _broken(*arguments: object, **named: object) -> Any:
    raise RuntimeError("broken")
