"""What one response of a pricing batch means: offers, none, not yet, or nothing that can be relied on."""

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from hypothesis import strategies as st

from aijobs.outbound.failures import OutboundError, Permanent, Transient
from tests.drawing import draws
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import FakeAmazon, failed, money, offer, payload, reply
from tests.workers.marketplaces.amazon.test_offers import ASIN, fetch, only
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.amazon.listed import Asked
from workers.marketplaces.amazon.offers import Product
from workers.marketplaces.protocols import Fetched, Note, NotReady

SKU = listing().sku


def told(found: Fetched) -> str:
    assert found.problem
    assert found.offers == ()
    return str(found.problem)


# Points


def yen(amount: object) -> Any:
    return money(amount, "JPY")


def fetched_with(japanese: Amazon, fake: FakeAmazon, points: object) -> Fetched:
    fake.payloads[(SKU, "New")] = payload([offer("THEIRS", yen(1480), yen(200), Points=points)])
    [found] = japanese.fetch_offers([listing(currency="JPY")], ["new"])
    return found


POINTS: list[tuple[object, int]] = [
    ({"PointsNumber": 148, "PointsMonetaryValue": yen(148)}, 1532),
    ({"PointsNumber": 148, "PointsMonetaryValue": yen("148.00")}, 1532),
    # One is worth one yen.
    ({"PointsNumber": 148}, 1532),
    ({"PointsNumber": 148, "PointsMonetaryValue": None}, 1532),
    ({"PointsNumber": 0, "PointsMonetaryValue": yen(0)}, 1680),
    ({"PointsNumber": 0}, 1680),
    ({}, 1680),
    (None, 1680),
]


def test_points_are_taken_off_what_the_offer_costs(open_amazon: Opener, fake: FakeAmazon) -> None:
    japanese = open_amazon(country="JP")
    for points, landed in POINTS:
        [found] = fetched_with(japanese, fake, points).offers
        said = [found.price, found.shipping, found.points, found.landed_price]
        assert said == [1480, 200, 1680 - landed, landed], points


NO_POINTS: list[tuple[object, str]] = [
    (
        {"PointsNumber": 148, "PointsMonetaryValue": money(1.48)},
        "The value of the points is in USD, not in JPY.",
    ),
    ({"PointsNumber": 148, "PointsMonetaryValue": "148"}, "The value of the points is missing."),
    ({"PointsNumber": "many"}, "The number of points is not a number."),
    ({"PointsNumber": -5}, "The points are negative, or worth as much as the offer."),
    ({"PointsMonetaryValue": yen(1680)}, "The points are negative, or worth as much as the offer."),
    ({"PointsMonetaryValue": yen(1.5)}, "The value of the points has more than the 0 decimals of JPY."),
    ([148], "The points are not stated as points."),
]


def test_points_that_make_no_sense_are_said(open_amazon: Opener, fake: FakeAmazon) -> None:
    japanese = open_amazon(country="JP")
    for points, reason in NO_POINTS:
        found = fetched_with(japanese, fake, points)
        assert (points, found.offers, [each.reason for each in found.refused]) == (points, (), [reason])


def test_the_cheaper_offer_is_the_one_that_is_cheaper_with_its_points(open_amazon: Opener, fake: FakeAmazon) -> None:
    points = {"PointsNumber": 300, "PointsMonetaryValue": yen(300)}
    fake.payloads[(SKU, "New")] = payload(
        [offer("A", yen(1000), yen(0)), offer("A", yen(1200), yen(0), Points=points)]
    )
    [found] = open_amazon(country="JP").fetch_offers([listing(currency="JPY")], ["new"])
    [cheapest] = found.offers
    assert [cheapest.price, cheapest.landed_price] == [1200, 900]


def test_outside_japan_nobody_gets_points(amazon: Amazon, fake: FakeAmazon) -> None:
    points = {"PointsNumber": 3, "PointsMonetaryValue": money(0.03)}
    fake.payloads[(SKU, "New")] = payload([offer("THEIRS", 10, Points=points)])
    assert only(amazon).offers[0].landed_price == 10


# No offers, and not yet


