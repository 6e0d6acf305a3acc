"""The pricing job on the sample catalogue: what it answers, what it writes, what it leaves alone."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from aijobs.models import Job
from tests import engine
from tests.clients import Caller, caller
from tests.factories import TenantFactory
from tests.workers.catalogue.samples import give_sample_catalogue
from tests.workers.catalogue.steps import MARKETPLACE, add_products, imported, listed, report
from workers.catalogue.kinds import PRODUCTS, SALES
from workers.catalogue.models import Product
from workers.catalogue.sample import SEED, sample_rows
from workers.jobs.pricing_recalculate import recommending
from workers.running import execute

pytestmark = pytest.mark.django_db

SKUS = [f"SKU-{number:03d}" for number in range(1, 41)]


@pytest.fixture
def seller(owner: Caller) -> Caller:
    give_sample_catalogue(owner.tenant)
    return owner


def run(seller: Caller, skus: list[str], **params: object) -> Job:
    body = {"skus": skus, "marketplace": MARKETPLACE, **params}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=body)
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_message}"
    return cast("dict[str, Any]", job.result)


def recommended(job: Job) -> dict[str, dict[str, Any]]:
    return {each["sku"]: each for each in result_of(job)["recommendations"]}


def test_every_sku_of_the_sample_gets_a_recommendation_in_the_order_of_the_request(seller: Caller) -> None:
    job = run(seller, SKUS[::-1])
    assert list(recommended(job)) == SKUS[::-1]
    assert result_of(job)["processed_count"] == 40
    changed = [each for each in recommended(job).values() if each["recommended_price"] != each["current_price"]]
    assert 0 < result_of(job)["updated_count"] == len(changed) < 40
    assert (job.processed, job.total) == (40, 40)


def test_constraints_hold(seller: Caller) -> None:
    products = {product.sku: product for product in Product.objects.all()}
    for sku, each in recommended(run(seller, SKUS, min_margin_pct=20, max_change_pct=5)).items():
        product, price = products[sku], Decimal(str(each["recommended_price"]))
        if price == product.price:
            continue
        assert abs(price / product.price - 1) <= Decimal("0.05")
        assert product.cost is not None
        assert (price - product.cost) / price >= Decimal("0.2")
        assert price >= (product.min_price or 0)
        assert price >= (product.map_price or 0)
        assert product.max_price is None or price <= product.max_price
        assert str(price)[-1] == "9"


def test_the_sample_is_priced_alike_whatever_day_it_ends_on() -> None:
    """On another weekday, beside a leap day, and over New Year."""
    told = []
    for last in (date(2023, 11, 25), date(2024, 2, 29), date(2025, 1, 1)):
        seller, rows = caller(TenantFactory()), sample_rows(SEED, last)
        for kind, lines in ((PRODUCTS, rows.products), (SALES, rows.sales)):
            assert imported(kind, seller.tenant, "\n".join(lines).encode()).rejected == 0
        told.append(recommended(run(seller, SKUS)))
    prices, *others = [{sku: each["recommended_price"] for sku, each in one.items()} for one in told]
    assert others == [prices] * len(others)
    # The demo has something to show: most are held, and what is changed is meant.
    sure = [each for each in told[0].values() if _changes(each) and each["confidence"] >= 0.8]
    assert len(sure) >= 5


def test_nothing_is_written_unless_asked_for(seller: Caller) -> None:
    before = dict(Product.objects.values_list("sku", "price"))
    run(seller, SKUS)
    assert dict(Product.objects.values_list("sku", "price")) == before
    assert listed(seller, "price-changes") == []


def test_applied_prices_are_in_the_catalogue_and_in_the_audit(seller: Caller) -> None:
    job = run(seller, SKUS, apply=True)
    prices = dict(Product.objects.values_list("sku", "price"))
    applied = {sku: each for sku, each in recommended(job).items() if each["applied"]}
    assert len(applied) == result_of(job)["updated_count"] > 0
    assert all(prices[sku] == Decimal(str(each["recommended_price"])) for sku, each in applied.items())
    audit = {change["sku"]: change for change in listed(seller, "price-changes")}
    assert audit.keys() == applied.keys()
    assert all(change["before"] == applied[sku]["current_price"] for sku, change in audit.items())


def test_price_that_changed_meanwhile_is_left_alone(seller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody edits a product after the job has read it, and before it writes."""
    sku = next(sku for sku, each in recommended(run(seller, SKUS)).items() if _changes(each))

    def edited_meanwhile(*arguments: Any) -> Any:
        computed = recommend_all(*arguments)
        Product.objects.filter(sku=sku).update(price=Decimal("1.23"))
        return computed

    recommend_all = recommending.recommend_all
    monkeypatch.setattr(recommending, "recommend_all", edited_meanwhile)
    job = run(seller, SKUS, apply=True)
    assert Product.objects.get(sku=sku).price == Decimal("1.23")
    assert {"sku": sku, "reason": "PRICE_CHANGED"} in result_of(job)["skipped"]
    assert not recommended(job)[sku]["applied"]


