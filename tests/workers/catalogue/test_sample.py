"""The sample catalogue looks like a shop, and the same one every time."""

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
import time_machine
from django.utils.timezone import localdate, now
from hypothesis import strategies as st

from tests.drawing import draws
from tests.factories import TenantFactory
from tests.workers.catalogue.samples import give_sample_catalogue
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Product, Return, Review, Sale
from workers.catalogue.sample import RIVALS, SEED, SampleRows, create_sample_catalogue, sample_rows
from workers.jobs.pricing_recalculate.reading import load_sales

pytestmark = pytest.mark.django_db


def last_day() -> date:
    """Of the shop that is stored. It may be midnight since."""
    return Sale.objects.latest("date").date


LEAP_DAY = date(2028, 2, 29)
OTHER_SEED = 7


def test_there_are_forty_products_with_half_a_year_of_sales_up_to_yesterday() -> None:
    """Those that the seed makes, and no others."""
    with time_machine.travel(datetime(2028, 3, 1, 0, 5, tzinfo=UTC), tick=False):
        assert create_sample_catalogue(TenantFactory(), seed=OTHER_SEED) == 40
    skus = list(Product.objects.order_by("sku").values_list("sku", flat=True))
    assert skus == [f"SKU-{number:03d}" for number in range(1, 41)]
    stored = set(Sale.objects.values_list("product__sku", "date", "price", "units"))
    days = [LEAP_DAY - timedelta(days=offset) for offset in range(180)]
    assert {(sku, day) for sku, day, *_ in stored} == {(sku, day) for sku in skus for day in days}
    same, other = (sold(seed, LEAP_DAY) for seed in (OTHER_SEED, OTHER_SEED + 1))
    assert stored == same != other


def sold(seed: int, last: date) -> set[tuple[str, date, Decimal, int]]:
    return {
        (row["sku"], date.fromisoformat(row["date"]), Decimal(row["price"]), int(row["units"]))
        for row in csv.DictReader(sample_rows(seed, last).sales)
    }