@pytest.mark.parametrize(
    "found",
    [
        {"Identifier": {}},
        {"Offers": [], "Summary": {"TotalOfferCount": 0}},
        {"Offers": None, "Summary": None},
        {"Summary": {"TotalOfferCount": 0, "NumberOfOffers": [], "BuyBoxPrices": []}},
    ],
)
def test_no_buyable_offers_are_no_offers_and_said(amazon: Amazon, fake: FakeAmazon, found: dict[str, Any]) -> None:
    about = {"SKU": SKU, "marketplaceID": "ATVPDKIKX0DER", "ItemCondition": "New", "status": "NoBuyableOffers"}
    fake.payloads[(SKU, "New")] = {**about, **found}
    message = "Amazon has no buyable offers of this product now. The service asked for the condition new."
    assert only(amazon) == Fetched(SKU, notes=(Note("NO_BUYABLE_OFFERS", message),))


def test_conditions_that_nobody_sells_are_said_together(amazon: Amazon, fake: FakeAmazon) -> None:
    for condition in ("Used", "Collectible"):
        fake.payloads[(SKU, condition)] = {"status": "NoBuyableOffers"}
    fake.payloads[(SKU, "New")] = payload([offer("THEIRS", 10)])
    found = only(amazon, conditions=["new", "used", "collectible"])
    assert [each.seller for each in found.offers] == ["THEIRS"]
    [note] = found.notes
    assert "The service asked for the condition used and collectible." in note.message


def test_offers_without_a_shipping_charge_are_said(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(SKU, "New")] = payload([], status="NoOfferDueToMissingShippingCharge")
    [note] = only(amazon).notes
    assert (note.code, "because their shipping charge is missing" in note.message) == ("NO_SHIPPING_CHARGE", True)


WHEN: list[tuple[object, str]] = [
    ("2026-12-12T05:12:12Z", "They are available from 2026-12-12 05:12 UTC on. Scan it again then."),
    ("2026-12-12T05:12:12+09:00", "They are available from 2026-12-11 20:12 UTC on. Scan it again then."),
    ("2026-11-25T05:12:12Z", "Scan it again later."),
    ("soon", "Scan it again later."),
    ("9999-12-31T23:59:59-12:00", "Scan it again later."),
    (None, "Scan it again later."),
    (5, "Scan it again later."),
]


@time_machine.travel(datetime(2026, 11, 26, tzinfo=UTC), tick=False)
def test_offers_that_are_not_ready_say_when_they_are(amazon: Amazon, fake: FakeAmazon) -> None:
    for at, advice in WHEN:
        found = payload([], status="ActiveButTooSoonForProcessing")
        found["Summary"]["OffersAvailableTime"] = at
        fake.payloads[(SKU, "New")] = found
        problem = only(amazon).problem
        assert isinstance(problem, NotReady), at
        assert str(problem) == f"NOT_READY: Amazon is still collecting the offers of this product. {advice}", at


# What cannot be relied on


def counted(condition: str, count: object) -> dict[str, object]:
    return {"condition": condition, "fulfillmentChannel": "Merchant", "OfferCount": count}


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    (
        payload([], Summary={"TotalOfferCount": 5}),
        "its number of new offers is 5, and it lists none",
    ),
    (
        payload([], Summary={"TotalOfferCount": 9, "NumberOfOffers": [counted("New", 2), counted("used", 7)]}),
        "its number of new offers is 2, and it lists none",
    ),
    (
        payload([], Summary={"TotalOfferCount": 0, "BuyBoxEligibleOffers": [counted("new", 1)]}),
        "its number of new offers is 1, and it lists none",
    ),
    (
        payload([offer("THEIRS", 10)], Summary={"TotalOfferCount": 0}),
        "it counts no offers, and lists 1",
    ),
    (
        payload([offer("THEIRS", 10)], status="NoBuyableOffers"),
        "it says that there are no buyable offers (NoBuyableOffers), and lists 1",
    ),
    (
        {"status": "NoBuyableOffers", "Summary": {"TotalOfferCount": 2}},
        "its number of new offers is 2, and it lists none",
    ),
    (
        payload([offer("THEIRS", 10)], ItemCondition="Used"),
        "the condition in it is used, and not new as in its request",
    ),
    (
        payload([offer("THEIRS", 10)], SKU="ANOTHER"),
        f"the product in it is ANOTHER, and not {SKU} as in its request",
    ),
    (
        payload([offer("THEIRS", 10)], marketplaceId="A1PA6795UKMFR9"),
        "the marketplace in it is A1PA6795UKMFR9, and not ATVPDKIKX0DER as in its request",
    ),
    (
        {"status": {"statusCode": 200}, "body": {"errors": [{"code": "InvalidInput", "message": "No"}]}},
        "its status is 200, which means success, and it has the error InvalidInput: No",
    ),
]


