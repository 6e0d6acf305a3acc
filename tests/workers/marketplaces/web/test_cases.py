"""Pages rebuilt from public reports, each the smallest of its kind."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.workers.marketplaces.web.reading import page, reasons

DATA = Path(__file__).parent / "data"
SHOP = "https://shop.example/w/"


def content(name: str) -> str:
    return (DATA / f"{name}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "source"),
    [
        *((name, "json-ld") for name in ("tier-first", "member-first", "subscription", "b-minprice-spec")),
        *((name, "json-ld") for name in ("semicolon", "cdata-escaped", "entities", "nested-offers")),
        ("itemref", "microdata"),
        ("rdfa", "rdfa"),
    ],
)
def test_what_an_ordinary_buyer_pays(name: str, source: str) -> None:
    (offer,) = page(content(name)).offers
    assert (offer.price, offer.currency, offer.source) == (Decimal("19.50"), "USD", source)


@pytest.mark.parametrize(("name", "availability"), [("preorder", "PreOrder"), ("onbackorder", "BackOrder")])
def test_an_offer_that_is_not_to_be_had_now_has_its_availability(name: str, availability: str) -> None:
    (offer,) = page(content(name)).offers
    assert (offer.price, offer.availability) == (Decimal("19.50"), availability)


def test_the_variant_that_the_address_names() -> None:
    (offer,) = page(content("group-fragment-b"), f"{SHOP}group-fragment-b#b").offers
    assert (offer.price, offer.url) == (Decimal("19.50"), f"{SHOP}group-fragment-b#b")


def test_a_net_price_is_said_to_be_net() -> None:
    (offer,) = page(content("c-net"), currency="EUR").offers
    assert (offer.price, offer.tax_included) == (Decimal("19.50"), False)


@pytest.mark.parametrize(
    ("name", "price", "currency"), [("chf-typo", "1200.20", "CHF"), ("b-incl-tax", "1099.00", "EUR")]
)
def test_amounts_as_shops_write_them(name: str, price: str, currency: str) -> None:
    (offer,) = page(content(name), currency=currency).offers
    assert (offer.price, offer.currency) == (Decimal(price), currency)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b-highonly", "The page has only a highest price, 19.50, and no lowest one."),
        ("woo-listprice-only", "The price 19.50 is a list price, not what an ordinary buyer pays for one piece now."),
    ],
)
def test_what_is_refused_has_a_reason_that_is_true(name: str, reason: str) -> None:
    assert reason in reasons(content(name))
