"""Fetching offers: batches, what belongs to whom, and what of an answer is refused."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from aijobs.outbound.failures import OutboundError, Permanent, Transient
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import FakeAmazon, Reply, errors, failed, money, offer, payload, reply
from tests.workers.marketplaces.paces import Leaping
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.protocols import Fetched, Listing, Offer

ASIN = "B000P6Q7MY"


def fetch(amazon: Amazon, *listings: Listing, conditions: Sequence[str] = ("new",)) -> dict[str, Fetched]:
    return {each.sku: each for each in amazon.fetch_offers(listings, conditions)}


def only(amazon: Amazon, *, conditions: Sequence[str] = ("new",)) -> Fetched:
    return fetch(amazon, listing(), conditions=conditions)[listing().sku]


def test_an_offer_has_its_price_its_shipping_and_who_ships(amazon: Amazon, fake: FakeAmazon) -> None:
    listed = [offer("THEIRS", 19.99, 4.5, IsFulfilledByAmazon=True, IsBuyBoxWinner=True), offer("SLOW", 18)]
    fake.payloads[(listing().sku, "New")] = payload(listed, featured=24.49)
    assert only(amazon).offers == (
        Offer("SLOW", Decimal(18), Decimal(0), "USD", "new", "merchant"),
        Offer("THEIRS", Decimal("19.99"), Decimal("4.5"), "USD", "new", "amazon", is_buy_box=True),
    )


def test_twenty_products_go_into_a_batch(amazon: Amazon, fake: FakeAmazon) -> None:
    skus = [f"SKU {number}" for number in range(45)]
    for sku in skus:
        fake.payloads[(sku, "New")] = payload([offer(f"SELLER{sku[4:]}", 10)])
    found = fetch(amazon, *map(listing, skus))
    assert [len(call.requests) for call in fake.calls] == [20, 20, 5]
    assert {sku: each.offers[0].seller for sku, each in found.items()} == {sku: f"SELLER{sku[4:]}" for sku in skus}


def answered(*responses: dict[str, Any]) -> Reply:
    return reply({"responses": list(responses)})


def response(sku: str, found: dict[str, Any]) -> dict[str, Any]:
    """Of a pricing batch, to a request for new ones."""
    request = {"SellerSKU": sku, "ItemCondition": "New", "MarketplaceId": "ATVPDKIKX0DER"}
    return {"status": {"statusCode": 200}, "body": {"payload": found}, "request": request}


def test_responses_may_come_twice_astray_or_not_at_all(amazon: Amazon, fake: FakeAmazon) -> None:
    a, b, stray = (response(sku, payload([offer(f"OF {sku}", 10)])) for sku in ("A", "B", "STRAY"))
    fake.next.append(answered(b, stray, a, b, a))
    found = fetch(amazon, *map(listing, "ABC"))
    assert [[each.seller for each in found[sku].offers] for sku in "ABC"] == [["OF A"], ["OF B"], []]
    problems = [each.problem for each in (found["A"], found["B"], found["C"])]
    assert [each and each.code for each in problems] == [None, None, "INVALID_ANSWER"]


def test_every_condition_is_asked_for_in_the_same_batch(amazon: Amazon, fake: FakeAmazon) -> None:
    for condition in CONDITIONS:
        fake.payloads[("3", condition.capitalize())] = payload([offer("THEIRS", CONDITIONS.index(condition) + 1)])
    found = fetch(amazon, *(listing(str(number)) for number in range(6)), conditions=CONDITIONS)
    assert [len(call.requests) for call in fake.calls] == [20, 4]
    assert [(each.condition, each.price) for each in found["3"].offers] == [
        (condition, Decimal(number + 1)) for number, condition in enumerate(CONDITIONS)
    ]


def test_products_with_an_asin_are_asked_for_by_it(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(ASIN, "New")] = payload([offer("THEIRS", 10)])
    # Two SKUs of one ASIN, of which one request tells all.
    found = fetch(amazon, listing("A", ASIN), listing("B", ASIN), listing("C"))
    assert sorted(call.path.rpartition("/")[2] for call in fake.calls) == ["itemOffers", "listingOffers"]
    assert [len(call.requests) for call in fake.calls] == [1, 1]
    assert [len(found[sku].offers) for sku in "ABC"] == [1, 1, 0]


def test_what_no_request_can_name_fails_alone(amazon: Amazon, fake: FakeAmazon) -> None:
    odd = [listing("."), listing("é" * 100), listing("C", currency="EUR")]
    found = fetch(amazon, *odd, listing("D"))
    problems = [found[each.sku].problem for each in odd]
    assert [isinstance(each, Permanent) and each.code for each in problems] == [
        "INVALID_SKU",
        "INVALID_SKU",
        "CURRENCY_MISMATCH",
    ]
    assert found["D"].problem is None
    assert len(fake.calls) == 1


def test_a_product_that_fails_is_alone_in_it(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[("gone", "New")] = failed(404, "NotFound", "gone is not listed")
    fake.payloads[("bad", "New")] = failed(400, "InvalidInput")
    fake.payloads[("slow", "New")] = failed(429, "QuotaExceeded")
    fake.payloads[("down", "New")] = failed(500, "InternalFailure")
    fake.payloads[("fine", "New")] = payload([offer("THEIRS", 10)])
    found = fetch(amazon, *map(listing, ("gone", "bad", "slow", "down", "fine")))
    assert {sku: each.problem and (type(each.problem), each.problem.code) for sku, each in found.items()} == {
        "gone": (Permanent, "NOT_LISTED"),
        "bad": (Permanent, "REJECTED"),
        "slow": (Transient, "THROTTLED"),
        "down": (Transient, "UNAVAILABLE"),
        "fine": None,
    }
    assert found["gone"].problem
    assert "gone is not listed" in found["gone"].problem.message
    assert found["fine"].offers


def test_a_condition_that_fails_fails_the_product(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(listing().sku, "New")] = payload([offer("THEIRS", 10)])
    fake.payloads[(listing().sku, "Used")] = failed(500, "InternalFailure")
    found = only(amazon, conditions=["new", "used"])
    assert isinstance(found.problem, Transient)
    assert found.offers == ()


SENSELESS = [
    Reply(body=b"{"),
    Reply(body=b""),
    Reply(body=b"\xff\xfe\xfd"),
    Reply(body=b'{"responses": [{"status": {"statusCode": 200}, "body": NaN}]}'),
    Reply(body=b"[" * 100_000),
    Reply(body=b'{"responses": 1e999999999999999999999}'),
    Reply(body=b'{"responses": "' + b"x" * 5_000_000 + b'"}'),
    reply([]),
    reply({}),
    reply({"responses": {}}),
    reply({"responses": [None, 1, {}]}),
    reply({"responses": [{"request": {"SellerSKU": "SKU 1/é", "ItemCondition": "New"}}]}),
    Reply(302, headers={"location": "http://169.254.169.254/"}),
]


def test_an_answer_that_makes_no_sense_is_the_problem_of_its_batch(amazon: Amazon, fake: FakeAmazon) -> None:
    for answer in SENSELESS:
        fake.next.append(answer)
        found = fetch(amazon, listing(), listing("B", ASIN))
        problem = found[listing().sku].problem
        assert isinstance(problem, Transient), answer
        assert (problem.code, found["B"].problem) == ("INVALID_ANSWER", None), answer


def test_a_batch_that_is_rejected_is_not_the_problem_of_others(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.append(errors("InvalidInput", "Invalid Input", 400))
    found = fetch(amazon, listing(), listing("B", ASIN))
    problem = found[listing().sku].problem
    assert isinstance(problem, Permanent)
    told = "Amazon refuses to give the offers of the SKU SKU 1/é: InvalidInput: Invalid Input"
    assert (problem.code, problem.message) == ("REJECTED", told)
    assert found["B"].problem is None


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"ListingPrice": None}, "The price is missing."),
    ({"ListingPrice": "12"}, "The price is missing."),
    ({"ListingPrice": money(None)}, "The price is not a number."),
    ({"ListingPrice": money("1,299.00")}, "The price is not a number."),
    ({"ListingPrice": money(True)}, "The price is not a number."),
    ({"ListingPrice": money(0)}, "The price is not above 0, or too large."),
    ({"ListingPrice": money(-3)}, "The price is not above 0, or too large."),
    ({"ListingPrice": money("1" + "0" * 12)}, "The price is too large."),
    ({"ListingPrice": money(10**400)}, "The price is too large."),
    ({"ListingPrice": money(1.999)}, "The price has more than the 2 decimals of USD."),
    ({"ListingPrice": money(12, "EUR")}, "The price is in EUR, not in USD."),
    ({"ListingPrice": money(12, 840)}, "The price is in no currency, not in USD."),
    ({"ListingPrice": money(12, ["USD"])}, "The price is in no currency, not in USD."),
    ({"Shipping": money(-1)}, "The shipping is negative, or too large."),
    ({"Shipping": None}, "The shipping is missing."),
    ({"SellerId": None}, "The seller is missing."),
    ({"SellerId": "\0"}, "The seller is missing."),
]


def test_an_offer_that_makes_no_sense_is_refused_alone(amazon: Amazon, fake: FakeAmazon) -> None:
    for broken, reason in BROKEN:
        fake.payloads[(listing().sku, "New")] = payload([{**offer("BROKEN", 12), **broken}, offer("FINE", "10.50")])
        found = only(amazon)
        assert (broken, *(each.reason for each in found.refused)) == (broken, reason)
        assert (broken, *((each.seller, each.price) for each in found.offers)) == (broken, ("FINE", Decimal("10.5")))


def test_of_a_sellers_duplicates_the_cheapest_counts_beside_the_featured_one(
    amazon: Amazon, fake: FakeAmazon
) -> None:
    duplicates = [
        offer("A", 10, 5, IsBuyBoxWinner=True),
        offer("A", 12, 1),
        offer("A", 12, 1),
        offer("A", 14),
        offer("A", 20, IsFulfilledByAmazon=True),
    ]
    fake.payloads[(listing().sku, "New")] = payload(duplicates, featured=15)
    assert [(each.landed_price, each.fulfilment, each.is_buy_box) for each in only(amazon).offers] == [
        (Decimal(13), "merchant", False),
        # What the buy box costs, however cheap its seller's other offer is.
        (Decimal(15), "merchant", True),
        (Decimal(20), "amazon", False),
    ]


@pytest.mark.parametrize("cheaper_first", [True, False])
def test_a_featured_offer_that_is_the_cheapest_is_all_of_a_seller(
    amazon: Amazon, fake: FakeAmazon, cheaper_first: bool
) -> None:
    listed = [offer("A", 10, IsBuyBoxWinner=True), offer("A", 10), offer("A", 11)]
    fake.payloads[(listing().sku, "New")] = payload(listed if cheaper_first else listed[::-1], featured=10)
    assert [(each.landed_price, each.is_buy_box) for each in only(amazon).offers] == [(Decimal(10), True)]


OF_ANY_SIZE = [
    (b"1e999999999", "The price is too large."),
    (b"-1e999999999", "The price is too large."),
    (b"1" * 4000, "The price is too large."),
    (b"1e-999999999", "The price has more than the 2 decimals of USD."),
    (b"0e999999999", "The price is not above 0, or too large."),
    (b"-0", "The price is not above 0, or too large."),
    (b"9.99" + b"0" * 1000 + b"1", "The price has more than the 2 decimals of USD."),
]


def test_a_number_of_any_size_is_refused_alone(amazon: Amazon, fake: FakeAmazon) -> None:
    body = answered(response(listing().sku, payload([offer("HUGE", 0.25), offer("FINE", "10.50")]))).body
    for amount, reason in OF_ANY_SIZE:
        fake.next.append(Reply(body=body.replace(b"0.25", amount)))
        found = only(amazon)
        assert (amount, *(each.reason for each in found.refused)) == (amount, reason)
        assert [each.seller for each in found.offers] == ["FINE"]


def test_a_thousand_offers_of_a_product_count(amazon: Amazon, fake: FakeAmazon) -> None:
    listed = [offer(f"S{number}", number + 1) for number in range(1000)]
    fake.payloads[(listing().sku, "New")] = payload([*listed, *listed])
    assert len(only(amazon).offers) == 1000


def test_hostile_text_is_only_text(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[("A", "New")] = payload([offer("<b>\u202eA\n\0\ud800" + "x" * 10_000, 10), offer("\u200b", 9)])
    fake.payloads[("B", "New")] = failed(400, "A\0B", "Told\n\u202e\ud800 " + "y" * 10_000)
    found = fetch(amazon, listing("A"), listing("B"))
    assert [each.seller for each in found["A"].offers] == ["<b>A" + "x" * 96]
    assert [each.reason for each in found["A"].refused] == ["The seller is missing."]
    assert found["B"].problem
    assert found["B"].problem.message.startswith("Amazon refuses to give the offers of this product: AB: Told yyy")
    assert len(found["B"].problem.message) < 400


def test_offers_that_amazon_is_still_gathering_are_not_none(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(listing().sku, "New")] = payload([], status="ActiveButTooSoonForProcessing")
    problem = only(amazon).problem
    assert isinstance(problem, Transient)
    assert problem.code == "NOT_READY"


def test_our_own_offer_is_no_competitor(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(listing().sku, "New")] = payload([offer("OURS", 10), offer("THEIRS", 11)])
    found = only(amazon)
    assert [each.seller for each in found.offers] == ["THEIRS"]
    assert found.own == Offer("OURS", Decimal(10), Decimal(0), "USD", "new", "merchant")


def test_of_our_own_offers_the_featured_one_counts(amazon: Amazon, fake: FakeAmazon) -> None:
    ours = [
        offer("OURS", 10),
        offer("OURS", 11, IsFulfilledByAmazon=True, IsBuyBoxWinner=True),
        offer("OTHER", 5, MyOffer=True, IsFulfilledByAmazon=True),
    ]
    fake.payloads[(listing().sku, "New")] = payload(ours, featured=11)
    found = only(amazon)
    assert found.offers == ()
    assert found.own
    assert (found.own.price, found.own.is_buy_box) == (Decimal(11), True)


def featured(seller: str, price: float, views: object, **others: object) -> dict[str, Any]:
    """As a competitive summary lists it."""
    return {
        "sellerId": seller,
        "condition": "New",
        "fulfillmentType": "AFN",
        "listingPrice": {"amount": price, "currencyCode": "USD"},
        "shippingOptions": [{"shippingOptionType": "DEFAULT", "price": {"amount": 0, "currencyCode": "USD"}}],
        "featuredOfferSegments": [
            {"customerMembership": "PRIME", "segmentDetails": {"glanceViewWeightPercentage": views}}
        ],
        **others,
    }


def test_a_featured_offer_that_is_not_listed_is_asked_for(amazon: Amazon, fake: FakeAmazon) -> None:
    cheap = [offer(f"CHEAP{number}", number + 1) for number in range(20)]
    fake.payloads[(ASIN, "New")] = payload(cheap, featured=40)
    fake.featured[ASIN] = [featured("RARE", 39, 10), featured("FEATURED", 40, 72), featured("ODD", 1, "much")]
    found = fetch(amazon, listing("A", ASIN))["A"]
    assert len(found.offers) == 21
    assert [each for each in found.offers if each.is_buy_box] == [
        Offer("FEATURED", Decimal(40), Decimal(0), "USD", "new", "amazon", is_buy_box=True)
    ]


def test_our_own_offer_can_be_the_featured_one(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(ASIN, "New")] = payload([offer("CHEAP", 1)], featured=40)
    fake.featured[ASIN] = [featured("OURS", 40, 100)]
    found = fetch(amazon, listing("A", ASIN))["A"]
    assert found.own
    assert found.own.is_buy_box
    assert [each.seller for each in found.offers] == ["CHEAP"]


def test_an_asin_that_only_amazon_knows_serves_too(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(listing().sku, "New")] = payload([offer("CHEAP", 1)], featured=40, ASIN=ASIN)
    fake.featured[ASIN] = [featured("FEATURED", 40, 100)]
    assert [each.seller for each in only(amazon).offers] == ["CHEAP", "FEATURED"]


@pytest.mark.parametrize(
    "listed",
    [
        payload([offer("A", 1, IsBuyBoxWinner=True)], featured=1),
        payload([offer("A", 1)]),
        # Refused, yet listed.
        payload([offer("A", 0, IsBuyBoxWinner=True)], featured=1),
    ],
)
def test_nothing_is_asked_that_is_known(amazon: Amazon, fake: FakeAmazon, listed: dict[str, Any]) -> None:
    fake.payloads[(ASIN, "New")] = listed
    fetch(amazon, listing("A", ASIN))
    assert len(fake.calls) == 1


@pytest.mark.parametrize("answer", [errors("InternalFailure", "-", 500), errors("Unauthorized", "-", 403), Reply()])
def test_offers_count_without_the_featured_one(amazon: Amazon, fake: FakeAmazon, answer: Reply) -> None:
    fake.payloads[(ASIN, "New")] = payload([offer("CHEAP", 1)], featured=40)
    plain = {"responses": [{"status": {"statusCode": 200}, "body": {"payload": fake.payloads[(ASIN, "New")]}}]}
    plain["responses"][0]["request"] = {"Asin": ASIN, "ItemCondition": "New"}
    fake.next.extend([reply(plain), *[answer] * 4])
    assert [each.seller for each in fetch(amazon, listing("A", ASIN))["A"].offers] == ["CHEAP"]


def test_what_the_run_has_no_time_to_complete_comes_as_it_is(open_amazon: Opener, fake: FakeAmazon) -> None:
    asins = [f"B{number:09}" for number in range(41)]
    for asin in asins:
        fake.payloads[(asin, "New")] = payload([offer("CHEAP", 1)], featured=40)
        fake.featured[asin] = [featured("FEATURED", 40, 100)]
    # Enough for three batches of offers, ten seconds apart, and for the first of three summaries, thirty apart.
    found = fetch(open_amazon(Leaping(45)), *(listing(asin, asin) for asin in asins))
    assert [len(each.offers) for each in found.values()] == [2] * 20 + [1] * 21


def test_what_was_held_back_is_not_lost_with_the_rest(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[("A", "New")] = payload([offer("CHEAP", 1)], featured=40, ASIN=ASIN)
    response = {"status": {"statusCode": 200}, "body": {"payload": fake.payloads[("A", "New")]}}
    response["request"] = {"SellerSKU": "A", "ItemCondition": "New"}
    fake.next.extend([reply({"responses": [response]}), *[errors("InternalFailure", "-", 500)] * 4])
    fetched = amazon.fetch_offers([listing("A"), listing("B", ASIN)], ["new"])
    assert next(fetched).sku == "A"
    with pytest.raises(OutboundError, match="UNAVAILABLE"):
        next(fetched)


def test_the_expected_price_is_asked_for_where_wanted(open_amazon: Opener, fake: FakeAmazon) -> None:
    expected = {"listingPrice": {"amount": 10.01, "currencyCode": "USD"}}
    fake.expected["A"] = {"resultStatus": "VALID_FOEP", "featuredOfferExpectedPrice": expected}
    fake.expected["B"] = {"resultStatus": "NO_COMPETING_OFFERS"}
    fake.expected["C"] = {"featuredOfferExpectedPrice": {"listingPrice": money(-1)}}
    found = fetch(open_amazon(featured_offer_expected_price=True), *map(listing, "ABCD"))
    assert [found[sku].featured_offer_expected_price for sku in "ABCD"] == [Decimal("10.01"), None, None, None]
    assert all(each.problem is None for each in found.values())


def test_forty_expected_prices_go_into_a_batch(open_amazon: Opener, fake: FakeAmazon) -> None:
    fetch(open_amazon(featured_offer_expected_price=True), *(listing(str(number)) for number in range(41)))
    assert [len(call.requests) for call in fake.calls] == [20, 20, 1, 40, 1]
