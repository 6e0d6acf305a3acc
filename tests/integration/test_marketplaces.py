"""Competitors' offers and price changes, through every process that takes part, to a shop on this machine."""

from decimal import Decimal

import httpx
import pytest

from tests.clients import Caller
from tests.integration.callers import dispatch, wait_for_the_end
from tests.integration.processes import Processes, Running, wait_until
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap
from tests.workers.marketplaces.shops import prices
from workers.catalogue.models import Product
from workers.catalogue.sample import create_sample_catalogue
from workers.changes.kinds.price import Prices
from workers.changes.models import Change

SKUS = [f"SKU-{number:03d}" for number in range(1, 9)]
WRITE = "UpdatePrice"


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells the sample catalogue in a shop, which has answered that the connection works."""
    create_sample_catalogue(owner.tenant)
    for sku, price in Product.objects.filter(sku__in=SKUS).values_list("sku", "price"):
        shop.admin.add(sku, f"{price:.2f}")
    settings = {"shop": "my-shop.myshopify.com", "endpoint": f"http://{shop.address}"}
    body = {"connector": "shopify", "settings": settings, "credentials": {"access_token": shop.token}}
    assert owner.put(f"/api/marketplaces/{MARKETPLACE}", body).status_code == 201
    told = owner.post(f"/api/marketplaces/{MARKETPLACE}/test").json()["data"]
    assert told["ok"], told
    shop.operations.clear()
    return owner


def start_worker(processes: Processes, shop: FakeShopify) -> Running:
    """One that may call this machine's shop."""
    return processes.worker(AIJOBS_OUTBOUND_ALLOW=f"connector:{shop.address}", AIJOBS_LEASE_SECONDS="2")


def new_prices(result: dict[str, list[dict[str, object]]]) -> dict[object, str]:
    return {each["sku"]: f"{each['recommended_price']:.2f}" for each in result["recommendations"] if each["applied"]}


def test_prices_of_a_worker_killed_in_the_middle_are_written_once(
    http: httpx.Client, processes: Processes, seller: Caller, shop: FakeShopify, sweeping: None
) -> None:
    """The shop has taken the first price, and the worker dies before it hears of it."""
    shop.instead[WRITE] = [Mishap.ANSWER_HANGS]
    lost = start_worker(processes, shop)
    job_id = dispatch(http, type="pricing_recalculate", skus=SKUS, marketplace=MARKETPLACE, apply=True)
    wait_until(lambda: shop.operations.count(WRITE) == 1, "the first write")
    lost.kill()
    assert list(Change.objects.filter(status="unknown").values_list("attempts", flat=True)) == [1]
    start_worker(processes, shop)
    [job] = wait_for_the_end(http, job_id)
    assert (job["status"], job["retry_count"]) == ("completed", 1)
    new = new_prices(job["result"])
    assert 3 <= len(new) == job["result"]["updated_count"] == shop.operations.count(WRITE)
    assert {sku: price for sku, price in prices(shop).items() if sku in new} == new
    assert dict(Product.objects.filter(sku__in=new).values_list("sku", "price")) == {
        sku: Decimal(price) for sku, price in new.items()
    }


def test_scan_then_reprice_then_revert(
    http: httpx.Client, processes: Processes, seller: Caller, shop: FakeShopify
) -> None:
    """The contract's batch, with beat, the control worker and the settler at work."""
    ours = dict(Product.objects.filter(sku__in=SKUS).values_list("sku", "price"))
    rows = "".join(f"{sku},Rival,{price * 80 / 100:.2f}\n" for sku, price in ours.items())
    address = f"/api/catalogue/offers?marketplace={MARKETPLACE}"
    sent = http.post(address, content=f"sku,seller,price\n{rows}", headers={"content-type": "text/csv"})
    assert sent.raise_for_status().json()["data"]["imported"] == len(SKUS)
    processes.control(wait=False)
    processes.beat(wait=False)
    processes.settler(wait=False, AIJOBS_OUTBOUND_ALLOW=f"connector:{shop.address}")
    start_worker(processes, shop)
    both = {"skus": SKUS, "marketplace": MARKETPLACE}
    anchor = {"rule": "match", "reference": "lowest"}
    jobs = [
        {"type": "competitor_scan", "params": both},
        {"type": "pricing_recalculate", "params": {**both, "apply": True, "competitor_anchor": anchor}},
    ]
    answer = http.post("/api/ai-jobs/batch", json={"jobs": jobs, "sequential": True}).raise_for_status()
    scan, priced = wait_for_the_end(http, *[job["id"] for job in answer.json()["data"]["jobs"]])
    assert (scan["status"], priced["status"]) == ("completed", "completed"), (scan, priced)
    assert scan["result"]["processed_count"] == len(SKUS) < scan["result"]["offer_count"]
    new = new_prices(priced["result"])
    assert len(new) == priced["result"]["updated_count"] > 0
    assert any("Rival" in each["reasoning"] for each in priced["result"]["recommendations"])
    assert {sku: price for sku, price in prices(shop).items() if sku in new} == new

    sku = next(iter(new))
    change = Change.objects.get(product__sku=sku)
    http.post(f"/api/catalogue/price-changes/{change.pk}/revert").raise_for_status()
    wait_until(lambda: prices(shop)[str(sku)] == f"{Prices().load(change.before):.2f}", "the old price in the shop")
    wait_until(lambda: change.reverted_by.filter(status="applied").exists(), "the revert's record")
