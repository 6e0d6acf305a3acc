"""What a price change sends: the listing's attribute purchasable_offer as it was, with our price changed."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from hypothesis import strategies as st

from aijobs.outbound.failures import Permanent, Transient, Uncertain
from tests.drawing import draws
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import RESET, Answer, FakeAmazon, Reply, errors, reply
from workers.marketplaces.amazon.attributes import NotUnderstood, encoded, replacement
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.amazon.purchasable import NAME, OurPrice, repriced

US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
SKU = listing().sku
PRICE = Decimal("18.4900")
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
Json = Any


def scheduled(amount: object, **limits: str) -> Json:
    return [{"schedule": [{"value_with_tax": amount, **limits}]}]


def offered(price: object = 20, **others: object) -> Json:
    """For everybody in the US."""
    about = {"marketplace_id": US, "currency": "USD", "audience": "ALL"}
    return {**about, "our_price": scheduled(price), **others}


# All that a seller may have set there, and what Amazon may add some day.
FULL = offered(
    Decimal("20.00"),
    start_at={"value": "2024-01-01T00:00:00.000Z"},
    end_at={"value": None},
    minimum_seller_allowed_price=scheduled(Decimal("15.50")),
    maximum_seller_allowed_price=scheduled(40),
    discounted_price=scheduled(Decimal("17.99"), start_at="2026-11-20T08:00Z", end_at="2026-12-24T08:00Z"),
    map_price=scheduled(Decimal("16.10")),
    automated_pricing_merchandising_rule_plan=[{"merchandising_rule": [{"rule_id": "R-1"}]}],
    unknown={"kept": [True, None, "as it is", Decimal("0.10"), 12345678901]},
)
BUSINESS = {
    "marketplace_id": US,
    "currency": "USD",
    "audience": "B2B",
    "our_price": scheduled(Decimal("19.00")),
    "quantity_discount_plan": [
        {"schedule": [{"discount_type": "fixed", "levels": [{"lower_bound": 5, "value": Decimal("18.00")}]}]}
    ],
}
ABROAD = {**offered(Decimal("27.00")), "marketplace_id": CANADA, "currency": "CAD"}
IN_PESOS = {**offered(400), "currency": "MXN"}
HAUL = {**offered(9), "audience": "BZR"}
WHOLE = [BUSINESS, ABROAD, FULL, IN_PESOS, HAUL]


def sent(fake: FakeAmazon) -> Json:
    [write] = fake.writes
    body = json.loads(write.body, parse_float=Decimal)
    assert body["productType"] == "PRODUCT"
    [patch] = body["patches"]
    assert (patch["op"], patch["path"]) == ("replace", "/attributes/purchasable_offer")
    return patch["value"]


def has(fake: FakeAmazon, *offers: Json) -> None:
    """The listing at Amazon."""
    fake.attributes[SKU] = {"item_name": [{"value": "A product"}], "purchasable_offer": plain(list(offers))}


def plain(value: Json) -> Json:
    """As json can write it."""
    return json.loads(json.dumps(value, default=float))


def with_price(offer: Json, price: object) -> Json:
    changed = copy.deepcopy(offer)
    changed["our_price"][0]["schedule"][0]["value_with_tax"] = price
    return changed


def changed(*offers: Json, at: datetime = AT) -> list[Json]:
    return list(repriced({"purchasable_offer": list(offers)}, OurPrice(US, "USD", PRICE), at))


def test_all_but_our_price_goes_back_as_it_is(amazon: Amazon, fake: FakeAmazon) -> None:
    has(fake, *WHOLE)
    amazon.write_price(listing(), PRICE)
    assert sent(fake) == [BUSINESS, ABROAD, with_price(FULL, Decimal("18.49")), IN_PESOS, HAUL]
    # And so it is afterwards: nothing is lost on the way.
    kept = fake.attributes[SKU]["purchasable_offer"]
    assert kept == plain([BUSINESS, ABROAD, with_price(FULL, 18.49), IN_PESOS, HAUL])


def test_a_second_change_starts_from_the_first(amazon: Amazon, fake: FakeAmazon) -> None:
    has(fake, FULL)
    amazon.write_price(listing(), PRICE)
    amazon.write_price(listing(), Decimal("21"))
    assert fake.attributes[SKU]["purchasable_offer"] == plain([with_price(FULL, 21)])


def test_the_attributes_of_this_marketplace_are_read_before_the_write(amazon: Amazon, fake: FakeAmazon) -> None:
    has(fake, FULL)
    amazon.write_price(listing(), PRICE)
    assert [(each.method, each.query) for each in fake.calls] == [
        ("GET", f"marketplaceIds={US}&includedData=attributes"),
        ("PATCH", f"marketplaceIds={US}"),
    ]


def test_numbers_go_back_as_amazon_wrote_them(amazon: Amazon, fake: FakeAmazon) -> None:
    numbers = b"[19.90, 1.0, 0.10, 1E+2, 1e-7, -0.0, 12345678901234567, 1e999]"
    body = json.dumps({"sku": SKU, "attributes": {"purchasable_offer": [offered(20, numbers="HERE")]}}).encode()
    fake.next.append(Reply(body=body.replace(b'"HERE"', numbers)))
    amazon.write_price(listing(), PRICE)
    assert b'"numbers":[19.90,1.0,0.10,1E+2,1E-7,-0.0,12345678901234567,1E+999]' in fake.writes[0].body


@pytest.mark.parametrize("attributes", [{}, {"item_name": [{"value": "A"}]}, {"purchasable_offer": []}])
def test_a_listing_without_any_offer_gets_one(amazon: Amazon, fake: FakeAmazon, attributes: Json) -> None:
    fake.attributes[SKU] = attributes
    amazon.write_price(listing(), PRICE)
    assert sent(fake) == [offered(Decimal("18.49"))]


@pytest.mark.parametrize("answer", [{"sku": SKU}, {"sku": SKU, "attributes": None}])
def test_a_listing_without_any_attributes_gets_an_offer(amazon: Amazon, fake: FakeAmazon, answer: Json) -> None:
    fake.next.append(reply(answer))
    amazon.write_price(listing(), PRICE)
    assert sent(fake) == [offered(Decimal("18.49"))]


def test_a_listing_that_only_others_may_buy_gets_an_offer_for_everybody(amazon: Amazon, fake: FakeAmazon) -> None:
    has(fake, BUSINESS, ABROAD)
    amazon.write_price(listing(), PRICE)
    assert sent(fake) == [BUSINESS, ABROAD, offered(Decimal("18.49"))]


def test_an_offer_without_an_audience_is_for_everybody() -> None:
    unnamed = offered(20)
    del unnamed["audience"]
    assert changed(BUSINESS, unnamed) == [BUSINESS, with_price(unnamed, Decimal("18.49"))]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (None, scheduled(Decimal("18.49"))),
        ([], scheduled(Decimal("18.49"))),
        ([{}], scheduled(Decimal("18.49"))),
        ([{"schedule": []}], scheduled(Decimal("18.49"))),
        ([{"schedule": [], "note": 1}], [{"schedule": [{"value_with_tax": Decimal("18.49")}], "note": 1}]),
        ([{"schedule": [{}]}], scheduled(Decimal("18.49"))),
        (scheduled(20, start_at="2030-01-01"), scheduled(Decimal("18.49"), start_at="2030-01-01")),
    ],
)
def test_our_price_is_set_wherever_it_belongs(prices: Json, expected: Json) -> None:
    limits = {"minimum_seller_allowed_price": scheduled(15)}
    assert changed(offered(20, **limits) | {"our_price": prices}) == [offered(20, **limits) | {"our_price": expected}]


@pytest.mark.parametrize(
    ("schedule", "index"),
    [
        # The one that counts now, and not those before and after it.
        ([("2026-01-01", "2026-02-01"), ("2026-11-01", "2026-12-01"), ("2027-01-01", None)], 1),
        # Of several that do, the one that began last.
        ([(None, None), ("2026-11-26T11:00:00Z", None), ("2026-11-26T12:30:00Z", None)], 1),
        ([(None, None), ("2026-11-26T14:30:00+02:00", None)], 0),
        ([("2026-11-26T11:00Z", "2026-11-26T12:00Z"), (None, None)], 1),
    ],
)
def test_of_several_scheduled_prices_the_one_that_counts_now_is_ours(schedule: Json, index: int) -> None:
    entries = [
        {"value_with_tax": 20 + number} | {k: v for k, v in (("start_at", start), ("end_at", end)) if v}
        for number, (start, end) in enumerate(schedule)
    ]
    [found] = changed(offered() | {"our_price": [{"schedule": entries}]})
    expected = copy.deepcopy(entries)
    expected[index]["value_with_tax"] = Decimal("18.49")
    assert found["our_price"] == [{"schedule": expected}]


def test_of_several_scheduled_offers_the_one_that_counts_now_is_ours() -> None:
    past = offered(30, start_at={"value": "2025-01-01T00:00Z"}, end_at={"value": "2026-01-01T00:00Z"})
    present = offered(20, start_at={"value": "2026-01-01T00:00Z"}, end_at={"value": "2027-01-01T00:00Z"})
    assert changed(past, present) == [past, with_price(present, Decimal("18.49"))]


@pytest.mark.parametrize(
    ("offers", "what"),
    [
        ({}, "purchasable_offer is not a list of objects"),
        ([None], "purchasable_offer is not a list of objects"),
        ([offered() | {"our_price": 20}], "our_price is not a list of objects"),
        ([offered() | {"our_price": [{"schedule": "always"}]}], "schedule is not a list of objects"),
        ([offered(), offered(21, start_at={"value": "soon"})], "a scheduled moment cannot be read"),
        ([offered(), offered(21, start_at=5)], "a scheduled moment cannot be read"),
        (
            [offered(20, end_at={"value": "2026-01-01"}), offered(21, start_at={"value": "2027-01-01"})],
            "several prices are scheduled, none of them for now,",
        ),
        ([offered(20, unknown=10**30)], "there is a text or a number that cannot be sent back"),
        ([offered(20, unknown="\ud800")], "there is a text or a number that cannot be sent back"),
    ],
)
@time_machine.travel(AT, tick=False)
def test_what_is_not_understood_is_left_alone(amazon: Amazon, fake: FakeAmazon, offers: Json, what: str) -> None:
    fake.attributes[SKU] = {"purchasable_offer": offers}
    told = f"Nothing was sent, because {what} in the listing's attribute purchasable_offer. Change it at Amazon."
    with pytest.raises(Permanent) as caught:
        amazon.write_price(listing(), PRICE)
    assert (caught.value.code, caught.value.message) == ("ATTRIBUTE_NOT_UNDERSTOOD", told)
    assert fake.writes == []


@pytest.mark.parametrize(
    "answer", [Reply(500), RESET, Reply(body=b"<html>"), reply([]), reply({"attributes": "none"}), Reply(429)]
)
def test_attributes_that_cannot_be_read_leave_nothing_uncertain(
    amazon: Amazon, fake: FakeAmazon, answer: Answer
) -> None:
    has(fake, FULL)
    fake.next.extend([answer] * 4)
    with pytest.raises(Transient) as caught:
        amazon.write_price(listing(), PRICE)
    assert not isinstance(caught.value, Uncertain)
    assert fake.writes == []


def test_a_listing_that_may_not_be_read_is_not_written(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.append(errors("InvalidInput", "No such seller", 400))
    with pytest.raises(Permanent, match="REJECTED: InvalidInput: No such seller"):
        amazon.write_price(listing(), PRICE)
    assert fake.writes == []


def test_a_price_in_yen_is_changed_in_yen(open_amazon: Opener, fake: FakeAmazon) -> None:
    about = {"marketplace_id": "A1VC38T7YXB528", "currency": "JPY", "audience": "ALL"}
    points = {"points_number": [{"value": 10}]}
    has(fake, {**about, "our_price": scheduled(2000), **points})
    open_amazon(country="JP").write_price(listing(currency="JPY"), Decimal("1980.0000"))
    assert sent(fake) == [{**about, "our_price": scheduled(1980), **points}]


# Whatever else is there

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.text(max_size=9).filter(lambda key: key not in offered() and key not in ("start_at", "end_at"))
OTHERS = st.dictionaries(KEYS, VALUES, max_size=4)


@draws(
    30,
    1000,
    OTHERS,
    st.lists(st.builds(lambda others: {**BUSINESS, **others}, OTHERS), max_size=2),
    st.lists(st.builds(lambda others: {**ABROAD, **others}, OTHERS), max_size=2),
)
def test_nothing_else_ever_changes(mine: Json, before: list[Json], after: list[Json]) -> None:
    offers = [*before, {**offered(20), **mine}, *after]
    untouched = copy.deepcopy(offers)
    found = changed(*offers)
    assert offers == untouched
    assert found == [*before, {**offered(Decimal("18.49")), **mine}, *after]
    body = encoded("PRODUCT", [replacement(NAME, found)])
    assert json.loads(body, parse_float=Decimal)["patches"][0]["value"] == found


@draws(30, 1000, st.lists(VALUES, max_size=3) | VALUES)
def test_an_attribute_of_any_shape_is_changed_or_named(value: Json) -> None:
    with suppress(NotUnderstood):
        assert repriced({"purchasable_offer": value}, OurPrice(US, "USD", PRICE), AT)