@pytest.mark.parametrize(
    ("moment", "yesterday"),
    [
        (datetime(2028, 2, 29, 12, tzinfo=UTC), date(2028, 2, 28)),
        (datetime(2026, 12, 31, 23, 55, tzinfo=UTC), date(2026, 12, 30)),
    ],
)
def test_its_last_day_is_yesterday_whatever_the_day(
    moment: datetime, yesterday: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[date] = []

    def nothing(seed: int, last: date) -> SampleRows:
        asked.append(last)
        return SampleRows(*(iter([header]) for header in map(next, sample_rows(seed, last))))

    monkeypatch.setattr("workers.catalogue.sample.sample_rows", nothing)
    with time_machine.travel(moment, tick=False):
        assert create_sample_catalogue(TenantFactory()) == 0
    assert asked == [yesterday]


def test_prices_move_and_demand_answers() -> None:
    give_sample_catalogue(TenantFactory())
    products = list(Product.objects.filter(marketplace="amazon_us"))
    assert len(products) == 40
    sales = load_sales(products, localdate(), 200)
    slopes = []
    for index in range(len(products)):
        mine = sales.product == index
        assert len(np.unique(sales.price[mine])) >= 4
        slopes.append(np.polyfit(np.log(sales.price[mine]), np.log(sales.units[mine] + 0.5), 1)[0])
    assert -4.5 < np.median(slopes) < -1
    assert 0.02 < sales.promoted.mean() < 0.3
    assert Product.objects.filter(min_price__isnull=False).exists()
    assert Product.objects.filter(map_price__isnull=False).exists()


def test_most_products_have_offers_near_our_price_and_one_of_them_the_buy_box() -> None:
    give_sample_catalogue(TenantFactory())
    offered = Product.objects.filter(offers__isnull=False).distinct()
    assert offered.count() >= 36
    for product in offered:
        offers = list(product.offers.all())
        [featured] = [offer for offer in offers if offer.is_buy_box]
        assert featured.price + featured.shipping == min(offer.price + offer.shipping for offer in offers)
        assert all(0.7 < offer.price / product.price < 1.4 for offer in offers)


def test_reviews_and_returns_are_imported_as_they_are_written() -> None:
    give_sample_catalogue(TenantFactory())
    rows = sample_rows(SEED, last_day())
    reviews, returns = (list(csv.DictReader(io.StringIO("\n".join(part)))) for part in (rows.reviews, rows.returns))
    stored = dict(Review.objects.values_list("external_id", "body"))
    assert stored == {row["external_id"]: row["body"] for row in reviews}
    assert Review.objects.filter(created_at__gte=now()).count() == 0
    found = set(Return.objects.values_list("return_id", "reason_code", "comment"))
    assert found == {(row["return_id"], row["reason_code"], row["comment"]) for row in returns}
    # Customers' names and orders are hashes.
    assert Return.objects.values("buyer").distinct().count() == len({row["buyer_id"] for row in returns})
    assert not Review.objects.filter(author__contains=" ").exists()


def test_listings_competitors_listings_and_keywords_are_imported_as_they_are_written() -> None:
    give_sample_catalogue(TenantFactory())
    rows = sample_rows(SEED, last_day())
    listings, rivals, keywords = (
        list(csv.DictReader(io.StringIO("\n".join(part))))
        for part in (rows.listings, rows.competitor_listings, rows.keywords)
    )
    columns = ("product__sku", "title", "description", "search_terms")
    assert set(Listing.objects.values_list(*columns)) == {
        (row["sku"], row["title"], row["description"], row["search_terms"]) for row in listings
    }
    found = {
        row.external_id: (row.brand, row.title, "\n".join(row.bullets)) for row in CompetitorListing.objects.all()
    }
    assert found == {row["external_id"]: (row["brand"], row["title"], row["bullets"]) for row in rivals}
    assert set(Keyword.objects.values_list("sku", "keyword", "volume")) == {
        (row["sku"], row["keyword"], int(row["volume"])) for row in keywords
    }


SEEDS = st.just(SEED) | st.integers(0, 2**32)
# As far as sales may be imported.
DATES = st.dates(date(1971, 1, 1), date(2100, 12, 31))


@draws(2, 60, SEEDS, DATES, DATES)
def test_the_shop_is_the_same_on_every_day_but_for_its_dates(seed: int, one: date, another: date) -> None:
    first, second = sample_rows(seed, one), sample_rows(seed, another)
    for name in ("products", "offers", "listings", "competitor_listings", "keywords"):
        assert list(getattr(first, name)) == list(getattr(second, name))
    header, *sales = first.sales
    assert [header, *(_moved(line, another - one) for line in sales)] == list(second.sales)


def _moved(line: str, by: timedelta) -> str:
    sku, day, *cells = line.split(",")
    return ",".join((sku, (date.fromisoformat(day) + by).isoformat(), *cells))


@draws(20, 600, SEEDS, DATES)
def test_one_offer_of_each_product_holds_the_buy_box_and_none_is_cheaper(seed: int, last: date) -> None:
    """About every second seed has a product with two cheapest offers."""
    offers: dict[str, list[dict[str, str]]] = defaultdict(list)
    for offer in csv.DictReader(sample_rows(seed, last).offers):
        offers[offer["sku"]].append(offer)
    assert len(offers) >= 20
    for mine in offers.values():
        assert len({offer["seller"] for offer in mine}) == len(mine) <= len(RIVALS)
        [holder] = [offer for offer in mine if offer["is_buy_box"] == "true"]
        assert _landed(holder) == min(map(_landed, mine))


def _landed(offer: dict[str, str]) -> Decimal:
    return Decimal(offer["price"]) + Decimal(offer["shipping"])


def test_a_tenant_with_products_keeps_just_them() -> None:
    tenant = TenantFactory()
    Product.objects.create(tenant=tenant, marketplace="amazon_us", sku="MINE", title="mine", price=1)
    assert create_sample_catalogue(tenant) == 1
    assert Product.objects.get().sku == "MINE"
