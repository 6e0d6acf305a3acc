"""The contract's classic batch on each connector: scan, then reprice with `apply`, going by what the scan found."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_httpserver import HTTPServer

from aijobs import identifiers
from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, listed, report
from tests.workers.jobs.pricing_recalculate.steps import sold_daily
from tests.workers.marketplaces.amazon import server as amazon
from tests.workers.marketplaces.amazon.server import FakeAmazon
from tests.workers.marketplaces.shopify.server import FakeShopify
from workers.catalogue.models import Product
from workers.marketplaces.web import robots
from workers.running import execute

pytestmark = pytest.mark.django_db

SKUS = ["SKU-001", "SKU-002", "SKU-003", "SKU-004"]
RIVAL = "Rival & Sons"
US = "ATVPDKIKX0DER"


@dataclass
class Market:
    """Where the seller sells: the rival asks 30 % less than us for everything."""

    connector: str
    # Who told of the rival.
    source: str
    # Our prices as the marketplace has them.
    prices: Callable[[], dict[str, str]]


def ours() -> dict[str, Decimal]:
    return dict(Product.objects.filter(sku__in=SKUS).order_by("sku").values_list("sku", "price"))


def theirs() -> dict[str, str]:
    return {sku: f"{price * 7 / 10:.2f}" for sku, price in ours().items()}


def in_catalogue() -> dict[str, str]:
    return {sku: f"{price:.2f}" for sku, price in ours().items()}


@pytest.fixture
def seller(owner: Caller) -> Caller:
    for sku in SKUS:
        sold_daily(owner, sku, cost=Decimal("0.50"))
    return owner


def configure(seller: Caller, connector: str, settings: object, credentials: object = None) -> None:
    body = {"connector": connector, "settings": settings} | ({"credentials": credentials} if credentials else {})
    answer = seller.put(f"/api/marketplaces/{MARKETPLACE}", body)
    assert answer.status_code == 201, answer.content


@pytest.fixture
def pages(httpserver: HTTPServer, seller: Caller, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """The rival's shop, in no need of politeness: a page for each product."""
    monkeypatch.setattr(robots, "SECONDS_BETWEEN_REQUESTS", 0.01)
    robots.forget()
    httpserver.expect_request("/robots.txt").respond_with_data("", content_type="text/plain")
    for sku, price in theirs().items():
        offer = {"@type": "Offer", "price": price, "priceCurrency": "USD", "seller": {"name": RIVAL}}
        data = json.dumps({"@type": "Product", "@context": "https://schema.org", "name": sku, "offers": offer})
        page = f'<script type="application/ld+json">{data}</script>'
        httpserver.expect_request(f"/{sku}").respond_with_data(page, content_type="text/html; charset=utf-8")
        Product.objects.filter(sku=sku).update(competitor_urls=httpserver.url_for(f"/{sku}"))
    return httpserver


@pytest.fixture
def fake_amazon() -> Iterator[FakeAmazon]:
    fake = FakeAmazon()
    yield fake
    fake.close()
    assert fake.violations == []


def at_catalogue(seller: Caller) -> Market:
    rows = "".join(f'{sku},"{RIVAL}",{price}\n' for sku, price in theirs().items())
    report(seller, "offers", f"sku,seller,price\n{rows}")
    return Market("catalogue", "catalogue", in_catalogue)


def at_web(seller: Caller) -> Market:
    configure(seller, "web", {})
    return Market("web", "web", in_catalogue)


def at_shopify(seller: Caller, shop: FakeShopify) -> Market:
    for sku, price in in_catalogue().items():
        shop.admin.add(sku, price)
    settings = {"shop": "my-shop.myshopify.com", "endpoint": f"http://{shop.address}"}
    configure(seller, "shopify", settings, {"access_token": shop.token})
    return Market("shopify", "web", lambda: {each.sku or "": each.price for each in shop.admin.variants})


def at_amazon(seller: Caller, fake: FakeAmazon) -> Market:
    for sku, price in in_catalogue().items():
        offers = [amazon.offer(RIVAL, float(theirs()[sku]))]
        fake.payloads[(sku, "New")] = amazon.payload(offers)
        fake.listings[sku] = [
            {"marketplaceId": US, "offerType": "B2C", "price": {"currencyCode": "USD", "amount": price}}
        ]
    address = f"http://{fake.host}"
    settings = {
        "seller_id": f"A{uuid4().hex[:12].upper()}",
        "country": "US",
        "endpoint": address,
        "token_endpoint": f"{address}/auth/o2/token",
    }
    configure(seller, "amazon", settings, fake.credentials)

    def prices() -> dict[str, str]:
        return {sku: f"{Decimal(str(each[0]['price']['amount'])):.2f}" for sku, each in fake.listings.items()}

    return Market("amazon", "amazon", prices)


@pytest.fixture(params=["catalogue", "web", "shopify", "amazon"])
def market(
    request: pytest.FixtureRequest,
    seller: Caller,
    pages: HTTPServer,
    shop: FakeShopify,
    fake_amazon: FakeAmazon,
    settings: Any,
) -> Market:
    connectors = [f"connector:{address}" for address in (shop.address, fake_amazon.host)]
    settings.AIJOBS_OUTBOUND_ALLOW = [f"page:127.0.0.1:{pages.port}", *connectors]
    if request.param == "catalogue":
        return at_catalogue(seller)
    if request.param == "web":
        return at_web(seller)
    return at_shopify(seller, shop) if request.param == "shopify" else at_amazon(seller, fake_amazon)


def run(public_id: str) -> dict[str, Any]:
    """The result of the job, which must complete."""
    job_id = identifiers.decode(identifiers.JOB_PREFIX, public_id)
    assert isinstance(job_id, UUID)
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert job.status == "completed", (job.error_code, job.error_message)
    result: dict[str, Any] = job.result or {}
    return result


def test_the_price_follows_the_offer_that_was_scanned(seller: Caller, market: Market) -> None:
    before, rival = in_catalogue(), theirs()
    params = {"skus": SKUS, "marketplace": MARKETPLACE}
    anchor = {"rule": "match"}
    jobs = [
        {"type": "competitor_scan", "params": params},
        {"type": "pricing_recalculate", "params": {**params, "apply": True, "competitor_anchor": anchor}},
    ]
    answer = seller.post("/api/ai-jobs/batch", {"jobs": jobs, "sequential": True})
    assert answer.status_code == 201, answer.content
    scan, reprice = (job["id"] for job in answer.json()["data"]["jobs"])

    scanned = run(scan)
    assert (scanned["source"], scanned["processed_count"], scanned["offer_count"]) == (market.connector, 4, 4)
    assert scanned["skipped"] == []
    assert {each["sku"]: each["source"] for each in scanned["skus"]} == dict.fromkeys(SKUS, market.source)
    assert {each["sku"]: f"{each['summary']['lowest_landed']:.2f}" for each in scanned["skus"]} == rival

    priced = run(reprice)
    assert priced["updated_count"] == 4
    for each in priced["recommendations"]:
        assert each["applied"]
        # 30 % below is out of one step's reach: the price goes as far as it may.
        assert 0.9 * float(before[each["sku"]]) <= each["recommended_price"] < float(before[each["sku"]])
        assert f"{rival[each['sku']]} of {RIVAL}" in each["reasoning"]
    new = {each["sku"]: f"{each['recommended_price']:.2f}" for each in priced["recommendations"]}
    assert market.prices() == in_catalogue() == new
    assert {change["sku"]: change["status"] for change in listed(seller, "price-changes")} == dict.fromkeys(
        SKUS, "applied"
    )