def test_an_answer_that_contradicts_itself_is_said(amazon: Amazon, fake: FakeAmazon) -> None:
    for found, what in CONTRADICTIONS:
        fake.payloads[(SKU, "New")] = found
        problem = only(amazon).problem
        assert isinstance(problem, Transient), what
        expected = f"Amazon's answer contradicts itself: {what}. The service uses nothing of it."
        assert (problem.code, problem.message) == ("CONTRADICTORY_ANSWER", expected)


def test_prices_for_businesses_are_not_what_was_asked_for(amazon: Amazon, fake: FakeAmazon) -> None:
    request = {"SellerSKU": SKU, "ItemCondition": "New", "CustomerType": "Business"}
    response = {"status": {"statusCode": 200}, "body": {"payload": payload([offer("A", 1)])}, "request": request}
    fake.next.append(reply({"responses": [response]}))
    assert "CONTRADICTORY_ANSWER" in told(only(amazon))


@pytest.mark.parametrize("status", ["Success", "NoBuyableOffers"])
def test_offers_in_other_conditions_do_not_contradict_an_empty_list(
    amazon: Amazon, fake: FakeAmazon, status: str
) -> None:
    counts = {"NumberOfOffers": [counted("used", 5)], "BuyBoxEligibleOffers": [counted("used", 5)]}
    fake.payloads[(SKU, "New")] = payload([], status=status, Summary={"TotalOfferCount": 5, **counts})
    found = only(amazon)
    assert (found.problem, found.offers) == (None, ())


def test_a_count_that_is_none_contradicts_nothing(amazon: Amazon, fake: FakeAmazon) -> None:
    for count in (None, "5", True, -1, 2.5, 10**400):
        counts = [counted("new", count), None]
        summary = {"TotalOfferCount": count, "NumberOfOffers": counts, "BuyBoxEligibleOffers": 5}
        fake.payloads[(SKU, "New")] = payload([], Summary=summary)
        assert only(amazon).problem is None, count


def test_fewer_offers_than_amazon_counts_are_all_that_it_lists(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(SKU, "New")] = payload([offer("THEIRS", 10)], Summary={"TotalOfferCount": 51})
    assert [each.seller for each in only(amazon).offers] == ["THEIRS"]


FAILURES: list[tuple[dict[str, Any], type[Exception], str, str]] = [
    (failed(404, "NotFound"), Permanent, "NOT_LISTED", "has no offers for this product: NotFound"),
    (failed(400, "InvalidInput"), Permanent, "REJECTED", "refuses to give the offers of this product: Inv"),
    (failed(403, "Forbidden"), Permanent, "ACCESS_DENIED", "denies access to the offers of this product: F"),
    (failed(503, "Busy"), Transient, "UNAVAILABLE", "cannot give the offers of this product now: Busy"),
    ({"status": "ClientError"}, Permanent, "REJECTED", "its status is ClientError"),
    ({"status": "ServerError"}, Transient, "UNAVAILABLE", "its status is ServerError"),
    ({"status": "Success"}, Transient, "INVALID_ANSWER", "Offers is not a list"),
    ({"status": "Success", "Offers": []}, Transient, "INVALID_ANSWER", "Summary is not an object"),
]


def test_a_failure_of_one_product_is_what_amazon_says_it_is(amazon: Amazon, fake: FakeAmazon) -> None:
    for found, kind, code, words in FAILURES:
        fake.payloads[(SKU, "New")] = found
        problem = only(amazon).problem
        assert isinstance(problem, kind), found
        assert (found, getattr(problem, "code", None)) == (found, code)
        assert words in str(problem)


# For businesses, and in other conditions


def test_offers_for_businesses_are_left_out_and_said(amazon: Amazon, fake: FakeAmazon) -> None:
    tiers = [{"quantityTier": 20, "quantityDiscountType": "QUANTITY_DISCOUNT", "listingPrice": money(5)}]
    listed = [
        offer("FIRM", 7, offerType="B2B", IsBuyBoxWinner=True),
        offer("OURS", 6, offerType="B2B"),
        offer("SHOP", 10, offerType="B2C", quantityDiscountPrices=tiers),
    ]
    fake.payloads[(SKU, "New")] = payload(listed)
    found = only(amazon)
    assert ([(each.seller, each.price) for each in found.offers], found.own) == ([("SHOP", Decimal(10))], None)
    message = "Offers for businesses only are left out. Amazon lists 2 of them."
    assert found.notes == (Note("BUSINESS_OFFERS", message),)


