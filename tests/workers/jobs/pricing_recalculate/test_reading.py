"""What pricing reads."""

from datetime import date

import pytest

from aijobs.models import Tenant
from tests.clients import Caller
from tests.factories import TenantFactory
from tests.workers.catalogue.steps import add_products, report
from workers.catalogue.models import Product
from workers.jobs.pricing_recalculate.reading import last_sale, load_products, load_sales

pytestmark = pytest.mark.django_db

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
    found = load_products(tenant.pk, "amazon_us", skus)
    return [found[sku] for sku in skus]


def test_products_are_found_by_sku_within_the_tenant_and_marketplace(tenant: Tenant) -> None:
    found = load_products(tenant.pk, "amazon_us", ["A", "Z"])
    assert {sku: product.tenant_id for sku, product in found.items()} == {"A": tenant.pk}
    assert load_products(tenant.pk, "amazon_de", ["A"]) == {}


def test_sales_come_as_arrays_numbered_by_the_products_asked_for(tenant: Tenant) -> None:
    sales = load_sales(named(tenant, "B", "A"), date(2026, 3, 11), 30)
    rows = sorted(
        zip(sales.product, sales.day, sales.price, sales.units, sales.promoted, strict=True),
    )
    first, second = date(2026, 3, 10).toordinal(), date(2026, 3, 11).toordinal()
    assert rows == [(0, second, 20, 1, 0.25), (1, first, 9.99, 3, 0), (1, second, 8.99, 5.5, 1)]


def test_only_the_days_asked_for_are_read(tenant: Tenant) -> None:
    [product] = named(tenant, "A")
    assert load_sales([product], date(2026, 3, 11), 1).units.tolist() == [5.5]
    assert load_sales([product], date(2026, 3, 10), 30).units.tolist() == [3]


def test_no_sales_are_empty_arrays() -> None:
    tenant = TenantFactory()
    product = Product.objects.create(tenant=tenant, marketplace="amazon_us", sku="A", title="a", price=1)
    sales = load_sales([product], date(2026, 3, 11), 30)
    assert [len(sales.product), len(sales.day), sales.price.dtype, sales.day.dtype] == [0, 0, "float64", "int64"]
    assert last_sale([product]) is None


def test_the_last_sale_is_that_of_any_product(tenant: Tenant) -> None:
    assert last_sale(named(tenant, "A", "B")) == date(2026, 3, 11)
