"""From competitors' pages to what is compared, kept and followed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, listed, report
from workers.catalogue.models import Product
from workers.marketplaces.web import robots
from workers.running import execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def rival(httpserver: HTTPServer, owner: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch) -> HTTPServer:
    """A competitor's shop, in no need of politeness."""
    settings.AIJOBS_OUTBOUND_ALLOW = [f"page:127.0.0.1:{httpserver.port}"]
    monkeypatch.setattr(robots, "SECONDS_BETWEEN_REQUESTS", 0.01)
    robots.forget()
    httpserver.expect_request("/robots.txt").respond_with_data("", content_type="text/plain")
    body = {"connector": "web", "settings": {}}
    assert owner.request("PUT", f"/api/marketplaces/{MARKETPLACE}", body).status_code == 201
    return httpserver


def sell(who: Caller, rival: HTTPServer, page: str, address: str = "/mug", currency: str = "USD") -> None:
    rival.expect_request("/mug").respond_with_data(page, content_type="text/html; charset=utf-8")
    row = f"A,Mug,20.00,10.00,{currency},{rival.url_for(address)}"
    told = report(who, "products", f"sku,title,price,cost,currency,competitor_urls\n{row}\n")
    assert told["rejected"] == 0


def offered(**offer: object) -> str:
    data = {"@type": "Product", "offers": {"price": "19.50", "priceCurrency": "USD", **offer}}
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def run(who: Caller, kind: str, **params: object) -> dict[str, Any]:
    body = {"skus": ["A"], "marketplace": MARKETPLACE, **params}
    [job_id] = engine.dispatch(who.tenant, type=kind, params=body)
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert job.result is not None, (job.error_code, job.error_message)
    result: dict[str, Any] = job.result
    return result


@pytest.mark.parametrize("availability", ["PreOrder", "BackOrder", "InStoreOnly", "Discontinued", "SoldOut"])
def test_what_is_not_to_be_had_is_kept_but_neither_compared_nor_followed(
    owner: Caller, rival: HTTPServer, availability: str
) -> None:
    sell(owner, rival, offered(availability=f"https://schema.org/{availability}"))
    scanned = run(owner, "competitor_scan")
    assert (scanned["offer_count"], scanned["skus"][0]["summary"]["lowest_landed"]) == (0, None)
    [left] = scanned["skipped"]
    assert (left["sku"], left["reason"]) == ("A", "NOT_AVAILABLE")
    assert availability in left["detail"]
    [kept] = listed(owner, "offers")
    assert (kept["price"], kept["availability"], kept["source"]) == (19.5, availability, "json-ld")

    priced = run(owner, "pricing_recalculate", competitor_anchor={"rule": "match"})
    assert [each["reason"] for each in priced["skipped"] if each.get("seller")] == ["NOT_AVAILABLE"]
    assert Product.objects.get(sku="A").price == Decimal(20)


def test_a_net_price_is_kept_as_net_but_neither_compared_nor_followed(owner: Caller, rival: HTTPServer) -> None:
    net = {"price": "19.50", "priceCurrency": "EUR", "valueAddedTaxIncluded": "false"}
    sell(owner, rival, offered(priceCurrency="EUR", priceSpecification=net), currency="EUR")
    scanned = run(owner, "competitor_scan")
    assert scanned["offer_count"] == 0
    assert [each["reason"] for each in scanned["skipped"]] == ["PRICE_WITHOUT_TAX"]
    [kept] = listed(owner, "offers")
    assert (kept["price"], kept["tax_included"]) == (19.5, False)

    priced = run(owner, "pricing_recalculate", competitor_anchor={"rule": "match"})
    assert [each["reason"] for each in priced["skipped"] if each.get("seller")] == ["PRICE_WITHOUT_TAX"]


def test_the_result_says_in_what_form_the_page_had_the_price(owner: Caller, rival: HTTPServer) -> None:
    amount = '<meta property="product:price:amount" content="$19.50">'
    sell(owner, rival, amount)
    [offer] = run(owner, "competitor_scan")["skus"][0]["offers"]
    assert (offer["price"], offer["currency"], offer["source"]) == (19.5, "USD", "opengraph")


def test_the_variant_that_the_address_names_is_the_one(owner: Caller, rival: HTTPServer) -> None:
    variants = [
        {"@type": "Product", "offers": {"price": price, "priceCurrency": "USD", "url": f"/mug#{name}"}}
        for name, price in (("a", "17.63"), ("b", "19.50"))
    ]
    group = json.dumps({"@type": "ProductGroup", "hasVariant": variants})
    sell(owner, rival, f'<script type="application/ld+json">{group}</script>', "/mug#b")
    [offer] = run(owner, "competitor_scan")["skus"][0]["offers"]
    assert (offer["price"], offer["url"]) == (19.5, rival.url_for("/mug#b"))


def test_of_several_offers_the_one_that_can_be_compared_counts(owner: Caller, rival: HTTPServer) -> None:
    offers = [
        {"price": "17.00", "priceCurrency": "EUR"},
        {"price": "18.00", "priceCurrency": "USD", "availability": "SoldOut"},
        {"price": "19.50", "priceCurrency": "USD", "availability": "InStock"},
    ]
    data = json.dumps({"@type": "Product", "offers": offers})
    sell(owner, rival, f'<script type="application/ld+json">{data}</script>')
    scanned = run(owner, "competitor_scan")
    assert [each["price"] for each in scanned["skus"][0]["offers"]] == [19.5]
    assert sorted(each["detail"].partition(" See")[0] for each in scanned["skipped"]) == [
        "The seller has a second offer, for 17.00 EUR.",
        "The seller has a second offer, for 18.00 USD (SoldOut).",
    ]