@pytest.mark.parametrize("others", [{"offerType": "B2B"}, {"quantityTier": 20}, {"condition": "used"}])
def test_a_featured_offer_that_is_not_for_consumers_is_not_asked_for(
    amazon: Amazon, fake: FakeAmazon, others: dict[str, object]
) -> None:
    price = {"condition": "new", "LandedPrice": money(40), **others}
    fake.payloads[(ASIN, "New")] = payload([offer("A", 1)], Summary={"TotalOfferCount": 1, "BuyBoxPrices": [price]})
    fetch(amazon, listing("A", ASIN))
    assert len(fake.calls) == 1


def test_a_featured_offer_to_businesses_does_not_count(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.payloads[(ASIN, "New")] = payload([offer("CHEAP", 1)], featured=40)
    featured = {"sellerId": "FIRM", "listingPrice": money(30), "shippingOptions": [{"price": money(0)}]}
    options = [{"buyingOptionType": "B2B", "segmentedFeaturedOffers": [featured]}]
    fake.next.append(
        reply(
            {
                "responses": [
                    {
                        "status": {"statusCode": 200},
                        "body": {"payload": fake.payloads[(ASIN, "New")]},
                        "request": {"Asin": ASIN, "ItemCondition": "New"},
                    }
                ]
            }
        )
    )
    body = {"asin": ASIN, "featuredBuyingOptions": options}
    fake.next.append(reply({"responses": [{"status": {"statusCode": 200}, "body": body}]}))
    assert [each.seller for each in fetch(amazon, listing("A", ASIN))["A"].offers] == ["CHEAP"]


def test_a_used_offer_among_the_new_ones_is_refused(amazon: Amazon, fake: FakeAmazon) -> None:
    used = ("Very Good", "acceptable", "Refurbished Warranty", "like_new", "MINT")
    listed = [offer(f"A{number}", 5, SubCondition=each) for number, each in enumerate(used)]
    fake.payloads[(SKU, "New")] = payload([*listed, offer("B", 10)])
    found = only(amazon)
    assert [each.seller for each in found.offers] == ["B"]
    assert [each.reason for each in found.refused] == [
        f"The offer is listed as new, but its condition is {each}." for each in used
    ]


def test_whatever_may_be_new_counts_as_new(amazon: Amazon, fake: FakeAmazon) -> None:
    may_be = ("new", "New", "Open Box", "OEM", "Other", None, 5)
    listed = [offer(f"A{number}", 5, SubCondition=each) for number, each in enumerate(may_be)]
    fake.payloads[(SKU, "New")] = payload(listed)
    assert [each.condition for each in only(amazon).offers] == ["new"] * len(may_be)


def test_used_is_used_in_any_state(amazon: Amazon, fake: FakeAmazon) -> None:
    states = ("Mint", "Very Good", "Good", "Acceptable")
    listed = [offer(f"A{number}", 5, SubCondition=each) for number, each in enumerate(states)]
    fake.payloads[(SKU, "Used")] = payload(listed)
    assert [each.condition for each in only(amazon, conditions=["used"]).offers] == ["used"] * len(states)


# Whatever is answered

NAMES = st.sampled_from(
    [
        "status",
        "body",
        "payload",
        "request",
        "errors",
        "Offers",
        "Summary",
        "TotalOfferCount",
        "NumberOfOffers",
        "condition",
        "OfferCount",
        "SellerId",
        "ListingPrice",
    ]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False)
    | st.text(max_size=9)
    | st.sampled_from([200, "B2B", "JPY"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def full_response() -> Any:
    """In which every part has something to be misunderstood."""
    points = {"PointsNumber": 1, "PointsMonetaryValue": yen(1)}
    found = payload([offer("A", yen(9), yen(1), Points=points)], featured=9, status="Success", SKU="A")
    found["Summary"] |= {"NumberOfOffers": [counted("new", 1)], "OffersAvailableTime": "2026-12-12T05:12:12Z"}
    return {"status": {"statusCode": 200}, "body": {"payload": found}, "request": {"SellerSKU": "A"}}


@draws(40, 2000, st.data())
def test_any_answer_is_offers_or_a_failure(data: st.DataObject) -> None:
    whole = [full_response()]
    part: Any = whole
    key: Any = 0
    while isinstance(part[key], dict | list) and part[key] and data.draw(st.integers(0, 9)):
        part = part[key]
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    part[key] = data.draw(ANYTHING)
    product = Product(listing("A", currency="JPY"), "OURS", "")
    with suppress(OutboundError):
        product.add_offers(whole[0], Asked("SKU", "A", "A1VC38T7YXB528", "new"))
    found = product.fetched()
    assert all(each.landed_price > 0 for each in found.offers)
