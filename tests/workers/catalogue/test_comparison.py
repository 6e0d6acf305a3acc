"""Comparing offers with ours: nothing is lost, and what is compared is comparable."""

from dataclasses import replace
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.comparison import change_pct, compare, rank
from workers.catalogue.models import AVAILABILITIES, Product
from workers.marketplaces.protocols import Offer

CENTS = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100)
OFFERS = st.lists(
    st.builds(
        Offer,
        seller=st.sampled_from("ABCDEF"),
        price=CENTS,
        shipping=st.sampled_from([Decimal(0), Decimal("4.99")]),
        currency=st.sampled_from(["USD", "EUR"]),
        is_buy_box=st.booleans(),
        availability=st.sampled_from(["", *AVAILABILITIES]),
        tax_included=st.sampled_from([None, True, False]),
    ),
    max_size=20,
)
FACTORS = st.floats(1.1, 100)


@draws(30, 2000, OFFERS, CENTS, FACTORS)
def test_every_offer_is_compared_or_left_out_with_a_reason(offers: list[Offer], ours: Decimal, factor: float) -> None:
    compared = compare(offers, Product(currency="USD"), ours, factor)
    assert sorted(
        [*(each.seller for each in compared.offers), *(each.seller for each in compared.left_out)]
    ) == sorted(each.seller for each in offers)
    reasons = {"WRONG_CURRENCY", "NOT_AVAILABLE", "PRICE_WITHOUT_TAX", "SUSPICIOUS_OFFER"}
    assert {each.reason for each in compared.left_out} <= reasons


@draws(30, 2000, OFFERS, CENTS, FACTORS)
def test_what_is_compared_is_near_our_price_and_the_cheapest_comes_first(
    offers: list[Offer], ours: Decimal, factor: float
) -> None:
    compared = compare(offers, Product(currency="USD"), ours, factor)
    landed = [each.landed_price for each in compared.offers]
    assert landed == sorted(landed)
    assert all(float(ours) / factor * 0.999 <= float(each) <= float(ours) * factor * 1.001 for each in landed)
    assert all(each.currency == "USD" for each in compared.offers)
    if compared.offers:
        assert compared.lowest == compared.offers[0]
        assert compared.median_landed == median(landed)


def one(**more: object) -> Offer:
    offer = Offer("A", Decimal(10), Decimal(0), "EUR")
    return replace(offer, **more)  # type: ignore[arg-type]  # each test names fields of the offer


@pytest.mark.parametrize("availability", ["", "InStock", "LimitedAvailability", "OnlineOnly", "MadeToOrder"])
def test_what_is_to_be_had_now_is_compared(availability: str) -> None:
    assert compare([one(availability=availability)], Product(currency="EUR"), Decimal(10), 3).offers


@pytest.mark.parametrize(
    "availability",
    ["PreOrder", "PreSale", "BackOrder", "InStoreOnly", "Discontinued", "SoldOut", "OutOfStock", "Reserved"],
)
def test_what_is_not_to_be_had_now_is_left_out_by_name(availability: str) -> None:
    compared = compare([one(availability=availability)], Product(currency="EUR"), Decimal(10), 3)
    [left] = compared.left_out
    assert (compared.offers, left.seller, left.reason) == ((), "A", "NOT_AVAILABLE")
    assert availability in left.detail


def test_a_net_price_is_not_compared_with_ours() -> None:
    compared = compare([one(tax_included=False)], Product(currency="EUR"), Decimal(10), 3)
    [left] = compared.left_out
    assert (compared.offers, left.reason) == ((), "PRICE_WITHOUT_TAX")
    assert "without tax" in left.detail


@pytest.mark.parametrize("currency", ["USD", "CAD"])
def test_where_prices_are_written_without_tax_ours_is_too(currency: str) -> None:
    offer = one(tax_included=False, currency=currency)
    assert compare([offer], Product(currency=currency), Decimal(10), 3).offers == (offer,)


@draws(30, 2000, OFFERS, CENTS)
def test_our_rank_is_one_more_than_those_who_are_cheaper(offers: list[Offer], ours: Decimal) -> None:
    cheaper = [each for each in offers if each.landed_price < ours]
    assert rank(ours, offers) == len(cheaper) + 1


@draws(30, 2000, CENTS, CENTS)
def test_a_change_in_per_cent_has_the_sign_of_the_difference(now: Decimal, before: Decimal) -> None:
    change = change_pct(now, before)
    assert change is not None
    # Rounded to two decimals.
    assert abs(change - float(now / before - 1) * 100) <= 0.005 + 1e-9 * (1 + abs(change))
    assert change_pct(now, None) is change_pct(None, before) is None
