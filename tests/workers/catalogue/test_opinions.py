"""Cells of reviews: stars, verified or not, moments, ids, names of products."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.importing import opinions
from workers.catalogue.importing.tables import DERIVED


@pytest.mark.parametrize(
    ("cell", "stars"),
    [
        ("4", 4),
        ("4.0", 4),
        ("4,0", 4),
        ("4.00", 4),
        (" 5 stars ", 5),
        ("1 star", 1),
        ("5.0 out of 5 stars", 5),
        ("5.0 out of 5", 5),
        ("3 of 5", 3),
        ("4/5", 4),
        ("4 / 5", 4),
        ("4,0 von 5 Sternen", 4),
        ("1 Stern", 1),
        ("4,0 sur 5 étoiles", 4),
        ("3,0 étoiles sur 5", 3),
        ("3 étoiles", 3),
        ("4,0 su 5 stelle", 4),
        ("1 stella", 1),
        ("4,0 de 5 estrellas", 4),
        ("4,0 van 5 sterren", 4),
        ("5つ星のうち4.0", 4),
        ("★★★★☆", 4),
        ("★★★★★", 5),
        ("★★", 2),
        ("⭐⭐⭐", 3),
        ("⭐️⭐️⭐️", 3),
        ("4 ★", 4),
        ("", None),
        ("0", None),
        ("0.0", None),
        ("☆☆☆☆☆", None),
    ],
)
def test_stars_are_read(cell: str, stars: int | None) -> None:
    assert opinions.rating(cell) == stars


@pytest.mark.parametrize(
    "cell",
    ["6", "-1", "4.5", "4,7", "8/10", "80%", "good", "★★★★★★", "★☆", "4/10", "5 of 4", "1e1", "٤", "nan", "4 apples"],
)
def test_what_is_no_number_of_stars_is_refused_by_name(cell: str) -> None:
    with pytest.raises(ValueError, match="whole number of stars from 1 to 5"):
        opinions.rating(cell)


@draws(30, 2000, st.text())
def test_stars_are_none_or_one_to_five_whatever_is_written(cell: str) -> None:
    with suppress(ValueError):
        assert opinions.rating(cell) in (None, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("yes", True),
        ("TRUE", True),
        ("1", True),
        ("Verified Purchase", True),
        ("verified_buyer", True),
        ("buyer", True),
        ("Verifizierter Kauf", True),
        ("Achat vérifié", True),
        ("Compra verificada", True),
        ("Acquisto verificato", True),
        ("Sí", True),
        ("no", False),
        ("False", False),
        ("0", False),
        ("nothing", False),
        ("Not verified", False),
        ("Anonymous User", False),
        ("unverified-buyer", False),
        ("VERIFIED_BUYER", True),
        ("Confirmed Buyer", True),
        ("nein", False),
        ("Vine Customer Review of Free Product", False),
        ("", None),
        ("  ", None),
    ],
)
def test_verified_is_read(cell: str, value: bool | None) -> None:
    assert opinions.verified(cell) is value


def test_another_word_for_verified_is_refused() -> None:
    with pytest.raises(ValueError, match="must be yes or no"):
        opinions.verified("perhaps")


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("R2A7QX1ZB3KD9P", "R2A7QX1ZB3KD9P"),
        ("https://www.amazon.com/gp/customer-reviews/R2A7QX1ZB3KD9P/ref=x?ASIN=B0", "R2A7QX1ZB3KD9P"),
        ("https://www.amazon.co.uk/review/R2A7QX1ZB3KD9P", "R2A7QX1ZB3KD9P"),
        # Every review of a product would have this one.
        ("https://www.amazon.de/dp/B0C1DE0001", DERIVED),
        ("https://www.trustpilot.com/reviews/65f0c0ffee", "https://www.trustpilot.com/reviews/65f0c0ffee"),
    ],
)
def test_the_id_of_a_review_is_in_its_address(cell: str, found: str) -> None:
    assert opinions.review_id(cell) == found


@pytest.mark.parametrize(("cell", "message"), [("", "must not be empty"), ("x" * 201, "longer than 200")])
def test_an_id_that_is_none_is_refused(cell: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        opinions.review_id(cell)


@draws(30, 2000, st.text())
def test_ids_and_names_never_fail_otherwise(cell: str) -> None:
    for read in (opinions.review_id, opinions.product_name, opinions.verified):
        with suppress(ValueError):
            read(cell)


def test_a_product_of_shopify_is_its_number() -> None:
    assert opinions.product_name("gid://shopify/Product/7012345678") == "7012345678"
    assert opinions.product_name("shopify-7012345678") == "7012345678"
    assert opinions.product_name("shopify-mug") == "shopify-mug"
    assert opinions.product_name("face-cream") == "face-cream"


def test_moments_are_between_1970_and_tomorrow() -> None:
    assert opinions.written_at("") is None
    assert opinions.written_at("2026-03-12T00:00:00+00:00") == datetime(2026, 3, 12, tzinfo=UTC)
    for cell, message in (("1969-12-31T00:00:00+00:00", "before 1970"), ("2999-01-01T00:00:00+00:00", "future")):
        with pytest.raises(ValueError, match=message):
            opinions.written_at(cell)
