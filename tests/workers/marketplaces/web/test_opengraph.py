"""OpenGraph: the last resort."""

from decimal import Decimal

import pytest

from tests.workers.marketplaces.web.reading import page, prices


@pytest.mark.parametrize(
    ("dates", "price"),
    [("2020-01-01T00:00/2020-02-01T00:00", 25), ("2001-01-01/2999-01-01", 15), ("2999-01-01/", 25)],
)
def test_the_dates_of_opengraphs_sale_as_one_range(dates: str, price: int) -> None:
    properties = {"price:amount": "25", "price:currency": "USD", "sale_price:amount": "15", "sale_price_dates": dates}
    markup = "".join(f'<meta property="product:{name}" content="{text}">' for name, text in properties.items())
    assert prices(markup) == [(Decimal(price), "USD")]


def test_an_availability_that_is_pending_is_not_to_be_had() -> None:
    properties = {"product:price:amount": "19.50", "product:price:currency": "USD", "og:availability": "pending"}
    markup = "".join(f'<meta property="{name}" content="{text}">' for name, text in properties.items())
    (found,) = page(markup).offers
    assert (found.price, found.availability) == (Decimal("19.50"), "OutOfStock")