def _changes(each: Mapping[str, Any]) -> bool:
    return bool(each["recommended_price"] != each["current_price"])


def test_unknown_and_unsold_skus_are_skipped_with_a_reason(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nNEW,Just listed,9.99\n")
    job = run(seller, ["SKU-001", "NEW", "NOBODY"])
    assert list(recommended(job)) == ["SKU-001"]
    assert result_of(job)["skipped"] == [
        {"sku": "NEW", "reason": "NO_SALES_DATA"},
        {"sku": "NOBODY", "reason": "UNKNOWN_SKU"},
    ]


def test_nothing_known_fails_at_once(seller: Caller) -> None:
    job = run(seller, ["NOBODY"])
    assert (job.status, job.error_code, job.retry_count) == ("failed", "NO_MATCHING_SKUS", 0)


def test_another_tenants_products_are_unknown(seller: Caller, outsider: Caller) -> None:
    assert run(outsider, SKUS).error_code == "MARKETPLACE_NOT_CONFIGURED"
    add_products(outsider, "ANOTHER")
    assert run(outsider, SKUS).error_code == "NO_MATCHING_SKUS"


def test_what_else_is_asked_for_changes_nothing(seller: Caller) -> None:
    """A SKU shrinks towards the tenant's elasticity, and not towards that of the SKUs in the same request."""
    alone = recommended(run(seller, ["SKU-005"]))["SKU-005"]
    together = recommended(run(seller, SKUS))["SKU-005"]
    assert alone["elasticity"] == pytest.approx(together["elasticity"], abs=1e-3)
    assert alone["recommended_price"] == together["recommended_price"]


def test_price_without_a_cost_is_held_unless_revenue_is_asked_for(seller: Caller) -> None:
    Product.objects.update(cost=None)
    assert not any(map(_changes, recommended(run(seller, SKUS)).values()))
    assert any(map(_changes, recommended(run(seller, SKUS, objective="revenue")).values()))


def test_currency_without_decimals_stays_whole(seller: Caller) -> None:
    rows = "sku,title,price,cost,currency\nYEN,Tea,1500,600,JPY\n"
    report(seller, "products", rows)
    days = [
        f"YEN,2026-0{month}-{day:02d},{1500 + 90 * (month % 3)},{9 - month % 3}"
        for month in range(3, 9)
        for day in range(1, 29)
    ]
    report(seller, "sales", "sku,date,price,units\n" + "\n".join(days) + "\n")
    price = recommended(run(seller, ["YEN"]))["YEN"]["recommended_price"]
    assert price == int(price)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"skus": []}, "params.skus"),
        ({"skus": ["A", "A"]}, "params.skus"),
        ({"skus": [f"S{number}" for number in range(1001)]}, "params.skus"),
        ({"skus": ["A\x00"]}, "params.skus.0"),
        ({"skus": [7]}, "params.skus.0"),
        ({"marketplace": "Amazon US"}, "params.marketplace"),
        ({"apply": "yes"}, "params.apply"),
        ({"objective": "fame"}, "params.objective"),
        ({"max_change_pct": 0}, "params.max_change_pct"),
        ({"min_margin_pct": 100}, "params.min_margin_pct"),
        ({"lookback_days": 7.5}, "params.lookback_days"),
        ({"colour": "red"}, "params.colour"),
    ],
)
def test_wrong_params_are_named(owner: Caller, params: dict[str, object], path: str) -> None:
    body = {"skus": ["A"], "marketplace": MARKETPLACE, **params}
    response = owner.post("/api/ai-jobs", {"type": "pricing_recalculate", "params": body})
    assert response.status_code == 422, response.content
    error = response.json()["error"]
    assert (error["code"], [each["path"] for each in error["details"]]) == ("INVALID_PARAMS", [path])
