"""What pricing reads: each product's own last days."""

from datetime import date, timedelta

import pytest

from aijobs.models import Tenant
from tests.clients import Caller
from tests.factories import TenantFactory
from tests.workers.catalogue.steps import add_products, report
from workers.catalogue.models import Product, Sale
from workers.jobs.pricing_recalculate.reading import load_sales

pytestmark = pytest.mark.django_db

LAST = date(2026, 3, 11)
SALES = """sku,date,price,units,promoted
A,2026-03-10,9.99,3,no
A,2026-03-11,8.99,5.5,yes
B,2026-03-11,20,1,0.25
C,2026-03-11,7,7,no
"""


@pytest.fixture
def tenant(owner: Caller, outsider: Caller) -> Tenant:
    for caller in (owner, outsider):
        add_products(caller, "A", "B", "C")
        report(caller, "sales", SALES)
    return owner.tenant


def named(tenant: Tenant, *skus: str) -> list[Product]:
    return [Product.objects.get(tenant=tenant, sku=sku) for sku in skus]


def sell(product: Product, day: date, units: float) -> None:
    """As no import would: whatever the day is."""
    Sale.objects.create(
        product=product, tenant=product.tenant, marketplace=product.marketplace, date=day, price=5, units=units
    )


def test_sales_come_as_arrays_numbered_by_the_products_asked_for(tenant: Tenant) -> None:
    sales = load_sales(named(tenant, "B", "A"), LAST, 30)
    rows = sorted(
        zip(sales.product, sales.day, sales.price, sales.units, sales.promoted, strict=True),
    )
    first, second = date(2026, 3, 10).toordinal(), LAST.toordinal()
    assert rows == [(0, second, 20, 1, 0.25), (1, first, 9.99, 3, 0), (1, second, 8.99, 5.5, 1)]


def test_only_the_days_asked_for_are_read(tenant: Tenant) -> None:
    [product] = named(tenant, "A")
    assert load_sales([product], LAST, 1).units.tolist() == [5.5]
    assert load_sales([product], LAST - timedelta(days=1), 30).units.tolist() == [3]


def test_the_days_are_counted_back_from_each_products_own_last_sale(tenant: Tenant) -> None:
    long_ago, lately = named(tenant, "B", "C")
    for days, units in ((400, 4), (401, 3), (429, 2), (430, 1)):
        sell(long_ago, LAST - timedelta(days=days), units)
    long_ago.sales.filter(date=LAST).delete()
    sales = load_sales([long_ago, lately], LAST, 30)
    assert sorted(sales.units[sales.product == 0].tolist()) == [2, 3, 4]
    assert sales.units[sales.product == 1].tolist() == [7]


@pytest.mark.parametrize("day", [date(9999, 12, 31), date(2062, 1, 1), LAST + timedelta(days=1)])
def test_a_later_sale_takes_no_other_away(tenant: Tenant, day: date) -> None:
    wrong, other = named(tenant, "A", "B")
    sell(wrong, day, 99)
    sales = load_sales([wrong, other], LAST, 30)
    assert sorted(sales.units.tolist()) == [1, 3, 5.5]


def test_no_sales_are_empty_arrays() -> None:
    tenant = TenantFactory()
    product = Product.objects.create(tenant=tenant, marketplace="amazon_us", sku="A", title="a", price=1)
    sales = load_sales([product], LAST, 30)
    assert [len(sales.product), len(sales.day), sales.price.dtype, sales.day.dtype] == [0, 0, "float64", "int64"]
