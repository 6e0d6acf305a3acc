"""Comparing offers with ours: nothing is lost, and what is compared is comparable."""

from decimal import Decimal
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from workers.catalogue.comparison import change_pct, compare, rank
from workers.catalogue.models import Product
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
    ),
    max_size=20,
)
FACTORS = st.floats(1.1, 100)


@given(OFFERS, CENTS, FACTORS)
def test_every_offer_is_compared_or_left_out_with_a_reason(offers: list[Offer], ours: Decimal, factor: float) -> None:
    compared = compare(offers, Product(currency="USD"), ours, factor)
    assert sorted(
        [*(each.seller for each in compared.offers), *(each.seller for each in compared.left_out)]
    ) == sorted(each.seller for each in offers)
    assert {each.reason for each in compared.left_out} <= {"WRONG_CURRENCY", "SUSPICIOUS_OFFER"}


@given(OFFERS, CENTS, FACTORS)
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


@given(OFFERS, CENTS)
def test_our_rank_is_one_more_than_those_who_are_cheaper(offers: list[Offer], ours: Decimal) -> None:
    cheaper = [each for each in offers if each.landed_price < ours]
    assert rank(ours, offers) == len(cheaper) + 1


@given(CENTS, CENTS)
def test_a_change_in_per_cent_has_the_sign_of_the_difference(now: Decimal, before: Decimal) -> None:
    change = change_pct(now, before)
    assert change is not None
    # Rounded to two decimals.
    assert abs(change - float(now / before - 1) * 100) <= 0.005 + 1e-9 * abs(change)
    assert change_pct(now, None) is change_pct(None, before) is None
