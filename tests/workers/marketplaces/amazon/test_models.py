"""What Amazon's own models say: usage plans, the sizes of batches, and the answers of its sandbox."""

from decimal import Decimal
from typing import Any

import pytest

from aijobs.outbound.failures import Permanent, Uncertain
from tests.workers.marketplaces.amazon import models
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import FakeAmazon, Reply, payload, reply
from workers.marketplaces.amazon import client, pricing
from workers.marketplaces.amazon.client import Operation
from workers.marketplaces.protocols import Fetched

pytestmark = pytest.mark.skipif(not models.PRESENT, reason="Amazon's models are not beside the repository")

OPERATIONS = [each for each in vars(client).values() if isinstance(each, Operation)]
PRICE = Decimal("19.99")
NEW_ITEM = "/products/pricing/v0/items/B000000001/offers"


def name_of(operation: Operation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_a_rate_limit_is_that_of_the_model(operation: Operation) -> None:
    assert (operation.limit.rate, operation.limit.burst) == models.usage_plan(operation.name)


@pytest.mark.parametrize(
    "name", ["ItemOffersRequestList", "ListingOffersRequestList", "CompetitiveSummaryRequestList"]
)
def test_a_batch_is_as_large_as_the_model_lets_it(name: str) -> None:
    [found] = [model["definitions"][name] for model in models.models() if name in model["definitions"]]
    assert found["maxItems"] == pricing.MOST_ITEMS


def test_a_batch_of_expected_prices_is_as_large_as_the_model_says() -> None:
    described = models.find(client.EXPECTED_PRICES.name)[0]["description"]
    assert f"up to {pricing.MOST_EXPECTED_PRICES} requests" in described


def item(**others: object) -> dict[str, object]:
    request = {"uri": NEW_ITEM, "method": "GET", "MarketplaceId": "ATVPDKIKX0DER", "ItemCondition": "New"}
    return {**request, **others}


@pytest.mark.parametrize(
    "requests",
    [[], [item()] * 21, [item(method="LIST")], [item(ItemCondition="new")], [item(uri="/elsewhere")], [{}]],
)
def test_the_fake_notices_what_the_model_forbids(requests: list[dict[str, object]]) -> None:
    path, body = "/batches/products/pricing/v0/itemOffers", reply({"requests": requests}).body
    assert models.violations("POST", path, "", body)


@pytest.mark.parametrize("query", ["", "marketplaceIds=a&marketplaceIds=b", "marketplaceIds=a&mode=NONE", "sku=a"])
def test_the_fake_notices_parameters_that_the_model_does_not_have(query: str) -> None:
    body = reply({"productType": "PRODUCT", "patches": [{"op": "replace", "path": "/a"}]}).body
    assert models.violations("PATCH", "/listings/2021-08-01/items/OURS/A", query, body)


def asked(operation: Operation) -> list[str]:
    """The SKUs or ASINs of the example's request."""
    requests = models.sandbox(operation.name)["request"]["parameters"]["body"]["value"]["requests"]
    return [each.get("sku") or each["uri"].split("/")[-2] for each in requests]


def answered(named: dict[str, dict[str, Any]], name: str) -> Reply:
    """A pricing batch of these payloads by SKU or ASIN, which the requests call `name`."""
    responses = [
        {
            "status": {"statusCode": 200},
            "body": {"payload": found},
            "request": {name: each, "ItemCondition": "New"},
        }
        for each, found in named.items()
    ]
    return reply({"responses": responses})


def stated(operation: Operation, index: int) -> list[dict[str, Any]]:
    """The offers of the example's answer to its request of that number."""
    response = models.sandbox(operation.name)["response"]["responses"][index]
    offers: list[dict[str, Any]] = response["body"]["payload"]["Offers"]
    return offers


def check_offers(operation: Operation, found: list[Fetched], ours: str) -> None:
    """Everybody's cheapest offers are there, and each is one that the example states."""
    for index, fetched in enumerate(found):
        every = {
            (each["SellerId"], Decimal(str(each["ListingPrice"]["Amount"]))) for each in stated(operation, index)
        }
        least = {seller: min(price for each, price in every if each == seller) for seller, _ in every}
        assert (fetched.problem, fetched.refused) == (None, ())
        assert {(each.seller, each.price) for each in fetched.offers} <= every
        assert {each.seller for each in fetched.offers} == set(least) - {ours}
        assert fetched.own is None or (fetched.own.seller, fetched.own.price) in every


def test_offers_of_the_sandboxs_items(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.next.append(reply(models.sandbox(client.ITEM_OFFERS.name)["response"]))
    asins = asked(client.ITEM_OFFERS)
    found = {each.sku: each for each in open_amazon().fetch_offers([listing(each, each) for each in asins], ["new"])}
    check_offers(client.ITEM_OFFERS, [found[asin] for asin in asins], ours="OURS")
    only = found["B000P6Q7MY"].offers[0]
    assert (only.landed_price, only.is_buy_box, only.fulfilment) == (Decimal(21), True, "merchant")


def test_offers_of_the_sandboxs_listings(open_amazon: Opener, fake: FakeAmazon) -> None:
    ours = "A2SNBFWOFW4SWG"
    fake.next.append(reply(models.sandbox(client.LISTING_OFFERS.name)["response"]))
    skus = asked(client.LISTING_OFFERS)
    found = {
        each.sku: each for each in open_amazon(seller_id=ours).fetch_offers([listing(sku) for sku in skus], ["new"])
    }
    check_offers(client.LISTING_OFFERS, [found[sku] for sku in skus], ours)
    own = found["GC-QTMS-SV2I"].own
    assert own
    assert (own.seller, own.price) == (ours, Decimal(30))


def test_the_sandboxs_featured_offer_is_what_most_buyers_see(open_amazon: Opener, fake: FakeAmazon) -> None:
    asin = "B00ZIAODGE"
    fake.next.append(answered({asin: payload([], featured=20.61)}, "Asin"))
    fake.next.append(reply(models.sandbox(client.COMPETITIVE_SUMMARY.name)["response"]))
    [found] = open_amazon().fetch_offers([listing("A", asin)], ["new"])
    [featured] = found.offers
    assert (featured.seller, featured.is_buy_box) == ("A3DJR8M9Y3OUPG", True)
    assert (featured.price, featured.landed_price) == (Decimal("18.11"), Decimal("20.61"))


def test_the_sandboxs_expected_prices(open_amazon: Opener, fake: FakeAmazon) -> None:
    skus = asked(client.EXPECTED_PRICES)
    fake.next.append(answered({sku: payload([]) for sku in skus}, "SellerSKU"))
    fake.next.append(reply(models.sandbox(client.EXPECTED_PRICES.name)["response"]))
    found = open_amazon(featured_offer_expected_price=True).fetch_offers([listing(sku) for sku in skus], ["new"])
    assert [(each.sku, each.featured_offer_expected_price) for each in found] == [
        ("MY_SKU", Decimal("10.0")),
        ("MY_UNIQUE_SKU", None),
        # Which the example's answer leaves out.
        ("INVALID_SKU", None),
    ]


@pytest.mark.parametrize("operation", [client.ITEM_OFFERS, client.LISTING_OFFERS], ids=name_of)
def test_the_sandboxs_refusal_is_told(open_amazon: Opener, fake: FakeAmazon, operation: Operation) -> None:
    answer = models.sandbox(operation.name, "400")["response"]
    fake.next.append(reply(answer, 400))
    one = listing("A", "B000P6Q7MY") if operation is client.ITEM_OFFERS else listing("A")
    [found] = open_amazon().fetch_offers([one], ["new"])
    assert isinstance(found.problem, Permanent)
    assert answer["errors"][0]["message"] in found.problem.message


@pytest.mark.parametrize(("country", "currency", "price"), [("US", "USD", 100), ("CA", "CAD", 130)])
def test_the_sandboxs_price(open_amazon: Opener, fake: FakeAmazon, country: str, currency: str, price: int) -> None:
    fake.next.append(reply(models.sandbox(client.READ_LISTING.name)["response"]))
    assert open_amazon(country=country).read_price(listing(currency=currency)) == price


def test_the_sandboxs_count_of_listings(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.next.append(reply(models.sandbox(client.SEARCH_LISTINGS.name)["response"]))
    assert open_amazon().check() == "Amazon US has 3 listings of the seller OURS."


def test_the_sandboxs_submissions(open_amazon: Opener, fake: FakeAmazon) -> None:
    accepted, previewed, invalid = models.sandboxes(client.PATCH_LISTING.name)
    fake.next_writes.extend(reply(each["response"]) for each in (accepted, previewed, invalid))
    fake.attributes[listing().sku] = {}
    amazon = open_amazon()
    amazon.write_price(listing(), PRICE)
    with pytest.raises(Uncertain):
        amazon.write_price(listing(), PRICE)
    with pytest.raises(Permanent, match="The attributes are invalid"):
        amazon.write_price(listing(), PRICE)
    fake.next_writes.append(reply(models.sandbox(client.PATCH_LISTING.name, "400")["response"], 400))
    with pytest.raises(Permanent, match="BAD_REQUEST: Invalid input"):
        amazon.write_price(listing(), PRICE)
